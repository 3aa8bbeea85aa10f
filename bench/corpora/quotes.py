"""Replies with quoted history: is everything shown that their writers wrote, and nothing else?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.corpora import files, share
from email_in.quoting import own_words


@dataclass(frozen=True)
class Trimmed:
    """One reply: what is shown of it, what its writer wrote, and whether all its words are still there."""

    name: str
    shown: list[str]
    wanted: list[str]
    is_whole: bool

    @property
    def is_exact(self) -> bool:
        """Whether just the writer's words are shown."""
        return self.shown == self.wanted

    @property
    def hides_a_word(self) -> bool:
        """Whether a word of the writer's is folded away or gone."""
        wanted, shown = " ".join(self.wanted), " ".join(self.shown)
        return not self.is_whole or wanted not in shown


def measured(folder: Path) -> list[Trimmed]:
    """Return every reply of the collection, trimmed."""
    return [_trimmed(folder / "quotes", path) for path in files(folder / "quotes" / "emails")]


def _trimmed(folder: Path, path: Path) -> Trimmed:
    text = path.read_text(encoding="utf-8")
    parted = own_words(text)
    return Trimmed(
        name=path.name,
        shown=parted.own.split(),
        wanted=(folder / "trimmed" / path.name).read_text(encoding="utf-8").split(),
        is_whole=parted.own.split() + parted.quoted.split() == text.split(),
    )


def report(folder: Path) -> Iterator[str]:
    """Yield the figures, and the replies of which more is shown than was written."""
    replies = measured(folder)
    yield f"replies that hide or lose a word of their writer's: {sum(one.hides_a_word for one in replies)}"
    yield f"exactly trimmed: {share(sum(one.is_exact for one in replies), len(replies))}"
    for one in replies:
        if not one.is_exact:
            yield f"  {one.name}: {len(one.shown)} words shown, {len(one.wanted)} written"
