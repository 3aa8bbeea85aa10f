"""`intake receive < mail`: the exit status tells the MTA what to do with its copy."""

import os
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from email_in.pipe import receive
from tests.email_in.smtp_client import ALICE, MAIL, SUPPORT, kept, settings


def test_a_mail_is_kept_as_it_came(core):
    raw = b"Subject: \xff\n\n.\n"
    assert receive(core, settings(), ALICE, [SUPPORT], raw) == 0
    (row,) = kept(core)
    assert (row["raw"], row["envelope_sender"], row["recipients"]) == (raw, ALICE, [SUPPORT])


@pytest.mark.parametrize("sender", ["", "<>", "MAILER-DAEMON"])
def test_the_null_sender_is_kept_as_empty(core, sender):
    receive(core, settings(), sender, [SUPPORT], MAIL)
    assert kept(core)[0]["envelope_sender"] == ""


@pytest.mark.parametrize(
    ("recipients", "raw", "status"),
    [
        ([], MAIL, os.EX_USAGE),
        ([SUPPORT], b"", os.EX_DATAERR),
        ([SUPPORT], b"x" * 1_001, os.EX_DATAERR),
        (["nobody@support.example"], MAIL, os.EX_NOUSER),
        ([SUPPORT, "alice@northwind.example"], MAIL, os.EX_NOUSER),
    ],
    ids=["nobody", "empty", "too-large", "not-ours", "one-not-ours"],
)
def test_a_refused_mail_is_not_kept(core, recipients, raw, status):
    assert receive(core, settings(max_message_bytes=1_000), ALICE, recipients, raw) == status
    assert kept(core) == []


def test_a_mail_of_exactly_the_limit_is_kept(core):
    assert receive(core, settings(max_message_bytes=1_000), ALICE, [SUPPORT], b"x" * 1_000) == 0


@pytest.mark.parametrize(
    "sender", ["al\0ice@b.example", "al\udcffice@b.example", "a\nb@c.example", "x" * 400]
)
def test_a_sender_that_no_database_takes_is_refused(core, sender):
    """Else the MTA would try it again for days, as if it were a fault of ours."""
    assert receive(core, settings(), sender, [SUPPORT], MAIL) == os.EX_DATAERR
    assert kept(core) == []


def test_a_recipient_that_no_database_takes_is_refused(core):
    assert receive(core, settings(), ALICE, ["support+\udcff@support.example"], MAIL) == os.EX_NOUSER
    assert kept(core) == []


def test_a_locked_database_asks_to_come_again(core):
    if not core.database.is_sqlite:
        pytest.skip("a fault of SQLite's")
    with closing(sqlite3.connect(core.database.url.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert receive(core, settings(), ALICE, [SUPPORT], MAIL) == os.EX_TEMPFAIL
        other.execute("ROLLBACK")
    assert kept(core) == []


def test_a_bug_of_ours_asks_to_come_again(core):
    class BrokenClock:
        def now(self):
            raise ZeroDivisionError

    assert receive(replace(core, clock=BrokenClock()), settings(), ALICE, [SUPPORT], MAIL) == os.EX_TEMPFAIL
