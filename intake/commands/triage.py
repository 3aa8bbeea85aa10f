"""`intake triage …`: mail that waits for people. What decides is in core.triage, core.undoing and email_in."""

from __future__ import annotations

import sys

import click

from core import triage as queue
from core.identifiers import parse_case_number
from core.store import cases as case_rows
from core.triage import EntryState, Wanted
from core.undoing import Undone
from core.undoing import undo as undo_entry
from core.unit_of_work import UnitOfWork
from email_in.answering import LONGEST_ANSWER
from email_in.answering import answer as answer_sender
from email_in.held import held_mail
from email_in.linking import Prepared, link_by_hand, prepare
from intake.commands import opened
from intake.commands.acting import analyst, by_option
from intake.commands.triage_page import print_entry
from intake.output import as_json_option, plain_row, print_json, print_rows, shortened
from intake.triage_entry import entry_told
from notifier.cleaning import one_line

_COLUMNS = ["id", "put_at", "reason", "sender", "subject", "case_number"]
entry_argument = click.argument("entry", type=click.IntRange(1, 2**31 - 1))


@click.group()
def triage() -> None:
    """Mail that could not be applied: why, and what to do with it."""


@triage.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what was settled; newest first.")
@click.option("--reason", help="Only those put aside for this reason, such as no-reference.")
@click.option("--case", "number", metavar="NUMBER", help="Only those that name this case.")
@click.option("--sender", metavar="ADDRESS", help="Only those of this sender, or of @a.domain.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=500, show_default=True)
@as_json_option
def list_(
    everything: bool, reason: str | None, number: str | None, sender: str | None, limit: int, as_json: bool
) -> None:
    """List the entries that wait, oldest first."""
    wanted = Wanted(reason, parse_case_number(number) if number else None, sender)
    with opened() as (core, _settings), core.reading() as uow:
        found = queue.listed(uow, wanted, settled=everything, limit=limit)
        rows = [plain_row(row) for row in found]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        row |= {name: shortened(one_line(row[name])) for name in ("sender", "subject")}
    print_rows(
        rows, _COLUMNS + ["state", "linked_to", "settled_by"] * everything, "No mail waits for a person."
    )


@triage.command()
@entry_argument
@as_json_option
def show(entry: int, as_json: bool) -> None:
    """Show an entry: why it is here, what the mail says, and the cases that it may belong to."""
    with opened() as (core, _settings):
        told = entry_told(core, entry)
    if as_json:
        print_json(told)
    else:
        print_entry(told)


@triage.command()
@entry_argument
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
@entry_argument
@click.option("--because", "reason", default="", help="Why; colleagues read it in the history of the case.")
@by_option
def undo(entry: int, reason: str, by: str | None) -> None:
    """Put a linked, discarded or answered entry on the list again; what was linked leaves its case."""
    with opened() as (core, _settings):
        undone = core.write(lambda uow: undo_entry(uow, entry, analyst(uow, by), reason))
    click.echo(_undone_in_words(entry, undone))


def _undone_in_words(entry: int, undone: Undone) -> str:
    again = f"Entry {entry} waits again."
    if undone.was is EntryState.ANSWERED:
        sent = "had not left, and does not" if undone.answer_stopped else "has left, and stays so"
        return f"{again} Its answer {sent}."
    if undone.withdrawn is None:
        return again
    case = undone.withdrawn.done.case
    stands = f"{case.status} / {case.sub_status}"
    if undone.withdrawn.stays:
        return f"Taken out of case {case.number}, which stays {stands}: it has gone on since. {again}"
    is_again = "again" if undone.withdrawn.went_back else "as before"
    return f"Taken out of case {case.number}, which is {stands} {is_again}. {again}"


@triage.command()
@entry_argument
@click.option("--text", help="What to write; left out, it is read from standard input.")
@by_option
def answer(entry: int, text: str | None, by: str | None) -> None:
    """Write to the mail's sender, and take the entry off the list."""
    given = _from_standard_input() if text is None else text
    with opened() as (core, _settings):
        held = held_mail(core, entry)
        address = core.write(lambda uow: answer_sender(uow, held, analyst(uow, by), given))
    click.echo(f"The answer to {address} leaves now.")


def _from_standard_input() -> str:
    return sys.stdin.buffer.read(4 * LONGEST_ANSWER + 1).decode("utf-8", "replace")


@triage.command()
@entry_argument
@by_option
def discard(entry: int, by: str | None) -> None:
    """Take an entry off the list; its mail is kept, and `undo` brings it back."""
    with opened() as (core, _settings):
        core.write(lambda uow: queue.settle(uow, entry, EntryState.DISCARDED, by=analyst(uow, by).name))
    click.echo("Discarded; the mail is kept in the inbox.")
