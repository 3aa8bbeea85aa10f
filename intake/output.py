"""How commands show things: a table for people, JSON with `--json` for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import click
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table
from rich.text import Text

Row = TypeVar("Row")
Command = TypeVar("Command", bound=Callable[..., Any])

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def limit_option(most: int) -> Callable[[Command], Command]:
    """Return an option that says how many lines are shown, at most `most`."""
    lines = click.IntRange(1, most)
    return click.option("--limit", type=lines, default=500, show_default=True, help="At most so many lines.")


def print_json(value: Any) -> None:
    """Print a value as JSON; times in ISO 8601, in UTC."""
    click.echo(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], nothing: str) -> None:
    """Print rows as a table of these columns, or a sentence when there are none."""
    if not rows:
        click.echo(nothing)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(Text(_shown(row[column])) for column in columns))
    console = Console()
    # Not on a terminal, a narrow width would fold what a program reads line by line.
    Console(width=None if console.is_terminal else 200).print(table)


def up_to(limit: int, found: Sequence[Row]) -> Sequence[Row]:
    """Return so many of what was found, and say on standard error when that is not all."""
    if len(found) > limit:
        click.echo(f"intake: there are more than these {limit:,}; --limit shows more", err=True)
    return found[:limit]


def shortened(text: str, longest: int = 60) -> str:
    """Return the text as it fits a column."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def plain_row(row: sa.RowMapping, *without: str) -> dict[str, Any]:
    """Return a row as a dictionary, without some of its columns."""
    return {name: value for name, value in row.items() if name not in without}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value.strftime("%Y-%m-%d %H:%M:%S") if isinstance(value, datetime) else str(value)
