"""Exit codes: 0 done, 1 refused by a rule, 2 usage, 75 try again; and nothing but a sentence on stderr."""

from __future__ import annotations

import socket
import sqlite3
from pathlib import Path

import pytest
import yaml

from tests.people import DIRECTORY
from tests.stories.program import Ended, run

SECRETS = {"INTAKE_SECRET_KEY": "a long random text", "INTAKE_PIN_KEY": "another long random text"}
SUPPORT, ALICE = "support@support.example", "alice@northwind.example"
MAIL = f"From: {ALICE}\nTo: {SUPPORT}\nSubject: The switch\n\nIt blinks.\n".encode()


class Site:
    """A gateway's command line over a database with people and one open case in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.database = folder, folder / "intake.db"
        self.environment = SECRETS | {"INTAKE_DATABASE_URL": f"sqlite:///{self.database}"}

    def run(self, *words: str, given: bytes = b"") -> Ended:
        return run(words, self.environment, self.folder, given)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    own = Site(tmp_path)
    file = tmp_path / "people.yaml"
    file.write_text(yaml.safe_dump(DIRECTORY), encoding="utf-8")
    for words in (
        ("migrate",),
        ("directory", "import", str(file)),
        ("case", "open", "--contact", "alice@northwind.example", "--subject", "The switch is down"),
    ):
        assert own.run(*words).code == 0
    return own


NUMBER = "0000000001"
CODES = {
    "done": (0, ("case", "post", NUMBER, "We look into it."), ""),
    "a case that cannot be reopened": (1, ("case", "reopen", NUMBER, "Again."), "is not closed"),
    "critical without a phone": (0, ("case", "priority", NUMBER, "critical"), ""),
    "a contact who is none": (1, ("contact", "show", "nobody@nowhere.example"), "no contact"),
    "a case that is none": (1, ("case", "show", "0000000009"), "no case"),
    "an entry that is none": (1, ("triage", "discard", "9"), "no triage entry"),
    "a mail that is none": (1, ("inbox", "show", "9"), "no mail in the inbox"),
    "a number without its zeros": (2, ("case", "show", "1"), "exactly 10 digits"),
    "an unknown priority": (2, ("case", "priority", NUMBER, "urgent"), "critical, high, medium or low"),
    "an unknown sub-status": (2, ("case", "status", NUMBER, "Lost"), "one of"),
    "a closing without a comment": (2, ("case", "close", NUMBER, " "), "closed with a comment"),
    "an unknown command": (2, ("cases",), "No such command"),
    "an unknown option": (2, ("case", "list", "--colour"), "No such option"),
    "a time without once": (2, ("worker", "--as-of", "2026-12-01"), "--once"),
    "a time that is none": (2, ("worker", "--once", "--as-of", "tomorrow"), "a time such as"),
    "a purge of nothing": (0, ("purge",), ""),
    "a purge at a time that is none": (2, ("purge", "--as-of", "tomorrow"), "a time such as"),
    "a directory file that is not there": (2, ("directory", "import", "nowhere.yaml"), "nowhere.yaml"),
}


@pytest.mark.parametrize(("code", "words", "said"), CODES.values(), ids=CODES.keys())
def test_each_end_has_its_code_and_its_sentence(
    site: Site, code: int, words: tuple[str, ...], said: str
) -> None:
    ended = site.run(*words)
    assert ended.code == code, ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err
    if code:
        assert ended.out == ""


def test_a_directory_file_with_one_wrong_entry_changes_nothing(site: Site) -> None:
    file = site.folder / "wrong.yaml"
    file.write_text("accounts: [New]\ncontracts: [{number: X-1, sold_to: Nobody}]\n", encoding="utf-8")
    ended = site.run("directory", "import", str(file))
    assert (ended.code, "Nobody" in ended.err) == (1, True)
    file.write_text("contracts: [{number: X-2, sold_to: New, care_level: Business Care}]\n", encoding="utf-8")
    assert "'New'" in site.run("directory", "import", str(file)).err


def test_a_database_that_is_not_migrated_says_so(tmp_path: Path) -> None:
    empty = Site(tmp_path)
    ended = empty.run("case", "list")
    assert ended.code == 1
    assert "intake migrate" in ended.err


def test_a_locked_database_is_tried_again_later(site: Site) -> None:
    """75, also for an MTA's pipe, which then keeps the mail."""
    locker = sqlite3.connect(site.database, isolation_level=None)
    try:
        locker.execute("BEGIN IMMEDIATE")
        posting = site.run("case", "post", NUMBER, "We look into it.")
        assert posting.code == 75, posting.err
        assert "the database does not do it now" in posting.err
        assert "INSERT" not in posting.err
        assert site.run("receive", "--sender", ALICE, SUPPORT, given=MAIL).code == 75
        assert site.run("case", "list").code == 0  # who reads does not wait
    finally:
        locker.execute("ROLLBACK")
        locker.close()
    assert site.run("case", "post", NUMBER, "We look into it.").code == 0


def test_a_pipe_gets_the_codes_that_an_mta_understands(site: Site) -> None:
    """sysexits: taken, no such user, no data, no recipient."""
    assert site.run("receive", "--sender", ALICE, SUPPORT, given=MAIL).code == 0
    assert site.run("receive", "--sender", ALICE, "somebody@elsewhere.example", given=MAIL).code == 67
    assert site.run("receive", "--sender", ALICE, SUPPORT).code == 65
    assert site.run("receive", "--sender", ALICE, given=MAIL).code == 64
    assert site.run("inbox", "show", "1", "--raw").out == MAIL.decode()
    assert site.run("inbox", "show", "1", "--trace").out.startswith(f"Return-Path: <{ALICE}>")
    assert site.run("inbox", "show", "2").code == 1


def test_a_port_that_is_taken_stops_the_start(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        site.environment |= {"INTAKE_SMTP_PORT": "0", "INTAKE_LMTP_PORT": taken}
        ended = site.run("smtpd")
    assert (ended.code, ended.out) == (1, "")
    assert "intake: mail cannot be taken in: " in ended.err
    assert "Traceback" not in ended.err


def test_a_database_that_is_not_there_is_tried_again_later(tmp_path: Path) -> None:
    gone = Site(tmp_path)
    gone.environment["INTAKE_DATABASE_URL"] = "postgresql+psycopg://nobody@127.0.0.1:1/intake"
    ended = gone.run("case", "list")
    assert ended.code == 75, ended.err
    assert "Traceback" not in ended.err


WRONG_WITH_US = {
    "not migrated": {"INTAKE_DATABASE_URL": "sqlite:///{folder}/empty.db"},
    "no secret": {"INTAKE_SECRET_KEY": ""},
    "another setting is wrong": {"INTAKE_SMTP_PORT": "x"},
    "the database is gone": {"INTAKE_DATABASE_URL": "sqlite:////nowhere/intake.db"},
}


@pytest.mark.parametrize("wrong", WRONG_WITH_US.values(), ids=WRONG_WITH_US)
def test_what_is_wrong_with_us_bounces_no_mail_out_of_a_pipe(tmp_path: Path, wrong: dict[str, str]) -> None:
    """An MTA takes 75 for "come again", and any other code for a reason to return the mail."""
    site = Site(tmp_path)
    site.environment |= {name: value.format(folder=tmp_path) for name, value in wrong.items()}
    ended = site.run("receive", "--sender", ALICE, SUPPORT, given=MAIL)
    assert ended.code == 75
    assert "Traceback" not in ended.err


def test_trouble_without_a_name_is_tried_again_later(site: Site) -> None:
    """A disk that takes no file: no rule refused anything, so it is 75 and not 1."""
    ended = site.run("backup", "/proc/intake-backup.db")
    assert ended.code == 75
    assert ended.err.splitlines()[-1].startswith("intake: unexpected trouble")


def test_work_is_not_done_as_of_a_time_that_is_past(site: Site) -> None:
    """What was claimed then would be claimed again by whoever works now."""
    ended = site.run("worker", "--once", "--as-of", "2020-01-01")
    assert ended.code == 2
    assert "--as-of is '2020-01-01'" in ended.err
