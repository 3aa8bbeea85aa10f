"""The commands of the command line, one module a noun."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from core.clock import Clock, HeldClock, SystemClock
from core.errors import BadInput, IntakeError
from core.store.migrations import is_current
from core.unit_of_work import Core
from intake.assembly import build_core
from intake.settings import Settings, load


class NotMigrated(IntakeError):
    """The database does not have the tables of this program."""


@contextmanager
def opened(clock: Clock | None = None) -> Iterator[tuple[Core, Settings]]:
    """Yield the core and the settings of this process. Raises SettingsAreWrong and NotMigrated."""
    settings = load()
    core = build_core(settings, clock)
    try:
        if not is_current(core.database):
            raise NotMigrated(f"the database {settings.shown_database} is not migrated: run intake migrate")
        yield core, settings
    finally:
        core.database.close()


def clock_at(as_of: str | None) -> Clock:
    """Return a clock that is held at what `--as-of` says; the machine's when it says nothing. Raises BadInput."""
    return HeldClock(_time_to_come(as_of)) if as_of else SystemClock()


def _time_to_come(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput("--as-of", text, "a time such as 2026-12-01T09:00 or 2026-12-01T09:00+01:00") from None
    # Without a zone it is UTC, as every time that we print.
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if at < SystemClock().now():
        raise BadInput("--as-of", text, "a time to come: what was claimed in the past would be claimed again")
    return at
