"""Mails as hard as mails get, with the golden files of other readers: headers, text and files compared one by one.

`legacy` and `rfc` have what stalwart's mail-parser reads (JSON), `james` the part tree of mime4j (XML). Where both
sides are right by their own lights, or ours is by the sender's, EXPLAINED says why; anything else is a fault.
"""

from __future__ import annotations

import binascii
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.corpora import share
from email_in import charset, html, mime
from email_in.file_names import file_name
from email_in.headers import mailboxes
from email_in.message import Attachment, InboundMail, read_mail

_SHOWN_AS_TEXT = "all of it is shown as text"

# Why ours is right, or why it does no harm; and where: file, and what differs.
_REASONS: tuple[tuple[str, str], ...] = (
    (
        "the golden file has � where the sender wrote a letter in the mail's charset; ours has the letter",
        """legacy/010 to, legacy/010 subject, legacy/016 files, legacy/017 to, legacy/020 to, legacy/020 subject,
        legacy/022 to, legacy/022 subject, legacy/023 files, legacy/027 to, legacy/027 subject, legacy/033 text,
        legacy/052 to, legacy/052 subject, legacy/052 text""",
    ),
    (
        "ours is the file, the golden one its uuencoded lines",
        "legacy/017 files, legacy/026 files, legacy/048 files",
    ),
    (
        "words that are called base64: ours decodes what it can of them, the golden file leaves them as they are",
        "rfc/000 files",
    ),
    (
        "a name without an address is nobody for us, so that the mail goes to people",
        "rfc/001 from, rfc/001 to, rfc/004 from, rfc/004 to",
    ),
    (
        "mime4j ends a part at a line that begins as its boundary does; ours demands the whole line, and shows all",
        "james/ending-boundaries headers, james/ending-boundaries contents",
    ),
    (
        "the body begins at the first line that is no header, as in the standard library, so that no later From is "
        f"believed that other readers do not see; {_SHOWN_AS_TEXT}",
        """james/malformedHeader-nocrlfcrlf headers, james/malformedHeader-nocrlfcrlf contents,
        james/malformedHeader-noheader contents, james/malformedHeaderStartsBody-noheader contents,
        james/malformedHeaderStartsBody-nocrlfcrlf contents, james/obsolete headers, james/obsolete contents,
        james/basic-plain-with-bad-header-separator contents""",
    ),
    (
        "mime4j drops what stands where a part should begin; ours shows it",
        """james/missing-boundary contents, james/missing-inner-boundary contents,
        james/missing-inner-start-boundary contents, james/multipartnopart contents""",
    ),
    (
        f"a boundary of more than 200 octets, where RFC 2046 5.1.1 allows 70; {_SHOWN_AS_TEXT}",
        """james/very-long-boundary headers, james/very-long-boundary contents,
        james/very-very-long-boundary headers, james/very-very-long-boundary contents""",
    ),
    (
        "a boundary that ends with a space, which RFC 2046 5.1.1 forbids and hosts remove: we read it without",
        "james/weird-boundary headers, james/weird-boundary contents",
    ),
)
EXPLAINED = {" ".join(place.split()): why for why, places in _REASONS for place in places.split(",")}
"""File and what differs -> why ours is right, or why it does no harm."""


@dataclass(frozen=True)
class Difference:
    """One thing that the golden file has otherwise. `where`: `legacy/012 subject`."""

    where: str
    ours: object
    theirs: object

    @property
    def why(self) -> str:
        """Why it is no fault; empty where nothing explains it."""
        return EXPLAINED.get(self.where, "")


@dataclass(frozen=True)
class Compared:
    """One mail: how many things are equal, and what is not."""

    name: str
    equal: int
    differences: tuple[Difference, ...]


def measured(folder: Path) -> list[Compared]:
    """Return every mail of the collection, compared with its golden file."""
    stalwart = (path for kind in ("legacy", "rfc") for path in sorted((folder / "mime" / kind).glob("*.eml")))
    james = sorted((folder / "mime" / "james").glob("*.msg"))
    return [*map(_with_stalwart, stalwart), *map(_with_james, james)]


def report(folder: Path) -> Iterator[str]:
    """Yield the figures, every difference that is explained, and every one that is not."""
    mails = measured(folder)
    different = [one for mail in mails for one in mail.differences]
    equal = sum(mail.equal for mail in mails)
    yield f"mails equal in everything: {share(sum(not mail.differences for mail in mails), len(mails))}"
    yield f"things equal: {share(equal, equal + len(different))}"
    yield f"differences that nothing explains: {sum(not one.why for one in different)}"
    for one in different:
        yield f"  {one.where}: {one.why or f'OURS {one.ours!r:.300} THEIRS {one.theirs!r:.300}'}"


def _compared(name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> Compared:
    different = [key for key in theirs if ours[key] != theirs[key]]
    told = tuple(Difference(f"{name} {key}", ours[key], theirs[key]) for key in different)
    return Compared(name, len(theirs) - len(told), told)


# --- stalwart: what the mail says ---------------------------------------------------------------------------


def _with_stalwart(path: Path) -> Compared:
    golden = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    mail = read_mail(path.read_bytes())
    theirs = {**_golden_headers(golden), "text": _golden_text(golden), "files": _golden_files(golden)}
    ours = {
        **_our_headers(mail),
        "text": mail.text.split(),
        "files": [_file(one) for one in mail.attachments],
    }
    return _compared(f"{path.parent.name}/{path.stem}", ours, theirs)


def _our_headers(mail: InboundMail) -> dict[str, Any]:
    people = {name: _people(mailboxes(mail.headers.raw(name))) for name in ("from", "to", "cc")}
    return {**people, "subject": _one_line(mail.subject), "message_id": mail.message_id.strip("<> ")}


def _people(found: Iterable[Any]) -> list[tuple[str, str]]:
    return [(_one_line(one.name), one.address) for one in found]


def _golden_headers(golden: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for header in golden["parts"][0]["headers"]:
        name, value = header["name"], header["value"]
        if name in ("from", "to", "cc") and "Address" in value:
            told.setdefault(name, []).extend(_golden_people(value["Address"]))
        elif name in ("subject", "message_id") and "Text" in value:
            told[name] = _one_line(value["Text"])
    return told


def _golden_people(told: dict[str, Any]) -> list[tuple[str, str]]:
    people = told.get("List", [])
    for group in told.get("Group", []):
        people = [*people, *group["addresses"]]
    return [(_one_line(one.get("name") or ""), one.get("address") or "") for one in people]


def _golden_text(golden: dict[str, Any]) -> list[str]:
    return [
        word for number in golden["text_body"] for word in _readable(golden["parts"][number]["body"]).split()
    ]


def _readable(body: dict[str, Any]) -> str:
    return html.readable(body["Html"]) if "Html" in body else body.get("Text", "")


def _golden_files(golden: dict[str, Any]) -> list[tuple[str, str]]:
    return [_golden_file(golden["parts"][number]) for number in golden["attachments"]]


def _golden_file(part: dict[str, Any]) -> tuple[str, str]:
    [(kind, content)] = part["body"].items()
    name, media_type = "", "text/plain"
    for header in part["headers"]:
        told = header["value"].get("ContentType") if isinstance(header["value"], dict) else None
        if told is None:
            continue
        given = {one["name"]: one["value"] for one in told.get("attributes") or ()}
        name = given.get("filename") or name or given.get("name", "")
        if header["name"] == "content_type":
            media_type = f"{told['c_type']}/{told.get('c_subtype')}".lower()
    if kind == "Message":
        return file_name(name, "message/rfc822"), _ATTACHED
    return file_name(name, media_type), _shown(content if isinstance(content, str) else bytes(content))


def _file(file: Attachment) -> tuple[str, str]:
    return file.name, _ATTACHED if file.content_type == "message/rfc822" else _shown(file.content)


def _shown(content: bytes | str) -> str:
    """Return what a file holds, as text either way: of text files the golden one has no bytes."""
    text = charset.decode(content) if isinstance(content, bytes) else content
    return text.replace("\r\n", "\n").strip()


def _one_line(text: str) -> str:
    return " ".join(text.split())


# --- mime4j: the parts --------------------------------------------------------------------------------------

_ATTACHED = "an attached mail, which stays closed"
_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def _with_james(path: Path) -> Compared:
    golden = ElementTree.fromstring(path.with_suffix(".xml").read_bytes())
    ours = list(_our_leaves(mime.walk(path.read_bytes()).root))
    theirs = list(_golden_leaves(golden))
    told = [
        {"headers": [headers for headers, _ in leaves], "contents": [content for _, content in leaves]}
        for leaves in (ours, theirs)
    ]
    return _compared(f"james/{path.stem}", *told)


def _our_leaves(part: mime.Part) -> Iterator[tuple[list[str], bytes]]:
    if part.is_multipart:
        for child in part.children:
            yield from _our_leaves(child)
        return
    content = _ATTACHED.encode() if part.content_type == "message/rfc822" else part.content
    yield (
        [_one_line(f"{name}: {value}") for name, value in part.headers.fields],
        content.replace(b"\r\n", b"\n").strip(),
    )


def _golden_leaves(entity: ElementTree.Element) -> Iterator[tuple[list[str], bytes]]:
    fields = [_one_line(field.text or "") for field in entity.iterfind("header/field")]
    parts = entity.findall("multipart/body-part")
    if parts:
        for part in parts:
            yield from _golden_leaves(part)
    elif entity.find("message") is not None:
        yield fields, _ATTACHED.encode()
    else:
        encoding = next(
            (
                f.partition(":")[2].strip().lower()
                for f in fields
                if f.lower().startswith("content-transfer-encoding:")
            ),
            "",
        )
        yield fields, _decoded(entity.findtext("body", ""), encoding)


def _decoded(body: str, encoding: str) -> bytes:
    content = body.encode("latin-1", "replace")
    if encoding == "base64":
        content = binascii.a2b_base64(_BASE64.sub(b"", content) + b"==")
    elif encoding == "quoted-printable":
        content = binascii.a2b_qp(content)
    return content.replace(b"\r\n", b"\n").strip()
