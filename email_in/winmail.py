"""What is inside a winmail.dat, which Outlook sends to those who cannot read it (MS-OXTNEF).

tnefparse reads it (the extra `tnef`); a few bytes can keep it busy for ever, so it works apart. What cannot be
opened stays the file that it is, with the reason.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from email_in import charset
from email_in.apart import FailedApart, done_apart, serve

_SECONDS = 1
_MOST_FILES = 1_000
_LONGEST_NAME = 1_000  # characters; it is made safe like every other afterwards


@dataclass(frozen=True, slots=True)
class Inside:
    """The words, if it has any in plain text or HTML, and the files: (name, content)."""

    text: str
    html: str
    files: tuple[tuple[str, bytes], ...]


class NotOpened(Exception):
    """A winmail.dat stays closed; the message says why, in words that go on after `it`."""


def opened(content: bytes) -> Inside:
    """Return what is inside. Raises NotOpened."""
    if find_spec("tnefparse") is None:
        raise NotOpened("was not opened: the gateway was installed without its extra `tnef`")
    try:
        head, _, contents = done_apart("email_in.winmail", content, _SECONDS).partition(b"\n")
    except FailedApart as error:
        raise NotOpened(f"could not be opened: reading it {error}") from None
    told = json.loads(head)
    files, place = [], 0
    for name, size in told["files"]:
        files.append((name, contents[place : place + size]))
        place += size
    return Inside(_lines(told["text"]), _lines(told["html"]), tuple(files))


def _lines(text: str) -> str:
    return charset.storable(text).replace("\r\n", "\n").replace("\r", "\n")


def _unpacked(content: bytes) -> bytes:
    """Return a line of JSON that says what there is, then the files one after another; this runs in the child."""
    from tnefparse import TNEF

    read = TNEF(content, do_checksum=False)
    files = [(_name(file), bytes(file.data)) for file in read.attachments[:_MOST_FILES]]
    head = {
        "text": _text(read.body),
        "html": _text(read.htmlbody),
        "files": [(name, len(data)) for name, data in files],
    }
    return b"\n".join((json.dumps(head).encode(), b"".join(data for _, data in files)))


def _name(file: Any) -> str:
    return _text(file.long_filename())[:_LONGEST_NAME]


def _text(told: object) -> str:
    if isinstance(told, bytes):
        told = told.decode("utf-8") if _is_utf8(told) else told.decode("windows-1252", "replace")
    return told if isinstance(told, str) else ""


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


if __name__ == "__main__":
    serve(_unpacked)
