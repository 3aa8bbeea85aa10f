"""Delivery reports, read: what became of a mail for each of its recipients (RFC 3464, RFC 3463).

PURE. Read are the fields of a delivery status, and where there are none the words for people: nearly every second
report has nothing else. Who wrote a mail is judged in `machine`; which notice a report is about, in
`core.bouncing`. A report is anybody's word: its facts mark and tell, and decide nothing.
"""

from dataclasses import replace

from email_in.bounces import fields, notifications, prose, reasons, returned, stages
from email_in.bounces.facts import Delivery, Entry, Verdict
from email_in.bounces.reasons import REASONS
from email_in.bounces.returned import returned_ids
from email_in.message import InboundMail

__all__ = ["REASONS", "Delivery", "Verdict", "deliveries", "of_recipient", "returned_ids", "statuses"]

_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_MOST_FILES = 10
_LOOKED_AT = 200_000  # octets of each


def deliveries(mail: InboundMail) -> tuple[Delivery, ...]:
    """Return what a report says of each recipient; of '' when it names none."""
    return tuple(reasons.judge(entry) for entry in _entries(mail))


def _entries(mail: InboundMail) -> tuple[Entry, ...]:
    if notifications.is_one(mail):
        return notifications.entries(mail.text)
    named = prose.entries(mail.text)
    told = prose.told(mail.text)
    written = statuses(mail)
    if not written:
        action = "delayed" if prose.is_delay(mail.text) else ""
        written = tuple(replace(entry, action=action) for entry in named or (Entry(_failed_recipient(mail)),))
    around = told if len(written) == 1 else ""
    return tuple(_explained(entry, named, around) for entry in written)


def statuses(mail: InboundMail) -> tuple[Entry, ...]:
    """Return what stands in a mail in the form of RFC 3464, in a part of its own or in the text."""
    return tuple(entry for text in _status_texts(mail) for entry in fields.entries(text))


def _failed_recipient(mail: InboundMail) -> str:
    """Return whom Exim names in the header, where the text names nobody."""
    return mail.headers.first("X-Failed-Recipients").partition(",")[0].strip()[:254]


def _status_texts(mail: InboundMail) -> list[str]:
    """Return the texts that may hold fields: never a mail that came back, whose words are its sender's."""
    parts = [part for part in mail.report_parts if not returned.is_mail(part)]
    files = [file.content for file in mail.attachments if file.content_type in _STATUS_TYPES]
    attached = [content[:_LOOKED_AT].decode("utf-8", "replace") for content in files[:_MOST_FILES]]
    return [*parts, *attached, prose.told(mail.text)]


def _explained(entry: Entry, named: tuple[Entry, ...], around: str) -> Entry:
    """Add what the words for people say where the fields say little."""
    below = next((one.words for one in named if one.recipient == entry.recipient.lower()), "")
    stage = next(filter(None, map(stages.stage, (entry.words, below, around))), "")
    return replace(entry, words=entry.words or below, stage=stage, around=around)


def of_recipient(found: tuple[Delivery, ...], address: str) -> Delivery | None:
    """Return what a report says of one address, or else the worst that it says; None of an empty report.

    A mail that was forwarded comes back under the address that it was forwarded to.
    """
    named = [one for one in found if one.recipient.lower() == address.lower()]
    return min(named or found, key=lambda one: list(Verdict).index(one.verdict), default=None)
