"""A mail as its sender meant it: who, about what, in which words, with what attached.

`read_mail` takes any bytes and never raises; what is wrong with them is told in
`defects`. It decides which parts are the sender's text (RFC 2046 5.1), and which
are attachments; attached mails stay closed (RFC 2046 5.2.1). Taking parts from
bytes is left to `mime`, judging the sender to `machine` and `sender`.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from email_in import html, mime
from email_in.headers import Headers, Mailbox, senders
from email_in.mime import Part

_LONGEST_NAME = 150
_REPORT_TEXT = 128 * 1024  # characters kept of each part of a report; its head is what is read
_MOST_HTML = 512 * 1024  # characters turned into text, all parts of one mail together
_CUT = "[The HTML of this mail is too long. Its rest is not shown here; the mail is kept whole.]"
_RESERVED = re.compile(r'[<>:"|?*]')  # on the systems on which analysts open attachments
_LONGEST_ENDING = 20

_DEFAULT_NAMES = {
    "application/pdf": "document.pdf",
    "application/pgp-signature": "signature.asc",
    "application/pkcs7-signature": "smime.p7s",
    "application/zip": "archive.zip",
    "audio/mpeg": "sound.mp3",
    "audio/wav": "sound.wav",
    "image/gif": "image.gif",
    "image/jpeg": "image.jpg",
    "image/png": "image.png",
    "message/rfc822": "message.eml",
    "text/calendar": "invitation.ics",
    "text/csv": "table.csv",
    "text/html": "text.html",
    "text/plain": "text.txt",
    "text/vcard": "contact.vcf",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail; `inline` when the mail shows it among its text."""

    name: str
    content_type: str
    content: bytes
    inline: bool


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
    allowance = _Allowance()
    body = _Body(allowance)
    body.take(tree.root, is_root=True)
    return InboundMail(
        headers=headers,
        message_id=headers.first("Message-ID"),
        subject=headers.first("Subject"),
        senders=who,
        in_reply_to=" ".join(headers.every("In-Reply-To")),
        references=" ".join(headers.every("References")),
        text="\n".join(piece.strip("\n") for piece in body.texts if piece.strip()),
        html="\n".join(body.htmls),
        attachments=tuple(body.attachments),
        content_type=tree.content_type,
        report_parts=tuple(body.reports),
        defects=tree.defects + doubts + allowance.defects,
    )


@dataclass(slots=True)
class _Allowance:
    """How much HTML of a mail may still be turned into text, which takes a second for each million characters."""

    left: int = _MOST_HTML
    defects: tuple[str, ...] = ()

    def readable(self, source: str) -> str:
        """Return HTML as text, as far as the allowance goes, and say where it was cut."""
        taken = source[: self.left]
        self.left -= len(taken)
        text = html.readable(taken)
        if len(taken) == len(source):
            return text
        self.defects = (f"HTML of more than {_MOST_HTML} characters",)
        return f"{text}\n\n{_CUT}"


@dataclass(slots=True)
class _Body:
    """What has been collected of a mail; recursion is bounded by `mime.DEPTH`."""

    allowance: _Allowance
    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)

    def take(self, part: Part, is_root: bool = False) -> None:
        if part.is_multipart:
            kind = part.content_type.removeprefix("multipart/")
            {"alternative": self.alternative, "related": self.related, "report": self.report}.get(
                kind, self.mixed
            )(part)
        elif _is_attached(part):
            self.attach(part)
        elif part.content_type == "text/html":
            self.htmls.append(part.text)
            self.texts.append(self.allowance.readable(part.text))
        elif part.content_type == "text/plain" or (is_root and part.content_type.startswith("text/")):
            self.texts.append(part.text)
        else:
            self.attach(part)

    def mixed(self, part: Part) -> None:
        for child in part.children:
            self.take(child)

    def alternative(self, part: Part) -> None:
        """Show the first alternative in plain text that says something, else the last that does."""
        readings = [_Body(self.allowance) for _ in part.children]
        for reading, child in zip(readings, part.children, strict=True):
            reading.take(child)
        spoken = [reading for reading in readings if any(text.strip() for text in reading.texts)]
        plain = [reading for reading in spoken if not reading.htmls]
        for reading in [*plain[:1], *spoken[-1:]][:1]:
            self.texts += reading.texts
        self.keep_unshown(readings)

    def keep_unshown(self, readings: Iterable["_Body"]) -> None:
        """Whatever is not shown is kept: HTML for the reference search, files as files."""
        for reading in readings:
            self.htmls += reading.htmls
            self.attachments += reading.attachments
            self.reports += reading.reports

    def related(self, part: Part) -> None:
        """Show the root of a compound; its other parts are files that the root shows (RFC 2387)."""
        wanted = part.params.get("start", "").strip("<> ")
        roots = [c for c in part.children if wanted and c.headers.first("Content-ID").strip("<> ") == wanted]
        root = roots[0] if roots else part.children[0]
        self.take(root)
        for child in part.children:
            if child is root:
                continue
            if child.is_multipart:
                self.take(child)
            else:
                self.attach(child, inline=child.disposition != "attachment")

    def report(self, part: Part) -> None:
        """Show what a report tells people, and put aside what it tells machines (RFC 6522)."""
        for child in part.children:
            if child.content_type.startswith("message/") or child.content_type == "text/rfc822-headers":
                self.reports.append(child.text[:_REPORT_TEXT])
            else:
                self.take(child)

    def attach(self, part: Part, inline: bool | None = None) -> None:
        self.attachments.append(
            Attachment(
                name=file_name(part.file_name, part.content_type),
                content_type=part.content_type,
                content=part.content,
                inline=part.disposition == "inline" if inline is None else inline,
            )
        )


def _is_attached(part: Part) -> bool:
    """A file by its disposition (RFC 2183); a bare `name=` on a text is an old habit, not a file."""
    return part.disposition == "attachment" or bool(part.disposition and part.file_name)


def file_name(given: str, content_type: str) -> str:
    """Return a name that is safe to store and to show: no path, no control signs, 150 characters."""
    last = given.replace("\\", "/").rpartition("/")[2]
    seen = "".join(sign for sign in last if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    name = _RESERVED.sub("_", seen).strip(" .")
    if not name:
        return _DEFAULT_NAMES.get(content_type, "attachment")
    if len(name) <= _LONGEST_NAME:
        return name
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _LONGEST_ENDING:
        return name[:_LONGEST_NAME]
    return stem[: _LONGEST_NAME - len(ending) - 1] + dot + ending
