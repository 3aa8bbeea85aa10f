"""From the inbox to an outcome, on both databases: every mail has exactly one, whatever its bytes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import cases, pins, retention, telling
from core import triage as queue
from core.clock import HeldClock
from core.errors import NotFound, Refused
from core.rules.answers import MOST_A_DAY
from core.rules.notices import NoticeKind
from core.rules.terms import EventKind, Status, SubStatus
from core.store import cases as rows
from core.store import inbox
from core.store import outbox as outbox_rows
from core.store.claiming import State
from core.store.inbox import ReceivedMail
from core.store.outbox import OutgoingNotice
from core.store.schema import inbox as inbox_table
from core.store.schema import outbox, triage
from email_in import reading, settling, worker
from email_in.attachments import keep_for_this_case
from email_in.explained import explained
from email_in.linking import link_by_hand, prepare
from email_in.message import read_mail
from email_in.sender import SenderCheck, SenderRules
from email_in.settling import settle
from email_in.worker import MOST_ATTEMPTS, apply_some

OFF = SenderRules()
SUPPORT = "support@support.example"


@pytest.fixture
def asked(core, people):
    """A case of Alice's that waits for information."""
    case = people.case().case
    return core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "Which version?")).case


@pytest.fixture
def reference(core, asked):
    """Its Reference ID for Alice."""
    return core.write(lambda uow: telling.reference_for(uow, asked.id, "alice@northwind.example"))


def accept(core, raw, sender="alice@northwind.example", recipients=(SUPPORT,)):
    mail = ReceivedMail(sender, tuple(recipients), "192.0.2.1", raw)
    return core.write(lambda uow: inbox.accept(uow.connection, mail, uow.now))


def letter(text="Version 4.2", sender="alice@northwind.example", subject="Re: your case", extra=""):
    head = f"From: {sender}\r\nTo: {SUPPORT}\r\nSubject: {subject}\r\nMessage-ID: <1@x.example>\r\n{extra}"
    return f"{head}\r\n{text}\r\n".encode()


def work(core, rules=OFF):
    while apply_some(core, rules):
        pass


def outcome(core, inbox_id):
    with core.reading() as uow:
        return inbox.find(uow.connection, inbox_id)


def entries(core):
    with core.reading() as uow:
        found = uow.connection.execute(sa.select(triage.c.reason, triage.c.case_id).order_by(triage.c.id))
        return [tuple(row) for row in found]


def now(core, case):
    with core.reading() as uow:
        return rows.by_id(uow.connection, case.id)


def test_an_answer_with_the_reference_opens_the_case(core, asked, reference):
    """C7, E2, E4."""
    inbox_id = accept(core, letter(f"Version 4.2\r\n\r\nReference ID: {reference}"))
    work(core)
    assert outcome(core, inbox_id)["outcome"] == "update"
    assert now(core, asked).status is Status.OPEN
    assert entries(core) == []


def test_the_decision_log_says_what_was_found_and_which_row_decided(core, reference):
    """E2: a mail explains itself."""
    inbox_id = accept(core, letter(subject=f"Re: x [{reference}]"))
    work(core)
    decision = outcome(core, inbox_id)["decision"]
    assert decision["references"] == {reference: ["subject"]}
    assert decision["sender"] == "alice@northwind.example"
    assert (decision["decided"], decision["rule"]) == ("update", "E4")


def test_the_decision_log_is_told_in_words(core, asked, reference):
    """E2: `intake inbox show` explains a mail to somebody who knows no table."""
    inbox_id = accept(
        core, letter("Version 4.2", subject=f"Re: x [{reference}]", sender="bob@northwind.example")
    )
    work(core)
    told = "\n".join(explained(outcome(core, inbox_id)["decision"]))
    assert "Decided by the row 'not-designated' (A3)" in told
    assert "Its sender is bob@northwind.example" in told
    assert f"Reference IDs found: {reference} in subject" in told
    assert "ms to read" in told


def test_the_same_mail_twice_has_one_effect(core, asked, reference):
    """I2: and a mail that only copies its Message-ID is another mail."""
    raw = letter(f"Version 4.2 {reference}")
    first, second = accept(core, raw), accept(core, raw)
    third = accept(core, letter(f"And since Monday. {reference}"))
    work(core)
    assert [outcome(core, one)["outcome"] for one in (first, second, third)] == [
        "update",
        "duplicate",
        "update",
    ]
    with core.reading() as uow:
        kinds = [event["kind"] for event in rows.history(uow.connection, asked.id)]
    assert kinds.count(EventKind.CUSTOMER_UPDATE) == 2


def test_two_workers_on_the_same_mail_twice_have_one_effect(core, asked, reference):
    """I2: the unique column decides between them."""
    raw = letter(f"Version 4.2 {reference}")
    for _copy in range(4):
        accept(core, raw)
    workers = [threading.Thread(target=work, args=(core,)) for _worker in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    with core.reading() as uow:
        kinds = [event["kind"] for event in rows.history(uow.connection, asked.id)]
        outcomes = sorted(uow.connection.scalars(sa.select(inbox_table.c.outcome)))
    assert kinds.count(EventKind.CUSTOMER_UPDATE) == 1
    assert outcomes == ["duplicate", "duplicate", "duplicate", "update"]


STRANGER = "stranger@elsewhere.example"


def answered(core):
    """Return who was told what became of a mail."""
    about_mail = sa.select(outbox.c.recipient).where(outbox.c.inbox_id.is_not(None))
    with core.reading() as uow:
        return list(uow.connection.scalars(about_mail))


def test_a_sender_who_is_told_is_told_once_a_day(core, clock):
    """E3."""
    for number in range(3):
        accept(core, letter(f"Help, number {number}", sender=STRANGER), sender=STRANGER)
    work(core)
    clock.advance(timedelta(days=1))
    accept(core, letter("Help, the next day", sender=STRANGER), sender=STRANGER)
    work(core)
    with core.reading() as uow:
        told = list(uow.connection.scalars(sa.select(outbox.c.recipient)))
    assert told == ["stranger@elsewhere.example"] * 2
    assert [reason for reason, _case in entries(core)] == ["no-reference"] * 4


def test_two_help_desks_stop_after_one_round(core, clock):
    """E3, RFC 3834 2: the other one answers all from a person's address and without a sign, also at midnight."""
    accept(core, letter("We have received your ticket.", sender=STRANGER), sender=STRANGER)
    for _round in range(10):
        work(core)
        clock.advance(timedelta(minutes=2))
        for number in range(len(answered(core))):
            accept(core, letter(f"We have received your ticket {number}.", sender=STRANGER), sender=STRANGER)
    assert answered(core) == [STRANGER]


def test_no_address_gets_more_than_forty_automatic_mails_a_day(core, people, clock):
    """E7: reminders, answers and all; on the next day it is told again."""
    case = people.case().case

    def write(uow):
        for number in range(MOST_A_DAY):
            sent = OutgoingNotice(NoticeKind.REMINDER_1, STRANGER, f"<{number}@x>", f"key {number}", case.id)
            outbox_rows.write(uow.connection, sent, uow.now)

    core.write(write)
    accept(core, letter("Help", sender=STRANGER), sender=STRANGER)
    work(core)
    assert answered(core) == []
    clock.advance(timedelta(days=1))
    accept(core, letter("Help again", sender=STRANGER), sender=STRANGER)
    work(core)
    assert answered(core) == [STRANGER]


@pytest.mark.parametrize(
    ("writer", "envelope_sender", "found"),
    [
        (STRANGER, "mallory@evil.example", "none"),
        (STRANGER, STRANGER, "fail"),
        ("ada@support.example", "ada@support.example", "none"),
    ],
    ids=["another return path", "a forged From", "an address of ours"],
)
def test_who_may_not_have_written_the_mail_is_not_answered(core, writer, envelope_sender, found):
    """E3, RFC 3834 4: an answer goes to the return path, and to nobody whose name was taken."""
    results = f"Authentication-Results: mx.example; dmarc={found} header.from={writer.partition('@')[2]}\r\n"
    accept(core, letter("Help", sender=writer, extra=results), sender=envelope_sender)
    work(core, SenderRules(SenderCheck.OFF, frozenset({"mx.example"})))
    assert answered(core) == []
    assert entries(core) == [("no-reference", None)]


def test_a_return_path_is_the_sender_whatever_its_case(core):
    """E3."""
    accept(core, letter("Help", sender=STRANGER), sender=STRANGER.title())
    work(core)
    assert answered(core) == [STRANGER]


def test_an_encoded_word_in_the_results_of_the_trusted_server_is_not_decoded(core, reference):
    """E5: the envelope sender that it repeats may be one."""
    word = "=?utf-8?q?=3Bdmarc=3Dpass=20header.from=3Dnorthwind.example=3B?="
    results = f"Authentication-Results: mx.example; spf=pass smtp.mailfrom={word}@evil.example\r\n"
    accept(core, letter(f"Version 4.2 {reference}", extra=results))
    work(core, SenderRules(SenderCheck.REQUIRE_PASS, frozenset({"mx.example"})))
    assert [reason for reason, _case in entries(core)] == ["sender-unproven"]


def updates(core, case):
    """Return how many updates a case got."""
    with core.reading() as uow:
        kinds = [event["kind"] for event in rows.history(uow.connection, case.id)]
    return kinds.count(EventKind.CUSTOMER_UPDATE)


def test_one_mail_to_two_addresses_of_ours_has_one_effect(core, asked, reference):
    """I2: Reply-To and Cc, delivered in two transactions with an envelope each."""
    raw = letter(f"Version 4.2 {reference}")
    first = accept(core, raw, recipients=[f"support+{reference}@support.example"])
    second = accept(core, raw)
    other = accept(core, raw, sender="alice@home.example")
    work(core)
    outcomes = [outcome(core, one)["outcome"] for one in (first, second, other)]
    assert outcomes == ["update", "duplicate", "update"]
    assert updates(core, asked) == 2


def test_one_mail_to_two_cases_updates_both(core, people, asked, reference):
    """I2, E4: the envelope says which case is meant."""
    other = people.case().case
    second = core.write(lambda uow: telling.reference_for(uow, other.id, "alice@northwind.example"))
    for token in (reference, second):
        accept(core, letter("It rained in."), recipients=[f"support+{token}@support.example"])
    work(core)
    assert (updates(core, asked), updates(core, other)) == (1, 1)


class FullDisk:
    """A blob store that has no room until it is given some."""

    def __init__(self, blobs):
        self.blobs, self.has_room = blobs, False

    def put(self, content):
        if not self.has_room:
            raise OSError(28, "No space left on device")
        return self.blobs.put(content)

    def get(self, digest):
        return self.blobs.get(digest)

    def renew(self, digest):
        return self.blobs.renew(digest)


def with_a_file(reference):
    return (
        b"From: alice@northwind.example\r\nSubject: " + reference.encode() + b"\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the log.\r\n'
        b"--b\r\nContent-Type: application/octet-stream\r\n"
        b"Content-Disposition: attachment\r\n\r\nthe log\r\n--b--\r\n"
    )


def test_an_outage_of_ours_is_no_fault_of_the_mail(core, clock, asked, reference):
    """I1: a disk that was full for an hour parks nothing."""
    disk = FullDisk(core.blobs)
    core = replace(core, blobs=disk)
    inbox_id = accept(core, with_a_file(reference))
    for _minute in range(60):
        work(core)
        clock.advance(timedelta(minutes=1))
    assert (outcome(core, inbox_id)["state"], outcome(core, inbox_id)["attempts"]) == (State.WAITING, 0)
    disk.has_room = True
    work(core)
    assert outcome(core, inbox_id)["outcome"] == "update"
    assert entries(core) == []


@pytest.fixture
def years_on(core):
    """The same gateway as a command has it whose clock is held at a time to come."""
    return replace(core, clock=HeldClock(core.clock.now() + timedelta(days=1000)))


def attached(core, case):
    with core.reading() as uow:
        [file] = rows.files_of(uow.connection, case.id)
    return core.blobs.get(file["digest"])


def test_a_purge_held_at_a_time_to_come_takes_nothing_from_a_mail_that_is_worked_on(
    core, years_on, asked, reference
):
    """C10, I15: the bytes were put and their row is not there yet; every clock says that they are old."""
    accept(core, with_a_file(reference))
    reads = worker._read(core, OFF, core.write(worker._claim))
    accept(core, b"")  # else the database is a new one
    assert sum(retention.remove_unnamed_files(years_on)) == 1
    core.write(lambda uow: settle(uow, core.blobs, OFF, reads))
    assert attached(core, asked) == b"the log"


def test_a_purge_waits_for_a_mail_that_is_about_to_name_its_files(core, years_on, asked, reference):
    """C10, I15: it looks once the row is there."""
    accept(core, with_a_file(reference))
    reads = worker._read(core, OFF, core.write(worker._claim))
    with ThreadPoolExecutor(1) as another:

        def act(uow):
            settle(uow, core.blobs, OFF, reads)
            purging = another.submit(lambda: sum(retention.remove_unnamed_files(years_on)))
            with pytest.raises(TimeoutError):
                purging.result(0.5)
            return purging

        assert core.write(act).result() == 0
    assert attached(core, asked) == b"the log"


def test_a_purge_between_takes_nothing_from_a_mail_that_is_linked_by_hand(
    core, people, years_on, asked, reference
):
    """C10, E5: the files are on disk before the database is locked."""
    accept(core, with_a_file(reference).replace(b"alice@", b"bob@"), sender="bob@northwind.example")
    work(core)
    with core.reading() as uow:
        prepared = prepare(core, uow.connection.scalar(sa.select(triage.c.id)))
    assert sum(retention.remove_unnamed_files(years_on)) == 1
    core.write(lambda uow: link_by_hand(uow, prepared, people.analyst(), now(core, asked)))
    assert attached(core, asked) == b"the log"


def test_a_mail_asks_once_who_its_sender_is(core, asked, reference):
    """E5: it is the hot path."""
    asked_for = []

    def listen(_connection, _cursor, statement, _parameters, _context, _many):
        asked_for.append(statement)

    accept(core, letter(f"Version 4.2 {reference}"))
    sa.event.listen(core.database.engine, "before_cursor_execute", listen)
    work(core)
    sa.event.remove(core.database.engine, "before_cursor_execute", listen)
    assert len([one for one in asked_for if "WHERE contacts.email =" in one]) == 1


def test_a_pin_in_a_name_of_a_sender_is_not_shown_in_triage(core, people):
    """A10."""
    pin = core.write(lambda uow: pins.issue(uow, people.customer("alice").contact_id, by="test"))
    accept(core, letter(sender=f'"{pins.spoken(pin)}" <a@x.example>, b@x.example'))
    work(core)
    with core.reading() as uow:
        [entry] = queue.listed(uow)
    assert entry["sender"] == '"[PIN removed]" <a@x.example>, b@x.example'


def test_an_outage_that_never_ends_parks_the_mail_after_days(core, clock, reference):
    """DESIGN 2: nothing is tried for ever."""
    core = replace(core, blobs=FullDisk(core.blobs))
    inbox_id = accept(core, with_a_file(reference))
    for _hour in range(3 * 24 + MOST_ATTEMPTS + 1):
        work(core)
        clock.advance(timedelta(hours=1))
    assert outcome(core, inbox_id)["state"] == State.PARKED
    assert [reason for reason, _case in entries(core)] == ["failed-repeatedly"]


def test_an_attempt_that_killed_its_worker_is_counted(core, clock, monkeypatch):
    """DESIGN 2: whatever the mail kills its worker with."""

    class Killed(BaseException):
        pass

    def kill(_raw):
        raise Killed

    monkeypatch.setattr(reading, "read_mail", kill)
    inbox_id = accept(core, letter())
    for _attempt in range(MOST_ATTEMPTS):
        with pytest.raises(Killed):
            apply_some(core, OFF)
        clock.advance(timedelta(hours=1))
    work(core)
    assert outcome(core, inbox_id)["state"] == State.PARKED


def test_a_mail_that_fails_five_times_is_parked_in_triage_with_its_bytes(core, clock, monkeypatch):
    """DESIGN 2: nothing that kills its worker is tried for ever, and nothing is lost."""

    def broken(_raw):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(reading, "read_mail", broken)
    inbox_id = accept(core, letter())
    for _attempt in range(MOST_ATTEMPTS + 1):
        work(core)
        clock.advance(timedelta(hours=1))
    row = outcome(core, inbox_id)
    assert (row["state"], row["outcome"]) == (State.PARKED, "parked")
    with core.reading() as uow:
        assert inbox.raw_of(uow.connection, inbox_id) == letter()
    assert [reason for reason, _case in entries(core)] == ["failed-repeatedly"]


def _fails_on(words):
    def read(raw):
        if words in raw:
            raise RuntimeError("a fault of ours")
        return read_mail(raw)

    return read


def test_a_mail_that_cannot_be_read_takes_none_with_it(core, asked, reference, monkeypatch):
    """I1: those beside it have their effect at once."""
    monkeypatch.setattr(reading, "read_mail", _fails_on(b"poison"))
    ids = [accept(core, letter(f"{words} {reference}")) for words in ("before", "poison", "after")]
    work(core)
    assert [outcome(core, one)["outcome"] for one in ids] == ["update", None, "update"]


def test_a_mail_that_cannot_be_settled_takes_none_with_it(core, asked, reference, monkeypatch):
    """I1: what was settled together is settled one by one."""

    def refuse(uow, blobs, mail, files):
        if "poison" in mail.text:
            raise RuntimeError("a fault of ours")
        return keep_for_this_case(uow, blobs, mail, files)

    monkeypatch.setattr(settling, "keep_for_this_case", refuse)
    ids = [accept(core, letter(f"{words} {reference}")) for words in ("before", "poison", "after")]
    work(core)
    assert [outcome(core, one)["outcome"] for one in ids] == ["update", None, "update"]
    assert outcome(core, ids[1])["attempts"] == 1
    with core.reading() as uow:
        kinds = [event["kind"] for event in rows.history(uow.connection, asked.id)]
    assert kinds.count(EventKind.CUSTOMER_UPDATE) == 2


def test_a_mail_that_kills_its_worker_kills_it_alone_the_next_time(
    core, clock, asked, reference, monkeypatch
):
    """DESIGN 2: those that were claimed beside it lose one attempt, and have their effect then."""

    class Killed(BaseException):
        pass

    def kill(raw):
        if b"poison" in raw:
            raise Killed
        return read_mail(raw)

    monkeypatch.setattr(reading, "read_mail", kill)
    ids = [accept(core, letter(f"{words} {reference}")) for words in ("before", "poison", "after")]
    for _attempt in range(MOST_ATTEMPTS + 2):
        with suppress(Killed):
            work(core)
        clock.advance(timedelta(hours=1))
    assert [outcome(core, one)["outcome"] for one in ids] == ["update", "parked", "update"]
    assert [outcome(core, one)["attempts"] for one in ids] == [2, MOST_ATTEMPTS + 1, 2]


def test_mails_are_in_memory_together_up_to_so_many_bytes(core, monkeypatch):
    """I17: 25 mails of 25 MiB would be more than a machine has."""
    monkeypatch.setattr(worker, "_MOST_BYTES", 1000)
    for size in (600, 600, 300, 5000, 10):
        accept(core, letter("x" * size))
    claimed = core.write(worker._claim)
    sizes = [len(group) for group in worker._groups(core, claimed)]
    assert sizes == [1, 1, 1, 1, 1]


def test_an_update_follows_what_the_mail_before_it_left(core, asked, reference):
    """I6: two mails to one case, settled together, are two lines of one history."""
    for number in range(3):
        accept(core, letter(f"Part {number} {reference}"))
    work(core)
    with core.reading() as uow:
        told = [event["text"] for event in rows.history(uow.connection, asked.id)][-3:]
    assert [text.split()[1] for text in told] == ["0", "1", "2"]


def test_a_parked_mail_that_is_tried_again_has_its_effect(core, asked, reference, clock, monkeypatch):
    """`intake inbox retry`, after the fault was mended."""
    with monkeypatch.context() as patch:
        patch.setattr(reading, "read_mail", lambda _raw: 1 / 0)
        inbox_id = accept(core, letter(f"Version 4.2 {reference}"))
        for _attempt in range(MOST_ATTEMPTS + 1):
            work(core)
            clock.advance(timedelta(hours=1))
    core.write(lambda uow: queue.retry(uow, inbox_id, by="the tester"))
    work(core)
    assert outcome(core, inbox_id)["outcome"] == "update"
    assert now(core, asked).status is Status.OPEN
    with core.reading() as uow:
        assert list(uow.connection.scalars(sa.select(triage.c.state))) == ["retried"]


def entry_of(core, inbox_id):
    with core.reading() as uow:
        return uow.connection.scalar(sa.select(triage.c.id).where(triage.c.inbox_id == inbox_id))


def link(core, people, entry, case):
    prepared = prepare(core, entry)
    with core.reading() as uow:
        case = rows.by_id(uow.connection, case.id)
    return core.write(lambda uow: link_by_hand(uow, prepared, people.analyst(), case))


@pytest.fixture
def parked(core, reference, clock, monkeypatch):
    """Return a maker of mails that failed too often; each of them has the same bytes."""

    def made():
        with monkeypatch.context() as patch:
            patch.setattr(reading, "read_mail", lambda _raw: 1 / 0)
            inbox_id = accept(core, letter(f"Version 4.2 {reference}"))
            for _attempt in range(MOST_ATTEMPTS + 1):
                work(core)
                clock.advance(timedelta(hours=1))
        return inbox_id

    return made


def test_a_parked_mail_that_was_linked_by_hand_is_not_applied_again(core, people, asked, parked):
    """E3, I2: neither as itself nor as another copy of itself."""
    inbox_id, copy = parked(), parked()
    link(core, people, entry_of(core, inbox_id), asked)
    row = outcome(core, inbox_id)
    assert (row["state"], row["outcome"], row["effect_of"]) == (State.DONE, "update", row["fingerprint"])
    with pytest.raises(NotFound):
        core.write(lambda uow: queue.retry(uow, inbox_id, by="the tester"))
    with pytest.raises(Refused, match="copy"):
        link(core, people, entry_of(core, copy), asked)
    core.write(lambda uow: queue.retry(uow, copy, by="the tester"))
    work(core)
    assert outcome(core, copy)["outcome"] == "duplicate"
    assert updates(core, asked) == 1


def test_a_parked_mail_whose_entry_was_settled_is_not_tried_again(core, parked):
    """E3: people have decided."""
    inbox_id = parked()
    entry = entry_of(core, inbox_id)
    core.write(lambda uow: queue.settle(uow, entry, queue.EntryState.DISCARDED, by="Ada"))
    with pytest.raises(Refused, match="already settled"):
        core.write(lambda uow: queue.retry(uow, inbox_id, by="the tester"))
    assert outcome(core, inbox_id)["state"] == State.PARKED


HOSTILE = {
    "nothing": b"",
    "only NUL": b"\0" * 50,
    "NUL in the subject": b"From: a@b.example\r\nSubject: a\0b\r\n\r\nx",
    "NUL in an encoded word": b"From: a@b.example\r\nSubject: =?utf-8?b?YQBi?=\r\n\r\nx",
    "a lone surrogate": b"From: a@b.example\r\nSubject: =?utf-8?q?=ED=A0=80?=\r\n\r\n\xed\xa0\x80",
    "half of UTF-16": b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n\x00\xd8x",
    "UTF-7": b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA-",
    "raw bytes in From": b"From: \xff\xfe <a\xff@b.example>\r\nSubject: \x80\r\n\r\n\xff",
    "a long subject": b"From: a@b.example\r\nSubject: " + b"x" * 20_000 + b"\r\n\r\nx",
    "a long From": b"From: " + b"x" * 15_000 + b"@b.example\r\n\r\nx",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_every_mail_has_an_outcome_at_the_first_attempt(core, raw):
    """I1, on both databases: what a text may hold differs between them."""
    inbox_id = accept(core, raw)
    work(core)
    row = outcome(core, inbox_id)
    assert (row["state"], row["attempts"]) == (State.DONE, 1), row["error"]
    assert row["outcome"] == "triage"


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE)
def test_every_mail_with_a_reference_of_a_dc_is_an_update_or_held(core, reference, raw):
    """I1, I5: a name and a text of a hostile form next to a Reference ID that is right."""
    raw = raw.replace(b"a@b.example", b"alice@northwind.example")
    inbox_id = accept(core, raw, recipients=[f"support+{reference}@support.example"])
    work(core)
    row = outcome(core, inbox_id)
    assert (row["state"], row["attempts"]) == (State.DONE, 1), row["error"]


def test_an_attachment_with_a_hostile_name_is_kept(core, asked, reference):
    """E4: its bytes are in the blob store, its name is one of a file."""
    raw = (
        b"From: alice@northwind.example\r\nSubject: " + reference.encode() + b"\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the log.\r\n'
        b'--b\r\nContent-Type: application/octet-stream; name="../../etc/\x00passwd"\r\n'
        b"Content-Disposition: attachment\r\n\r\nthe log\r\n--b--\r\n"
    )
    accept(core, raw)
    work(core)
    with core.reading() as uow:
        [file] = rows.files_of(uow.connection, asked.id)
    assert "/" not in file["name"]
    assert "\0" not in file["name"]
    assert core.blobs.get(file["digest"]) == b"the log"


def bounce(core, notice, text=b"It did not work."):
    """Accept a delivery report for a notice; return its inbox id."""
    with core.reading() as uow:
        row = uow.connection.execute(sa.select(outbox).where(outbox.c.notice == notice)).mappings().one()
    raw = (
        b"From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\n" + text + b"\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        b"Final-Recipient: rfc822; alice@northwind.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    return accept(core, raw, sender="", recipients=[f"bounce+{row['bounce_key']}@support.example"])


def test_a_bounce_marks_its_notice_and_tells_the_owner_and_stops_no_timer(core, asked):
    """E7, I7."""
    inbox_id = bounce(core, NoticeKind.INFORMATION_ASKED)
    work(core)
    after = now(core, asked)
    assert outcome(core, inbox_id)["outcome"] == "bounce"
    assert (after.status, after.followup) == (asked.status, asked.followup)
    with core.reading() as uow:
        states = uow.connection.execute(sa.select(outbox.c.notice, outbox.c.state, outbox.c.recipient)).all()
    assert ("information-asked", State.BOUNCED, "alice@northwind.example") in [tuple(row) for row in states]
    assert ("notice-failed-for-owner", State.WAITING, "ada@support.example") in [tuple(row) for row in states]


def test_the_bounces_of_one_notice_are_told_of_once(core, asked):
    """E7: a mail host that reports again each hour writes one event and one mail to the owner."""
    for _hour in range(2):
        bounce(core, NoticeKind.INFORMATION_ASKED)
    bounce(core, NoticeKind.INFORMATION_ASKED, text=b"It did still not work.")
    work(core)
    with core.reading() as uow:
        told = list(uow.connection.scalars(sa.select(outbox.c.notice)))
        kinds = [event["kind"] for event in rows.history(uow.connection, asked.id)]
    assert told.count(NoticeKind.NOTICE_FAILED_FOR_OWNER) == 1
    assert kinds.count(EventKind.NOTICE_FAILED) == 1


def test_the_news_of_a_bounce_that_bounces_is_no_news(core, asked):
    """E7: two broken addresses do not write to each other for ever."""
    bounce(core, NoticeKind.INFORMATION_ASKED)
    work(core)
    bounce(core, NoticeKind.NOTICE_FAILED_FOR_OWNER)
    work(core)
    with core.reading() as uow:
        told = list(uow.connection.scalars(sa.select(outbox.c.notice)))
    assert told.count(NoticeKind.NOTICE_FAILED_FOR_OWNER) == 1


def test_a_held_mail_is_accepted_by_one_act_of_an_analyst(core, people, asked, reference):
    """E5: and by one only."""
    accept(core, letter(f"Me too. {reference}", sender="bob@northwind.example"))
    work(core)
    with core.reading() as uow:
        entry = uow.connection.scalar(sa.select(triage.c.id))

    assert link(core, people, entry, asked).case.status is Status.OPEN
    with pytest.raises(Refused):
        link(core, people, entry, asked)
    with core.reading() as uow:
        last = rows.history(uow.connection, asked.id)[-1]
    assert last["actor"] == "bob@northwind.example, accepted by Ada"


def test_a_held_mail_is_not_linked_to_a_closed_case(core, people, asked, reference):
    """E6: it is reopened first."""
    accept(core, letter(f"Me too. {reference}", sender="bob@northwind.example"))
    work(core)
    core.write(lambda uow: cases.close(uow, people.analyst(), now(core, asked), SubStatus.RESOLVED, "Done"))
    with core.reading() as uow:
        entry = uow.connection.scalar(sa.select(triage.c.id))
    with pytest.raises(Refused):
        link(core, people, entry, asked)
    with core.reading() as uow:
        assert uow.connection.scalar(sa.select(triage.c.state)) == "open"
