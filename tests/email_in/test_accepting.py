"""A group of mails is committed at once, and each of them is answered for itself (I3)."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager

import pytest

from core.store.inbox import ReceivedMail
from email_in import accepting
from email_in.accepting import Accepting
from tests.email_in.smtp_client import kept

GOOD = [
    ReceivedMail("a@x.example", ("support@support.example",), "192.0.2.1", raw) for raw in (b"one", b"two")
]
BAD = ReceivedMail("no text holds \ud800", ("support@support.example",), "192.0.2.1", b"bad")


@contextmanager
def working(thread):
    thread.start()
    yield
    thread.stop(5)


async def submitted(thread, *mails):
    """Submit the mails as one group and return what came of each."""
    futures = [thread.submit(mail) for mail in mails]
    with working(thread):
        return await asyncio.wait_for(asyncio.gather(*futures, return_exceptions=True), 10)


def test_a_mail_that_cannot_be_kept_refuses_no_other(core):
    """I3: its own sender alone is asked to come again."""
    first, refused, last = asyncio.run(submitted(Accepting(core), GOOD[0], BAD, GOOD[1]))
    assert isinstance(refused, UnicodeEncodeError)
    assert [row["raw"] for row in kept(core)] == [b"one", b"two"]
    assert [row["id"] for row in kept(core)] == [first, last]


def test_a_fault_of_the_thread_itself_is_answered_and_does_not_end_it(core, monkeypatch):
    """I3: whatever happens, the next mail is taken."""

    async def twice():
        thread = Accepting(core)
        with working(thread):
            monkeypatch.setattr(accepting, "is_unavailable", lambda _error: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(thread.submit(BAD), 10)
            return await asyncio.wait_for(thread.submit(GOOD[0]), 10)

    assert asyncio.run(twice()) == kept(core)[0]["id"]
