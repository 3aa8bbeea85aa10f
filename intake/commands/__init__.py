"""The commands of the command line, one module a noun."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.clock import Clock
from core.errors import IntakeError
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
