"""The decision log of a mail: what was found where, which row decided, and how long it took. PURE.

It is kept with the mail for ever, as JSON; `intake inbox show` prints it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from email_in.disposition import Decision, Facts
from email_in.reading import Read


def logged(read: Read, facts: Facts, decision: Decision, seconds: float) -> dict[str, Any]:
    """Return the log of a mail; `seconds` is how long deciding and acting took, the commit left out."""
    return {
        "author": f"{read.author.kind.value}: {read.author.why}",
        "sender": read.sender,
        "proof": read.proven.proof,
        "proof_found": read.proven.words,
        "references": {one.token: [place.value for place in one.places] for one in read.found},
        "cases": list(facts.cases),
        "defects": list(read.mail.defects),
        "decided": decision.reason,
        "words": decision.words,
        "rule": decision.rule,
        "milliseconds": {"reading": _milliseconds(read.seconds), "deciding": _milliseconds(seconds)},
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


def in_words(log: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines in which a log is told to people; a log of an older version tells what it has."""
    yield f"decided: {log['decided']} ({log['rule']}){_told(log, 'words')}"
    yield f"who wrote it: {log['author']}"
    yield f"sender: {log['sender'] or 'not clear'}{_told(log, 'proof')}{_told(log, 'proof_found')}"
    for token, places in log["references"].items():
        yield f"Reference ID: {token}, in its {', '.join(places)}"
    if not log["references"]:
        yield "Reference ID: none"
    for defect in log["defects"]:
        yield f"not as it should be: {defect}"
    took = log.get("milliseconds")
    if took:
        yield f"took: {took['reading']} ms to read, {took['deciding']} ms to decide and act"


def _told(log: Mapping[str, Any], name: str) -> str:
    return f": {log[name]}" if log.get(name) else ""
