"""The decision log of a mail: what was found where, which row decided, and how long it took.

It is kept with the mail for ever, as JSON; email_in.explained tells it to people.
"""

from __future__ import annotations

from typing import Any

from email_in import undelivered
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
        **undelivered.in_the_log(read.mail, read.author.kind),
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
