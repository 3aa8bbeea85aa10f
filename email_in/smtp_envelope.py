"""The envelope of a mail: which addresses can be read, and which recipients are ours.

aiosmtpd asks an `EnvelopeRules` at EHLO, MAIL and RCPT; one of them serves all sessions. Its own reading of
addresses raises on input such as `MAIL FROM:<`, which would be taken for a fault of ours, hence `read_path`.
"""

from __future__ import annotations

import re

from aiosmtpd.smtp import SMTP, Envelope, Session

from core.addresses import is_ours
from email_in import smtp_replies
from email_in.smtp_settings import SmtpSettings

NULL_SENDER = "<>"
"""How aiosmtpd writes the sender of a bounce (RFC 5321, 4.5.5)."""

MAX_ADDRESS = 320  # characters: 64 before the @ and 255 after it (RFC 5321, 4.5.3.1)

_PATH = re.compile(
    r"""
    < (?: @[^:<>\s]* : )?                               # a source route, which is ignored (RFC 5321, appendix C)
    (?P<address> (?: "(?:[^"\\]|\\.)*" | [^<>"\s\\] )* )
    > (?: \s+ (?P<parameters> .* ) )?
    """,
    re.VERBOSE,
)
_BARE = re.compile(
    r'(?P<address>[^<>"\s\\]+)(?:\s+(?P<parameters>.*))?'
)  # without brackets, as some devices do


def read_path(argument: str) -> tuple[str | None, str | None]:
    """Return the address and the parameters of MAIL or RCPT, or None twice where they cannot be read.

    The null sender is `<>`, as aiosmtpd wants it.
    """
    found = _PATH.fullmatch(argument) or _BARE.fullmatch(argument)
    if not found or not can_be_kept(found["address"]):
        return None, None
    return found["address"] or NULL_SENDER, found["parameters"] or ""


def can_be_kept(address: str) -> bool:
    """Say whether an address is of a length and of letters that the inbox takes."""
    # What is not UTF-8 arrives as surrogates, which no database takes; they are not printable either.
    return len(address) <= MAX_ADDRESS and address.isprintable()


def domain_of(address: str) -> str:
    """Return what stands after the last @, in lower case."""
    return address.rpartition("@")[2].lower()


class EnvelopeRules:
    """Answers EHLO, MAIL and RCPT from the settings."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._our_domains = {settings.mail_domain.lower(), domain_of(settings.mail_from_address)}

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, replies: list[str]
    ) -> list[str]:
        """Return the extensions that we offer: aiosmtpd's, whose last line is HELP, and two of our own."""
        session.host_name = hostname
        return [*replies[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", replies[-1]]

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take any sender, the null sender among them."""
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return smtp_replies.SENDER_TAKEN

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take recipients that are ours, as many as one mail may have (RFC 5321, 4.5.3.1.10)."""
        if len(envelope.rcpt_tos) >= self._settings.max_recipients:
            return smtp_replies.TOO_MANY_RECIPIENTS
        if address == NULL_SENDER:
            return smtp_replies.BAD_RECIPIENT
        if not is_ours(address, self._settings.mail_from_address, self._settings.mail_domain):
            return self._not_ours(address)
        envelope.rcpt_tos.append(address)
        return smtp_replies.RECIPIENT_TAKEN

    def _not_ours(self, address: str) -> str:
        is_here = domain_of(address) in self._our_domains
        return smtp_replies.NOT_OUR_RECIPIENT if is_here else smtp_replies.NO_RELAY
