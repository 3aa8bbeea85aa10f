"""Who is rung next (P4). Pure: the ladder of this instant and who was rung already come in.

The roster is asked at each rung, so a shift that ends during a call ends for it too.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.rules.roster import OnCall

RING_SECONDS = 20
LONGEST_LADDER_SECONDS = 240
MOST_RUNGS = LONGEST_LADDER_SECONDS // RING_SECONDS


def next_rung(ladder: Sequence[OnCall], rung: Sequence[int]) -> OnCall | None:
    """Return the first analyst of the ladder who was not rung yet, or None: then a message is taken.

    `rung` holds analyst ids. The ladder ends after LONGEST_LADDER_SECONDS, however long it is.
    """
    if len(rung) >= MOST_RUNGS:
        return None
    return next((analyst for analyst in ladder if analyst.analyst_id not in rung), None)
