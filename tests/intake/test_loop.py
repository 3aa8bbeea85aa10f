"""The worker's loops: they go on, whatever fails."""

from __future__ import annotations

import io
import threading

import pytest
import structlog

from intake import loop
from intake.loop import Loop, Work


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
