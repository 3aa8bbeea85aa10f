"""Named marks before and after each commit, at which a test can kill the process.

`crashpoint("inbox.accept.committed")` costs one comparison and does nothing, unless the program was
started with that name armed (`INTAKE_CRASH_AT`, read by the assembly): then the process dies there
as by `kill -9`, without a chance to clean up.
"""

from __future__ import annotations

import os
import signal

NAMES = (
    "inbox.accept.before-commit",
    "inbox.accept.committed",
    "inbox.claim.before-commit",
    "inbox.claim.committed",
    "inbox.apply.before-commit",
    "inbox.apply.committed",
    "followup.before-commit",
    "followup.committed",
    "purge.before-commit",
    "purge.committed",
    "outbox.claim.before-commit",
    "outbox.claim.committed",
    "outbox.accepted-by-smart-host",
    "outbox.sent.before-commit",
    "outbox.sent.committed",
    "turn.before-commit",
    "turn.committed",
)
"""Every mark, in the order in which a mail, a timer, a notice and a call pass them."""

_armed: str | None = None


def arm(name: str) -> None:
    """Die at the mark of this name. Raises ValueError for a name that is no mark."""
    global _armed
    if name not in NAMES:
        raise ValueError(f"{name!r} is not a crash point; the names are {', '.join(NAMES)}")
    _armed = name


def crashpoint(name: str) -> None:
    """Die here if this mark is armed."""
    if _armed is not None and name == _armed:
        os.kill(os.getpid(), signal.SIGKILL)
