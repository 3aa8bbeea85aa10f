"""`intake receive`, `intake inbox …`, `intake outbox …`: mail that came and mail that leaves."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

import click

from core import triage
from core.errors import IntakeError, NotFound
from core.pins import without_pins
from core.store import cases as case_rows
from core.store import claiming, schema
from core.store import inbox as inbox_rows
from core.store import outbox as outbox_rows
from core.unit_of_work import UnitOfWork
from email_in import pipe
from email_in.dates import written_at
from email_in.explained import explained
from email_in.message import read_mail
from email_in.second_opinion import LINES, SecondOpinion, in_words, second_opinion
from email_in.trace import with_trace
from intake.commands import opened
from intake.commands.acting import analyst
from intake.output import as_json_option, plain_row, print_json, print_rows
from intake.running import smtp_settings

_MOST_ROWS = 200
_AGAIN = "It will be worked on again."
_FOR_PROGRAMS = {
    "content",
    "fingerprint",
    "effect_of",
    "bounce_key",
}  # digests and keys, which tell people nothing


class MailRemoved(IntakeError):
    """The bytes of a mail are gone; what became of it stays (C10)."""


@click.command()
@click.option("--sender", default="<>", envvar="SENDER", help="Envelope sender.")
@click.argument("recipients", nargs=-1, envvar="RECIPIENT")
def receive(sender: str, recipients: tuple[str, ...]) -> None:
    """Take one mail in from standard input, for an MTA's pipe; exits with sysexits codes, 75 to try again."""
    try:
        with opened() as (core, settings):
            limits = smtp_settings(settings)
            raw = sys.stdin.buffer.read(limits.max_message_bytes + 1)
            code = pipe.receive(core, limits, sender, recipients, raw)
    except Exception as error:
        # Whatever is wrong with us, a wrong setting or missing tables among it, must not bounce a mail.
        click.echo(f"intake receive: {error}", err=True)
        code = pipe.TRY_AGAIN
    sys.exit(code)


@click.group()
def inbox() -> None:
    """Mail that came in, and what became of it."""


@inbox.command("list")
@as_json_option
def list_inbox(as_json: bool) -> None:
    """List the newest mails and their outcomes."""
    with opened() as (core, _settings), core.reading() as uow:
        rows = [
            plain_row(row, "lease", "decision", "effect_of")
            for row in inbox_rows.listed(uow.connection, _MOST_ROWS)
        ]
    if as_json:
        print_json(rows)
    else:
        columns = ["id", "received_at", "envelope_sender", "state", "outcome", "attempts"]
        print_rows(rows, columns, "No mail has come in.")


@inbox.command("show")
@click.argument("inbox_id", type=int)
@click.option("--raw", is_flag=True, help="Print the mail as it came.")
@click.option("--trace", is_flag=True, help="The same, with Return-Path and Received in front.")
@as_json_option
def show_inbox(inbox_id: int, raw: bool, trace: bool, as_json: bool) -> None:
    """Show what became of a mail, and why: its decision log."""
    with opened() as (core, settings), core.reading() as uow:
        row = inbox_rows.find(uow.connection, inbox_id)
        if row is None:
            raise NotFound("mail in the inbox", inbox_id)
        kept = _bytes_of(uow, inbox_id)
        removed = "" if kept is not None else _removed(uow, row["case_id"])
    if not raw and not trace:
        read = _as_it_reads(kept, row["received_at"]) if kept is not None else {}
        _show(plain_row(row, "lease") | {"as_it_came": removed or "kept"} | read, as_json=as_json)
    elif kept is not None:
        sys.stdout.buffer.write(with_trace(kept, dict(row), settings.mail_domain) if trace else kept)
    else:
        words = f"what became of it is in `intake inbox show {inbox_id}`."
        raise MailRemoved(f"The mail as it came was {removed}; {words}")


def _as_it_reads(raw: bytes, received_at: datetime) -> dict[str, Any]:
    """Return when the mail was written, and what a second reader sees in it, without PINs (A10)."""
    said = read_mail(raw).headers.first("Date")
    opinion = second_opinion(raw)
    told = {name: [without_pins(line) for line in getattr(opinion, name)] for name in LINES}
    return {
        "written_at": written_at(said, received_at),
        "second_opinion": told | {"failed": opinion.failed},
    }


def _bytes_of(uow: UnitOfWork, inbox_id: int) -> bytes | None:
    with suppress(NotFound):
        return inbox_rows.raw_of(uow.connection, inbox_id)
    return None


def _removed(uow: UnitOfWork, case_id: int | None) -> str:
    """Say that a mail's bytes are gone; since when, is known where its case was purged with it."""
    purged_at = case_rows.by_id(uow.connection, case_id).purged_at if case_id is not None else None
    return f"removed on {purged_at:%Y-%m-%d} (C10)" if purged_at else "removed (C10)"


@inbox.command("retry")
@click.argument("inbox_id", type=int)
def retry_inbox(inbox_id: int) -> None:
    """Let a parked mail be worked on again."""
    with opened() as (core, _settings):
        core.write(lambda uow: triage.retry(uow, inbox_id, by=analyst(uow, None).name))
    click.echo(_AGAIN)


@click.group()
def outbox() -> None:
    """Mail that leaves."""


@outbox.command("list")
@as_json_option
def list_outbox(as_json: bool) -> None:
    """List the newest notices and whether they have left."""
    with opened() as (core, _settings), core.reading() as uow:
        rows = [plain_row(row, "lease") for row in outbox_rows.listed(uow.connection, _MOST_ROWS)]
    if as_json:
        print_json(rows)
    else:
        columns = ["id", "written_at", "notice", "recipient", "state", "bounce", "attempts", "error"]
        print_rows(rows, columns, "No mail was written.")


@outbox.command("show")
@click.argument("outbox_id", type=int)
@as_json_option
def show_outbox(outbox_id: int, as_json: bool) -> None:
    """Show a notice."""
    with opened() as (core, _settings), core.reading() as uow:
        row = outbox_rows.find(uow.connection, outbox_id)
    if row is None:
        raise NotFound("notice in the outbox", outbox_id)
    _show(plain_row(row, "lease"), as_json=as_json)


@outbox.command("retry")
@click.argument("outbox_id", type=int)
def retry_outbox(outbox_id: int) -> None:
    """Let a parked notice be sent again."""
    with opened() as (core, _settings):
        if not core.write(lambda uow: claiming.retry(uow.connection, schema.outbox, outbox_id, uow.now)):
            raise NotFound("parked notice", outbox_id)
    click.echo(_AGAIN)


def _show(told: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    for name, value in told.items():
        if name in _FOR_PROGRAMS:
            continue
        if name == "decision" and value is not None:
            click.echo("\n".join(explained(value)))
        elif name == "second_opinion":
            click.echo("\n".join(in_words(SecondOpinion(**value))))
        elif value is not None:
            click.echo(f"{name.replace('_', ' ')}: {value}")
