"""A triage entry on a terminal. Strangers wrote what is in it, so no control character of theirs is printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from core.retention import readable
from intake.output import shortened
from notifier.cleaning import many_lines, one_line


def print_entry(told: Mapping[str, Any]) -> None:
    """Print what intake.triage_entry tells of an entry."""
    _print_head(told)
    click.echo(f"\n{one_line(told['words'])}")
    for line in told["why"]:
        click.echo(f"  {one_line(line)}")
    if told["mail"] is None:
        click.echo(f"\n{told['missing']}")
    else:
        _print_mail(told["mail"])
    _print_candidates(told)
    _print_answer(told)


def _print_head(told: Mapping[str, Any]) -> None:
    click.secho(f"{told['id']}  {told['reason']}  {told['state']}", bold=True)
    click.echo(f"from {one_line(told['sender'])}, at {told['received_at']:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"subject: {one_line(told['subject'])}")
    click.echo(f"mail {told['inbox_id']} of the inbox, to {one_line(', '.join(told['recipients']))}")
    if told["case_number"]:
        click.echo(f"names case {told['case_number']}")
    if told["settled_at"]:
        to_case = f" to case {told['linked_to']}" if told["linked_to"] else ""
        click.echo(
            f"{told['state']}{to_case} by {told['settled_by']} at {told['settled_at']:%Y-%m-%d %H:%M:%S} UTC"
        )


def _print_mail(mail: Mapping[str, Any]) -> None:
    click.echo(f"\n{many_lines(mail['text'])}")
    if mail["left_out"]:
        click.secho(f"[{mail['left_out']} more characters]", dim=True)
    if mail["quoted"]:
        click.secho(f"[{len(mail['quoted'].splitlines())} quoted lines]", dim=True)
    for file in mail["attachments"]:
        shown = ", shown in the text" if file["inline"] else ""
        click.echo(f"attached: {one_line(file['name'])} ({file['type']}, {readable(file['size'])}{shown})")
    if mail["attachments_left_out"]:
        click.secho(f"[{mail['attachments_left_out']} more files]", dim=True)


def _print_candidates(told: Mapping[str, Any]) -> None:
    if not told["candidates"]:
        click.echo("\nNo case suggests itself.")
        return
    click.echo("\nIt may belong to:")
    for one in told["candidates"]:
        stands = f"{one['status']} / {one['sub_status']}"
        click.echo(f"  {one['number']}  {stands}  {one['company']}  {shortened(one_line(one['subject']))}")
        click.secho(f"              {'; '.join(one['because'])}", dim=True)


def _print_answer(told: Mapping[str, Any]) -> None:
    answer = told["answer"]
    if answer:
        why = f": {one_line(answer['error'])}" if answer["error"] else ""
        click.echo(f"\nanswered at {answer['written_at']:%Y-%m-%d %H:%M:%S} UTC, {answer['state']}{why}")
        click.echo(many_lines(answer["words"]))
    elif told["not_to_be_answered"] and told["mail"] is not None:
        click.echo(f"\nIt cannot be answered: {told['not_to_be_answered']}")
