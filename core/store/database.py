"""Engines and transactions: SQLite or PostgreSQL, the same promises.

`Database.write` runs an act in one transaction that did everything or nothing. On SQLite it begins with
BEGIN IMMEDIATE under WAL and `synchronous=FULL`, behind one lock inside the process; SQLAlchemy's stock
settings were seen to lose two of three updates there without an error. On both databases an act that lost
a race (`ChangedMeanwhile`, a serialization failure) is decided again from the start on what is there now.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError, OperationalError

from core.errors import ChangedMeanwhile, DatabaseIsBusy

Result = TypeVar("Result")

_ATTEMPTS = 5
_MOST_CONNECTIONS = 20  # of one process to PostgreSQL
BUSY_SECONDS = 5  # how long a lock is waited for, on either database; then the caller is asked to come again
_SCRUBS = 4  # how often the scrub is tried
# By whether it is SQLite, where a transaction sees one state by itself; PostgreSQL's sees whatever is new.
_READS_ONE_STATE: Mapping[bool, Mapping[str, Any]] = {
    True: {"intake_reads": True},
    False: {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
# A scrub holds up whoever writes while it waits for whoever reads, so it waits for less than they do.
_SCRUB_MILLISECONDS = 250


class Database:
    """A database and its transactions. `url` is SQLAlchemy's; relative SQLite paths are the caller's to avoid."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url)
        self._reader = self.engine.execution_options(**_READS_ONE_STATE[self.is_sqlite])
        # SQLite has one writer. Waiting here, in order, costs less than SQLite's own busy handling.
        self._one_writer = threading.Semaphore(1 if self.is_sqlite else _MOST_CONNECTIONS)

    def write(self, act: Callable[[sa.Connection], Result]) -> Result:
        """Return what `act` returns, its writes committed; again from the start when another was first."""
        for _attempt in range(_ATTEMPTS - 1):
            try:
                return self._write_once(act)
            except (ChangedMeanwhile, IntegrityError):
                continue
            except DBAPIError as error:
                if not _is_lost_race(error):
                    raise
        return self._write_once(act)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection that sees one state of the database and writes nothing."""
        with self._reader.connect() as connection, connection.begin():
            yield connection

    def durability_findings(self) -> list[str]:
        """Return what is wrong with how safely this database writes; empty when nothing is."""
        if not self.is_sqlite:
            with self.reading() as connection:
                mode = connection.scalar(sa.text("SHOW synchronous_commit"))
            return (
                [] if mode != "off" else ["PostgreSQL has synchronous_commit = off: a power cut loses mail"]
            )
        with self.reading() as connection:
            journal = connection.scalar(sa.text("PRAGMA journal_mode"))
            synchronous = connection.scalar(sa.text("PRAGMA synchronous"))
        findings = []
        if journal != "wal":
            findings.append(f"SQLite journal_mode is {journal}; it must be wal")
        if synchronous != 2:
            findings.append(f"SQLite synchronous is {synchronous}; it must be 2 (FULL)")
        return findings

    def scrub(self) -> bool:
        """Let nothing of removed rows stay beside the tables; False when somebody reads and it is to be tried again.

        On SQLite, the write-ahead log still holds them until it is cut off; the tables are overwritten at once
        (`secure_delete`). PostgreSQL gives their space free, and overwrites it when it is needed.
        """
        if self.is_sqlite:
            return any(self._cut_off_the_log() for _time in range(_SCRUBS))
        try:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM raw_mails")
        except OperationalError:  # somebody holds the table
            return False
        return True

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _cut_off_the_log(self) -> bool:
        if not self._one_writer.acquire(timeout=BUSY_SECONDS):
            return False
        # As the driver gives it: whatever SQLAlchemy runs is in a transaction, and this may be in none.
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={_SCRUB_MILLISECONDS}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            is_busy, *_pages = cursor.fetchone() or (True,)
            cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
            cursor.close()
            return not is_busy
        finally:
            connection.close()
            self._one_writer.release()

    def _write_once(self, act: Callable[[sa.Connection], Result]) -> Result:
        if not self._one_writer.acquire(timeout=BUSY_SECONDS):
            raise DatabaseIsBusy(f"another act has held the database for over {BUSY_SECONDS} seconds")
        try:
            with self.engine.begin() as connection:
                return act(connection)
        finally:
            self._one_writer.release()


def is_unavailable(error: BaseException) -> bool:
    """Say whether the database is locked, full or gone: the caller is asked to come again."""
    return isinstance(error, OperationalError | DatabaseIsBusy)


def _is_lost_race(error: DBAPIError) -> bool:
    # 40001 serialization failure, 40P01 deadlock (PostgreSQL, appendix A)
    return getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}


# Errors do not repeat the values of a statement: they hold customers' words, and errors are logged.
def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(
        url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, hide_parameters=True
    )

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing on its own
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            "recursive_triggers=ON",  # REPLACE removes a row, and the append-only tables are to notice
        ):
            connection.execute(f"PRAGMA {pragma}").close()
        record.info["file"] = _file_of(url)

    @sa.event.listens_for(engine, "checkout")
    def is_still_there(_connection: Any, record: Any, _proxy: Any) -> None:
        # An open connection goes on writing into a file that was moved away or removed, and says nothing.
        if record.info["file"] != _file_of(url):
            raise DisconnectionError(f"{url.database} is not the file any more that was opened")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        reads = connection.get_execution_options().get("intake_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _file_of(url: sa.URL) -> tuple[int, int] | None:
    """Return which file the database is; None when it is gone, or lives in memory."""
    try:
        found = os.stat(url.database or "")  # noqa: PTH116 - one system call on the hot path
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _forget_values(context: sa.engine.ExceptionContext) -> None:
    """Take the failing row out of an error of PostgreSQL, which quotes it."""
    diagnosis = getattr(context.original_exception, "diag", None)
    if diagnosis is not None and diagnosis.message_detail and context.sqlalchemy_exception is not None:
        words = f"({type(context.original_exception).__name__}) {diagnosis.message_primary}"
        context.original_exception.args = (words,)
        context.sqlalchemy_exception.args = (words,)


def _postgresql_engine(url: sa.URL) -> sa.Engine:
    waits = {"connect_timeout": BUSY_SECONDS, "options": f"-c lock_timeout={BUSY_SECONDS}s"}
    engine = sa.create_engine(
        url,
        pool_size=_MOST_CONNECTIONS,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args=waits,
        hide_parameters=True,
    )
    sa.event.listen(engine, "handle_error", _forget_values)
    return engine
