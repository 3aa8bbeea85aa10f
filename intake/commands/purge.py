"""`intake purge`: removes what is due, as the worker does by itself, and says what that was (C10)."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import add
from typing import Any

import click

from core import retention
from core.retention import Purged, Removed
from core.unit_of_work import Core
from intake.cli import TRY_AGAIN
from intake.commands import clock_at, opened
from intake.output import as_json_option, print_json

_TOLD_EVERY = 100  # cases, where they are not told one by one


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--as-of", metavar="TIME", help="As if it were TIME, such as 2026-12-01T09:00.")
@as_json_option
def purge(dry_run: bool, as_of: str | None, as_json: bool) -> None:
    """Remove attachments, recordings and mails of cases that were closed 30 days ago.

    And mails that were settled as long ago and are of no open case. The text of every history stays.
    """
    with opened(clock_at(as_of)) as (core, _settings):
        cases = list(_told(retention.due_cases(core) if dry_run else retention.purge_cases(core), as_json))
        others = _sum(_of_no_case(core, dry_run))
        files = sum(retention.due_files(core) if dry_run else retention.remove_unnamed_files(core))
        is_clean = dry_run or core.database.scrub()
    if as_json:
        print_json(_facts(cases, others, files, dry_run) | {"scrubbed": is_clean and not dry_run})
    else:
        _say(_sum(one.removed for one in cases) + others, others, files, dry_run)
    if not is_clean:
        click.echo("intake: the database is being read, so its log still holds removed bytes", err=True)
    if not is_clean or any(one.failed for one in cases):
        sys.exit(TRY_AGAIN)


def _of_no_case(core: Core, dry_run: bool) -> Iterator[Removed]:
    if dry_run:
        yield from retention.due_mails(core)
        yield from retention.due_recordings(core)
        return
    yield from retention.remove_settled_mails(core)
    yield from retention.remove_stray_recordings(core)


def _sum(removed: Iterable[Removed]) -> Removed:
    return reduce(add, removed, Removed())


def _told(cases: Iterable[Purged], as_json: bool) -> Iterator[Purged]:
    """Yield the cases that held something, and tell of them on the way."""
    count = 0
    for one in cases:
        if one.removed == Removed() and not one.failed:
            continue
        yield one
        count += 1
        if not as_json:
            click.echo(f"{one.number}: {'failed' if one.failed else one.removed.words}")
        elif count % _TOLD_EVERY == 0:
            click.echo(f"{count} cases …", err=True)


def _facts(cases: list[Purged], others: Removed, files: int, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "cases": [
            {"number": one.number, "closed_at": one.closed_at, "failed": one.failed, **vars(one.removed)}
            for one in cases
        ],
        "of_no_open_case": vars(others),
        "files_of_nothing": files,
        "total": vars(_sum(one.removed for one in cases) + others),
    }


def _say(total: Removed, others: Removed, files: int, dry_run: bool) -> None:
    if others != Removed():
        click.echo(f"of no open case: {others.words}")
    if files:
        click.echo(f"files that nothing names: {files}")
    if total == Removed() and not files:
        click.echo("Nothing is due.")
        return
    size = retention.readable(total.attachment_bytes + total.mail_bytes)
    click.echo(f"{'Would remove' if dry_run else 'Removed'} in all: {total.words or 'no more'}; {size}.")
