"""Delivery reports, vacation notes and complaints of some 70 mail systems: recognised, and hard told from soft?

A row of `expected.tsv` is one recipient of one report. It is recognised when its mail is taken for what it is and
the report is found to be about that many recipients. Hard and soft are judged for the recipients of delivery
reports; a mail that is still tried is neither, so it counts as not hard.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from bench.corpora import files, share
from email_in import bounces
from email_in.bounces import Delivery, Verdict
from email_in.headers import Headers
from email_in.machine import Kind, written_by
from email_in.message import InboundMail, read_mail

_REPORTS = frozenset({Kind.BOUNCE, Kind.DELIVERY_REPORT})
_KINDS = {"vacation": frozenset({Kind.AUTOMATIC}), "feedback": frozenset({Kind.COMPLAINT})}
_UNKNOWN_SENDER = "unknown@example.com"  # where the receiving server noted none: an address proves nothing


@dataclass(frozen=True)
class Row:
    """One recipient: what is known of it, and what we read."""

    file: str
    status: str
    reason: str
    is_hard: bool
    kind: Kind
    delivery: Delivery | None

    @property
    def is_report(self) -> bool:
        """Whether it is of a delivery report."""
        return self.reason not in _KINDS

    @property
    def is_recognised(self) -> bool:
        """Whether the mail was taken for what it is."""
        is_kind = self.kind in _KINDS.get(self.reason, _REPORTS)
        return is_kind and (self.delivery is not None or not self.is_report)

    @property
    def is_judged_right(self) -> bool:
        """Whether hard was told from soft."""
        return self.delivery is not None and (self.delivery.verdict is Verdict.HARD) == self.is_hard


def kind_of(mail: InboundMail) -> Kind:
    """Return who wrote a mail, by the return path that its receiving server noted."""
    return written_by(mail, envelope_sender(mail.headers)).kind


def envelope_sender(headers: Headers) -> str:
    """Return what the receiving server noted; where it noted nothing, an address, which proves nothing."""
    return (*headers.raw("Return-Path"), _UNKNOWN_SENDER)[0].strip()


def measured(folder: Path) -> list[Row]:
    """Return every row of the collection, with what we read."""
    with (folder / "bounces" / "expected.tsv").open(encoding="utf-8") as table:
        known = list(csv.DictReader(table, delimiter="\t"))
    mails = folder / "bounces" / "eml"
    return [
        row for file, rows in groupby(known, itemgetter("file")) for row in _rows(mails / file, list(rows))
    ]


def _rows(path: Path, known: list[dict[str, str]]) -> Iterator[Row]:
    mail = read_mail(path.read_bytes())
    kind, found = kind_of(mail), bounces.deliveries(mail)
    for number, row in enumerate(known):
        delivery = found[number] if number < len(found) else None
        yield Row(path.name, row["status"], row["reason"], row["hard"] == "1", kind, delivery)


def taken_for_reports(folder: Path) -> list[str]:
    """Return which of the mails that only resemble reports were taken for one."""
    mails = {path.name: read_mail(path.read_bytes()) for path in files(folder / "bounces" / "not-bounces")}
    return [name for name, mail in mails.items() if kind_of(mail) in _REPORTS]


def report(folder: Path) -> Iterator[str]:
    """Yield the figures, and every row that was missed or misjudged."""
    rows = measured(folder)
    reports = [row for row in rows if row.is_report]
    with_status = [
        row for row in reports if row.status and ".0.9" not in row.status
    ]  # .0.9xx: no report says it
    same = sum(row.delivery is not None and row.delivery.status == row.status for row in with_status)
    yield f"recognised: {share(sum(row.is_recognised for row in rows), len(rows))}"
    yield f"hard told from soft: {share(sum(row.is_judged_right for row in reports), len(reports))}"
    yield f"the same status: {share(same, len(with_status))}"
    yield f"taken for a report, and none: {taken_for_reports(folder)}"
    yield from (f"missed: {_told(row)}" for row in rows if not row.is_recognised)
    yield from (
        f"misjudged: {_told(row)}" for row in reports if row.is_recognised and not row.is_judged_right
    )


def _told(row: Row) -> str:
    known = f"{row.file}, {row.reason} ({'hard' if row.is_hard else 'soft'})"
    if row.delivery is None or not row.is_recognised:
        return f"{known}; taken for: {row.kind.value}"
    said = " ".join(row.delivery.words.split())[:100]
    return f"{known}; read as {row.delivery.why} ({row.delivery.verdict}): {said}"
