"""What a case held is gone 30 days after its closing, to the last byte; its history is not."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.stories.gateway import ALICE, BOB, Customer, Gateway, Sent, a_stranger

WORDS = "Here is what blinks."
CANARY = b"canary 7c1f0a93 in a cage of brass "  # 35 bytes: no multiple of the 57 of a line of base64
FILE = CANARY * 3000


def _traces() -> list[bytes]:
    """What gives the file away: itself, and the middle of its base64 for each place where that may begin."""
    coded = [base64.b64encode(CANARY[shift:] + CANARY)[:24] for shift in range(3)]
    return [CANARY, *coded]


@dataclass(frozen=True)
class Held:
    """A closed case with an attachment that came by mail."""

    gateway: Gateway
    number: str
    notice: Sent
    closed_at: datetime

    def purge(self, days: float, *words: str) -> Any:
        """Purge as of so many days after the closing, and return what the command says of it."""
        at = (self.closed_at + timedelta(days=days)).isoformat()
        return self.gateway.read("purge", "--as-of", at, *words)

    def files_with_traces(self) -> list[str]:
        """Return the files of the gateway, whatever they are for, that hold something of the attachment."""
        files = [file for file in self.gateway.folder.rglob("*") if file.is_file()]
        mine = [
            file for file in files if not file.name.startswith("command.")
        ]  # what the test itself printed
        return [file.name for file in mine if any(trace in file.read_bytes() for trace in _traces())]

    @property
    def attached(self) -> Any:
        """The attachment as the history shows it."""
        [update] = self.gateway.updates(self.number)
        assert update["text"].strip() == WORDS
        [file] = update["attachments"]
        return file


def send(gateway: Gateway, customer: Customer, notice: Sent | None) -> None:
    mail = customer.replies(notice, WORDS) if notice else customer.writes(WORDS)
    mail.add_attachment(FILE, maintype="application", subtype="octet-stream", filename="switch.log")
    assert gateway.takes(mail)
    gateway.wait_until_done()


@pytest.fixture
def held(gateway: Gateway) -> Iterator[Held]:
    """The gateway runs all the time, so nothing is tidied up by its end."""
    number = gateway.open_case()
    gateway.start()
    gateway.intake("case", "ask", number, "What blinks?")
    notice = gateway.sink.wait_for(ALICE.address, "information-asked", number)
    send(gateway, ALICE, notice)
    gateway.intake("case", "close", number, "Done.")
    gateway.wait_until_done()
    yield Held(gateway, number, notice, datetime.fromisoformat(gateway.case(number)["closed_at"]))
    gateway.stop()


def test_after_the_purge_no_byte_of_an_attachment_is_left(held: Held) -> None:
    """C10, I15: in no file of the gateway, while it runs; PostgreSQL's are looked at through its tables."""
    assert held.attached["removed_at"] is None
    assert len(held.files_with_traces()) > held.gateway.is_on_sqlite  # the file, and the mail in the database
    told = held.purge(31)
    [case] = told["cases"]
    assert (case["number"], case["attachments"], case["attachment_bytes"]) == (held.number, 1, len(FILE))
    assert (case["mails"], told["scrubbed"], told["dry_run"]) == (1, True, False)
    assert held.files_with_traces() == []
    asked = held.gateway.run("inbox", "show", "1", "--raw")
    on = f"removed on {held.closed_at + timedelta(days=31):%Y-%m-%d} (C10)"
    assert (asked.code, asked.out) == (1, "")
    assert f"The mail as it came was {on}; what became of it is in `intake inbox show 1`." in asked.err
    assert f"as it came: {on}" in held.gateway.intake("inbox", "show", "1")
    assert held.attached["removed_at"] == (held.closed_at + timedelta(days=31)).isoformat()
    last = held.gateway.case(held.number)["history"][-1]
    assert last["kind"] == "attachments removed"
    assert "1 attachment (105.0 kB), 1 mail as it came. The history stays." in last["text"]
    assert "switch.log (application/octet-stream, 105000 bytes) (removed 20" in held.gateway.intake(
        "case", "show", held.number
    )


def test_before_its_time_nothing_is_removed(held: Held) -> None:
    """C9, C10: nor by only saying what would be."""
    early = held.purge(29.999)
    assert (early["cases"], early["total"]["mails"]) == ([], 0)
    assert "as it came: kept" in held.gateway.intake("inbox", "show", "1")
    said = held.purge(30, "--dry-run")
    assert [case["number"] for case in said["cases"]] == [held.number]
    assert held.files_with_traces()
    assert held.attached["removed_at"] is None


def test_a_dry_run_tells_the_numbers_of_the_run(held: Held) -> None:
    """C10: a case with its mails, a mail of no case, a file that nothing names."""
    send(held.gateway, a_stranger(), None)
    [entry] = held.gateway.read("triage", "list")
    held.gateway.intake("triage", "discard", str(entry["id"]))
    stray = held.gateway.folder / "blobs" / "aa" / ("a" * 64)
    stray.parent.mkdir(parents=True, exist_ok=True)
    stray.write_bytes(b"x")
    said, done = held.purge(31, "--dry-run"), held.purge(31)
    assert (said["total"]["mails"], said["of_no_open_case"]["mails"], said["files_of_nothing"]) == (2, 1, 1)
    assert said | {"dry_run": False, "scrubbed": True} == done
    assert held.purge(31)["total"] == dict.fromkeys(done["total"], 0)


def test_a_purge_says_to_people_what_it_removed_and_the_next_has_nothing_to_do(held: Held) -> None:
    """C10"""
    at = (datetime.now(UTC) + timedelta(days=31)).isoformat()
    said = held.gateway.intake("purge", "--as-of", at)
    assert f"{held.number}: 1 attachment (105.0 kB), 1 mail as it came" in said
    assert "Removed in all" in said
    kinds = [line["kind"] for line in held.gateway.case(held.number)["history"]]
    assert "Nothing is due." in held.gateway.intake("purge", "--as-of", at)
    assert [line["kind"] for line in held.gateway.case(held.number)["history"]] == kinds


def test_the_worker_purges_without_being_told(held: Held) -> None:
    """C10"""
    at = (held.closed_at + timedelta(days=30)).isoformat()
    held.gateway.stop()  # SQLite has one worker
    held.gateway.intake("worker", "--once", "--as-of", at)
    assert held.files_with_traces() == []
    assert held.attached["removed_at"] == at
    held.gateway.start()


def test_a_case_that_is_reopened_keeps_its_attachments(held: Held) -> None:
    """C9, C10"""
    held.gateway.intake("case", "reopen", held.number, "It blinks again.")
    told = held.purge(300)
    assert told["cases"] == []
    assert held.files_with_traces()


def test_what_came_with_mail_that_was_put_aside_goes_once_people_settled_it(held: Held) -> None:
    """E3, E5, I15: a stranger's mail, and one whose sender may only read; both with the same file."""
    held.purge(31)
    gateway = held.gateway
    send(gateway, a_stranger(), None)
    send(gateway, BOB, held.notice)
    entries = gateway.read("triage", "list")
    assert len(entries) == 2
    held.purge(90)
    for entry in entries:
        assert WORDS in gateway.intake("inbox", "show", str(entry["inbox_id"]), "--raw")
        gateway.intake("triage", "discard", str(entry["id"]))
    linking = gateway.run("triage", "link", str(entries[0]["id"]), held.number)
    assert (linking.code, "already discarded" in linking.err) == (1, True)
    told = held.purge(91)
    assert told["of_no_open_case"]["mails"] == 2
    assert held.files_with_traces() == []
    linking = gateway.run("triage", "link", str(entries[0]["id"]), held.number)
    assert (linking.code, "was removed when its time was over" in linking.err) == (1, True)
