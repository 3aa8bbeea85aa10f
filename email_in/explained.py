"""The decision log of a mail, in words for people. PURE.

What the worker noted is read leniently: a line for each thing that is known here, the others by their names, so
that a log of any version is shown whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

_PROOFS = {
    "pass": "its domain proves it",
    "fail": "its domain disowns it: it may be forged",
    "none": "nothing proves it or speaks against it",
    "temperror": "whether its domain proves it could not be found out",
}


def _sender(log: Mapping[str, Any]) -> str:
    if not log.get("sender"):
        return "It does not say clearly who wrote it."
    proof = _PROOFS.get(str(log.get("proof")), f"proof: {log.get('proof')}")
    found = f" ({log['proof_found']})" if log.get("proof_found") else ""
    return f"Its sender is {log['sender']}; {proof}{found}."


def _references(log: Mapping[str, Any]) -> str:
    found = log.get("references") or {}
    if not found:
        return "No Reference ID was found in it."
    told = "; ".join(f"{token} in {', '.join(places)}" for token, places in found.items())
    return f"Reference IDs found: {told}."


def _cases(log: Mapping[str, Any]) -> str:
    count = len(log.get("cases") or ())
    if not log.get("references") or count == 1:
        return ""
    return "They were never given out." if count == 0 else f"They belong to {count} different cases."


def _author(log: Mapping[str, Any]) -> str:
    kind, _colon, why = str(log.get("author", "")).partition(": ")
    return f"Written by: {kind} ({why})." if why else ""


def _decided(log: Mapping[str, Any]) -> str:
    words = f": {log['words']}" if log.get("words") else "."
    return (
        f"Decided by the row {log['decided']!r} ({log.get('rule', '')}){words}" if log.get("decided") else ""
    )


def _defects(log: Mapping[str, Any]) -> str:
    return f"Wrong with its form: {'; '.join(log['defects'])}." if log.get("defects") else ""


def _took(log: Mapping[str, Any]) -> str:
    took = log.get("milliseconds")
    return f"It took {took['reading']} ms to read, {took['deciding']} ms to decide and act." if took else ""


_LINES: tuple[Callable[[Mapping[str, Any]], str], ...] = (
    _decided,
    _author,
    _sender,
    _references,
    _cases,
    _defects,
    _took,
)
_KNOWN = {
    *("decided", "rule", "words", "author", "sender", "proof", "proof_found"),
    *("references", "cases", "defects", "milliseconds"),
}


def explained(log: Mapping[str, Any] | None) -> list[str]:
    """Return the decision log as sentences, what decided first; none where nothing was decided."""
    if not log:
        return []
    return [line for line in (*(tell(log) for tell in _LINES), *_others(log)) if line]


def _others(log: Mapping[str, Any]) -> Iterator[str]:
    for name, value in log.items():
        if name not in _KNOWN and value not in (None, "", [], {}):
            yield f"{name.replace('_', ' ').capitalize()}: {_flat(value)}."


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_flat(one)}" for name, one in value.items())
    return ", ".join(map(_flat, value)) if isinstance(value, list) else str(value)
