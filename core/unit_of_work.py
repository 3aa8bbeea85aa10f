"""One transaction with everything a verb may ask for: the connection, `now`, and the house.

`Core` is what the assembly builds and every path is given. `now` is read once, at the start of the unit of
work, and is the same for all that it does.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from core.clock import Clock
from core.crashpoints import crashpoint
from core.identifiers import Chance, ReferenceMint
from core.pins import PinKeys
from core.rules.contact_addresses import AddressRules
from core.rules.files import FileRules
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
    file_rules: FileRules = field(default_factory=FileRules)


@dataclass(frozen=True)
class UnitOfWork:
    """One transaction that did everything or nothing.

    `known` is there where many acts of one kind are carried out together, which change nothing of the directory:
    what one of them asked of it is not asked again.
    """

    connection: sa.Connection
    now: datetime
    house: House
    known: dict[Hashable, Any] | None = field(default=None, repr=False)

    def recall(self, what: Hashable, ask: Callable[[], Result]) -> Result:
        """Return what `ask` returns; where many act together it is asked once for each `what`."""
        if self.known is None:
            return ask()
        if what not in self.known:
            self.known[what] = ask()
        found: Result = self.known[what]
        return found


@dataclass(frozen=True)
class Core:
    """The case core, assembled."""

    database: Database
    blobs: BlobStore
    clock: Clock
    house: House

    def write(
        self, act: Callable[[UnitOfWork], Result], *, mark: str | None = None, together: bool = False
    ) -> Result:
        """Return what `act` returns, committed. It is called again when another unit of work was first.

        `mark` names the crash points before and after the commit. `together`: many acts are carried out that
        change nothing of the directory, which is asked once for all of them.
        """

        def in_transaction(connection: sa.Connection) -> Result:
            known: dict[Hashable, Any] | None = {} if together else None
            result = act(UnitOfWork(connection, self.clock.now(), self.house, known))
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
