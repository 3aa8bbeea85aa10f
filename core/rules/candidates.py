"""Which cases a mail of triage may belong to, and on what ground. PURE.

A candidate is a hint for people: none of these grounds ever links a mail by itself (E2). They are ordered by how
strong the ground is; among equals, what has several grounds comes first, then what is open, then what was
updated last.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

_LONGEST_SUBJECT = 1_000  # characters looked at
_SHORTEST_TAIL = 4  # of a subject that stands behind words of a notice of ours


class Ground(IntEnum):
    """Why a case may be meant; the lower, the stronger."""

    NAMED = 1
    ATTACHED = 2
    NUMBER_IN_SUBJECT = 3
    NUMBER_IN_TEXT = 4
    SUBJECT_OF_SENDER = 5
    SUBJECT_OF_COMPANY = 6
    SENDER = 7

    @property
    def words(self) -> str:
        """The ground as people read it."""
        return _WORDS[self]


_WORDS = {
    Ground.NAMED: "the mail carries its Reference ID",
    Ground.ATTACHED: "what is attached to the mail carries its Reference ID",
    Ground.NUMBER_IN_SUBJECT: "its number stands in the subject",
    Ground.NUMBER_IN_TEXT: "its number stands in the text",
    Ground.SUBJECT_OF_SENDER: "the sender's case has the same subject",
    Ground.SUBJECT_OF_COMPANY: "a colleague's open case has the same subject",
    Ground.SENDER: "it is an open case of the sender's",
}


@dataclass(frozen=True)
class Hints:
    """What a mail says that may name a case: its subject, rows of ten digits, Reference IDs in what is attached."""

    subject: str = ""
    numbers_in_subject: tuple[str, ...] = ()
    numbers_in_text: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A case that may be meant. Times are UTC."""

    number: str
    subject: str
    status: str
    sub_status: str
    company: str
    contact: str
    is_closed: bool
    updated_at: datetime
    grounds: tuple[Ground, ...]


def ranked(candidates: Iterable[Candidate], most: int) -> list[Candidate]:
    """Return at most so many candidates, the strongest first."""
    newest_first = sorted(candidates, key=lambda one: one.updated_at, reverse=True)
    return sorted(newest_first, key=lambda one: (one.grounds[0], -len(one.grounds), one.is_closed))[:most]


# What mail programs put before a subject, in the languages that we meet, with a count in brackets or without.
_PREFIX = re.compile(
    r"(?:re|aw|wg|fwd?|antw(?:ort)?|sv|vs|vl|tr|rv|res|enc|odp|pd|ynt|ilt|doorst|rif|i|r|回复|答复|转发|返信)"
    r"\s{0,3}(?:[\[(]\d{1,3}[\])])?\s{0,3}[:：]\s*",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\[\s*r[0-9a-z\s-]{18,40}\]", re.IGNORECASE)


def bare_subject(subject: str) -> str:
    """Return a subject without what answering and forwarding put around it, to be compared."""
    line = " ".join(unicodedata.normalize("NFKC", subject[:_LONGEST_SUBJECT]).split())
    return without_prefixes(_REFERENCE.sub("", line).strip()).casefold()


def without_prefixes(subject: str) -> str:
    """Return a subject without the `Re:` and its like that answering puts before it, in whatever language."""
    while found := _PREFIX.match(subject):
        subject = subject[found.end() :]
    return subject


def has_subject(mail_subject: str, case_subject: str) -> bool:
    """Say whether a mail has the subject of a case, by itself or behind what a notice of ours put before it."""
    mail, case = bare_subject(mail_subject), bare_subject(case_subject)
    is_behind = len(case) >= _SHORTEST_TAIL and mail.endswith(f": {case}")
    return bool(case) and (mail == case or is_behind)


def strongest_first(grounds: Collection[Ground]) -> tuple[Ground, ...]:
    """Return the grounds of one case in their order."""
    return tuple(sorted(grounds))
