"""The only place that asks for the time.

Everything else is told: a unit of work reads `now` once, at its start, and passes it down.
All times are aware and in UTC; a naive time is a fault of the program and is refused.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, in UTC."""

    def now(self) -> datetime:
        """Return this instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return this instant, aware, in UTC."""
        return datetime.now(UTC)


class HeldClock:
    """A clock that stands still until it is moved: `worker --as-of`, tests, the simulation."""

    def __init__(self, at: datetime) -> None:
        self._now = in_utc(at)

    def now(self) -> datetime:
        """Return the instant at which the clock is held."""
        return self._now

    def move_to(self, at: datetime) -> None:
        """Hold the clock at another instant."""
        self._now = in_utc(at)

    def advance(self, by: timedelta) -> None:
        """Move the clock forward (or back, as real ones do)."""
        self._now += by


def in_utc(at: datetime) -> datetime:
    """Return the same instant in UTC.

    Raises ValueError for a naive time: whose clock it was read from is not known.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; write it with one, for example +00:00")
    return at.astimezone(UTC)
