"""What another reader sees in a doubtful mail: the hops it came over, what is wrong with it, who wrote it.

mail-parser reads it, for people who look at one mail; nothing is decided by it. It raises on some real mails and
takes minutes for some hostile ones, so it gets a mail with its headers capped and reads it apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from email_in.apart import FailedApart, done_apart, serve
from email_in.mime import HEADER_SECTION, HEADERS, ONE_HEADER

_SECONDS = 5
_MOST_BODY = 4 * 1024 * 1024  # octets; what is wrong with a mail shows before
_MOST_LINES = 100  # of hops and of defects that are told
_LONGEST_LINE = 300  # characters of each

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"[^\n]*(?:\n[ \t][^\n]*)*\n?")
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What the other reader says, each a line, the first hop in time first. `failed`: why it says nothing."""

    senders: tuple[str, ...] = ()
    hops: tuple[str, ...] = ()
    defects: tuple[str, ...] = ()
    failed: str = ""


LINES = ("senders", "hops", "defects")


def second_opinion(raw: bytes) -> SecondOpinion:
    """Return what mail-parser sees in a mail; whatever goes wrong is told in `failed`."""
    try:
        told = json.loads(done_apart("email_in.second_opinion", capped(raw), _SECONDS))
    except FailedApart as error:
        return SecondOpinion(failed=f"the second reader {error}")
    return SecondOpinion(tuple(told["senders"]), tuple(told["hops"]), tuple(told["defects"]))


def in_words(opinion: SecondOpinion) -> Iterator[str]:
    """Yield the lines in which it is told to people."""
    if opinion.failed:
        yield f"second opinion: {opinion.failed}"
        return
    yield f"second opinion: from {', '.join(opinion.senders) or 'nobody'}"
    for hop in opinion.hops:
        yield f"came over: {hop}"
    for defect in opinion.defects:
        yield f"a second reader minds: {defect}"


def capped(raw: bytes) -> bytes:
    """Return a mail whose headers are within the bounds of email_in.mime, and so much of its body."""
    end = _END_OF_HEADERS.search(raw)
    section, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    fields = b"".join(_capped_fields(section[:HEADER_SECTION] + b"\n"))
    return fields.rstrip(b"\r\n") + b"\r\n\r\n" + body[:_MOST_BODY]


def _capped_fields(section: bytes) -> Iterator[bytes]:
    place = 0
    for _field in range(HEADERS):
        field = _FIELD.match(section, place)
        if field is None or not field[0]:
            return
        place = field.end()
        yield field[0] if len(field[0]) <= ONE_HEADER else field[0][:ONE_HEADER] + b"\n"


def _opinion(raw: bytes) -> bytes:
    """Return the opinion as JSON; this runs in the child."""
    import mailparser

    read = mailparser.parse_from_bytes(raw)
    opinion = SecondOpinion(
        senders=_lines(f"{name} <{address}>" for name, address in read.from_),
        hops=_lines(map(_hop, read.received)),
        defects=_lines(
            f"{part}: {words}" for one in read.defects for part, told in one.items() for words in told
        ),
    )
    return json.dumps(asdict(opinion)).encode()


def _hop(hop: dict[str, Any]) -> str:
    at = hop.get("date_utc") or hop.get("date") or "no date"
    told = " ".join(f"{name} {hop[name]}" for name in ("from", "by", "with") if hop.get(name))
    return f"{at} {told}, {hop.get('delay', 0):g} s after the one before"


def _lines(told: Any) -> tuple[str, ...]:
    """Return so many lines, without signs that a terminal obeys."""
    return tuple(
        _UNSEEN.sub(" ", line)[:_LONGEST_LINE].strip()
        for line, _ in zip(told, range(_MOST_LINES), strict=False)
    )


if __name__ == "__main__":
    serve(_opinion)
