"""Planted mails, read as the gateway reads them, without a database: what became of each, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.planting.answers import Planted, plant
from bench.planting.near_misses import Expected, NearMiss, near_miss
from bench.planting.notices import MINT, case_of
from email_in.message import read_mail
from email_in.references import MOST_REFERENCES, found_references

_NEAR_MISSES = 5  # one mail of so many is one


@dataclass
class Figures:
    """How many mails came out right, by what they were made of; faults are those that did not, in words."""

    tables: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    misses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def count(self, title: str, name: str, is_right: bool) -> None:
        """Count a mail in a table."""
        row = self.tables.setdefault(title, {}).setdefault(name, Counter())
        row["right" if is_right else "wrong"] += 1

    def plus(self, other: Figures) -> Figures:
        """Add the figures of another part of the mails."""
        for title, table in other.tables.items():
            for name, counts in table.items():
                self.tables.setdefault(title, {}).setdefault(name, Counter()).update(counts)
        self.answers += other.answers
        self.misses += other.misses
        self.faults += other.faults
        return self


def verdict(raw: bytes, recipients: tuple[str, ...]) -> Expected | int:
    """Return what becomes of a mail: the number of its case, or why it has none."""
    found = found_references(read_mail(raw), recipients, MINT.find)
    cases = {case for one in found if (case := case_of(one.token)) is not None}
    if len(found) > MOST_REFERENCES:
        return Expected.TOO_MANY
    if len(cases) > 1:
        return Expected.CONFLICT
    return cases.pop() if cases else Expected.NOTHING


def judge(seeds: Iterable[int]) -> Figures:
    """Return the figures of the mails that these seeds make."""
    figures = Figures()
    for seed in seeds:
        if seed % _NEAR_MISSES == 0:
            _judge_miss(figures, seed, near_miss(seed // _NEAR_MISSES))
        else:
            _judge_answer(figures, seed, plant(seed))
    return figures


def _judge_answer(figures: Figures, seed: int, planted: Planted) -> None:
    got = verdict(planted.raw, planted.recipients)
    is_right = got == planted.case
    figures.answers["right" if is_right else "wrong case" if isinstance(got, int) else "not linked"] += 1
    for carrier, damage in planted.damages.items():
        if len(planted.damages) == 1:
            figures.count("by carrier, the only one left", carrier, is_right)
            figures.count(f"by damage, in the only carrier left: {carrier}", damage, is_right)
        else:
            figures.count("by carrier, one of several", carrier, is_right)
    figures.count("by program", planted.client, is_right)
    figures.count("by mail", planted.carrier, is_right)
    if not is_right:
        figures.faults.append(f"answer {seed}: {got}, not {planted.case}: {planted.client} {planted.damages}")


def _judge_miss(figures: Figures, seed: int, miss: NearMiss) -> None:
    got = verdict(miss.raw, miss.recipients)
    is_right = got == miss.expected
    figures.misses["right" if is_right else "wrong case" if isinstance(got, int) else "otherwise wrong"] += 1
    figures.count("near misses", miss.name, is_right)
    if not is_right:
        figures.faults.append(f"near miss {seed // _NEAR_MISSES}: {got}, not {miss.expected}: {miss.name}")
