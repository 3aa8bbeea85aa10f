"""What is asked of the DNS about one mail, within bounds, for names that strangers wrote.

`Resolver` is what the checks need; `dns` has the real one. `Questions` is what one mail may ask: a number and a time.
That there is no record is an answer. Trouble is an exception: `NoAnswerYet` where a domain's servers failed,
`NameServersAreSilent` where ours did, which is an outage and says nothing about the mail.

Never asked inside a transaction or on the event loop: a question may take seconds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from core.errors import IntakeError
from email_in.proof.domains import as_name, organisational


class NoAnswerYet(IntakeError):
    """The name servers of a domain failed or were too slow; later they may not."""


class NameServersAreSilent(IntakeError, OSError):
    """None of our own name servers answers anything."""


class TooManyQuestions(IntakeError):
    """A mail would have more asked than any honest one."""


class Resolver(Protocol):
    """What is asked of the DNS."""

    def ask(self, name: str, kind: str, seconds: float) -> tuple[str, ...]:
        """Return the records of a name: `TXT`, `A`, `AAAA`, `MX` in order of preference, or `PTR`.

        A text is one string, with an octet beyond ASCII as the character of its number. Raises NoAnswerYet,
        NameServersAreSilent.
        """
        ...

    def let_rest(self, owner: str) -> None:
        """Note that asking for mail of this owner, an organisational domain, met with trouble."""
        ...

    def rests(self, owner: str) -> bool:
        """Say whether it did less than a minute ago: nothing is asked for such mail then."""
        ...

    def is_answering(self) -> bool:
        """Say whether any name server answers anything."""
        ...


@dataclass
class Questions:
    """What may be asked about one mail: `most` questions until `ends_at`, a time of `time.monotonic`.

    `owner` is the organisational domain of its From address. Trouble is held against it, and not against the domain
    that was asked: which names those are, a stranger's SPF record decides.
    """

    resolver: Resolver
    owner: str
    seconds: float
    ends_at: float
    most: int = 80

    @classmethod
    def within(cls, seconds: float, resolver: Resolver, domain: str) -> Questions:
        """Return what may be asked from now on about mail of a domain, all together in so many seconds."""
        return cls(resolver, organisational(domain), seconds, time.monotonic() + seconds)

    def begin(self) -> None:
        """Raise NoAnswerYet when there was trouble with mail of this owner a moment ago."""
        if self.resolver.rests(self.owner):
            raise NoAnswerYet(f"asking for {self.owner} met with trouble less than a minute ago")

    def ask(self, name: str, kind: str) -> tuple[str, ...]:
        """Ask, see Resolver; what is no name has no records. Raises TooManyQuestions too."""
        wanted = as_name(name)
        if wanted is None:
            return ()
        self.most -= 1
        if self.most < 0:
            raise TooManyQuestions("more questions than one mail may ask")
        try:
            return self.resolver.ask(wanted, kind, self._patience(wanted))
        except NoAnswerYet:
            self.resolver.let_rest(self.owner)
            raise

    def _patience(self, name: str) -> float:
        """Return for how many seconds a question may be waited for. Raises NoAnswerYet when none are left."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise NoAnswerYet(f"{self.seconds:g} seconds were over before {name} could be asked")
        return min(left, self.seconds / 3)
