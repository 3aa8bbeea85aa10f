"""The process dies as by `kill -9`, at every mark and at any moment: nothing that was promised is lost or doubled.

An outcome is settled before it is looked at: the program is started again, and on PostgreSQL, where others might
still work on what it held, its leases are let run out.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.client import HTTPException

import pytest

from core.crashpoints import NAMES
from core.store.claiming import LEASE
from tests.stories.gateway import ALICE, Gateway, Sent, deliver
from tests.stories.phone import Call, raise_to_critical

WORDS = "We run version 4.2 on both."
QUESTION = "Which version do you run?"
ADA = "ada@support.example"

ACCEPT = [name for name in NAMES if name.startswith("inbox.accept.")]
CLAIM = [name for name in NAMES if name.startswith("inbox.claim.")]
APPLY = [name for name in NAMES if name.startswith("inbox.apply.")]
FOLLOWUP = [name for name in NAMES if name.startswith("followup.")]
PURGE = [name for name in NAMES if name.startswith("purge.")]
OUTBOX = [name for name in NAMES if name.startswith("outbox.")]
TURN = [name for name in NAMES if name.startswith("turn.")]
# Between the final dot and the mark in the database nobody can know that the mail has left (I8).
SENT_TWICE = {"outbox.accepted-by-smart-host", "outbox.sent.before-commit"}


def test_every_mark_is_passed_by_a_test() -> None:
    assert sorted(NAMES) == sorted(ACCEPT + CLAIM + APPLY + FOLLOWUP + PURGE + OUTBOX + TURN)


def after_the_leases() -> str:
    return (datetime.now(UTC) + LEASE + timedelta(minutes=1)).isoformat()


def recover(gateway: Gateway) -> None:
    """Start the program again, and let everything be settled."""
    gateway.start()
    if gateway.is_on_sqlite:
        gateway.wait_until_done()
    gateway.stop()
    gateway.intake("worker", "--once", "--as-of", after_the_leases())


def ask(gateway: Gateway) -> tuple[str, Sent]:
    """Return a case that waits for Alice's answer, and the mail with the question; nothing runs."""
    number = gateway.open_case()
    gateway.intake("case", "ask", number, QUESTION, "--by", ADA)
    gateway.intake("worker", "--once")
    [notice] = gateway.sink.to(ALICE.address, "information-asked")
    return number, notice


def every_notice_left_once(gateway: Gateway, *, but: frozenset[str] | set[str] = frozenset()) -> None:
    """Each notice is in the sink once, whatever it is; those of the kinds in `but` at least once."""
    copies = Counter(one.message_id for one in gateway.sink.sent)
    for row in gateway.read("outbox", "list"):
        assert row["state"] == "done", row
        left = copies.pop(row["message_id"])
        assert left == 1 or row["notice"] in but, (left, row["notice"])
    assert not copies


# --- mail in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ACCEPT + APPLY)
def test_a_mail_is_applied_once_though_the_process_dies(gateway: Gateway, mark: str) -> None:
    """I1, I2, I3, I8"""
    number, notice = ask(gateway)
    mail = ALICE.replies(notice, WORDS)
    gateway.start(crash_at=mark)
    saw_250 = gateway.takes(mail)
    gateway.died()
    assert not (saw_250 and mark in ACCEPT)
    recover(gateway)
    was_kept = bool(gateway.updates(number))
    assert was_kept == (mark != "inbox.accept.before-commit")
    if not saw_250:
        gateway.start()
        assert gateway.takes(mail)  # the sender's mail server tries again, with the same bytes
        gateway.wait_until_done("inbox")
        gateway.stop()
        recover(gateway)
    _is_updated_once(gateway, number)


@pytest.mark.parametrize("mark", CLAIM)
def test_a_mail_that_waits_is_applied_once_though_its_worker_dies(gateway: Gateway, mark: str) -> None:
    """I1"""
    number, notice = ask(gateway)
    gateway.start("smtpd")
    assert gateway.takes(ALICE.replies(notice, WORDS))
    gateway.kill()
    gateway.start(crash_at=mark, waits=False)
    gateway.died()
    assert gateway.updates(number) == []
    recover(gateway)
    _is_updated_once(gateway, number)


def _is_updated_once(gateway: Gateway, number: str) -> None:
    now = gateway.case(number)
    assert now["status"] == "Open"
    [update] = gateway.updates(number)
    assert update["text"].strip() == WORDS
    outcomes = Counter(row["outcome"] for row in gateway.read("inbox", "list"))
    assert outcomes.pop("update") == 1
    assert set(outcomes) <= {"duplicate"}
    every_notice_left_once(gateway)
    assert len(gateway.sink.to(ADA, "customer-update-for-owner")) == 1


def test_a_mail_that_kills_its_worker_each_time_ends_in_triage_with_its_bytes(gateway: Gateway) -> None:
    """The attempt is committed before the work, so what kills the worker is counted too."""
    number, notice = ask(gateway)
    gateway.start("smtpd")
    assert gateway.takes(ALICE.replies(notice, WORDS))
    gateway.kill()
    later = datetime.now(UTC)
    for _attempt in range(5):
        later += LEASE + timedelta(minutes=1)
        died = gateway.run(
            "worker", "--once", "--as-of", later.isoformat(), INTAKE_CRASH_AT="inbox.apply.before-commit"
        )
        assert died.code == -9
    later += LEASE + timedelta(minutes=1)
    gateway.intake("worker", "--once", "--as-of", later.isoformat())
    [entry] = gateway.read("triage", "list")
    assert entry["reason"] == "failed-repeatedly"
    assert gateway.updates(number) == []
    assert WORDS in gateway.intake("inbox", "show", str(entry["inbox_id"]), "--raw")
    gateway.intake("inbox", "retry", str(entry["inbox_id"]))


# --- reminders and notices --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", FOLLOWUP)
def test_a_reminder_is_sent_once_though_the_process_dies(gateway: Gateway, mark: str) -> None:
    """N1, I8"""
    number, _notice = ask(gateway)
    day_2 = (datetime.now(UTC) + timedelta(days=2, minutes=1)).isoformat()
    died = gateway.run("worker", "--once", "--as-of", day_2, INTAKE_CRASH_AT=mark)
    assert died.code == -9
    for _time in range(2):
        gateway.intake("worker", "--once", "--as-of", day_2)
    kinds = [line["kind"] for line in gateway.case(number)["history"]]
    assert kinds == ["opened", "information asked", "reminder 1"]
    assert len(gateway.sink.to(ALICE.address, "reminder-1")) == 1
    every_notice_left_once(gateway)


@pytest.mark.parametrize("mark", OUTBOX)
def test_a_notice_arrives_though_the_process_dies(gateway: Gateway, mark: str) -> None:
    """I8, I9"""
    number, _notice = ask(gateway)
    gateway.intake("case", "post", number, "We look into it.")
    gateway.start(crash_at=mark, waits=False)
    gateway.died()
    recover(gateway)
    copies = gateway.sink.to(ALICE.address, "public-post")
    assert len(copies) == (2 if mark in SENT_TWICE else 1)
    assert len({copy.message_id for copy in copies}) == 1
    every_notice_left_once(gateway, but={"public-post"} if mark in SENT_TWICE else set())


# --- what is removed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", PURGE)
def test_a_case_is_purged_once_though_the_process_dies(gateway: Gateway, mark: str) -> None:
    """C10, I15"""
    number, notice = ask(gateway)
    mail = ALICE.replies(notice, WORDS)
    mail.add_attachment(b"what blinks", maintype="image", subtype="png", filename="switch.png")
    gateway.start()
    assert gateway.takes(mail)
    gateway.wait_until_done()
    gateway.stop()
    gateway.intake("case", "close", number, "Done.")
    gateway.intake("worker", "--once")
    [blob] = [file for file in gateway.folder.glob("blobs/*/*") if file.is_file()]
    day_31 = (datetime.now(UTC) + timedelta(days=31)).isoformat()
    died = gateway.run("worker", "--once", "--as-of", day_31, INTAKE_CRASH_AT=mark)
    assert died.code == -9
    assert blob.exists()
    for _time in range(2):
        gateway.intake("worker", "--once", "--as-of", day_31)
    assert not blob.exists()
    assert gateway.run("inbox", "show", "1", "--raw").code == 1
    now = gateway.case(number)
    assert [line["kind"] for line in now["history"]].count("attachments removed") == 1
    [update] = gateway.updates(number)
    assert (update["text"].strip(), update["attachments"][0]["name"]) == (WORDS, "switch.png")
    every_notice_left_once(gateway)


# --- the phone --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", TURN)
def test_a_turn_has_one_effect_and_one_answer_though_the_process_dies(gateway: Gateway, mark: str) -> None:
    """I13"""
    number = gateway.open_case()
    gateway.start()
    call = Call(gateway)
    call.identifies(ALICE)
    last = raise_to_critical(call, number)
    gateway.stop()

    gateway.start(crash_at=mark)
    with pytest.raises((OSError, HTTPException)):
        call.makes(last)
    gateway.died()
    raised = gateway.case(number)["priority"] == "1-Critical"
    assert raised == (mark == "turn.committed")

    answers = []
    for _start in range(2):
        gateway.start()
        answers += [call.makes(last), call.makes(last)]
        gateway.stop()
    assert len(set(answers)) == 1
    assert "<Dial" in answers[0]
    now = gateway.case(number)
    assert (now["priority"], now["production_down"]) == ("1-Critical", True)
    assert [line["kind"] for line in now["history"]] == ["opened", "priority changed"]
    recover(gateway)
    every_notice_left_once(gateway)


# --- at random, under load --------------------------------------------------------------------------------------

MAILS, THREADS, KILLS = 60, 5, 3


class _MailServer(threading.Thread):
    """A customer's mail server: tries each mail again, with the same bytes, until it is told 250."""

    def __init__(self, gateway: Gateway, mails: list[EmailMessage], give_up_at: float) -> None:
        super().__init__(daemon=True)
        self._gateway, self._mails, self._give_up_at = gateway, mails, give_up_at
        self.taken = self.tries = 0

    def run(self) -> None:
        for mail in self._mails:
            raw, to = mail.as_bytes(), [str(mail["To"])]
            while time.monotonic() < self._give_up_at:
                self.tries += 1
                if deliver(self._gateway.smtp_port, raw, ALICE.address, to):
                    self.taken += 1
                    break
                time.sleep(0.05)


def test_mails_are_applied_once_though_the_process_is_killed_at_any_moment(gateway: Gateway) -> None:
    """I1, I2, I8, I9"""
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    number, notice = ask(gateway)
    words = [f"This is answer {count:03}." for count in range(MAILS)]
    mails = [ALICE.replies(notice, each) for each in words]
    gateway.start()
    give_up_at = time.monotonic() + 90
    senders = [_MailServer(gateway, mails[first::THREADS], give_up_at) for first in range(THREADS)]
    for sender in senders:
        sender.start()
    for taken in sorted(chance.sample(range(MAILS - THREADS), KILLS)):
        while sum(sender.taken for sender in senders) < taken:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.01))
        gateway.kill()
        gateway.start()
    for sender in senders:
        sender.join(100)
    assert sum(sender.taken for sender in senders) == MAILS, f"seed {seed}"
    gateway.kill()
    recover(gateway)

    outcomes = defaultdict(list)
    for row in gateway.read("inbox", "list"):
        assert row["state"] == "done", (seed, row)
        outcomes[row["fingerprint"]].append(row["outcome"])
    assert len(outcomes) == MAILS, f"seed {seed}"
    for each in outcomes.values():
        assert sorted(each) == ["duplicate"] * (len(each) - 1) + ["update"], f"seed {seed}"
    told = Counter(line["text"].strip() for line in gateway.updates(number))
    assert told == Counter(words), f"seed {seed}"
    # A kill may fall between the final dot and the commit, once for each kill and loop.
    copies = Counter(one.message_id for one in gateway.sink.sent)
    assert sum(copies.values()) - len(copies) <= KILLS + 1, f"seed {seed}"
    every_notice_left_once(gateway, but={one.kind for one in gateway.sink.sent})
