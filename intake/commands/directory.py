"""`intake directory …`: bring the directory in from a file."""

from __future__ import annotations

from pathlib import Path

import click
import yaml

from core.enrolment import enrol
from core.errors import BadInput
from intake.commands import opened


@click.group()
def directory() -> None:
    """Accounts, contracts, contacts, analysts."""


@directory.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(file: Path) -> None:
    """Bring the directory to what FILE (YAML) says: all of it or, when one entry is wrong, nothing."""
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput("file", str(file), f"YAML in UTF-8: {error}") from None
    if not isinstance(document, dict):
        raise BadInput("file", str(file), "a YAML mapping of accounts, contracts, contacts and analysts")
    with opened() as (core, _settings):
        done = core.write(lambda uow: enrol(uow, document))
    click.echo(
        f"{done.accounts} accounts, {done.contracts} contracts, {done.contacts} contacts, {done.analysts} analysts"
    )
