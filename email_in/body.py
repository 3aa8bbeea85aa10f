"""Which parts of a mail are its sender's text, in order, and which are files (RFC 2046 5.1).

Attached mails stay closed (RFC 2046 5.2.1). What is sealed is opened as far as it goes without a key: a mail that
was signed with S/MIME in one block, a winmail.dat; what stays closed is said in the text and kept as a file. One
mail is opened once, and so much HTML of it is turned into text: what comes in layers costs no more.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import unquote

from email_in import charset, html, mime, winmail
from email_in.file_names import file_name
from email_in.headers import Headers
from email_in.mime import Part
from email_in.signed_data import signed_content
from email_in.winmail import NotOpened

_REPORT_TEXT = 128 * 1024  # characters kept of each part of a report; its head is what is read
_MOST_HTML = 512 * 1024  # characters turned into text, all parts of one mail together
_SMALL_PICTURE = 64 * 1024  # bytes; a logo has less, a photograph more
_MOST_SHOWN_FILES = 10_000  # places of one HTML part that refer to files

_CUT = "[The HTML of this mail is too long. Its rest is not shown here; the mail is kept whole.]"
_ENCRYPTED = "[This mail is encrypted with {}. Its words cannot be read here; it is kept as it came.]"
_SIGNED = (
    "[This mail was signed with S/MIME in one block. Its words are shown; the signature was not checked.]"
)
_WINMAIL = "[The file {} of this mail {}. It is kept as it came.]"

_PKCS7 = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_ARMOUR = re.compile(r"\s{0,1000}-----BEGIN PGP MESSAGE-----")
_SHOWN_FILE = re.compile(r"\bcid:([^\"'\s<>)]{1,250})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail; `inline` when the mail shows it among its text, as the logo of a signature."""

    name: str
    content_type: str
    content: bytes
    inline: bool


@dataclass(frozen=True, slots=True)
class Body:
    """What a mail holds: `text` is all that its sender wrote, `html` every HTML part as it came."""

    text: str
    html: str
    attachments: tuple[Attachment, ...]
    report_parts: tuple[str, ...]
    defects: tuple[str, ...]


def read_body(root: Part) -> Body:
    """Return what the parts of a mail come to."""
    allowance = _Allowance()
    taken = _Taken(allowance)
    taken.take(root, is_root=True)
    said = _said(taken.texts) or _said(taken.unseen_texts)
    return Body(
        text="\n".join([*allowance.remarks, said] if said else allowance.remarks),
        html="\n".join(taken.htmls),
        attachments=tuple(_attachments(taken)),
        report_parts=tuple(taken.reports),
        defects=tuple(allowance.defects),
    )


def _said(texts: Iterable[str]) -> str:
    return "\n".join(piece.strip("\n") for piece in texts if piece.strip())


@dataclass(slots=True)
class _Allowance:
    """How much of one mail may still be opened and turned into text, and what is to be said of it."""

    html: int = _MOST_HTML  # turning a million characters takes a second
    openings: int = 1
    remarks: list[str] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)

    def note(self, defect: str, remark: str = "") -> None:
        if defect not in self.defects:
            self.defects.append(defect)
            self.remarks += [remark] if remark else []

    def readable(self, source: str) -> str:
        """Return HTML as text, as far as the allowance goes, and say where it was cut."""
        taken = source[: self.html]
        self.html -= len(taken)
        text = html.readable(taken)
        if len(taken) == len(source):
            return text
        self.note(f"HTML of more than {_MOST_HTML} characters")
        return f"{text}\n\n{_CUT}"

    def opening(self) -> bool:
        self.openings -= 1
        return self.openings >= 0


@dataclass(frozen=True, slots=True)
class _File:
    part: Part
    beside_text: bool  # it came as part of a compound or says that it is inline


@dataclass(slots=True)
class _Taken:
    """What has been collected of a mail; recursion is bounded by `mime.DEPTH`, twice where it was opened."""

    allowance: _Allowance
    texts: list[str] = field(default_factory=list)
    unseen_texts: list[str] = field(default_factory=list)  # of a winmail.dat: mostly the same words once more
    htmls: list[str] = field(default_factory=list)
    files: list[_File] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    is_shown: bool = True  # else somebody said it in plain text already, and HTML need not be turned into any

    @property
    def says_it_plainly(self) -> bool:
        return not self.htmls and any(text.strip() for text in self.texts)

    def take(self, part: Part, is_root: bool = False) -> None:
        if part.is_multipart:
            self.multipart(part)
        elif part.content_type in _PKCS7:
            self.sealed(part)
        elif part.content_type in _TNEF or part.file_name.lower() == "winmail.dat":
            self.winmail(part)
        elif _is_attached(part):
            self.attach(part)
        elif part.content_type == "text/html":
            self.hypertext(part)
        elif part.content_type == "text/plain" or (is_root and part.content_type.startswith("text/")):
            self.plain(part)
        else:
            self.attach(part)

    def multipart(self, part: Part) -> None:
        match part.content_type.removeprefix("multipart/"):
            case "alternative":
                self.alternative(part)
            case "related":
                self.related(part)
            case "report":
                self.report(part)
            case "encrypted":
                self.allowance.note("encrypted with PGP", _ENCRYPTED.format("PGP"))
                self.mixed(part)
            case _:
                self.mixed(part)

    def plain(self, part: Part) -> None:
        text = part.text
        if _ARMOUR.match(text):
            self.allowance.note("encrypted with PGP", _ENCRYPTED.format("PGP"))
        self.texts.append(text)

    def hypertext(self, part: Part) -> None:
        source = part.text
        self.htmls.append(source)
        self.texts += [self.allowance.readable(source)] if self.is_shown else []

    def mixed(self, part: Part) -> None:
        for child in part.children:
            self.take(child)

    def alternative(self, part: Part) -> None:
        """Show the first alternative in plain text that says something, else the last that does."""
        readings: list[_Taken] = []
        for child in part.children:
            is_said = any(reading.says_it_plainly for reading in readings)
            readings.append(_Taken(self.allowance, is_shown=self.is_shown and not is_said))
            readings[-1].take(child)
        spoken = [reading for reading in readings if any(text.strip() for text in reading.texts)]
        plain = [reading for reading in spoken if reading.says_it_plainly]
        for reading in [*plain[:1], *spoken[-1:]][:1]:
            self.texts += reading.texts
        self.keep_unshown(readings)

    def keep_unshown(self, readings: Iterable["_Taken"]) -> None:
        """Whatever is not shown is kept: HTML for the reference search, files as files."""
        for reading in readings:
            self.unseen_texts += reading.unseen_texts
            self.htmls += reading.htmls
            self.files += reading.files
            self.reports += reading.reports

    def related(self, part: Part) -> None:
        """Show the root of a compound; its other parts are files that the root shows (RFC 2387)."""
        wanted = part.params.get("start", "").strip("<> ")
        roots = [c for c in part.children if wanted and _content_id(c) == wanted]
        root = roots[0] if roots else part.children[0]
        self.take(root)
        for child in part.children:
            if child is root:
                continue
            if child.is_multipart:
                self.take(child)
            else:
                self.attach(child, beside_text=child.disposition != "attachment")

    def report(self, part: Part) -> None:
        """Show what a report tells people, and put aside what it tells machines (RFC 6522)."""
        for child in part.children:
            if child.content_type.startswith("message/") or child.content_type == "text/rfc822-headers":
                self.reports.append(child.text[:_REPORT_TEXT])
            else:
                self.take(child)

    def sealed(self, part: Part) -> None:
        """Show what was signed in one block; of what is encrypted, say so. The block is kept either way."""
        content = signed_content(part.content) if self.allowance.opening() else None
        if content is not None:
            self.allowance.note("signed with S/MIME in one block", _SIGNED)
            self.take(mime.walk(content).root)
        elif part.params.get("smime-type", "").lower() not in ("certs-only", "signed-data"):
            self.allowance.note("encrypted with S/MIME", _ENCRYPTED.format("S/MIME"))
        self.attach(part)

    def winmail(self, part: Part) -> None:
        """Take the files out of a winmail.dat; its words are shown where the mail has no others."""
        if not self.allowance.opening():
            self.attach(part)
            return
        try:
            inside = winmail.opened(part.content)
        except NotOpened as error:
            name = file_name(part.file_name, part.content_type)
            self.allowance.note(f"a winmail.dat {error}", _WINMAIL.format(name, error))
            self.attach(part)
            return
        self.allowance.note("files in a winmail.dat")
        self.htmls += [inside.html] if inside.html else []
        self.unseen_texts.append(inside.text or self.allowance.readable(inside.html))
        self.files += [_File(_as_part(name, content), beside_text=False) for name, content in inside.files]

    def attach(self, part: Part, beside_text: bool | None = None) -> None:
        beside = part.disposition == "inline" if beside_text is None else beside_text
        self.files.append(_File(part, beside))


def _is_attached(part: Part) -> bool:
    """A file by its disposition (RFC 2183); a bare `name=` on a text is an old habit, not a file."""
    return part.disposition == "attachment" or bool(part.disposition and part.file_name)


def _as_part(name: str, content: bytes) -> Part:
    return Part(Headers(), "application/octet-stream", {}, "attachment", charset.storable(name), content)


def _attachments(taken: _Taken) -> Iterable[Attachment]:
    shown = _shown_files(taken.htmls)
    for file in taken.files:
        part = file.part
        yield Attachment(
            name=file_name(part.file_name, part.content_type),
            content_type=part.content_type,
            content=part.content,
            inline=_content_id(part) in shown or (file.beside_text and _is_small_picture(part)),
        )


def _shown_files(htmls: Iterable[str]) -> frozenset[str]:
    """Return the Content-IDs that the HTML refers to (RFC 2392)."""
    shown: set[str] = set()
    for source in htmls:
        for reference in islice(_SHOWN_FILE.finditer(source), _MOST_SHOWN_FILES):
            shown.add(unquote(reference[1]))
    return frozenset(shown)


def _is_small_picture(part: Part) -> bool:
    """Say whether it is a picture as signatures have them: some programs call every file inline."""
    return part.content_type.startswith("image/") and len(part.content) <= _SMALL_PICTURE


def _content_id(part: Part) -> str:
    return part.headers.first("Content-ID").strip("<> ")
