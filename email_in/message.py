"""A mail as its sender meant it: who, about what, in which words, with what attached.

`read_mail` takes any bytes and never raises; what is wrong with them is told in
`defects`. Taking parts from bytes is left to `mime`, choosing the text and the
files among them to `body`, judging the sender to `machine` and `sender`.
"""

from dataclasses import dataclass

from email_in import mime
from email_in.body import Attachment, read_body
from email_in.headers import Headers, Mailbox, senders

__all__ = ["Attachment", "InboundMail", "read_mail"]


@dataclass(frozen=True, slots=True)
class InboundMail:
    """A mail that came in, read. `senders` are those of From, never of Reply-To."""

    headers: Headers
    message_id: str
    subject: str
    senders: tuple[Mailbox, ...]
    in_reply_to: str
    references: str
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    content_type: str
    report_parts: tuple[str, ...]
    defects: tuple[str, ...]


def read_mail(raw: bytes) -> InboundMail:
    """Read the bytes of one mail; any bytes will do."""
    tree = mime.walk(raw)
    headers = tree.root.headers
    who, doubts = senders(headers.raw("From"))
    body = read_body(tree.root)
    return InboundMail(
        headers=headers,
        message_id=headers.first("Message-ID"),
        subject=headers.first("Subject"),
        senders=who,
        in_reply_to=" ".join(headers.every("In-Reply-To")),
        references=" ".join(headers.every("References")),
        text=body.text,
        html=body.html,
        attachments=body.attachments,
        content_type=tree.content_type,
        report_parts=body.report_parts,
        defects=tree.defects + doubts + body.defects,
    )
