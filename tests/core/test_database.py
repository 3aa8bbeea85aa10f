"""Transactions on both databases: nothing is lost without an error, and a lost race is decided again."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from core import audit, cases
from core.errors import DatabaseIsBusy, Refused
from core.rules.terms import Status, SubStatus
from core.store import cases as rows
from core.store.database import Database, is_unavailable
from core.store.migrations import alembic_config, is_current, migrate, newest_revision
from core.store.schema import APPEND_ONLY, accounts, metadata


def test_counting_from_many_threads_loses_nothing(core):
    """Stock settings were seen to lose two of three such updates on SQLite without an error."""
    with core.database.engine.begin() as connection:
        connection.execute(sa.insert(accounts).values(id=999, name="0"))

    def add_one(_turn):
        def act(connection):
            count = int(
                connection.scalar(sa.select(accounts.c.name).where(accounts.c.id == 999).with_for_update())
            )
            connection.execute(sa.update(accounts).where(accounts.c.id == 999).values(name=str(count + 1)))

        core.database.write(act)

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(add_one, range(80)))
    with core.reading() as uow:
        assert uow.connection.scalar(sa.select(accounts.c.name).where(accounts.c.id == 999)) == "80"


def test_two_channels_on_one_case_at_once_end_in_one_history(core, people):
    """The loser decides again on what is there now: of ten who close a case, one does."""
    number = people.case().case.number
    analyst = people.analyst()

    def close(_turn):
        def act(uow):
            case = rows.find(uow.connection, number)
            return cases.close(uow, analyst, case, SubStatus.RESOLVED, "Done")

        try:
            return core.write(act)
        except Refused as refused:
            return refused.denied.reason

    with ThreadPoolExecutor(5) as workers:
        ends = list(workers.map(close, range(10)))
    assert sorted(end for end in ends if isinstance(end, str)) == ["case-closed"] * 9
    with core.reading() as uow:
        case = rows.find(uow.connection, number)
        versions = [event["version"] for event in rows.history(uow.connection, case.id)]
    assert case.status is Status.CLOSED
    assert versions == [1, 2]
    assert case.version == 2


def test_an_act_that_fails_leaves_nothing(core):
    """Every unit of work did everything or nothing."""

    def act(connection):
        connection.execute(sa.insert(accounts).values(name="Half done"))
        raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        core.database.write(act)
    with core.reading() as uow:
        assert uow.connection.scalar(sa.select(accounts.c.id).where(accounts.c.name == "Half done")) is None


def test_the_database_says_that_it_writes_safely(database):
    """WAL and FULL on SQLite, synchronous commits on PostgreSQL."""
    assert database.durability_findings() == []


def test_a_locked_database_is_unavailable_and_not_broken(tmp_path):
    """Whoever meets it is asked to come again."""
    database = Database(f"sqlite:///{tmp_path}/locked.db")
    migrate(database)
    other = sqlite3.connect(tmp_path / "locked.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(OperationalError) as locked:
        database.write(lambda connection: connection.execute(sa.insert(accounts).values(name="x")))
    assert is_unavailable(locked.value)
    other.execute("ROLLBACK")
    other.close()
    database.write(lambda connection: connection.execute(sa.insert(accounts).values(name="x")))
    database.close()


def test_what_is_written_to_a_database_that_was_moved_away_is_refused(tmp_path):
    """An open connection would go on writing into the lost file, and mail would be accepted into nothing."""
    file = tmp_path / "intake.db"
    database = Database(f"sqlite:///{file}")
    migrate(database)

    def write(name):
        database.write(lambda connection: connection.execute(sa.insert(accounts).values(name=name)))

    write("before")
    for part in tmp_path.iterdir():
        part.rename(tmp_path / f"away-{part.name}")
    with pytest.raises(OperationalError, match="no such table"):
        write("while it is away")
    for part in tmp_path.glob("intake.db*"):
        part.unlink()
    for part in tmp_path.glob("away-*"):
        part.rename(tmp_path / part.name.removeprefix("away-"))
    write("after")
    with database.reading() as connection:
        assert list(connection.scalars(sa.select(accounts.c.name))) == ["before", "after"]
    database.close()


def test_a_writer_that_holds_on_makes_the_others_come_again(core):
    """Nobody waits for ever, on either database."""
    if not core.database.is_sqlite:
        pytest.skip("PostgreSQL has many writers")
    with ThreadPoolExecutor(1) as holder:
        entered, leave = threading.Event(), threading.Event()
        holding = holder.submit(core.database.write, lambda _connection: (entered.set(), leave.wait()))
        entered.wait()
        with pytest.raises(DatabaseIsBusy) as busy:
            core.database.write(lambda _connection: None)
        leave.set()
        holding.result()
    assert is_unavailable(busy.value)


def test_the_migrations_make_the_tables_that_the_program_uses(database):
    """Alembic's comparison finds no difference, on either database."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    assert is_current(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_the_newest_revision_is_the_one_that_alembic_takes_for_it():
    """The program knows it by the name of its file."""
    from alembic.script import ScriptDirectory

    assert newest_revision() == ScriptDirectory.from_config(alembic_config()).get_current_head()


def test_migrating_twice_changes_nothing(database):
    """`intake migrate` may be run at any time."""
    migrate(database)
    assert is_current(database)


def test_what_is_read_in_one_block_is_of_one_state(core):
    """An export beside an import: no row names another that was not there yet."""

    def add(name):
        core.write(lambda uow: uow.connection.execute(sa.insert(accounts).values(name=name)))

    count = sa.select(sa.func.count()).select_from(accounts)
    with core.reading() as uow:
        before = uow.connection.scalar(count)
        add("made meanwhile")
        assert uow.connection.scalar(count) == before
    with core.reading() as uow:
        assert uow.connection.scalar(count) == before + 1


def test_what_only_reads_cannot_write_and_the_next_one_can(core):
    """On PostgreSQL, whose connections are used again."""
    if core.database.is_sqlite:
        pytest.skip("SQLite's reading transactions are told apart by how they begin")
    new = sa.insert(accounts).values(name="x")
    for _time in range(3):
        with pytest.raises(sa.exc.DBAPIError, match="read-only"), core.reading() as uow:
            uow.connection.execute(new)
    core.write(lambda uow: uow.connection.execute(new))


@pytest.mark.parametrize("table", APPEND_ONLY, ids=lambda table: table.name)
def test_no_row_of_the_history_is_replaced(core, people, table):
    """I6, I14: SQLite's REPLACE removes the row that was there, and by default tells no trigger."""
    people.case()
    core.write(lambda uow: audit.record(uow, by="Ada", act="x", subject="y"))
    with core.reading() as uow:
        row = dict(uow.connection.execute(sa.select(table)).mappings().first())
    changed = sa.insert(table).values(**row | {"actor": "Mallory"})
    if core.database.is_sqlite:
        changed = changed.prefix_with("OR REPLACE")
    with pytest.raises(sa.exc.IntegrityError):
        core.write(lambda uow: uow.connection.execute(changed))
    with core.reading() as uow:
        assert dict(uow.connection.execute(sa.select(table)).mappings().first()) == row


def test_times_keep_their_instant_and_a_naive_one_is_refused(core, people, clock):
    """SQLite forgets time zones; what comes back has one all the same."""
    case = people.case().case
    assert case.opened_at == clock.now()
    assert case.opened_at.tzinfo is not None
    with pytest.raises(sa.exc.StatementError, match="time zone"):
        core.database.write(
            lambda connection: connection.execute(
                sa.update(metadata.tables["cases"]).values(opened_at=clock.now().replace(tzinfo=None))
            )
        )
