"""`intake migrate`, `intake settings`, `intake doctor`, `intake stats`, `intake backup`: the site itself."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import click

from core.errors import BadInput, IntakeError
from core.store.migrations import migrate as migrate_database
from intake import doctor as doctor_
from intake import metrics
from intake.assembly import build_core
from intake.commands import opened
from intake.output import as_json_option, print_json, print_rows
from intake.rules_page import rules_page
from intake.settings import load

_LONGEST_VALUE = 120


class BackupNotOurs(IntakeError):
    """PostgreSQL has a backup of its own."""


@click.command()
def migrate() -> None:
    """Bring the database to the tables of this program."""
    settings = load()
    core = build_core(settings)
    migrate_database(core.database)
    core.database.close()
    click.echo(f"{settings.shown_database} is up to date")


@click.command()
@as_json_option
def settings(as_json: bool) -> None:
    """Show every setting with its value; of a secret, whether it is set."""
    rows = [{"setting": name, "value": value, "meaning": meaning} for name, value, meaning in load().listed()]
    if as_json:
        print_json(rows)
    else:
        shown = [row | {"value": _in_short(row["value"])} for row in rows]
        print_rows(shown, ["setting", "value", "meaning"], "There are no settings.")


def _in_short(value: str) -> str:
    if len(value) <= _LONGEST_VALUE:
        return value
    return f"{value[:_LONGEST_VALUE]}… ({len(value)} characters; --json shows all)"


@click.command()
def rules() -> None:
    """Print who may do what, and what happens then, as this site has set it; the page is docs/policy.md."""
    click.echo(rules_page(load().rulebook), nl=False)


@click.command()
@as_json_option
def doctor(as_json: bool) -> None:
    """Check what has to be right for the gateway to work; exit 1 when something is not."""
    findings = doctor_.examine(load())
    if as_json:
        print_json([{"check": one.check, "ok": one.ok, "words": one.words} for one in findings])
    else:
        for one in findings:
            click.secho(
                f"{'ok   ' if one.ok else 'wrong'} {one.check}: {one.words}", fg=None if one.ok else "red"
            )
    if not all(one.ok for one in findings):
        sys.exit(1)


@click.command()
@as_json_option
def stats(as_json: bool) -> None:
    """Count what waits, what was done, and the cases by status."""
    with opened() as (core, _settings):
        counted = metrics.counts(core)
    if as_json:
        print_json(counted)
        return
    rows = [
        {"what": name, "state": state, "count": count}
        for name, states in counted.items()
        for state, count in sorted(states.items())
    ]
    print_rows(rows, ["what", "state", "count"], "There is nothing yet.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write a consistent copy of the SQLite database to FILE while the gateway runs."""
    with opened() as (core, loaded):
        if not core.database.is_sqlite:
            raise BackupNotOurs(
                f"{loaded.shown_database} is PostgreSQL: back it up with pg_dump or its own archiving"
            )
        if file.exists() or not file.parent.is_dir():
            raise BadInput("FILE", str(file), "a file that does not exist yet, in a folder that does")
        with sqlite3.connect(core.database.url.database or "") as source, sqlite3.connect(file) as target:
            source.backup(target)
        source.close()
        target.close()
    file.chmod(0o600)
    click.echo(
        f"{file} holds the database; attachments are in the folder INTAKE_BLOB_URL, the PIN key in neither"
    )
