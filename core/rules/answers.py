"""Whether the sender of a mail is told what became of it, by what they were told of late. PURE.

Two machines that answer each other stop by this after one round (RFC 3834 2): the answer to our answer comes
within the day, and a third is not written.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from core.rules.notices import AUTOMATIC, NoticeKind

DAY = timedelta(hours=24)
MOST_A_DAY = 40
"""Automatic mails to one address within a day, answers and others: more is a loop, whatever else it is."""


def may_be_told(kind: NoticeKind, sent_within_a_day: Iterable[str]) -> bool:
    """Say whether this answer may be written, by the kinds of what the address was sent within a day (E3, E6)."""
    automatic = [sent for sent in sent_within_a_day if sent in AUTOMATIC]
    return kind not in automatic and len(automatic) < MOST_A_DAY
