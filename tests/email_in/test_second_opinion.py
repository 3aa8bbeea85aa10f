"""What another reader sees in a doubtful mail, and that it cannot do any harm (I17)."""

from __future__ import annotations

import resource
from datetime import UTC, datetime

import pytest

from email_in.dates import written_at
from email_in.mime import HEADER_SECTION, HEADERS, ONE_HEADER
from email_in.second_opinion import capped, in_words, second_opinion

RAW = (
    b"Received: from relay.example.net by mx.example.com with ESMTP; Mon, 2 Mar 2026 09:00:05 +0000\r\n"
    b"Received: from pc.example.net by relay.example.net with SMTP; Mon, 2 Mar 2026 09:00:00 +0000\r\n"
    b"From: Ann <ann@example.net>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n"
)


def test_it_tells_the_sender_the_hops_and_what_is_wrong():
    said = list(in_words(second_opinion(RAW)))
    assert said[:3] == [
        "second opinion: from Ann <ann@example.net>",
        "came over: 2026-03-02T09:00:00+00:00 from pc.example.net by relay.example.net with SMTP, "
        "0 s after the one before",
        "came over: 2026-03-02T09:00:05+00:00 from relay.example.net by mx.example.com with ESMTP, "
        "5 s after the one before",
    ]
    assert said[3].startswith("a second reader minds: multipart/mixed: CloseBoundaryNotFoundDefect")


def test_where_it_fails_that_is_all_it_says():
    """It is there for doubtful mails, and some of them are too much for it."""
    levels = b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (level, level) for level in range(1_500)
    )
    opinion = second_opinion(levels)
    assert opinion.failed.startswith("the second reader failed: ")
    assert list(in_words(opinion)) == [f"second opinion: {opinion.failed}"]


def test_nothing_that_a_terminal_obeys_is_told():
    opinion = second_opinion(b"From: \x1b]0;owned\x07 <ann@example.net>\r\n\r\n")
    assert "\x1b" not in "".join(in_words(opinion))


HOSTILE = {
    "a From of 48 kB of (": b"From: " + b"(" * 48_000 + b"\n\nx",
    "430 KiB of encoded words": b"Subject: " + b"=?utf-8?Q?=C3=A9?= " * 22_000 + b"\n\nx",
    "185 KiB of parameters": b"Content-Type: text/plain" + b"; a*0*=x" * 23_000 + b"\n\nx",
    "5,000 hops": b"Received: from a by b; x\n" * 5_000 + b"\nx",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_mail_costs_the_second_reader_little(raw):
    """I17: its headers are capped before any parser sees them."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    second_opinion(raw)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime - before.ru_utime < 2


def test_headers_are_capped_and_the_body_is_still_the_body():
    section, _, body = capped(b"a: " + b"x" * 50_000 + b"\n" + b"b: y\n" * 5_000 + b"\nbody").partition(
        b"\r\n\r\n"
    )
    assert body == b"body"
    assert len(section) <= HEADER_SECTION
    assert max(map(len, section.split(b"\n"))) <= ONE_HEADER
    assert section.count(b"\n") <= HEADERS


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("Mon, 2 Mar 2026 09:00:00 +0100", datetime(2026, 3, 2, 8, 0, tzinfo=UTC)),
        ("Mon, 2 Mar 2026 07:00:00 -0000", datetime(2026, 3, 2, 7, 0, tzinfo=UTC)),
        ("Sat, 2 Mar 2126 09:00:00 +0000", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        ("Thu, 1 Jan 9999 00:00:00 -2359", datetime(2026, 3, 2, 9, 0, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        ("1" * 100_000, None),
    ],
)
def test_no_mail_was_written_after_it_was_received(said, at):
    """E4: a Date to come is that of a wrong clock, or made up."""
    assert written_at(said, datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) == at
