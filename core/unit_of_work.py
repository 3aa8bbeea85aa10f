"""One transaction with everything a verb may ask for: the connection, `now`, and the house.

`Core` is what the assembly builds and every path is given. `now` is read once, at the start of the unit of
work, and is the same for all that it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa

from core.clock import Clock
from core.crashpoints import crashpoint
from core.identifiers import Chance, ReferenceMint
from core.pins import PinKeys
from core.rules.contact_addresses import AddressRules
from core.rules.terms import Rulebook
from core.store.blobs import BlobStore
from core.store.database import Database

Result = TypeVar("Result")


@dataclass(frozen=True)
class House:
    """What is the same for every unit of work: the site's figures, secrets and source of chance."""

    mint: ReferenceMint
    pin_keys: PinKeys
    chance: Chance
    mail_domain: str
    rulebook: Rulebook = field(default_factory=Rulebook)
    address_rules: AddressRules = field(default_factory=AddressRules)


@dataclass(frozen=True)
class UnitOfWork:
    """One transaction that did everything or nothing."""

    connection: sa.Connection
    now: datetime
    house: House


@dataclass(frozen=True)
class Core:
    """The case core, assembled."""

    database: Database
    blobs: BlobStore
    clock: Clock
    house: House

    def write(self, act: Callable[[UnitOfWork], Result], *, mark: str | None = None) -> Result:
        """Return what `act` returns, committed. It is called again when another unit of work was first.

        `mark` names the crash points before and after the commit.
        """

        def in_transaction(connection: sa.Connection) -> Result:
            result = act(UnitOfWork(connection, self.clock.now(), self.house))
            if mark:
                crashpoint(f"{mark}.before-commit")
            return result

        result = self.database.write(in_transaction)
        if mark:
            crashpoint(f"{mark}.committed")
        return result

    @contextmanager
    def reading(self) -> Iterator[UnitOfWork]:
        """Yield a unit of work that only reads."""
        with self.database.reading() as connection:
            yield UnitOfWork(connection, self.clock.now(), self.house)
