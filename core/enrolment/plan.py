"""What an import would do, as a value: what is added, what changes from what to what, what stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from core.enrolment.entries import Section
from core.enrolment.forms import EVERY_DAY, FORMS
from core.enrolment.sheet import Key, name_of

PLANNED = (Section.ACCOUNT, Section.CONTRACT, Section.CONTACT, Section.GRANT, Section.ANALYST)
"""The sections of a plan, in the order in which they are brought in; shifts are a field of their analyst."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry that is added, `before` being None then, or changed."""

    section: Section
    line: int | None
    key: Key
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]

    @property
    def act(self) -> str:
        """Whether it is `added` or `changed`."""
        return "added" if self.before is None else "changed"

    @property
    def name(self) -> str:
        """What people call the entry."""
        return name_of(self.section, self.key)

    @property
    def fields(self) -> dict[str, tuple[Any, Any]]:
        """The fields that become another value, but those of its key: from what, to what."""
        before = self.before or {}
        return {
            name: (before.get(name), value)
            for name, value in self.after.items()
            if value != before.get(name) and name not in FORMS[self.section].key
        }

    def told(self, when_added: frozenset[str]) -> str:
        """Say what changes: `access: Read-Only -> Read-Write`; of what is added, these fields where not blank."""
        fields = self.fields.items()
        if self.before is None:
            return "; ".join(
                f"{name}: {shown(new)}" for name, (_, new) in fields if new and name in when_added
            )
        return "; ".join(f"{name}: {shown(old)} -> {shown(new)}" for name, (old, new) in fields)


@dataclass(frozen=True)
class Plan:
    """Everything that an import changes, and how many entries of each section it leaves as they are."""

    changes: tuple[Change, ...]
    unchanged: Mapping[Section, int]

    @property
    def counts(self) -> dict[Section, dict[str, int]]:
        """How many entries of each section are added, changed and unchanged."""
        done = Counter((change.section, change.act) for change in self.changes)
        return {
            section: {
                "added": done[section, "added"],
                "changed": done[section, "changed"],
                "unchanged": self.unchanged.get(section, 0),
            }
            for section in PLANNED
        }


def shown(value: Any) -> str:
    """Return a value as a file has it in one cell, and `blank` for none."""
    return as_text(value) or "blank"


def as_text(value: Any) -> str:
    """Return a value as a file has it in one cell: dates in ISO 8601, lists with semicolons between."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        is_midnight = value.timetz().replace(tzinfo=None) == time(0)
        return value.date().isoformat() if is_midnight else value.isoformat()
    if isinstance(value, tuple):
        return "; ".join(_shift(one) if isinstance(one, Mapping) else str(one) for one in value)
    return str(value)


def _shift(values: Mapping[str, Any]) -> str:
    days = "" if values["days"] == EVERY_DAY else f" on days {','.join(map(str, values['days']))}"
    products = f" for {', '.join(values['products'])}" if values["products"] else ""
    hours = f"{values['starts']}-{values['ends']} {values['time_zone']}"
    return f"rung {values['rung']}{days} {hours}{products}"
