"""Which files of a customer's are kept, and in which words the others are refused (E4)."""

from __future__ import annotations

import pytest

from core.rules.files import FileRules, Sent, endings

RULES = FileRules()


@pytest.mark.parametrize(
    ("name", "ends_in"),
    [
        ("a.EXE", ("exe",)),
        ("invoice.pdf.exe", ("exe",)),
        ("app.exe.dmp", ("dmp",)),
        ("run.js.gz", ("gz", "js")),
        ("server.example.com.log", ("log",)),
        ("a.exe. . ", ("exe",)),
        ("README", ()),
        ("", ()),
    ],
)
def test_a_name_ends_in(name, ends_in):
    assert endings(name) == ends_in


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (Sent("setup.exe", 10), "files that end in .exe are not taken: a program of Windows"),
        (Sent("invoice.pdf.scr", 10), "files that end in .scr are not taken: a program of Windows"),
        (
            Sent("run.vbs.gz", 10),
            "files that end in .vbs are not taken: a script that Windows runs when it is opened",
        ),
        (Sent("a.bin", 10, "application/x-msdownload"), "files of the type application/x-msdownload are not taken"),
        (
            Sent("report.pdf", 10, "application/pdf", "application/vnd.microsoft.portable-executable", "exe"),
            "its bytes are a program of Windows, whatever its name says",
        ),
        (
            Sent("tool", 10, "text/plain", "application/x-executable", "elf"),
            "its bytes are a program of Linux, whatever its name says",
        ),
        (Sent("big.log", 26_214_401), "it is larger than 26,214,400 bytes"),
    ],
)  # fmt: skip
def test_what_is_refused_is_refused_in_words(sent, why):
    assert RULES.why_refused(sent) == why
    assert len(why) <= 200


@pytest.mark.parametrize(
    "sent",
    [
        Sent("trace.log", 10),
        Sent("app.exe.dmp", 10, "application/octet-stream", "application/x-minidump", "dmp"),
        Sent("core.1234", 10, "application/octet-stream", "application/x-coredump", "core"),
        Sent("www.example.com.log", 10),
        Sent("traces.zip", 26_214_400, "application/zip", "application/zip", "zip"),
        Sent("", 0),
    ],
)
def test_what_support_lives_on_is_kept(sent):
    assert RULES.why_refused(sent) == ""


def test_size_and_endings_are_the_sites():
    """E4: both are settings."""
    rules = FileRules(100, frozenset({"zip", "image/png"}))
    sent = [Sent("a.exe", 100), Sent("a.log", 101), Sent("a.zip", 1), Sent("a.jpg", 1, kind="image/png")]
    assert [bool(rules.why_refused(one)) for one in sent] == [False, True, True, True]
