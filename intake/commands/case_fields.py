"""The options with which a case's fields are given at the command line (C5), for opening and for editing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from core.rules.fields import FIELD_NAMES
from core.rules.terms import Stage

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--sub-type", metavar="WORD", help="What it is about, such as Problem."),
    click.option("--product"),
    click.option("--component"),
    click.option("--deployment", help="Which of the customer's systems."),
    click.option("--stage", metavar="WORD", help=f"{' or '.join(Stage)}."),
    click.option("--security-threat/--no-security-threat", default=None),
    click.option("--business-impact", metavar="TEXT"),
    click.option("--agents-affected", type=int, metavar="NUMBER"),
    click.option("--external-reference", metavar="TEXT", help="What the customer calls it."),
)


def field_options(command: Command) -> Command:
    """Give a command an option for each field of C5."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def fields_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that were given, by their names in CaseFields."""
    return {name: given[name] for name in FIELD_NAMES if given.get(name) is not None}
