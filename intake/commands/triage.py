"""`intake triage …`: mail that waits for people."""

from __future__ import annotations

import click

from core import triage as queue
from core.identifiers import parse_case_number
from core.store import cases as case_rows
from core.triage import EntryState
from core.unit_of_work import UnitOfWork
from email_in.linking import Prepared, link_by_hand, prepare
from intake.commands import opened
from intake.commands.acting import analyst, by_option
from intake.output import as_json_option, plain_row, print_json, print_rows


@click.group()
def triage() -> None:
    """Mail that could not be applied: why, and what to do with it."""


@triage.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what was settled.")
@as_json_option
def list_(everything: bool, as_json: bool) -> None:
    """List the entries that wait, oldest first."""
    with opened() as (core, _settings), core.reading() as uow:
        rows = [plain_row(row) for row in queue.listed(uow, settled=everything)]
    if as_json:
        print_json(rows)
    else:
        columns = ["id", "reason", "sender", "subject", "case_number", "words"]
        print_rows(rows, columns, "No mail waits for a person.")


@triage.command()
@click.argument("entry", type=int)
@as_json_option
def show(entry: int, as_json: bool) -> None:
    """Show one entry; `intake inbox show` has its mail and its decision log."""
    with opened() as (core, _settings), core.reading() as uow:
        row = plain_row(queue.find(uow, entry))
    if as_json:
        print_json(row)
        return
    for name, value in row.items():
        if value is not None:
            click.echo(f"{name.replace('_', ' ')}: {value}")


@triage.command()
@click.argument("entry", type=int)
@click.argument("number", required=False)
@by_option
def link(entry: int, number: str | None, by: str | None) -> None:
    """Accept the mail as an update of case NUMBER (left out: of the case that it names)."""

    def act(uow: UnitOfWork, prepared: Prepared) -> str:
        wanted = parse_case_number(number) if number else prepared.entry["case_number"]
        if wanted is None:
            raise click.UsageError("the mail names no case; say which one: intake triage link ENTRY NUMBER")
        case = case_rows.find(uow.connection, wanted)
        return link_by_hand(uow, prepared, analyst(uow, by), case).case.number

    with opened() as (core, _settings):
        prepared = prepare(core, entry)
        linked = core.write(lambda uow: act(uow, prepared))
    click.echo(f"Linked to case {linked}.")


@triage.command()
@click.argument("entry", type=int)
@by_option
def discard(entry: int, by: str | None) -> None:
    """Take an entry off the list; its mail is kept."""
    with opened() as (core, _settings):
        core.write(lambda uow: queue.settle(uow, entry, EntryState.DISCARDED, by=analyst(uow, by).name))
    click.echo("Discarded; the mail is kept in the inbox.")
