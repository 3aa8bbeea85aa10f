"""What a directory file is refused for: every line of it, each with its rule."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.enrolment.entries import Section
from core.errors import IntakeError

MUST_BE_GIVEN = "must be given"
_brief = reprlib.Repr()  # whatever was written, a page of it tells no more than its beginning
_brief.maxstring = _brief.maxother = 120


@dataclass(frozen=True)
class RefusedLine:
    """One value that is refused. `name` is what the entry is about; `line` is None outside of a file.

    `remedy` is what to do, where there is more to it than another value.
    """

    line: int | None
    section: Section
    name: str
    field: str
    value: Any
    rule: str
    words: str
    remedy: str | None = None

    def __str__(self) -> str:
        """Say it as a person reads it: line, entry, value, rule, words, what to do."""
        where = f"line {self.line}, " if self.line else ""
        entry = f"{self.section} {self.name[:300]}".rstrip()
        words = "" if self.words == MUST_BE_GIVEN else f": {self.words}"
        to_do = f" To do: {self.remedy}." if self.remedy else ""
        return f"{where}{entry}: {self.field} is {_shown(self.value)} ({self.rule}){words}{to_do}"


def is_blank(written: Any) -> bool:
    """Say whether nothing was written."""
    return written is None or (isinstance(written, str) and not written.strip())


def _shown(value: Any) -> str:
    if is_blank(value):
        return "missing"
    return _brief.repr(str(value) if isinstance(value, StrEnum) else value)


class DirectoryRefused(IntakeError):
    """Lines of a directory file are refused, so nothing of it was brought in."""

    def __init__(self, lines: Sequence[RefusedLine]) -> None:
        self.lines = tuple(sorted(lines, key=lambda line: line.line or 0))
        told = "\n".join(map(str, self.lines[:20]))
        super().__init__(f"{told}\n{len(self.lines)} refused; nothing was brought in")
