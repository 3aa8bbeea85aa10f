"""The worker's loops: they go on, whatever fails."""

from __future__ import annotations

import io
import threading
from datetime import timedelta

import pytest
import structlog

from core.clock import HeldClock
from intake import loop
from intake.loop import Loop, Round, Work, drain
from tests.people import NOW

HOUR = timedelta(hours=1)


@pytest.fixture
def unwritable_log():
    """A log whose pipe is gone: every line raises."""
    before, gone = structlog.get_config(), io.StringIO()
    gone.close()
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.PrintLoggerFactory(gone)
    )
    yield
    structlog.configure(**before)


def test_a_loop_goes_on_when_its_work_fails_and_the_log_cannot_be_written(unwritable_log, monkeypatch):
    """DESIGN 6: what fails is tried again; a worker that stands still would look healthy."""
    monkeypatch.setattr(loop, "LONGEST_SLEEP", 0.001)
    tried, tries = threading.Event(), []

    def failing():
        tries.append(1)
        if len(tries) == 3:
            tried.set()
        raise RuntimeError("the disk is full")

    running = Loop(Work("failing", failing))
    running.start()
    went_on = tried.wait(5)
    running.stop(5)
    assert went_on


def test_a_round_is_gone_through_at_the_start_and_then_once_an_interval():
    """DESIGN 6: what is rarely due costs nothing between two looks."""
    clock, looks = HeldClock(NOW), []

    def steps():
        looks.append(clock.now())
        yield from range(3)

    work = (Work("seldom", Round(steps, HOUR, clock)),)
    assert (drain(work), drain(work)) == (3, 0)
    clock.advance(HOUR - timedelta(seconds=1))
    assert drain(work) == 0
    clock.advance(timedelta(seconds=1))
    assert drain(work) == 3
    clock.move_to(NOW - HOUR)  # it was set back
    assert drain(work) == 3
    assert looks == [NOW, NOW + HOUR, NOW - HOUR]


def test_a_round_that_fails_begins_anew():
    """DESIGN 6: the loop pauses, and what was left is not left for an hour."""
    begun = []

    def steps():
        begun.append(1)
        yield "done"
        if len(begun) == 1:
            raise RuntimeError("the disk is full")

    seldom = Round(steps, HOUR, HeldClock(NOW))
    assert seldom()
    with pytest.raises(RuntimeError):
        seldom()
    assert [seldom(), seldom(), seldom()] == [True, False, False]
    assert len(begun) == 2
