"""May the sending host send for the domain of the envelope? (SPF, RFC 7208)

The work is pyspf's; asking the DNS is ours, so that it stays within what one mail may ask. Whatever pyspf raises
is a permanent error. The null sender is judged by the name that the host gave itself (RFC 7208 2.4). A host of our
own network proves nothing: it is a server of ours that passed the mail on, and its results should be read instead.
"""

from __future__ import annotations

import ipaddress
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from email_in.proof.evidence import Transfer
from email_in.proof.proven import Checked, Result
from email_in.proof.questions import NoAnswerYet, Questions

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its docstrings hold stray backslashes, which newer Pythons warn of
    import spf

_LONGEST_RECORD = 2048  # characters; pyspf's patterns take quadratic time
_RESULTS: Mapping[str, Result] = {
    "pass": Result.PASS,
    "fail": Result.FAIL,
    "softfail": Result.FAIL,
    "neutral": Result.NONE,
    "none": Result.NONE,
    "temperror": Result.TEMPERROR,
}


def check(transfer: Transfer, domain: str, questions: Questions) -> Checked:
    """Return whether the host may send for `domain`, that of the transfer. Raises NameServersAreSilent."""
    host = _public(transfer.peer)
    if host is None:
        return Checked("spf", Result.NONE, domain, "the mail came from a host of our own network")
    try:
        query = _Query(questions, host, f"{transfer.local_part}@{domain}", transfer.helo)
        result, _code, why = query.check()
    except OSError:
        raise
    except Exception as error:  # pyspf raises assertions and worse on odd records
        return Checked("spf", Result.PERMERROR, domain, type(error).__name__)
    return Checked("spf", _RESULTS.get(result, Result.PERMERROR), domain, _words(result, why))


def _words(result: str, why: str) -> str:
    if result.endswith("error"):
        return "".join(filter(str.isprintable, why))[:100]
    return "" if result == _RESULTS.get(result) else result


def _public(peer: str) -> str | None:
    """Return the address of a host that is not ours, None for all others and for what is no address."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return str(address) if address.is_global else None


def _as_texts(texts: tuple[str, ...]) -> list[tuple[bytes]]:
    if any(len(text) > _LONGEST_RECORD and text.lower().startswith("v=spf1") for text in texts):
        raise spf.PermError(f"a record of more than {_LONGEST_RECORD} characters")
    return [(text.encode("latin-1"),) for text in texts]


def _as_exchanges(names: tuple[str, ...]) -> list[tuple[int, str]]:
    return list(enumerate(names))


_READ: dict[str, Callable[[tuple[str, ...]], list[Any]]] = {
    "TXT": _as_texts,
    "A": list,
    "AAAA": list,
    "MX": _as_exchanges,
    "PTR": list,
}


class _Query(spf.query):  # type: ignore[misc]  # pyspf ships no types
    """A check by pyspf whose questions are asked by us."""

    def __init__(self, questions: Questions, host: str, sender: str, helo: str) -> None:
        super().__init__(i=host, s=sender, h=helo)
        self._questions = questions

    def dns(self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False) -> list[Any]:  # noqa: ARG002
        """Return the records of a name in pyspf's own form; it counts empty answers (RFC 7208 4.6.4)."""
        try:
            answers = self._questions.ask(str(name), qtype)
        except NoAnswerYet as error:
            raise spf.TempError(str(error)) from None
        if not answers and not ignore_void:
            self._count_void()
        return _READ[qtype](answers)

    def _count_void(self) -> None:
        self.void_lookups += 1
        if self.void_lookups > spf.MAX_VOID_LOOKUPS:
            raise spf.PermError(f"more than {spf.MAX_VOID_LOOKUPS} questions without an answer")

    def get_explanation(self, spec: Any) -> None:  # noqa: ARG002
        """Ask for none: it is a stranger's text."""
        return
