"""What is removed when its time is over, and what stays. On both databases, with real files."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import cases, retention, triage
from core.clock import HeldClock
from core.errors import NotFound, Refused
from core.rules.terms import EventKind, Status, SubStatus
from core.store import cases as rows
from core.store import inbox
from core.store import retention as stored
from core.store.cases import KeptFile
from core.store.claiming import State
from core.store.inbox import ReceivedMail
from core.store.retention import Place
from core.store.schema import calls, raw_mails, recordings
from core.store.schema import cases as cases_table
from core.store.schema import inbox as inbox_table
from core.triage import Aside, EntryState
from email_in.linking import prepare
from tests.people import NOW

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
OVER = NOW + 30 * DAY
PICTURE = b"a picture of the switch"


class Archive:
    """Cases with what they hold, closed; and what of it is still there."""

    def __init__(self, core, people, folder):
        self.core, self.people, self.folder = core, people, folder

    def case(self, *contents, closed=True):
        """A case with these attachments, one an update, closed at this instant."""
        case = self.people.case().case
        for number, content in enumerate(contents):
            file = KeptFile(self.core.blobs.put(content), f"{number}.png", "image/png", len(content))
            case = self.do(lambda uow, case=case, file=file: self.update(uow, case, file))
        return self.close(case) if closed else case

    def update(self, uow, case, file):
        return cases.update(uow, self.people.customer("alice"), case, "Please see.", [file])

    def close(self, case):
        return self.do(lambda uow: cases.close(uow, self.people.analyst(), case, SubStatus.RESOLVED, "Done"))

    def reopen(self, case, core=None):
        analyst = self.people.analyst()

        def act(uow):
            return cases.reopen(uow, analyst, rows.by_id(uow.connection, case.id), "It is back.")

        return (core or self.core).write(act).case

    def do(self, act):
        return self.core.write(act).case

    def mail(self, case=None, raw=b"Subject: x\r\n\r\ny", *, aside=False):
        """A mail that was settled at this instant: an update of the case, or put aside for people."""

        def act(uow):
            inbox_id = inbox.accept(
                uow.connection, ReceivedMail("a@x.example", ("b@y.example",), "", raw), uow.now
            )
            mail = sa.update(inbox_table).where(inbox_table.c.id == inbox_id)
            settled = {"state": State.DONE, "finished_at": uow.now, "case_id": case.id if case else None}
            uow.connection.execute(mail.values(settled))
            if not aside:
                return inbox_id, None
            put = Aside(inbox_id, "case-closed", "…", "a@x.example", "x", case.id if case else None)
            return inbox_id, triage.put_aside(uow, put)

        return self.core.write(act)

    def recording(self, key, event_id=None):
        """A recording of a call."""
        call = {"key": key, "provider": "twilio", "provider_call_id": key, "from_number": "", "turn": 0}
        spoken = {"provider": "twilio", "provider_recording_id": key, "call_key": key, "event_id": event_id}

        def act(uow):
            uow.connection.execute(sa.insert(calls).values(**call, state={}, began_at=uow.now))
            kept = {"url": "https://api.example/RE1", "seconds": 3, "recorded_at": uow.now}
            uow.connection.execute(sa.insert(recordings).values(**spoken, **kept))

        self.core.write(act)

    def history(self, case):
        with self.core.reading() as uow:
            return rows.history(uow.connection, case.id)

    def kept_mails(self):
        with self.core.reading() as uow:
            return list(
                uow.connection.scalars(sa.select(raw_mails.c.inbox_id).order_by(raw_mails.c.inbox_id))
            )

    def kept_files(self):
        return [file.read_bytes() for file in sorted(self.folder.rglob("*")) if file.is_file()]

    def purge(self):
        return list(retention.purge(self.core))

    def sweep(self):
        return list(retention.sweep(self.core))


@pytest.fixture
def archive(core, people, tmp_path):
    return Archive(core, people, tmp_path / "blobs")


# --- when -------------------------------------------------------------------------------------------------------


def test_a_case_is_purged_at_the_very_instant_from_which_it_cannot_be_reopened(archive, clock):
    """C9, C10: 30 times 24 hours, and the two windows never overlap."""
    case = archive.case(PICTURE)
    clock.move_to(OVER - SECOND)
    assert archive.purge() == []
    assert archive.kept_files() == [PICTURE]
    clock.move_to(OVER)
    with pytest.raises(Refused, match="30 days ago or more"):
        archive.reopen(case)
    [purged] = archive.purge()
    assert (purged.number, purged.removed.attachments, purged.failed) == (case.number, 1, False)
    assert archive.kept_files() == []


def test_a_case_that_is_reopened_keeps_everything(archive, clock):
    """C9, C10."""
    case = archive.case(PICTURE)
    archive.mail(case)
    clock.move_to(OVER - SECOND)
    archive.reopen(case)
    clock.move_to(OVER + 300 * DAY)
    assert archive.purge() == []
    archive.sweep()
    assert archive.kept_files() == [PICTURE]
    assert len(archive.kept_mails()) == 1


def test_a_case_that_is_closed_again_is_purged_30_days_after_that(archive, clock):
    """C10."""
    case = archive.case(PICTURE)
    clock.move_to(NOW + 20 * DAY)
    archive.close(archive.reopen(case))
    clock.move_to(OVER + 20 * DAY - SECOND)
    assert archive.purge() == []
    clock.move_to(OVER + 20 * DAY)
    assert len(archive.purge()) == 1


class _Ticking(HeldClock):
    """A clock that moves on a second whenever somebody reads it."""

    def now(self):
        now = super().now()
        self.advance(SECOND)
        return now


def test_reopening_and_purging_at_the_last_instant_end_in_one_history(archive, core):
    """C9, C10: whoever is second decides again, on what is there and what time it is then."""
    found = [archive.case(PICTURE + bytes([number])) for number in range(8)]
    racing = replace(core, clock=_Ticking(OVER - 20 * SECOND))
    both, refusals = threading.Barrier(2), []

    def reopen_all():
        both.wait()
        for case in found:
            try:
                archive.reopen(case, racing)
            except Refused as refused:
                refusals.append(refused.denied.reason)

    def purge_all():
        both.wait()
        while racing.clock.now() < OVER + 20 * SECOND:
            list(retention.purge_cases(racing))

    with ThreadPoolExecutor(2) as workers:
        for work in [workers.submit(reopen_all), workers.submit(purge_all)]:
            work.result()
    assert set(refusals) <= {"reopen-too-late"}
    for number, case in enumerate(found):
        told = archive.history(case)
        kinds = [event["kind"] for event in told]
        assert [event["version"] for event in told] == list(range(1, len(told) + 1))
        assert (told[-1]["status"] == Status.OPEN) == (EventKind.REOPENED in kinds)
        assert (PICTURE + bytes([number]) in archive.kept_files()) == (EventKind.PURGED not in kinds)
        assert {EventKind.PURGED, EventKind.REOPENED} & set(kinds)


# --- what -------------------------------------------------------------------------------------------------------


def test_the_history_stays_and_says_what_was_removed(archive, core, clock):
    """C10."""
    case = archive.case(PICTURE, b"another", closed=False)
    archive.recording("CA1", event_id=archive.history(case)[-1]["id"])
    archive.mail(case)
    archive.close(case)
    before = [event["text"] for event in archive.history(case)]
    clock.move_to(OVER)
    archive.purge()
    *texts, last = [event["text"] for event in archive.history(case)]
    assert texts == before
    words = "2 attachments (30 bytes), 1 recording, 1 mail as it came"
    assert last == f"Removed 30 days after the closing: {words}. The history stays."
    with core.reading() as uow:
        files = rows.files_of(uow.connection, case.id)
        [recording] = uow.connection.execute(sa.select(recordings)).all()
    assert [(file["name"], file["digest"], file["purged_at"]) for file in files] == [
        ("0.png", "", OVER),
        ("1.png", "", OVER),
    ]
    # The provider's id stays: the recording is to be deleted there, too.
    assert (recording.url, recording.purged_at, recording.provider_recording_id) == ("", OVER, "CA1")
    assert archive.kept_mails() == []


def test_a_case_that_held_nothing_is_looked_at_once_and_told_nothing(archive, core, clock):
    """C10."""
    case = archive.case()
    clock.move_to(OVER)
    assert [one.removed for one in archive.purge()] == [retention.Removed()]
    assert archive.purge() == []
    with core.reading() as uow:
        now = rows.by_id(uow.connection, case.id)
    assert (now.purged_at, now.version) == (OVER, case.version)


def test_purging_twice_changes_nothing(archive, clock):
    """C10."""
    case = archive.case(PICTURE)
    clock.move_to(OVER)
    archive.purge()
    told = archive.history(case)
    clock.advance(DAY)
    assert (archive.purge(), archive.sweep()) == ([], [])
    assert archive.history(case) == told


def test_two_workers_purge_each_case_once(archive, clock):
    """C10: the version of the case decides between them."""
    found = [archive.case(bytes([number])) for number in range(8)]
    clock.move_to(OVER)
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda _worker: archive.purge(), range(4)))
    for case in found:
        assert [event["kind"] for event in archive.history(case)].count(EventKind.PURGED) == 1
    assert archive.kept_files() == []


def test_a_file_that_another_case_holds_stays_until_that_one_is_purged(archive, clock):
    """C10: the same bytes are kept once."""
    archive.case(PICTURE)
    clock.advance(DAY)
    archive.case(PICTURE)
    clock.move_to(OVER)
    assert len(archive.purge()) == 1
    assert archive.kept_files() == [PICTURE]
    clock.advance(DAY)
    assert len(archive.purge()) == 1
    assert archive.kept_files() == []


def test_a_file_of_two_cases_whose_time_is_over_goes(archive, clock):
    """C10."""
    archive.case(PICTURE, PICTURE)
    archive.case(PICTURE)
    clock.move_to(OVER)
    assert [one.removed.attachments for one in archive.purge()] == [2, 1]
    assert archive.kept_files() == []


def test_a_file_that_is_about_to_be_named_by_another_case_stays(archive, core, people, clock):
    """C10: its bytes were put when the purge looked, the row that names them is committed afterwards."""
    archive.case(PICTURE)
    other = people.case().case
    clock.move_to(OVER)
    file = KeptFile(core.blobs.put(PICTURE), "again.png", "image/png", len(PICTURE))
    archive.purge()
    archive.do(lambda uow: archive.update(uow, other, file))
    assert core.blobs.get(file.digest) == PICTURE
    clock.advance(60 * DAY)
    archive.sweep()
    assert archive.kept_files() == [PICTURE]


def test_a_case_that_cannot_be_purged_holds_up_no_other(archive, core, clock):
    """C10: what is broken here is its history."""
    broken, sound = archive.case(PICTURE), archive.case(b"another")
    stray = dict(archive.history(broken)[-1]) | {"id": 999, "version": broken.version + 1}
    core.write(lambda uow: uow.connection.execute(sa.insert(rows.case_events).values(**stray)))
    clock.move_to(OVER)
    assert [(one.number, one.failed) for one in archive.purge()] == [
        (broken.number, True),
        (sound.number, False),
    ]
    assert archive.kept_files() == [PICTURE]


# --- what is of no open case ---------------------------------------------------------------------------------------


def test_a_mail_of_no_case_goes_30_days_after_it_was_settled(archive, clock):
    """C10, D: retention reaches mail that never became part of a case."""
    archive.mail()
    clock.move_to(OVER - SECOND)
    assert archive.sweep() == []
    clock.move_to(OVER)
    [removed] = archive.sweep()
    assert removed.mails == 1
    assert archive.kept_mails() == []


def test_a_mail_that_waits_for_people_is_kept_until_they_settle_it(archive, core, people, clock):
    """C10, E3, E6: and 30 days longer, as whoever discards it is told; to link it would need its bytes."""
    closed = archive.case()
    mails = [archive.mail(aside=True), archive.mail(closed, aside=True)]
    clock.move_to(OVER + DAY)
    archive.purge()
    assert archive.sweep() == []
    assert archive.kept_mails() == [inbox_id for inbox_id, _entry in mails]
    for _inbox_id, entry in mails:
        core.write(lambda uow, entry=entry: triage.settle(uow, entry, EntryState.DISCARDED, by="Ada"))
    clock.advance(30 * DAY - SECOND)
    assert archive.sweep() == []
    assert len(archive.kept_mails()) == 2, "30 days count from the settling"
    clock.advance(SECOND)
    archive.sweep()
    assert archive.kept_mails() == []
    with pytest.raises(Refused, match="was removed when its time was over"):
        prepare(core, mails[0][1])
    with core.reading() as uow, pytest.raises(NotFound):
        inbox.raw_of(uow.connection, mails[0][0])


def test_a_mail_that_was_settled_late_does_not_go_with_its_case(archive, core, clock):
    """C10, E6: nor is it among what the case's history says was removed."""
    closed = archive.case(PICTURE)
    _inbox_id, entry = archive.mail(closed, aside=True)
    clock.move_to(OVER - DAY)
    core.write(lambda uow: triage.settle(uow, entry, EntryState.DISCARDED, by="Ada"))
    clock.move_to(OVER)
    assert [one.removed.mails for one in archive.purge()] == [0]
    assert archive.sweep() == []
    clock.move_to(OVER + 29 * DAY)
    assert [one.mails for one in archive.sweep()] == [1]


def test_a_mail_of_an_active_case_stays_with_it(archive, clock):
    """C10."""
    case = archive.case(closed=False)
    archive.mail(case)
    clock.move_to(OVER + 300 * DAY)
    assert archive.sweep() == []
    archive.close(case)
    clock.advance(30 * DAY - SECOND)
    assert archive.sweep() == []
    clock.advance(SECOND)
    archive.purge()
    assert archive.kept_mails() == []


def test_a_mail_that_is_not_settled_is_never_touched(archive, core, clock):
    """I1."""
    mail = ReceivedMail("a@x.example", ("b@y.example",), "", b"y")
    core.write(lambda uow: inbox.accept(uow.connection, mail, uow.now))
    clock.move_to(OVER + DAY)
    assert archive.sweep() == []
    assert len(archive.kept_mails()) == 1


def test_the_walk_through_the_mails_reaches_all_of_them(archive, core, clock, monkeypatch):
    """C10: a few at a time, those that stay among them."""
    monkeypatch.setattr(stored, "_LOOKED_AT", 3)
    monkeypatch.setattr(retention, "_BYTES_AT_ONCE", 20)
    active = archive.case(closed=False)
    ids = [archive.mail(active if number % 4 == 0 else None)[0] for number in range(20)]
    clock.move_to(OVER)
    young, _entry = archive.mail()
    archive.sweep()
    assert archive.kept_mails() == [*ids[::4], young]


def test_a_file_that_was_kept_for_a_mail_which_changed_nothing_goes_too(archive, core, clock):
    """I15: its attachments were on disk before anybody knew that the mail would go to triage."""
    archive.mail()
    core.blobs.put(PICTURE)
    named = archive.case(b"another", closed=False)
    clock.move_to(OVER - SECOND)
    archive.sweep()
    assert len(archive.kept_files()) == 2
    clock.move_to(OVER + SECOND)
    archive.sweep()
    assert archive.kept_files() == [b"another"]
    assert named.purged_at is None


def test_a_new_database_beside_an_old_folder_removes_nothing_from_it(archive, core, clock):
    """A setting that was forgotten must not cost the files of all cases."""
    core.blobs.put(PICTURE)
    clock.move_to(OVER + DAY)
    archive.mail()
    archive.sweep()
    assert archive.kept_files() == [PICTURE]


def test_a_recording_that_became_part_of_no_case_is_forgotten(archive, core, clock):
    """C10."""
    archive.recording("CA1")
    clock.move_to(OVER - SECOND)
    assert archive.sweep() == []
    clock.move_to(OVER)
    assert archive.sweep() == [retention.Removed(recordings=1)]
    assert archive.sweep() == []


# --- only saying it, and at what cost -------------------------------------------------------------------------------


def test_saying_what_would_go_changes_nothing_and_tells_the_same(archive, core, clock):
    """C10: a case's own mails, those of no open case, stray recordings, files that nothing names."""
    case = archive.case(PICTURE, b"another", closed=False)
    archive.recording("CA1", event_id=archive.history(case)[-1]["id"])
    archive.mail(case)
    archive.close(case)
    archive.case(PICTURE)  # the same bytes once more
    archive.case()  # it held nothing
    archive.mail(archive.case(closed=False))
    archive.mail()
    archive.mail(aside=True)
    archive.recording("CA2")
    core.blobs.put(b"of a mail that changed nothing")
    clock.move_to(OVER + SECOND)
    core.blobs.put(b"too young")
    archive.mail()
    before = archive.kept_files(), archive.kept_mails(), archive.history(case)
    said, others, files = due(core)
    assert (archive.kept_files(), archive.kept_mails(), archive.history(case)) == before
    assert [one.removed.mails for one in said] == [1, 0, 0]
    assert (sum(one.mails for one in others), sum(one.recordings for one in others), files) == (1, 1, 1)
    done = list(retention.purge_cases(core))
    strays = [*retention.remove_settled_mails(core), *retention.remove_stray_recordings(core)]
    assert (done, strays, sum(retention.remove_unnamed_files(core))) == (said, others, files)
    assert due(core) == ([], [], 0)


def due(core):
    """What would go: cases, what is of none, files that nothing names."""
    others = [*retention.due_mails(core), *retention.due_recordings(core)]
    return list(retention.due_cases(core)), others, sum(retention.due_files(core))


@pytest.mark.parametrize("after", [None, Place(NOW, 1)], ids=["first", "next"])
def test_finding_what_is_due_uses_the_index(core, people, after):
    """C10: among a million cases, most of which are closed and purged."""
    if not core.database.is_sqlite:
        pytest.skip("PostgreSQL reads a small table from end to end")
    case = people.case().case
    with core.database.engine.begin() as connection:
        row = dict(
            connection.execute(sa.select(cases_table).where(cases_table.c.id == case.id)).mappings().one()
        )
        many = [row | {"id": case.id + 1 + n, "number": f"{n + 100:010}"} for n in range(2000)]
        connection.execute(sa.insert(cases_table), many)
        query = stored.next_case_query(NOW, after).compile(core.database.engine)
        asked = [query.params[name] for name in query.positiontup]
        times = [at.isoformat(" ") if hasattr(at, "isoformat") else at for at in asked]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", tuple(times)).all()
    [step] = [line[-1] for line in plan]
    assert "ix_cases_closed_at (closed_at" in step, step


# --- the bytes --------------------------------------------------------------------------------------------------


def test_nothing_of_a_removed_mail_is_left_in_the_databases_files(archive, core, clock, tmp_path):
    """I15: SQLite's log holds removed rows until it is cut off."""
    if not core.database.is_sqlite:
        pytest.skip("PostgreSQL overwrites free space when it needs it")
    canary = b"canary-7c1f" * 2000
    case = archive.case(canary)
    archive.mail(case, raw=canary)
    assert any(b"canary-7c1f" in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    clock.move_to(OVER)
    archive.purge()
    left = [file.name for file in tmp_path.rglob("*") if file.is_file() and b"canary" in file.read_bytes()]
    assert left == []


def test_a_scrub_says_when_somebody_who_reads_stands_in_its_way(core, people, tmp_path):
    """I15: it is tried again, and whoever writes is not held up for long."""
    if not core.database.is_sqlite:
        assert core.database.scrub()
        return
    reader = sqlite3.connect(tmp_path / "intake.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM cases").fetchall()
    people.case()
    assert not core.database.scrub()
    people.case()
    reader.execute("ROLLBACK")
    reader.close()
    assert core.database.scrub()
    assert (tmp_path / "intake.db-wal").stat().st_size == 0
