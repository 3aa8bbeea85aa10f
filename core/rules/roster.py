"""Who is on call for what, now.

A shift says which analyst stands on which rung, on which days, between which local times, for which
products. The ladder at an instant is the analysts of the shifts that hold then, lowest rung first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class OnCall:
    """An analyst who can be rung. `phone` is in E.164; no `skills` means all products."""

    analyst_id: int
    name: str
    email: str
    phone: str
    skills: frozenset[str] = frozenset()

    def fits(self, product: str) -> bool:
        """Say whether the skills are for this product; one that is not known, an empty one, is for anybody."""
        return not product or not self.skills or product in self.skills


@dataclass(frozen=True)
class Shift:
    """When an analyst is on call.

    `days` are ISO weekdays (1 is Monday) on which the shift begins; `starts` and `ends` are local times in
    `time_zone`, and an end that is not after the start is on the next day. No `products` means all.
    """

    analyst: OnCall
    rung: int
    days: frozenset[int] = frozenset(range(1, 8))
    starts: time = time(0)
    ends: time = time(0)
    time_zone: str = "UTC"
    products: frozenset[str] = frozenset()

    def holds(self, now: datetime, product: str) -> bool:
        """Say whether the shift covers this product at this instant (UTC in, local time decides).

        An empty product is one that is not known, as in a case opened by phone: any shift covers it.
        """
        return (not product or not self.products or product in self.products) and self._covers(now)

    def _covers(self, now: datetime) -> bool:
        local = now.astimezone(ZoneInfo(self.time_zone))
        if self.ends > self.starts:
            return local.isoweekday() in self.days and self.starts <= local.time() < self.ends
        yesterday = (local - timedelta(days=1)).isoweekday()
        began_today = local.isoweekday() in self.days and local.time() >= self.starts
        began_yesterday = yesterday in self.days and local.time() < self.ends
        return began_today or began_yesterday


def ladder(shifts: tuple[Shift, ...], now: datetime, product: str) -> tuple[OnCall, ...]:
    """Return who is rung, one after another, each once (P4)."""
    holding = sorted(
        (s for s in shifts if s.holds(now, product)), key=lambda s: (s.rung, s.analyst.analyst_id)
    )
    return tuple(dict.fromkeys(shift.analyst for shift in holding))


def first_who_fits(rungs: tuple[OnCall, ...], product: str) -> OnCall | None:
    """Return the first on the ladder whose skills fit the product, else the first of all (P4)."""
    fitting = (analyst for analyst in rungs if analyst.fits(product))
    return next(fitting, next(iter(rungs), None))
