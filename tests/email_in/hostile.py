"""Mails made to cost as much as they can, and what each costs: read in a process of its own, as the worker reads it.

python -m tests.email_in.hostile [NAME ...]      prints a line of JSON for each: seconds, and bytes of memory
"""

from __future__ import annotations

import base64
import json
import os
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from core.identifiers import ReferenceMint
from email_in.file_types import sniffed
from email_in.machine import written_by
from email_in.message import read_mail
from email_in.quoting import own_words
from email_in.references import found_references

LARGEST = 25 * 1024 * 1024
MINT = ReferenceMint("01", b"a key for hostile mails")
MIXED = b"Content-Type: multipart/mixed; boundary=b\n\n"


def filled(head: bytes, unit: bytes, end: bytes = b"") -> bytes:
    """A mail of 25 MiB: a head, and the same again and again."""
    return head + unit * ((LARGEST - len(head) - len(end)) // len(unit)) + end


def of_type(media_type: str, unit: bytes, end: bytes = b"") -> bytes:
    return filled(f"Content-Type: {media_type}\n\n".encode(), unit, end)


def encoded(encoding: str, unit: bytes) -> bytes:
    return filled(f"Content-Transfer-Encoding: {encoding}\n\n".encode(), unit)


def nested(depth: int, kind: str = "mixed") -> bytes:
    levels = (f"Content-Type: multipart/{kind}; boundary={n:0199d}\n\n--{n:0199d}\n" for n in range(depth))
    return "".join(levels).encode() + b"\ndeep"


def parts(count: int, part: bytes) -> bytes:
    return MIXED + (b"--b\n" + part + b"\n") * count + b"--b--"


def sealed(content: bytes, media_type: str) -> bytes:
    head = f"Content-Type: {media_type}\nContent-Transfer-Encoding: base64\n\n".encode()
    return head + base64.encodebytes(content)


def signed_in_pieces(pieces: int) -> bytes:
    """An opaque signature whose content comes in pieces of one octet."""
    head = "308006092a864886f70d010702a08030800201013100308006092a864886f70d010701a0802480"
    return bytes.fromhex(head) + b"\x04\x01x" * pieces


def winmail(properties: int) -> bytes:
    """A winmail.dat that announces so many properties and has none."""
    count = struct.pack("<I", properties)
    return struct.pack("<IH", 0x223E9F78, 1) + b"\x01" + struct.pack("<II", 0x00069003, 4) + count + bytes(2)


# fmt: off
MAILS: dict[str, Callable[[], bytes]] = {
    "1,500 nested parts": lambda: nested(1_500),
    "20 nested alternatives": lambda: filled(nested(19, "alternative"), b"\nwords"),
    "a From of 48 kB of (": lambda: b"From: " + b"(" * 48_000 + b"\n\nx",
    "430 KiB of encoded words": lambda: b"Subject: " + b"=?utf-8?Q?=C3=A9?= " * 22_000 + b"\n\nx",
    "185 KiB of parameters": lambda: b"Content-Type: text/plain" + b"; a*0*=x" * 23_000 + b"\n\nx",
    "100,000 continuations of a parameter": lambda:
        b"Content-Type: text/plain;" + b"".join(b" n*%d*=a;" % n for n in range(100_000)) + b"\n\nx",
    "25 MiB of one line": lambda: filled(b"\n", b"x"),
    "25 MiB of empty lines": lambda: filled(b"\n", b"\n"),
    "25 MiB of carriage returns": lambda: filled(b"\n", b"\r"),
    "25 MiB of short lines": lambda: filled(b"\n", b"a\n"),
    "25 MiB of quoted lines": lambda: filled(b"\n", b"> \n"),
    "200,000 lines that introduce a quote": lambda: b"\n" + b"On 2 March 2026 a@b wrote\n" * 199_999,
    "25 MiB of headers": lambda: filled(b"", b"a: b\n"),
    "25 MiB of one header": lambda: filled(b"a:", b" b\n"),
    "1,000 charsets": lambda: MIXED + b"".join(
        b"--b\nContent-Type: text/plain; charset=x-%d\n\n\xe9\n" % n for n in range(1_000)) + b"--b--",
    "letters of four bytes": lambda: of_type("text/plain; charset=utf-8", b"x" * 70 + b"\r\n", "😀".encode()),
    "the same in HTML": lambda: of_type("text/html; charset=utf-8", b"x" * 70 + b"\0\r\n", "😀".encode()),
    "escapes of ISO-2022-JP": lambda: of_type("text/plain", b"\x1b$B$\"\x1b(B"),
    "bytes that may be Japanese": lambda: of_type("text/plain", b"\xb3\xb3"),
    "25 MiB of UTF-7": lambda: of_type("text/plain; charset=utf-7", b"+AOk-"),
    "25 MiB of HTML, nested": lambda: of_type("text/html", b"<div><blockquote>"),
    "25 MiB of open tags": lambda: of_type("text/html", b"<a "),
    "25 MiB of references to files": lambda: of_type("text/html", b"cid:a "),
    "soft line breaks": lambda: encoded("quoted-printable", b"=\n"),
    "base64 of 25 MiB": lambda: encoded("base64", b"QUFB" * 19 + b"\n"),
    "uuencoded lines of one octet": lambda: encoded("x-uuencode", b"!00\n"),
    "lines that are nearly uuencoded": lambda: encoded("x-uuencode", b"\x01\n"),
    "100,000 tiny parts": lambda: parts(100_000, b"\nx"),
    "1,000 parts of HTML": lambda: parts(999, b"Content-Type: text/html\n\n" + b"<p>x" * 6_000),
    "lines that are nearly boundaries": lambda: filled(nested(19) + b"\n", b"--0\n"),
    "a signature in pieces of one octet": lambda: sealed(signed_in_pieces(6_000_000), "application/pkcs7-mime"),
    "a file of 25 MiB signed in one block": lambda: sealed(
        signed_in_pieces(0)[:-2] + b"\x04\x84\x01\x10\x00\x00" + b"x" * 0x1100000, "application/pkcs7-mime"),
    "a winmail.dat that never ends": lambda: sealed(winmail(0xFFFFFFFF), "application/ms-tnef"),
}
# fmt: on


def read_as_the_worker_does(raw: bytes) -> None:
    """Read, part, judge and search a mail."""
    mail = read_mail(raw)
    own_words(mail.text)
    written_by(mail, "a@example.com", "01")
    found_references(mail, ("support@support.example",), MINT.find)
    for file in mail.attachments:
        sniffed(file.content)


def cost(make: Callable[[], bytes]) -> dict[str, float]:
    """Return the processor's seconds and the bytes of memory that reading takes, beyond the mail itself."""
    raw = make()
    Path("/proc/self/clear_refs").write_text("5")  # forgets the most that making it took
    before, began = _memory("VmRSS"), time.process_time()
    read_as_the_worker_does(raw)
    return {"seconds": round(time.process_time() - began, 2), "bytes": _memory("VmHWM") - before}


def _memory(name: str) -> int:
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) * 1024


def main() -> None:
    """Print the cost of each mail; each is read in a fork, so that none pays for another."""
    for name in sys.argv[1:] or MAILS:
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            print(json.dumps({"name": name, **cost(MAILS[name])}), flush=True)  # noqa: T201 - a program
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
