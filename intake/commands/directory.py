"""`intake directory …`: bring the directory in from a file, write it into one, look for what should not be so."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import click

from core.enrolment import BY, bring_in, planned, read_sheet
from core.enrolment.exporting import entries_on_record
from core.enrolment.findings import findings
from core.enrolment.plan import Plan, shown
from core.enrolment.refusals import DirectoryRefused
from core.enrolment.sheet import Sheet
from core.errors import BadInput
from intake.commands import opened
from intake.directory_file import Form, form_of, read_entries, write_entries
from intake.output import as_json_option, print_json
from intake.progress import progress

_MOST_REFUSED, _MOST_CHANGES = 200, 100  # lines that a person reads
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def directory() -> None:
    """Accounts, contracts, contacts, analysts."""


@directory.command("import")
@click.argument("file", type=_FILE)
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--by", default=BY, show_default=True, help="Who did it, for the audit trail.")
@as_json_option
def import_(file: Path, dry_run: bool, by: str, as_json: bool) -> None:
    """Bring the directory to what FILE (YAML or CSV) says: all of it or, when one line is wrong, nothing."""
    if dry_run:
        _show_what_would_change(file, as_json=as_json)
        return
    with opened() as (core, _settings), progress() as stage:
        sheet = read_sheet(read_entries(file, stage("reading lines")))
        tell = stage("writing rows")
        try:
            done = core.write(lambda uow: bring_in(uow, sheet, by=by, progress=tell))
        except DirectoryRefused as refused:
            _refuse(refused, as_json=as_json)
    if as_json:
        print_json(_told(done))
    else:
        _show_counts(done)


@directory.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option(
    "--format",
    "written_in",
    type=click.Choice([form.value for form in Form]),
    help="Else by the ending of FILE, else yaml.",
)
def export(file: Path | None, written_in: str | None) -> None:
    """Write the whole directory into FILE, or to standard output, as import reads it; no PIN is in it."""
    form = Form(written_in) if written_in else form_of(file) if file else Form.YAML
    with opened() as (core, _settings), core.reading() as uow:
        if file is None:
            write_entries(entries_on_record(uow), sys.stdout, form)
            return
        # A file that is there is the whole directory, or it is the one that was there before.
        aside = file.with_name(f".{file.name}.part")
        try:
            with aside.open("w", encoding="utf-8", newline="") as to:
                write_entries(entries_on_record(uow), to, form)
            aside.replace(file)
        except OSError as error:
            raise BadInput("file", str(file), f"one that can be written: {error.strerror}") from None
        finally:
            with suppress(OSError):  # it is there only where something went wrong
                aside.unlink()


@directory.command()
@click.argument("file", type=_FILE, required=False)
@as_json_option
def check(file: Path | None, as_json: bool) -> None:
    """Report what is on record and should not be so; exit 1 then. With FILE, what importing it would do."""
    if file is not None:
        _show_what_would_change(file, as_json=as_json)
        return
    with opened() as (core, _settings), core.reading() as uow:
        found = findings(uow)
    if as_json:
        print_json([asdict(one) for one in found])
    elif not found:
        click.echo("Every rule of the directory is kept.")
    for one in found if not as_json else ():
        click.echo(f"{one.rule} {one.subject}: {one.words} To do: {one.remedy}.")
    if found:
        sys.exit(1)


def _show_what_would_change(file: Path, *, as_json: bool) -> None:
    with opened() as (core, _settings), progress() as stage, core.reading() as uow:
        sheet: Sheet = read_sheet(read_entries(file, stage("reading lines")))
        try:
            plan = planned(uow, sheet)
        except DirectoryRefused as refused:
            _refuse(refused, as_json=as_json)
    if as_json:
        print_json(_told(plan))
        return
    for change in plan.changes[:_MOST_CHANGES]:
        told = "; ".join(
            f"{name}: {shown(new)}" if change.before is None else f"{name}: {shown(old)} -> {shown(new)}"
            for name, (old, new) in change.fields.items()
        )
        click.echo(f"{change.section} {change.name} {change.act}: {told}".removesuffix(": "))
    if len(plan.changes) > _MOST_CHANGES:
        click.echo(f"and {len(plan.changes) - _MOST_CHANGES:,} more; --json prints them all")
    _show_counts(plan)
    click.echo("nothing was changed")


def _show_counts(plan: Plan) -> None:
    for section, counts in plan.counts.items():
        told = ", ".join(f"{count:,} {what}" for what, count in counts.items())
        click.echo(f"{section}s: {told}")


def _told(plan: Plan) -> dict[str, Any]:
    changes = [
        {
            "section": change.section,
            "line": change.line,
            "name": change.name,
            "act": change.act,
            "fields": {name: {"from": old, "to": new} for name, (old, new) in change.fields.items()},
        }
        for change in plan.changes
    ]
    return {"counts": _plain(plan.counts), "changes": changes}


def _plain(counts: Mapping[Any, Mapping[str, int]]) -> dict[str, dict[str, int]]:
    return {str(section): dict(one) for section, one in counts.items()}


def _refuse(refused: DirectoryRefused, *, as_json: bool) -> NoReturn:
    """Print every refused line, and end."""
    if as_json:
        print_json({"refused": [asdict(line) for line in refused.lines]})
    for line in refused.lines[:_MOST_REFUSED]:
        click.echo(str(line), err=True)
    if len(refused.lines) > _MOST_REFUSED:
        click.echo(f"and {len(refused.lines) - _MOST_REFUSED:,} more", err=True)
    click.echo(f"intake: {len(refused.lines):,} refused; nothing was brought in", err=True)
    sys.exit(1)
