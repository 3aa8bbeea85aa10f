"""Engines and transactions: SQLite or PostgreSQL, the same promises.

`Database.write` runs an act in one transaction that did everything or nothing. On SQLite it begins with
BEGIN IMMEDIATE under WAL and `synchronous=FULL`, behind one lock inside the process; SQLAlchemy's stock
settings were seen to lose two of three updates there without an error. On both databases an act that lost
a race (`ChangedMeanwhile`, a serialization failure) is decided again from the start on what is there now.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from core.errors import ChangedMeanwhile

Result = TypeVar("Result")

_ATTEMPTS = 5
SQLITE_BUSY_SECONDS = 5.0


class Database:
    """A database and its transactions. `url` is SQLAlchemy's; relative SQLite paths are the caller's to avoid."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url)
        # SQLite has one writer. Waiting here, in order, costs less than SQLite's own busy handling.
        self._write_lock = threading.Lock() if self.is_sqlite else nullcontext()

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
        with self.engine.connect().execution_options(intake_reads=True) as connection, connection.begin():
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

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _write_once(self, act: Callable[[sa.Connection], Result]) -> Result:
        with self._write_lock, self.engine.begin() as connection:
            return act(connection)


def is_unavailable(error: BaseException) -> bool:
    """Say whether the database is locked, full or gone: the caller is asked to come again."""
    return isinstance(error, OperationalError)


def _is_lost_race(error: DBAPIError) -> bool:
    # 40001 serialization failure, 40P01 deadlock (PostgreSQL, appendix A)
    return getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    engine = sa.create_engine(url, connect_args={"timeout": SQLITE_BUSY_SECONDS, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing on its own
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        reads = connection.get_execution_options().get("intake_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _postgresql_engine(url: sa.URL) -> sa.Engine:
    return sa.create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)
