"""May this address be a contact's main address? (A6)

It is that of one person at a company: mailboxes of free-mail providers belong to no company, and role addresses
to no person. Both lists are settings; the lists here are their defaults.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.rules.policy import Allowed, Denied

_FREE_MAIL_TEXT = """
126.com 163.com aim.com aol.com bigpond.com bluewin.ch bol.com.br btinternet.com charter.net comcast.net
cox.net daum.net duck.com earthlink.net email.com fastmail.com fastmail.fm foxmail.com free.fr freenet.de
gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hanmail.net hey.com hotmail.co.uk hotmail.com
hotmail.de hotmail.fr hotmail.it hushmail.com icloud.com inbox.com inbox.ru laposte.net libero.it list.ru
live.co.uk live.com live.de live.nl mac.com mail.com mail.de mail.ru mailbox.org me.com msn.com naver.com
ntlworld.com o2.pl onet.pl online.de orange.fr outlook.com outlook.de outlook.fr pm.me posteo.de proton.me
protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com rocketmail.com rogers.com sbcglobal.net
seznam.cz sfr.fr sina.com sky.com sohu.com t-online.de terra.com.br tuta.io tutanota.com uol.com.br
verizon.net virgilio.it wanadoo.fr web.de wp.pl xtra.co.nz yahoo.ca yahoo.co.in yahoo.co.jp yahoo.co.uk
yahoo.com yahoo.com.au yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it yandex.com yandex.ru yeah.net
ymail.com zoho.com
"""
FREE_MAIL_DOMAINS = frozenset(_FREE_MAIL_TEXT.split())
"""Domains whose mailboxes anybody may have."""

_ROLE_TEXT = """
abuse accounting accounts admin administrator alerts all billing callcenter contact customercare
customerservice customersupport desk do-not-reply donotreply enquiries everyone facilities feedback finance
ftp hello help helpdesk hostmaster hr info inquiries invoices it itsupport jobs list mail mailer-daemon
marketing monitoring network news no-reply noc noreply office operations ops orders postmaster press
procurement purchasing reception root sales security service servicedesk staff support sysadmin team tech
technical techsupport telecom test usenet webmaster
"""
ROLE_ADDRESSES = frozenset(_ROLE_TEXT.split())
"""Local parts that stand for a desk and not for a person."""


@dataclass(frozen=True)
class AddressRules:
    """The two lists, in lower case."""

    free_mail_domains: frozenset[str] = FREE_MAIL_DOMAINS
    role_addresses: frozenset[str] = ROLE_ADDRESSES


_FREE_MAIL = Denied(
    "free-mail",
    "A6",
    "A contact's main address is one of their company; this domain is that of a free-mail provider.",
)
_ROLE = Denied(
    "role-address",
    "A6",
    "A contact's main address is that of one person; this one is that of a desk or a department.",
)


def decide(email: str, rules: AddressRules) -> Allowed | Denied:
    """Say whether the address, in lower case, may be a contact's main address (A6)."""
    local, _at, domain = email.rpartition("@")
    labels = domain.split(".")
    # A host below a provider's domain is the provider's as well.
    if any(".".join(labels[start:]) in rules.free_mail_domains for start in range(len(labels) - 1)):
        return _FREE_MAIL
    # What stands behind a plus sign is the mailbox's own affair (RFC 5233).
    if local.partition("+")[0] in rules.role_addresses:
        return _ROLE
    return Allowed()
