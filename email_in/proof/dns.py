"""Real name servers, asked over UDP and TCP; answers are remembered for as long as they hold.

What takes up a worker is bounded twice: mail of an owner for whom a question failed rests for a minute, and so does
all asking, for a while, when our own name servers are silent.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import dns.exception
import dns.name
import dns.nameserver
import dns.resolver

from email_in.proof.questions import NameServersAreSilent, NoAnswerYet
from email_in.proof.servers import name_server

_MOST_REMEMBERED = 300  # answers, of 64 KB at most
_MOST_RECORDS = 100  # of one answer
_REST = 60.0  # seconds
_SILENCE = 15.0  # seconds for which name servers that answer nothing are left alone
_PATIENCE = 2.0  # seconds
_ROOM = 1232  # octets of an answer over UDP; a longer one comes over TCP
_MOST_AT_REST = 1000  # owners


class DnsResolver:
    """A Resolver (see `questions`) that asks `servers`, as `servers.name_server` reads them; none: the system's."""

    def __init__(self, servers: Sequence[str] = (), monotonic: Callable[[], float] = time.monotonic) -> None:
        self._resolver = dns.resolver.Resolver(configure=not servers)
        if servers:
            self._resolver.nameservers = [dns.nameserver.Do53Nameserver(*name_server(one)) for one in servers]
        self._resolver.use_edns(0, payload=_ROOM)
        self._resolver.cache = dns.resolver.LRUCache(_MOST_REMEMBERED)
        self._monotonic = monotonic
        self._silent_until = monotonic()
        self._resting: dict[str, float] = {}

    def ask(self, name: str, kind: str, seconds: float) -> tuple[str, ...]:
        """Ask, see Resolver."""
        if self._monotonic() < self._silent_until:
            raise NameServersAreSilent("no name server answers")
        try:
            answer = self._resolver.resolve(
                f"{name}.", kind, lifetime=seconds, search=False, raise_on_no_answer=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.YXDOMAIN):
            return ()
        except (dns.exception.DNSException, OSError) as error:
            self._tell_silence(seconds)
            raise NoAnswerYet(f"{name} {kind}: {type(error).__name__}") from None
        return tuple(_READ[kind](answer.rrset or ())[:_MOST_RECORDS])

    def let_rest(self, owner: str) -> None:
        """Note trouble, see Resolver."""
        if len(self._resting) >= _MOST_AT_REST:
            self._resting.clear()
        self._resting[owner] = self._monotonic() + _REST

    def rests(self, owner: str) -> bool:
        """Say whether there was trouble a moment ago, see Resolver."""
        return self._monotonic() < self._resting.get(owner, 0.0)

    def is_answering(self, seconds: float = _PATIENCE) -> bool:
        """Say whether one of our name servers answers at all: anything, asked for the root."""
        try:
            self._resolver.resolve(".", "NS", lifetime=seconds, search=False, raise_on_no_answer=False)
        except dns.resolver.NoNameservers as failed:
            return any(response is not None for *_, response in failed.kwargs["errors"])
        except (dns.exception.Timeout, OSError):
            return False
        except dns.exception.DNSException:
            return True
        return True

    def _tell_silence(self, seconds: float) -> None:
        """Raise NameServersAreSilent when it was not the servers of a domain that failed."""
        if not self.is_answering(seconds):
            self._silent_until = self._monotonic() + _SILENCE
            raise NameServersAreSilent("no name server answers") from None


def _texts(records: Any) -> list[str]:
    return [b"".join(record.strings).decode("latin-1") for record in records]


def _addresses(records: Any) -> list[str]:
    return [record.address for record in records]


def _exchanges(records: Any) -> list[str]:
    ordered = sorted((record.preference, _plain(record.exchange)) for record in records)
    return [name for _preference, name in ordered]


def _targets(records: Any) -> list[str]:
    return [_plain(record.target) for record in records]


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


_READ: dict[str, Callable[[Any], list[str]]] = {
    "TXT": _texts,
    "A": _addresses,
    "AAAA": _addresses,
    "MX": _exchanges,
    "PTR": _targets,
}
