"""The PostgreSQL of the tests is a real one, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.postgres import PostgresServer, postgres_server

CHECKOUT = Path(__file__).parents[1]

KILLED_IN_MID_TEST = """
import os, signal
from tests.postgres import postgres_server
with postgres_server() as server:
    print(server.url("postgres"), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as started:
        yield started


def ask(server: PostgresServer, database: str, *statements: str) -> list[object]:
    engine = create_engine(server.url(database))
    try:
        with engine.begin() as connection:
            results = [connection.execute(text(statement)) for statement in statements]
            return [result.scalar() if result.returns_rows else None for result in results]
    finally:
        engine.dispose()


def home_of(url: str) -> Path:
    return Path(url.partition("?host=")[2])


def data_and_process_of(home: Path) -> tuple[Path, int]:
    lock = next(home.glob(".s.PGSQL.*.lock")).read_text().splitlines()
    return Path(lock[1]), int(lock[0])


def wait_until(come_true: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not come_true():
        time.sleep(0.05)
    return come_true()


def test_it_is_a_real_postgresql(server: PostgresServer) -> None:
    [version] = ask(server, "postgres", "select version()")
    assert str(version).startswith("PostgreSQL ")


def test_it_listens_on_no_network(server: PostgresServer) -> None:
    assert ask(server, "postgres", "show listen_addresses") == [""]


def test_a_database_made_from_a_template_holds_what_the_template_holds(server: PostgresServer) -> None:
    server.create_database("pattern")
    ask(server, "pattern", "create table kept (word text)", "insert into kept values ('grüße')")
    server.create_database("copy", template="pattern")
    assert ask(server, "copy", "select word from kept") == ["grüße"]


def test_a_database_in_use_can_be_dropped(server: PostgresServer) -> None:
    server.create_database("busy")
    engine = create_engine(server.url("busy"))
    with engine.connect() as connection:
        server.drop_database("busy")
        connection.invalidate()
    engine.dispose()
    assert ask(server, "postgres", "select count(*) from pg_database where datname = 'busy'") == [0]


def test_nothing_is_left_when_it_ends_even_by_an_error() -> None:
    with suppress(ZeroDivisionError), postgres_server() as short_lived:
        home = home_of(short_lived.url("postgres"))
        [data, pid] = data_and_process_of(home)
        raise ZeroDivisionError
    assert not home.exists()
    assert not data.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_nothing_is_left_when_the_tests_are_killed() -> None:
    program = [sys.executable, "-c", KILLED_IN_MID_TEST]
    killed = subprocess.run(program, cwd=CHECKOUT, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL
    home = home_of(killed.stdout.strip())
    assert home.is_absolute()
    assert wait_until(lambda: not home.exists())
