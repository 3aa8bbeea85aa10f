"""The worker's loops: do one piece of work, again while there was one, then sleep until there may be more.

Each loop has a thread of its own and stops cleanly between two pieces. What fails is logged and tried again
after a pause that grows; a loop never dies, not even when the log cannot be written.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from core.clock import Clock

log = structlog.get_logger()

Piece = Callable[[], int]
"""Does one piece of work and returns how much there was in it; 0 when there was none."""

LONGEST_SLEEP = 0.3  # seconds; another process may have put work into the database meanwhile
GATHERING = 0.02  # seconds; a commit for one costs as much as one for twenty
_LONGEST_PAUSE = 30.0  # seconds after a failure


@dataclass(frozen=True)
class Work:
    """One kind of work, by its name. A piece with less than `worth` in it lets more gather before the next."""

    name: str
    piece: Piece
    worth: int = 1


class Round:
    """Work that is gone through from end to end once an interval: each call is one step of it.

    The first round begins at the first call, so that a start finds what a crash has left. A round that fails
    begins anew; a clock that was set back begins one too.
    """

    def __init__(self, steps: Callable[[], Iterator[object]], every: timedelta, clock: Clock) -> None:
        self._steps, self._every, self._clock = steps, every, clock
        self._begun_at: datetime | None = None
        self._round: Iterator[object] | None = None

    def __call__(self) -> bool:
        """Do the next step; False when the round is over, or the next one is not due."""
        if self._round is None:
            now = self._clock.now()
            if self._begun_at is not None and timedelta(0) <= now - self._begun_at < self._every:
                return False
            self._begun_at, self._round = now, self._steps()
        try:
            next(self._round)
        except StopIteration:
            self._round = None
            return False
        except Exception:
            self._begun_at = self._round = None
            raise
        return True


def drain(works: tuple[Work, ...]) -> int:
    """Do everything that is due, kind after kind in their order, and return how many pieces there were.

    Kinds that come later may be caused by earlier ones (a reminder causes a mail), never the other way round.
    """
    done = 0
    for work in works:
        while work.piece():
            done += 1
    return done


class Loop:
    """One kind of work, for as long as the program runs."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"loop-{work.name}", daemon=True)

    def start(self) -> None:
        """Begin in a thread."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Finish the piece at hand and end; what takes longer is taken over after its lease."""
        self._stopping.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        pause = LONGEST_SLEEP
        while not self._stopping.is_set():
            try:
                done = self._work.piece()
                if done < self._work.worth:
                    self._stopping.wait(GATHERING if done else LONGEST_SLEEP)
                pause = LONGEST_SLEEP
            except Exception:
                with suppress(Exception):  # a log that cannot be written
                    log.exception("work failed", work=self._work.name, pause=pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
