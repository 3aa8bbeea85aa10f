"""`intake audit`: who did what, when, over which channel."""

from __future__ import annotations

from dataclasses import asdict

import click

from core import audit as trail
from core.identifiers import parse_case_number
from core.unit_of_work import UnitOfWork
from intake.commands import opened
from intake.output import as_json_option, limit_option, print_json, print_rows, up_to


@click.command()
@click.option(
    "--of", "subject", metavar="EMAIL|NUMBER", help="Only what was done to a contact, or to a case."
)
@limit_option(1_000_000)
@as_json_option
def audit(subject: str | None, limit: int, as_json: bool) -> None:
    """List who did what, newest first: contacts, PINs, triage; of a case, its events among it."""
    with opened() as (core, _settings), core.reading() as uow:
        rows = [asdict(line) for line in up_to(limit, _lines(uow, subject, limit + 1))]
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, ["at", "actor", "channel", "act", "subject", "detail"], "Nothing was done yet.")


def _lines(uow: UnitOfWork, subject: str | None, limit: int) -> list[trail.Line]:
    if subject is None:
        return trail.listed(uow, limit=limit)
    if "@" in subject:  # also of somebody who is not in the directory any more
        return trail.listed(uow, subject.strip().lower(), limit=limit)
    return trail.of_case(uow, parse_case_number(subject), limit=limit)
