"""Whatever goes wrong with us is a 451 that tells nothing, and nothing of the mail is kept (I3)."""

import asyncio
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
import structlog

from core.unit_of_work import Core
from email_in import smtp_replies
from email_in.smtp_session import SmtpSession
from tests.email_in.smtp_client import MAIL, RESET, Client, dotted, kept, serving

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def sqlite_file(core) -> Path:
    if not core.database.is_sqlite:
        pytest.skip("a fault of SQLite's")
    return Path(core.database.url.database)


@contextmanager
def locked(file: Path):
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_locked_database_is_a_451_in_time_and_the_next_mail_is_taken(core, sqlite_file):
    """RFC 5321, 4.2.5: what was answered 451 does not appear later."""
    with serving(core) as server, Client(server) as client:
        with locked(sqlite_file):
            begun = time.monotonic()
            assert client.deliver(b"refused\r\n") == smtp_replies.TRY_AGAIN
            assert time.monotonic() - begun < 6
        assert kept(core) == []
        assert client.deliver(b"taken\r\n").startswith("250")
    assert [row["raw"] for row in kept(core)] == [b"taken\r\n"]


def test_who_comes_while_the_database_is_locked_waits_no_longer_than_the_first(core, sqlite_file):
    with serving(core) as server, Client(server) as first, Client(server) as second, locked(sqlite_file):
        begun = time.monotonic()
        first.envelope()
        first.send(dotted(MAIL))
        time.sleep(1)
        assert second.deliver() == first.reply() == smtp_replies.TRY_AGAIN
        assert time.monotonic() - begun < 6


def test_other_sessions_are_answered_while_the_database_is_locked(core, sqlite_file):
    with serving(core) as server, Client(server) as waiting, locked(sqlite_file):
        waiting.envelope()
        waiting.send(dotted(MAIL))
        for _ in range(5):
            begun = time.monotonic()
            with Client(server) as other:
                assert other.say("EHLO client.example").startswith("250")
                assert other.say("NOOP") == "250 2.0.0 OK"
            assert time.monotonic() - begun < 0.5
        assert waiting.reply() == smtp_replies.TRY_AGAIN


def test_a_full_database_is_a_451(core, sqlite_file):
    with core.database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    core.database.close()
    with serving(core) as server, Client(server) as client:

        def fill_up(connection, _record):
            connection.execute(f"PRAGMA max_page_count={pages}").close()

        sa.event.listen(core.database.engine, "connect", fill_up)
        assert client.deliver(b"x" * 100_000 + b"\r\n") == smtp_replies.TRY_AGAIN
    assert kept(core) == []


def test_a_database_that_is_gone_is_a_451_until_it_is_back(core, sqlite_file):
    folder, aside = sqlite_file.parent, sqlite_file.parent.with_name("aside")
    with serving(core) as server, Client(server) as client:
        core.database.close()
        shutil.move(folder, aside)
        assert client.deliver() == smtp_replies.TRY_AGAIN
        shutil.move(aside, folder)
        assert client.deliver().startswith("250")
    assert len(kept(core)) == 1


def test_a_database_that_was_dropped_is_a_451(core, request):
    if core.database.is_sqlite:
        pytest.skip("a fault of PostgreSQL's")
    with serving(core) as server, Client(server) as client:
        assert client.deliver().startswith("250")
        request.getfixturevalue("postgres").drop_database(core.database.url.database)
        assert client.deliver() == smtp_replies.TRY_AGAIN


class BrokenClock:
    """A bug in what lies behind the inbox."""

    def now(self):
        raise ZeroDivisionError("secret text")


def test_a_bug_of_ours_is_a_451_and_is_told_by_its_class_only(core):
    broken = replace(core, clock=BrokenClock())
    with structlog.testing.capture_logs() as logged, serving(broken) as server, Client(server) as client:
        assert client.deliver() == smtp_replies.TRY_AGAIN
    assert logged == [
        {"event": "smtp.unexpected", "log_level": "error", "phase": "KEEPING", "error": "ZeroDivisionError"}
    ]
    assert kept(core) == []


@pytest.mark.parametrize("command", ["MAIL FROM:<a@b>", "RCPT TO:<support@support.example>"])
def test_a_bug_in_the_envelope_is_a_451_too(core: Core, command, monkeypatch):
    with serving(core) as server, Client(server) as client:
        client.say("EHLO client.example")
        if command.startswith("RCPT"):
            client.say("MAIL FROM:<a@b>")
        monkeypatch.setattr(server._reception.envelopes, "_settings", None)
        monkeypatch.setattr(SmtpSession, "_getaddr", lambda *_: 1 / 0)
        assert client.say(command) == smtp_replies.TRY_AGAIN
        assert client.say("NOOP") == "250 2.0.0 OK"


def test_a_bug_while_mail_is_coming_hangs_up(core, monkeypatch):
    """Else the rest of the mail would be read as commands."""

    async def broken(*_):
        await asyncio.sleep(0)
        raise MemoryError

    monkeypatch.setattr("email_in.smtp_session.read_mail", broken)
    with serving(core) as server, Client(server) as client:
        client.envelope()
        assert client.reply() == smtp_replies.OUT_OF_STEP
        assert client.reply() == ""


def test_room_is_given_back_after_a_failure(core):
    broken = replace(core, clock=BrokenClock())
    with serving(broken, max_bytes_in_flight=1_000) as server, Client(server) as client:
        answers = {client.deliver(b"x" * 800 + b"\r\n") for _ in range(3)}
    assert answers == {smtp_replies.TRY_AGAIN}


def test_room_is_taken_until_the_commit_is_over_though_the_client_went(core, sqlite_file):
    """Else whoever breaks connections could fill our memory while the database is locked."""
    large = b"x" * 800 + b"\r\n"
    with serving(core, max_bytes_in_flight=1_000) as server, Client(server) as second:
        with locked(sqlite_file):
            with Client(server) as first:
                first.envelope()
                first.send(dotted(large))
                time.sleep(0.2)
                first.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            time.sleep(0.2)
            assert second.deliver(large) == smtp_replies.NO_ROOM
        for _ in range(100):
            time.sleep(0.05)
            if second.deliver(large).startswith("250"):
                break
    assert [row["raw"] for row in kept(core)] == [large] * 2


def test_a_commit_that_takes_too_long_is_not_answered_at_all(core, sqlite_file, monkeypatch):
    """It may still succeed, and after a 4xx the mail must not appear (RFC 5321, 4.2.5)."""
    monkeypatch.setattr("email_in.smtp_session.IDLE_SECONDS", 0.5)
    with serving(core) as server, Client(server) as client, locked(sqlite_file):
        client.envelope()
        client.send(dotted(MAIL))
        with suppress(ConnectionError):
            assert client.reply() == ""
    assert len(kept(core)) == 1


SERVER = """
import random, sys
from pathlib import Path
from types import SimpleNamespace
from core.clock import SystemClock
from core.crashpoints import arm
from core.identifiers import ReferenceMint
from core.pins import PinKeys
from core.store.blobs import FolderBlobs
from core.store.database import Database
from core.unit_of_work import Core, House
from email_in.smtp_settings import LmtpSettings
from tests.email_in.smtp_client import SmtpServer, settings

url, mark = sys.argv[1:]
house = House(ReferenceMint("T1", b"key"), PinKeys("k1", {"k1": b"key"}), random.Random(7), "support.example")
clock = SystemClock()
core = Core(Database(url), FolderBlobs(Path("unused"), clock), clock, house)
server = SmtpServer(core, settings(lmtp=LmtpSettings(port=0)))
arm(mark)
server.start()
print(server.port, server.lmtp_port, flush=True)
"""


@contextmanager
def server_that_dies(database_url, mark):
    """Start a server as a process of its own that kills itself at a crash point; yield it and its ports."""
    command = [sys.executable, "-c", SERVER, database_url, mark]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=CHECKOUT) as process:
        smtp, lmtp = map(int, process.stdout.readline().split())
        yield process, SimpleNamespace(port=smtp, lmtp_port=lmtp)


@pytest.mark.parametrize(
    ("mark", "mails"),
    [("inbox.accept.before-commit", 0), ("inbox.accept.committed", 1)],
    ids=["before", "after"],
)
def test_a_killed_server_answers_nothing_and_keeps_what_it_committed(core, database_url, mark, mails):
    with server_that_dies(database_url, mark) as (process, ports):
        with Client(ports) as client:
            client.envelope()
            client.send(dotted(MAIL))
            assert client.reply() == ""
        assert process.wait() == -signal.SIGKILL
    assert len(kept(core)) == mails
