"""One hostile mail costs bounded time and memory, whatever it is made of (I17)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_in.message import read_mail
from email_in.quoting import own_words
from tests.email_in import hostile
from tests.email_in.hostile import MAILS, read_as_the_worker_does

SECONDS, MEMORY = 2, 200 * 1024 * 1024

linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


@linux
def test_no_mail_takes_more_than_two_seconds_or_200_megabytes():
    """I17: of processor time, and beside the mail itself; the worst there are, up to 25 MiB."""
    program = [sys.executable, "-m", hostile.__name__]
    said = subprocess.run(program, cwd=Path(__file__).parents[2], capture_output=True, check=True)
    costs = {cost["name"]: cost for cost in map(json.loads, said.stdout.splitlines())}
    assert set(costs) == set(MAILS)
    too_much = [cost for cost in costs.values() if cost["seconds"] > SECONDS or cost["bytes"] > MEMORY]
    assert too_much == []


FIELDS = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b",
        b"Content-Type: multipart/alternative; boundary=b",
        b"Content-Type: multipart/related; boundary=b; start=a",
        b"Content-Type: multipart/encrypted; boundary=b",
        b"Content-Type: multipart/digest; boundary*0=b",
        b"Content-Type: application/pkcs7-mime; smime-type=signed-data",
        b"Content-Type: text/html; charset=iso-2022-jp",
        b"Content-Type: text/plain; charset=utf-16",
        b"Content-Type: image/png; name*0*=utf-8''%C3; name*1*=%BC",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: x-uuencode",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Disposition: inline; filename=../a",
        b"Content-Disposition: attachment; filename*=x'%zz",
        b"Content-ID: <a>",
        b"From: =?utf-8?q?a?= <a@example.com>",
        b'Subject: \x1b$B$"\x1b(B =?hz?b?////?=',
        b"Authentication-Results: mx.example; dmarc=pass",
    ]
)
LINES = st.sampled_from(
    [b"", b"--b", b"--b--", b" folded", b"<a href=cid:a>", b"<p>\xff", b"> quoted", b"On 2 March a@b wrote:"]
) | st.binary(max_size=30)  # fmt: skip
MIXTURES = st.lists(st.lists(FIELDS, max_size=4).map(b"\n".join) | LINES, max_size=25).map(b"\n".join)


@settings(max_examples=300)
@given(MIXTURES)
def test_any_mixture_is_read_and_can_be_kept(raw):
    """I17, E4: no exception escapes, no word is lost, and a database takes all of it."""
    mail = read_mail(raw)
    parted = own_words(mail.text)
    assert parted.own.split() + parted.quoted.split() == mail.text.split()
    for text in (mail.text, mail.html, mail.subject, *(file.name for file in mail.attachments)):
        assert "\0" not in text
        assert text.encode() is not None
    read_as_the_worker_does(raw)


def test_a_log_of_very_many_lines_is_shown_whole():
    """E4: when in doubt it shows more."""
    text = "a line of a log\n" * 250_000 + "> quoted"
    assert own_words(text).own == text


def test_behind_very_many_lines_that_resemble_boundaries_the_rest_is_text():
    """Nothing is lost, and it is said."""
    mail = read_mail(
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" + b"--0\n" * 500_001 + b"--b--\nend"
    )
    assert mail.text.endswith("end")
    assert "more than 500000 lines that resemble boundaries" in mail.defects
