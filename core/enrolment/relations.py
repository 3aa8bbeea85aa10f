"""The relations of accounts and contracts that the rules of grants ask for (A2, A4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from core.rules.grants import Relation, support_owners
from core.rules.terms import ContractStatus

Pair = tuple[str, str]


class Relations:
    """Answers for a combination by its names. Contracts are given as a directory file has them."""

    def __init__(
        self, part_of: Mapping[str, str | None], contracts: Iterable[Mapping[str, Any]], now: datetime
    ) -> None:
        self._part_of, self._now = part_of, now
        self._contracts: dict[Pair, list[tuple[str, bool]]] = {}
        for contract in contracts:
            pair = (contract["sold_to"], contract["end_user"])
            owned = (contract["support_owner"], self._is_live(contract))
            self._contracts.setdefault(pair, []).append(owned)
        self._known: dict[Pair, Relation] = {}

    def has_contract(self, pair: Pair) -> bool:
        """Say whether the combination has, or had, a contract."""
        return pair in self._contracts

    def has_live_contract(self, pair: Pair) -> bool:
        """Say whether a contract of the combination is live (A9)."""
        return any(is_live for _owner, is_live in self._contracts.get(pair, ()))

    def live_pairs(self) -> list[Pair]:
        """Return the combinations with a live contract."""
        return [pair for pair in self._contracts if self.has_live_contract(pair)]

    def of(self, pair: Pair) -> Relation:
        """Return the relation of a combination."""
        if pair not in self._known:
            sold_to, end_user = pair
            self._known[pair] = Relation(
                sold_to,
                end_user,
                support_owners(self._contracts.get(pair, ())),
                end_user_is_part_of_sold_to=sold_to in chain(self._part_of, end_user),
                end_user_buys_directly=self.has_live_contract((end_user, end_user)),
            )
        return self._known[pair]

    def _is_live(self, contract: Mapping[str, Any]) -> bool:
        is_active = contract["status"] is ContractStatus.ACTIVE
        return is_active and contract["starts"] <= self._now < contract["ends"]


def chain(part_of: Mapping[str, str | None], name: str) -> list[str]:
    """Return the companies that an account is a part of, nearest first; a circle ends where it closes."""
    found: list[str] = []
    whole = part_of.get(name)
    while whole is not None and whole not in found:
        found.append(whole)
        whole = part_of.get(whole)
    return found
