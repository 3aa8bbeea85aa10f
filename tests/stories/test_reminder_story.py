"""Nobody answers: two reminders, then the case is closed and the last mail says what can still be done.

Time is `intake worker --once --as-of`; the process does all that is due at that instant, and ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.stories.gateway import ALICE, Gateway
from tests.stories.phone import Call, raise_to_critical

REMINDERS = ("reminder-1", "reminder-2")
KINDS = (*REMINDERS, "closed-by-timer")
WAITING, CLOSED = "Solution Proposed", "Closed"


@dataclass(frozen=True)
class Proposed:
    """A case with a proposed solution that nobody has answered yet, and when it was proposed."""

    gateway: Gateway
    number: str
    at: datetime

    def pass_to(self, days: float) -> list[str]:
        """Do all that is due so many days after the proposal; return the kinds of mail that the contact got."""
        before = len(self.gateway.sink.sent)
        self.gateway.intake("worker", "--once", "--as-of", self.day(days).isoformat())
        return [one.kind for one in self.gateway.sink.sent[before:] if one.recipient == ALICE.address]

    def day(self, days: float) -> datetime:
        return self.at + timedelta(days=days, minutes=1)

    @property
    def told(self) -> Any:
        return self.gateway.case(self.number)

    def kinds(self) -> list[str]:
        """Return what has happened to the case."""
        return [line["kind"] for line in self.told["history"]]


@pytest.fixture
def proposed(gateway: Gateway) -> Proposed:
    number = gateway.open_case()
    gateway.intake("case", "propose", number, "Set its clock.", "--by", "ada@support.example")
    gateway.intake("worker", "--once")
    assert [one.kind for one in gateway.sink.sent] == ["case-opened", "solution-proposed"]
    return Proposed(gateway, number, datetime.now(UTC))


def test_a_case_without_an_answer_is_reminded_twice_and_closed(proposed: Proposed) -> None:
    """N1, N2, N7, C9, C10"""
    assert proposed.pass_to(1.9) == []
    assert proposed.pass_to(2) == ["reminder-1"]
    assert proposed.pass_to(2) == []
    assert proposed.pass_to(4.9) == []
    assert proposed.pass_to(5) == ["reminder-2"]
    assert proposed.told["status"] == WAITING
    assert proposed.pass_to(9.9) == []
    assert proposed.pass_to(10) == ["closed-by-timer"]
    assert proposed.pass_to(60) == []
    assert proposed.kinds() == ["opened", "solution proposed", "reminder 1", "reminder 2", "closed by timer"]
    _reminders_say_what_is_awaited(proposed)
    _closing_says_how_and_until_when_to_reopen(proposed)


def _reminders_say_what_is_awaited(proposed: Proposed) -> None:
    for kind in REMINDERS:
        [reminder] = proposed.gateway.sink.to(ALICE.address, kind)
        assert "Please accept or reject the solution that we proposed" in reminder.one_line
        assert "Set its clock." in reminder.text
        assert f"https://portal.support.example/cases/{proposed.number}" in reminder.text
        assert f"Reference ID: {reminder.reference}" in reminder.text
        assert str(reminder.mail["Auto-Submitted"]) == "auto-generated"
    started = datetime.fromisoformat(proposed.told["history"][1]["at"])
    assert f"the case will be closed on {_read(started + timedelta(days=10))}" in reminder.one_line


def _closing_says_how_and_until_when_to_reopen(proposed: Proposed) -> None:
    now = proposed.told
    assert (now["status"], now["sub_status"], now["closed_by_timer"]) == (CLOSED, "Resolved", True)
    [mail] = proposed.gateway.sink.to(ALICE.address, "closed-by-timer")
    until = _read(datetime.fromisoformat(now["closed_at"]) + timedelta(days=30))
    assert f"the case can be reopened until {until}, by phone only" in mail.one_line
    assert "call support at +1 415-555-0100" in mail.one_line
    assert f"From {until} on, the files and recordings of the case are no longer kept" in mail.one_line
    assert mail.reference


def _read(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}, {at:%H:%M} UTC"


def test_what_the_timer_closed_is_reopened_by_phone_only(proposed: Proposed) -> None:
    """C9: until the very day that the mail named"""
    for days in (2, 5, 10):
        proposed.pass_to(days)
    refused = proposed.gateway.run("case", "reopen", proposed.number, "It is back.")
    assert refused.code == 1
    assert "by phone only" in refused.err
    assert proposed.told["status"] == CLOSED


def test_an_answer_ends_the_reminders(proposed: Proposed) -> None:
    """N3: and the next proposal starts them afresh."""
    assert proposed.pass_to(2) == ["reminder-1"]
    [reminder] = proposed.gateway.sink.to(ALICE.address, "reminder-1")
    proposed.gateway.start()
    assert proposed.gateway.takes(ALICE.replies(reminder, "It still blinks."))
    proposed.gateway.wait_until_done()
    proposed.gateway.stop()
    assert [proposed.pass_to(days) for days in (5, 10, 20)] == [[], [], []]
    assert proposed.told["status"] == "Open"
    proposed.gateway.intake("case", "propose", proposed.number, "Replace it.")
    assert proposed.pass_to(2) == ["solution-proposed", "reminder-1"]


def test_an_answer_that_waits_in_the_inbox_comes_before_the_reminder(proposed: Proposed) -> None:
    """I10: both are found at the same start."""
    [notice] = proposed.gateway.sink.to(ALICE.address, "solution-proposed")
    proposed.gateway.start("smtpd")
    assert proposed.gateway.takes(ALICE.replies(notice, "It works."))
    proposed.gateway.stop()
    assert proposed.pass_to(2) == ["status-changed"]
    assert proposed.told["status"] == "Open"


def test_a_reminder_that_could_not_leave_before_the_answer_never_leaves(proposed: Proposed) -> None:
    """I10: it was written on day 2, while the smart host was down; the answer came before it was back."""
    [notice] = proposed.gateway.sink.to(ALICE.address, "solution-proposed")
    proposed.gateway.sink.stop()
    assert proposed.pass_to(2) == []
    assert "reminder 1" in proposed.kinds()
    proposed.gateway.start("smtpd")
    assert proposed.gateway.takes(ALICE.replies(notice, "It works."))
    proposed.gateway.stop()
    proposed.gateway.sink.start()
    assert proposed.pass_to(2.1) == ["status-changed"]
    [reminder] = [row for row in proposed.gateway.read("outbox", "list") if row["notice"] == "reminder-1"]
    assert (reminder["state"], "I10" in reminder["error"]) == ("dropped", True)


def test_a_worker_that_was_down_for_a_week_sends_one_reminder_and_not_three(proposed: Proposed) -> None:
    """I11: the customer still has three more days for the second, and five more to the end."""
    assert proposed.pass_to(9) == ["reminder-1"]
    assert proposed.pass_to(10) == []
    assert proposed.pass_to(11.9) == []
    assert proposed.pass_to(12) == ["reminder-2"]
    assert proposed.pass_to(16.9) == []
    assert proposed.told["status"] == WAITING
    assert proposed.pass_to(17) == ["closed-by-timer"]


def test_a_worker_that_was_down_for_all_the_time_does_not_close(proposed: Proposed) -> None:
    """I11"""
    assert proposed.pass_to(40) == ["reminder-1"]
    assert proposed.told["status"] == WAITING


def test_a_case_whose_production_is_down_has_no_reminders(proposed: Proposed) -> None:
    """N4: raised by phone while its timer runs."""
    gateway = proposed.gateway
    gateway.start()
    call = Call(gateway)
    call.identifies(ALICE)
    call.makes(raise_to_critical(call, proposed.number))
    gateway.wait_until_done()
    gateway.stop()
    now = proposed.told
    assert (now["priority"], now["production_down"], now["followup_step"]) == ("1-Critical", True, None)
    assert [proposed.pass_to(days) for days in (2, 5, 10)] == [[], [], []]
    gateway.intake("case", "propose", proposed.number, "Try the other one.")
    assert [proposed.pass_to(days) for days in (12, 15, 20)] == [["solution-proposed"], [], []]
    assert proposed.told["status"] == WAITING


def test_a_case_is_not_closed_while_its_reminders_have_not_left(proposed: Proposed) -> None:
    """I11: the smart host is down from day 2 to day 10; the mails wait, and the closing waits for them."""
    proposed.gateway.sink.stop()
    for days in (2, 5, 10):
        assert proposed.pass_to(days) == []
    assert proposed.told["status"] == WAITING
    assert "closed by timer" not in proposed.kinds()
    proposed.gateway.sink.start()
    # They leave on day 10, and the customer has as many days from there as a mail in time would have left.
    sent = [proposed.pass_to(10.1 + hours / 24) for hours in range(8)]
    assert {kind for kinds in sent for kind in kinds} == set(REMINDERS)
    proposed.pass_to(13.9)
    assert proposed.told["status"] == WAITING
    proposed.pass_to(14.5)
    assert proposed.told["status"] == CLOSED
    for kind in KINDS:
        assert len(proposed.gateway.sink.to(ALICE.address, kind)) == 1
    order = [one.kind for one in proposed.gateway.sink.sent if one.kind in KINDS]
    assert order[-1] == "closed-by-timer"


def test_a_question_is_reminded_of_as_a_question(gateway: Gateway) -> None:
    """N2"""
    number = gateway.open_case()
    gateway.intake("case", "ask", number, "Which version do you run?")
    asked = Proposed(gateway, number, datetime.now(UTC))
    assert asked.pass_to(2)[-1] == "reminder-1"
    [reminder] = gateway.sink.to(ALICE.address, "reminder-1")
    assert "Please give us the information that we asked for" in reminder.one_line
    assert "Which version do you run?" in reminder.text


def test_a_third_party_that_is_waited_for_starts_no_reminders(gateway: Gateway) -> None:
    """N3"""
    number = gateway.open_case()
    gateway.intake("case", "status", number, "Third Party Pending")
    waiting = Proposed(gateway, number, datetime.now(UTC))
    assert waiting.pass_to(2) == ["case-opened", "status-changed"]
    assert [waiting.pass_to(days) for days in (5, 10)] == [[], []]
