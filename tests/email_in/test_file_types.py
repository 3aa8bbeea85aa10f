"""What a file is, by its first bytes."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_in.file_types import shown_type, sniffed

PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(120) + b"PE\x00\x00"


def elf(kind, order="<"):
    return (
        b"\x7fELF\x02" + (b"\x01" if order == "<" else b"\x02") + bytes(10) + struct.pack(f"{order}H", kind)
    )


def zipped(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PROGRAM, "application/vnd.microsoft.portable-executable"),
        (elf(2), "application/x-executable"),
        (elf(3, ">"), "application/x-executable"),
        (elf(4), "application/x-coredump"),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x02", "application/x-mach-binary"),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x41", "application/java-vm"),
        (zipped("META-INF/MANIFEST.MF"), "application/java-archive"),
        (zipped("a.txt"), "application/zip"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"junk before\n%PDF-1.4", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xd4\xc3\xb2\xa1\x02\x00", "application/vnd.tcpdump.pcap"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (bytes(257) + b"ustar\x0000", "application/x-tar"),
    ],
)
def test_bytes_say_what_they_are(content, media_type):
    assert sniffed(content).media_type == media_type


@pytest.mark.parametrize(
    "content",
    [b"", b"MZ-700, a manual of it, in plain text and longer than that header", b"2026-03-02 INVITE", b"PK"],
)
def test_text_is_nothing_else(content):
    assert sniffed(content) is None


def test_a_program_that_is_also_a_pdf_is_a_program():
    """What runs when it is opened comes first."""
    assert sniffed(PROGRAM + b"%PDF-1.7").ending == "exe"


@pytest.mark.parametrize(
    ("declared", "ending", "content", "shown"),
    [
        ("application/pdf", "pdf", PROGRAM, "application/vnd.microsoft.portable-executable"),
        ("application/msword", "docx", zipped("word/document.xml"), "application/msword"),
        ("application/octet-stream", "zip", zipped("a"), "application/zip"),
        ("text/csv", "csv", b"1,2", "text/csv"),
    ],
)
def test_the_type_that_is_shown_is_that_of_the_bytes_unless_the_name_says_it_closer(
    declared, ending, content, shown
):
    assert shown_type(declared, ending, sniffed(content)) == shown


@given(st.binary(max_size=2_000))
def test_any_bytes_are_looked_at(content):
    sniffed(content)
