"""From facts to a mail: the header fields, the two alternatives, the bytes. PURE.

Promises: the header fields of the bytes are the intended ones and no others, whatever a subject or a name
holds; lines end with CRLF and have at most 998 octets; only ASCII leaves, so every mail host takes it; the
same facts give the same bytes. A mail of which that is not true raises and is not sent.

Header fields beyond the usual, and who reads them: `Auto-Submitted` (RFC 3834) and `X-Auto-Response-Suppress`
(Exchange) keep other machines from answering, `X-Intake-Installation` tells us our own mail when it returns.
"""

from __future__ import annotations

import hashlib
import re
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP, EmailPolicy, compat32
from typing import Any

from core.addresses import is_plain_address, reply_address
from core.errors import IntakeError
from core.rules.notices import AUTOMATIC
from notifier.cleaning import one_line
from notifier.facts import FOR_SENDERS, NoticeFacts
from notifier.settings import MailSettings
from notifier.words import words_of

_LONGEST_CASE_SUBJECT = 150  # characters of it in our subject: the Reference ID after it must survive
_LONGEST_NAME = 100
_LONGEST_LINE = 998  # octets, RFC 5322, 2.1.1
_BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")


class AddressIsUnusable(IntakeError):
    """A recipient's address is not one that can stand in a mail; nothing was sent to it."""


class HeadersAreNotAsIntended(IntakeError):
    """The composed mail carries other header fields than those that were set; it is not sent."""


class LinesAreNotAllowed(IntakeError):
    """The composed mail has a line that is too long or ends otherwise than by CRLF; it is not sent."""


class _Folding(EmailPolicy):
    """Lines of 998, because folding at 78 turns long References into encoded words and threads are lost.

    Subject and names alone are folded at 76: an encoded word has at most 75 characters (RFC 2047, 2).
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return the header field as it leaves."""
        if name == "Subject":
            return self._field(name, self._encoded(name, str(value)))
        if name in ("From", "To") and not str(value).isascii():
            [mailbox] = value.addresses
            return self._field(name, f"{self._encoded(name, mailbox.display_name)} <{mailbox.addr_spec}>")
        return super().fold_binary(name, value)

    def _encoded(self, name: str, text: str) -> str:
        charset = "ascii" if text.isascii() else "utf-8"
        return Header(text, charset, maxlinelen=76, header_name=name).encode(linesep=self.linesep)

    def _field(self, name: str, value: str) -> bytes:
        return f"{name}: {value}{self.linesep}".encode("ascii")


_POLICY = _Folding().clone(linesep=SMTP.linesep, max_line_length=_LONGEST_LINE)


def compose(facts: NoticeFacts, settings: MailSettings) -> EmailMessage:
    """Return the mail for a notice. Raises AddressIsUnusable."""
    words = words_of(facts, settings)
    message = EmailMessage(policy=_POLICY)
    for name, value in _fields(facts, settings, words.subject).items():
        message[name] = value
    message.set_content(words.text, cte="quoted-printable")
    message.add_alternative(words.html, subtype="html", cte="quoted-printable")
    # "=_" occurs in no quoted-printable text, and every attempt to send has the same boundary.
    message.set_boundary(f"=_{hashlib.sha256(facts.message_id.encode()).hexdigest()[:32]}")
    return message


def serialised(message: EmailMessage) -> bytes:
    """Return the bytes of the mail, read back and found to be what was meant.

    Raises HeadersAreNotAsIntended and LinesAreNotAllowed.
    """
    composed = message.as_bytes()
    read_back = BytesHeaderParser(policy=compat32).parsebytes(composed).keys()
    if read_back != message.keys():
        raise HeadersAreNotAsIntended(f"read back as {read_back}, not {message.keys()}")
    if _BARE_LINE_END.search(composed):
        raise LinesAreNotAllowed("a line ends otherwise than by CRLF")
    if any(len(line) > _LONGEST_LINE for line in composed.split(b"\r\n")):
        raise LinesAreNotAllowed(f"a line has more than {_LONGEST_LINE} octets")
    return composed


def _fields(facts: NoticeFacts, settings: MailSettings, subject: str) -> dict[str, Any]:
    """Return the header fields, in their order."""
    fields: dict[str, Any] = {
        "From": _mailbox(settings.from_name, settings.from_address),
        "To": _mailbox(facts.recipient_name, facts.recipient),
        "Subject": _subject(facts, subject),
        "Date": facts.now,
        "Message-ID": facts.message_id,
    }
    if facts.reference:
        fields["Reply-To"] = reply_address(settings.from_address, facts.reference)
    fields |= _threading(facts, settings)
    if facts.kind in AUTOMATIC:
        fields["Auto-Submitted"] = "auto-replied" if facts.kind in FOR_SENDERS else "auto-generated"
    fields["X-Auto-Response-Suppress"] = "All"
    fields["X-Intake-Installation"] = settings.installation
    fields["X-Intake-Notice"] = str(facts.kind)
    return fields


def _subject(facts: NoticeFacts, words: str) -> str:
    """Return `<what it is about>: <the case's subject> [<Reference ID>]` (E2)."""
    case_subject = one_line(facts.case.subject, _LONGEST_CASE_SUBJECT) if facts.case else ""
    about = f"{words}: {case_subject}" if case_subject else words
    return f"{about} [{facts.reference}]" if facts.reference else about


def _threading(facts: NoticeFacts, settings: MailSettings) -> dict[str, str]:
    """Return what makes one conversation of all mails of a case to one recipient (RFC 5322, 3.6.4).

    Its root is a Message-ID that no mail has, so the first mail need not be known. An answer to a mail of
    the recipient's stands below that mail as well.
    """
    root = f"<{facts.reference}.thread@{settings.mail_domain}>" if facts.reference else ""
    answered = facts.answered.message_id if facts.answered else ""
    thread = [message_id for message_id in (root, answered) if message_id]
    return {"In-Reply-To": thread[-1], "References": " ".join(thread)} if thread else {}


def _mailbox(name: str, address: str) -> Address:
    if not is_plain_address(address):
        raise AddressIsUnusable(f"{one_line(address, 300)!r} cannot stand in a mail")
    return Address(display_name=one_line(name, _LONGEST_NAME), addr_spec=address)
