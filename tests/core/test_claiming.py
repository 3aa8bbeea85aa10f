"""Durable work on both databases: claimed once, given back, parked, taken over."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.errors import LeaseLost
from core.identifiers import random_key
from core.store import claiming, inbox
from core.store.claiming import LEASE, State
from core.store.inbox import ReceivedMail
from core.store.schema import DUE
from core.store.schema import inbox as table
from tests.people import NOW


def accept(core, text=b"hello", sender="alice@northwind.example"):
    mail = ReceivedMail(sender, ("support@support.example",), "192.0.2.1", text)
    return core.write(lambda uow: inbox.accept(uow.connection, mail, uow.now))


def claim(core):
    return core.write(
        lambda uow: claiming.claim(uow.connection, table, random_key(uow.house.chance), uow.now)
    )


def finish(core, row):
    core.write(lambda uow: claiming.finish(uow.connection, table, row, uow.now, outcome="update"))


def state(core, row_id):
    with core.reading() as uow:
        return uow.connection.scalar(sa.select(table.c.state).where(table.c.id == row_id))


def test_work_is_claimed_in_the_order_in_which_it_is_due(core, clock):
    """The attempt is counted with the claim, before the work begins."""
    first = accept(core)
    clock.advance(timedelta(seconds=1))
    second = accept(core)
    rows = [claim(core), claim(core)]
    assert [(row["id"], row["attempts"]) for row in rows] == [(first, 1), (second, 1)]
    assert claim(core) is None


def test_work_whose_worker_died_is_taken_over_when_its_lease_ends(core, clock):
    """DESIGN 2: an attempt that killed its worker is counted."""
    accept(core)
    claim(core)
    clock.advance(LEASE - timedelta(seconds=1))
    assert claim(core) is None
    clock.advance(timedelta(seconds=1))
    assert claim(core)["attempts"] == 2


def test_a_worker_that_slept_through_its_lease_changes_nothing(core, clock):
    """It finds so in the transaction of its effect."""
    row_id = accept(core)
    slow = claim(core)
    clock.advance(LEASE)
    quick = claim(core)
    finish(core, quick)
    with pytest.raises(LeaseLost):
        finish(core, slow)
    with pytest.raises(LeaseLost):
        core.write(lambda uow: claiming.put_back(uow.connection, table, slow, uow.now, "late"))
    assert state(core, row_id) == State.DONE


def test_what_is_put_back_waits_until_its_time(core, clock):
    """A failed piece of work is tried again, later."""
    accept(core)
    row = claim(core)
    later = clock.now() + timedelta(minutes=5)
    core.write(lambda uow: claiming.put_back(uow.connection, table, row, later, "smart host gone"))
    assert claim(core) is None
    with core.reading() as uow:
        assert claiming.next_due(uow.connection, table) == later
    clock.move_to(later)
    assert claim(core)["attempts"] == 2


def test_what_is_parked_waits_for_people(core):
    """It is worked on again when somebody says so, from a fresh count."""
    row_id = accept(core)
    row = claim(core)
    core.write(lambda uow: claiming.park(uow.connection, table, row, uow.now, "failed five times"))
    assert claim(core) is None
    assert core.write(lambda uow: claiming.retry(uow.connection, table, row_id, uow.now))
    assert not core.write(lambda uow: claiming.retry(uow.connection, table, row_id, uow.now))
    assert claim(core)["attempts"] == 1


def test_the_only_worker_takes_back_what_a_crash_left(core):
    """At its start, before it claims anything."""
    accept(core)
    left = claim(core)
    assert core.write(lambda uow: claiming.release_all(uow.connection, table, uow.now)) == 1
    assert claim(core)["attempts"] == 2
    with pytest.raises(LeaseLost):
        finish(core, left)


def test_six_workers_never_claim_the_same(core):
    """SQLAlchemy drops SKIP LOCKED on SQLite without a word, so the claim is safe without it."""
    for number in range(60):
        accept(core, f"mail {number}".encode())

    def work(_worker):
        mine = []
        while (row := claim(core)) is not None:
            mine.append(row["id"])
            finish(core, row)
        return mine

    with ThreadPoolExecutor(6) as workers:
        claimed = [row_id for mine in workers.map(work, range(6)) for row_id in mine]
    assert len(claimed) == len(set(claimed)) == 60


def test_the_same_mail_has_one_fingerprint_and_another_has_another():
    """I2: the envelope and the bytes, and nothing else."""
    mail = ReceivedMail("a@x.example", ("s@y.example", "t@y.example"), "192.0.2.1", b"bytes")
    again = ReceivedMail("a@x.example", ("t@y.example", "s@y.example"), "192.0.2.9", b"bytes")
    assert mail.fingerprint == again.fingerprint
    for other in (
        ReceivedMail("b@x.example", mail.recipients, mail.peer, mail.raw),
        ReceivedMail(mail.envelope_sender, ("s@y.example",), mail.peer, mail.raw),
        ReceivedMail(mail.envelope_sender, mail.recipients, mail.peer, b"bytes."),
    ):
        assert other.fingerprint != mail.fingerprint


def test_an_idle_look_reads_an_index_and_not_all_mail_that_ever_came(core):
    """On SQLite, an index on some rows serves only a query in its own words."""
    if not core.database.is_sqlite:
        pytest.skip("PostgreSQL plans by itself")
    waiting = sa.select(sa.func.min(table.c.due_at)).where(DUE)
    oldest = (
        sa.select(table.c.id).where(DUE, table.c.due_at <= NOW).order_by(table.c.due_at, table.c.id).limit(1)
    )
    with core.reading() as uow:
        for query in (waiting, oldest):
            written = str(query.compile(uow.connection, compile_kwargs={"literal_binds": True}))
            plan = uow.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}").all()
            assert "ix_inbox_due_at" in str(plan)


def test_an_error_of_the_database_does_not_repeat_what_was_written(core):
    """A10, I14: errors are logged and kept; customers' words are not theirs to tell."""
    with pytest.raises(sa.exc.DBAPIError) as error:
        core.database.write(
            lambda connection: connection.execute(
                sa.insert(table).values(id=1, state="waiting", peer="my secret words")
            )
        )
    assert "my secret words" not in str(error.value)
