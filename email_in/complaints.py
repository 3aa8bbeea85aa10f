"""Complaints: a mailbox provider reports that somebody called a mail of ours unwanted (RFC 5965).

PURE. Read is what a person needs in order to act: who complained, of what, to whom the mail had gone. Besides the
standard's form there are two that providers use instead: an attached mail alone under a subject of its own, and a
notification in JSON.
"""

import re
from dataclasses import dataclass

from email_in import phrases
from email_in.bounces import notifications
from email_in.bounces.returned import MAIL_TYPES, is_mail
from email_in.message import InboundMail

_LOOKED_AT = 20_000  # characters
_MOST_RECIPIENTS = 10
_REPORT_TYPE = "message/feedback-report"
_TYPE = re.compile(r"^feedback-type:[ \t]*([\w-]{1,30})", re.IGNORECASE | re.MULTILINE)
_RECIPIENT = re.compile(
    r"^(?:original-rcpt-to|x-hmxmroriginalrecipient):[ \t]*<?([^\s<>]{1,254})", re.IGNORECASE | re.MULTILINE
)
_AGENT = re.compile(r"^user-agent:[ \t]*([^\r\n]{1,100})", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint. `kind` is the feedback type: abuse, fraud, virus, not-spam, auth-failure, other …"""

    kind: str
    recipients: tuple[str, ...] = ()
    reporter: str = ""

    @property
    def words(self) -> str:
        """The complaint in one sentence."""
        by = f" by {self.reporter}" if self.reporter else ""
        about = f", about what was sent to {', '.join(self.recipients)}" if self.recipients else ""
        return f"It was reported{by} as {self.kind!r}{about}."


def read_complaint(mail: InboundMail) -> Complaint | None:
    """Return the complaint that a mail is; None when it is none."""
    for report in _reports(mail):
        found = _TYPE.search(report)
        if found:
            return _complaint(found[1].lower(), report)
    if _is_bare(mail):
        return _complaint("abuse", _attached(mail, MAIL_TYPES)[0])
    if notifications.is_one(mail) and notifications.kind(mail.text) == "Complaint":
        return Complaint("abuse", notifications.recipients(mail.text)[:_MOST_RECIPIENTS])
    return None


def _complaint(kind: str, fields: str) -> Complaint:
    agent = _AGENT.search(fields)
    recipients = tuple(dict.fromkeys(_RECIPIENT.findall(fields)))[:_MOST_RECIPIENTS]
    return Complaint(kind, recipients, agent[1].strip() if agent else "")


def _reports(mail: InboundMail) -> list[str]:
    parts = [part[:_LOOKED_AT] for part in mail.report_parts if not is_mail(part)]
    return parts + _attached(mail, (_REPORT_TYPE,))


def _is_bare(mail: InboundMail) -> bool:
    """Whether it says by its subject that it is one, and nothing but the mail in question is in it."""
    is_named = bool(phrases.COMPLAINT_SUBJECT.match(mail.subject[:_LOOKED_AT]))
    return is_named and not mail.text.strip() and bool(_attached(mail, MAIL_TYPES))


def _attached(mail: InboundMail, types: tuple[str, ...]) -> list[str]:
    contents = (file.content for file in mail.attachments if file.content_type in types)
    return [content[:_LOOKED_AT].decode("utf-8", "replace") for content in contents]
