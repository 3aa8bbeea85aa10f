"""What a case tells besides its story: the fields of C5, their forms and their bounds."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from core.errors import BadInput
from core.rules.terms import SUB_TYPES, CaseType, Stage

LONGEST_SUBJECT = 1000  # characters (C5)
LONGEST_FIELD = 100
LONGEST_IMPACT = 10_000
MOST_AGENTS = 1_000_000


@dataclass(frozen=True)
class CaseFields:
    """The fields that nothing is decided by. Empty, or None, where nobody said."""

    sub_type: str = ""  # C2, C15: one of SUB_TYPES of the case's type
    product: str = ""
    component: str = ""
    deployment: str = ""
    stage: str = ""  # one of Stage
    security_threat: bool = False
    business_impact: str = ""
    agents_affected: int | None = None
    external_reference: str = ""

    def changed(self, **values: Any) -> CaseFields:
        """Return the fields with some of them changed. Raises BadInput for a field that is none."""
        unknown = sorted(set(values) - set(FIELD_NAMES))
        if unknown:
            raise BadInput("field", unknown[0], f"one of {', '.join(FIELD_NAMES)} (C5)")
        return replace(self, **values)


FIELD_NAMES = tuple(field.name for field in fields(CaseFields))
_LONGEST = dict.fromkeys(("product", "component", "deployment", "external_reference"), LONGEST_FIELD) | {
    "business_impact": LONGEST_IMPACT
}


def checked_subject(subject: str) -> str:
    """Return the subject as one line. Raises BadInput (C5)."""
    stripped = " ".join(subject.split())
    if not 0 < len(stripped) <= LONGEST_SUBJECT:
        raise BadInput("subject", subject, f"1 to {LONGEST_SUBJECT} characters long (C5)")
    return stripped


def checked_fields(case_type: CaseType, given: CaseFields) -> CaseFields:
    """Return the fields in the words of the rules. Raises BadInput naming the field (C2, C5, C15)."""
    for name, longest in _LONGEST.items():
        if len(getattr(given, name)) > longest:
            raise BadInput(
                name.replace("_", " "), getattr(given, name), f"at most {longest} characters long (C5)"
            )
    agents = given.agents_affected
    if agents is not None and not 0 <= agents <= MOST_AGENTS:
        raise BadInput("agents affected", agents, f"a whole number from 0 to {MOST_AGENTS} (C5)")
    return replace(
        given,
        sub_type=_one_of("sub-type", given.sub_type, SUB_TYPES[case_type], f"{case_type}: C2, C15"),
        stage=_one_of("stage", given.stage, tuple(Stage), "C5"),
    )


def _one_of(field: str, given: str, allowed: tuple[str, ...], rule: str) -> str:
    """Return the allowed word that is meant, in whatever case it is written; empty stays empty."""
    meant = {word.lower(): word for word in allowed} | {"": ""}
    word = meant.get(given.strip().lower())
    if word is None:
        words = f"one of {', '.join(allowed)}" if allowed else "left out"
        raise BadInput(field, given, f"{words} ({rule})")
    return str(word)
