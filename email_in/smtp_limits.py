"""How much the SMTP server takes on at a time: connections, and bytes of mail.

Both are counted in the event loop's thread only, so nothing here is locked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Generic, TypeVar

Guest = TypeVar("Guest")


class OpenSessions(Generic[Guest]):
    """The sessions that were let in, counted in all and for each peer."""

    def __init__(self, most: int, most_of_a_peer: int) -> None:
        self._most, self._most_of_a_peer = most, most_of_a_peer
        self._peers: dict[Guest, str] = {}
        self._count: Counter[str] = Counter()
        self.is_closing = False

    def __len__(self) -> int:
        return len(self._peers)

    def __iter__(self) -> Iterator[Guest]:
        return iter(list(self._peers))

    def enter(self, session: Guest, peer: str) -> bool:
        """Let a session in and return True, or return False when there are too many or we are closing."""
        is_full = len(self._peers) >= self._most or self._count[peer] >= self._most_of_a_peer
        if is_full or self.is_closing:
            return False
        self._peers[session] = peer
        self._count[peer] += 1
        return True

    def leave(self, session: Guest) -> None:
        """Forget a session, if it was let in at all."""
        peer = self._peers.pop(session, None)
        if peer is not None:
            self._count[peer] -= 1
            self._count += Counter()  # drops the peers that are at zero


class ByteBudget:
    """A number of bytes to share."""

    def __init__(self, size: int) -> None:
        self._left = size

    @property
    def is_spent(self) -> bool:
        """Say whether nothing is left."""
        return self._left <= 0

    def take(self, size: int) -> bool:
        """Take so many bytes and return True, or return False when fewer are left."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def give_back(self, size: int) -> None:
        """Return bytes that were taken."""
        self._left += size
