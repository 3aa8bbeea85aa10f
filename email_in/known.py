"""What the database says of mails that are settled together: asked once for all of them.

The cases that they name are locked until the transaction ends, and are kept here as each update leaves them.
"""

from __future__ import annotations

from collections.abc import Sequence

from core import telling
from core.store import cases as case_rows
from core.store.cases import Case
from core.store.inbox import Copies
from core.unit_of_work import UnitOfWork
from email_in.reading import Read


class Known:
    """The cases of some mails, and which of the mails had their outcome in another copy."""

    def __init__(self, uow: UnitOfWork, reads: Sequence[Read]) -> None:
        tokens = {one.token for read in reads for one in read.found}
        self._case_ids = telling.cases_of_references(uow.connection, tokens) if tokens else {}
        of_one_case = {ids[0] for read in reads if len(ids := self.cases_of(read)) == 1}
        self._cases = case_rows.locked(uow.connection, of_one_case) if of_one_case else {}
        telling.know_references(uow, self._cases.keys())  # of whom an update is told to
        self._copies = Copies(uow.connection, [read.row for read in reads])

    def in_order(self, reads: Sequence[Read]) -> list[Read]:
        """Return the mails case by case, those of one case in the order in which they came."""
        return sorted(reads, key=lambda read: (self.cases_of(read)[:1], read.row["id"]))

    def cases_of(self, read: Read) -> tuple[int, ...]:
        """Return the different cases whose Reference IDs the mail carries."""
        ids = (self._case_ids.get(one.token) for one in read.found)
        return tuple(dict.fromkeys(case_id for case_id in ids if case_id is not None))

    def case(self, case_ids: tuple[int, ...]) -> Case | None:
        """Return the one case of a mail as it is now; None where it names none or several."""
        return self._cases[case_ids[0]] if len(case_ids) == 1 else None

    def case_is_now(self, case: Case) -> None:
        """Keep what an update has left of a case."""
        self._cases[case.id] = case

    def read_again(self, uow: UnitOfWork, case_id: int | None) -> None:
        """Read a case anew that the report of a bounce may have changed, if it is one of these."""
        if case_id in self._cases:
            self._cases[case_id] = case_rows.by_id(uow.connection, case_id)

    def is_repeat(self, read: Read) -> bool:
        """Say whether the same mail had its effect in another copy (I2)."""
        return self._copies.had_outcome(read.row) or self._copies.has_updated(read.row, self.cases_of(read))

    def settle(self, read: Read, *, is_update: bool) -> None:
        """Note that the mail has its outcome now."""
        self._copies.settle(read.row, self.cases_of(read), is_update=is_update)
