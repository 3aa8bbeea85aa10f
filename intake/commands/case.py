"""`intake case …`: what an analyst does to a case, from the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from core import cases, directory
from core.cases import Actor, Done, NewCase
from core.errors import BadInput
from core.identifiers import parse_case_number
from core.rules.policy import PHONE_INSTRUCTION
from core.rules.terms import Channel, Priority, Role, Status, SubStatus
from core.store import cases as rows
from core.store import schema
from core.store.cases import Case
from core.unit_of_work import UnitOfWork
from intake.commands import opened
from intake.output import as_json_option, print_json, print_rows
from intake.story import story, summary

Verb = Callable[[UnitOfWork, Actor, Case], Done]

by_option = click.option(
    "--by", metavar="EMAIL", envvar="INTAKE_BY", help="The analyst who does it; else the support desk."
)
number_argument = click.argument("number")


@click.group()
def case() -> None:
    """Open, show and work on cases."""


def analyst(uow: UnitOfWork, email: str | None) -> Actor:
    """Return who acts at the command line: the analyst of this address, or the support desk."""
    if email is None:
        return Actor(Role.ANALYST, "support desk", Channel.CONSOLE)
    person = directory.analyst_by_email(uow, email)
    return Actor(Role.ANALYST, person.name, Channel.CONSOLE, analyst_id=person.analyst_id)


def _act(number: str, by: str | None, verb: Verb) -> Case:
    """Do one verb to one case and say where it stands then."""

    def act(uow: UnitOfWork) -> Done:
        return verb(uow, analyst(uow, by), rows.find(uow.connection, parse_case_number(number)))

    with opened() as (core, _settings):
        done = core.write(act).case
    _say_where_it_stands(done)
    return done


@case.command("open")
@click.option("--contact", required=True, metavar="EMAIL", help="For whom; a Designated Contact.")
@click.option("--subject", required=True)
@click.option("--text", default="", help="The description.")
@click.option("--priority", default="medium", help="critical (by phone only), high, medium or low.")
@click.option("--product", default="")
@click.option("--company", metavar="NAME", help="The End User, where the contact has several.")
@by_option
def open_(**given: Any) -> None:
    """Open a case for a contact and print its number."""

    def act(uow: UnitOfWork) -> Done:
        person = directory.contact_by_email(uow, given["contact"])
        new = NewCase(
            contact_id=person.id,
            combination_id=_combination(uow, person.id, given["company"]),
            subject=given["subject"],
            text=given["text"],
            product=given["product"],
            priority=_priority(given["priority"]),
        )
        return cases.open_case(uow, analyst(uow, given["by"]), new)

    with opened() as (core, _settings):
        done = core.write(act).case
    _say_where_it_stands(done)
    if _priority(given["priority"]) is not done.priority:
        click.echo(PHONE_INSTRUCTION)


def _say_where_it_stands(done: Case) -> None:
    click.echo(f"{done.number} is {done.status} / {done.sub_status}, {done.priority.label}")


def _combination(uow: UnitOfWork, contact_id: int, company: str | None) -> int:
    held = directory.holdings(uow, contact_id)
    fitting = [one for one in held if company in (None, one.combination.end_user)]
    if len(fitting) != 1:
        names = ", ".join(one.combination.end_user for one in held) or "none: the contact has no grants"
        raise BadInput("--company", company, f"one of: {names}")
    return fitting[0].combination.id


def _priority(text: str) -> Priority:
    name = text.rpartition("-")[2].upper()
    if name not in Priority.__members__:
        raise BadInput("priority", text, "critical, high, medium or low (C3)")
    return Priority[name]


def _sub_status(text: str) -> SubStatus:
    for sub_status in SubStatus:
        if sub_status.lower() == text.strip().lower():
            return sub_status
    raise BadInput("sub-status", text, f"one of: {', '.join(SubStatus)} (C6)")


@case.command()
@number_argument
@as_json_option
def show(number: str, as_json: bool) -> None:  # noqa: FBT001, RUF100
    """Tell the story of a case."""
    with opened() as (core, _settings), core.reading() as uow:
        told = story(uow, parse_case_number(number))
    if as_json:
        print_json(told)
    else:
        _print_story(told)


def _print_story(told: dict[str, Any]) -> None:
    head = f"{told['number']}  {told['priority']}  {told['status']} / {told['sub_status']}"
    click.secho(head + ("  production down" if told["production_down"] else ""), bold=True)
    click.echo(told["subject"])
    pair = told["combination"]
    through = "" if pair["sold_to"] == pair["end_user"] else f" through {pair['sold_to']}"
    click.echo(f"contact {told['contact']}, {pair['end_user']}{through}; owner {told['owner'] or 'nobody'}")
    if told["callback_number"]:
        click.echo(f"call back at {told['callback_number']}")
    if told["followup_at"]:
        click.echo(f"next: {told['followup_step']} at {told['followup_at']:%Y-%m-%d %H:%M} UTC")
    for line in told["history"]:
        inside = "" if line["public"] else ", internal"
        click.echo()
        click.secho(
            f"{line['at']:%Y-%m-%d %H:%M:%S} UTC  {line['kind']} by {line['actor']} ({line['channel']}{inside})",
            dim=True,
        )
        if line["text"]:
            click.echo(line["text"])
        if line["quoted"]:
            click.secho(f"[{len(line['quoted'].splitlines())} quoted lines]", dim=True)
        for file in line["attachments"]:
            click.echo(f"attached: {file['name']} ({file['type']}, {file['size']} bytes)")


@case.command("list")
@click.option("--status", type=click.Choice([str(status) for status in Status], case_sensitive=False))
@click.option("--contact", metavar="EMAIL")
@as_json_option
def list_(status: str | None, contact: str | None, as_json: bool) -> None:
    """List cases, newest first."""
    conditions = []
    if status:
        conditions.append(schema.cases.c.status == status)
    if contact:
        conditions.append(schema.contacts.c.email == contact.strip().lower())
    with opened() as (core, _settings), core.reading() as uow:
        found = [summary(row) for row in rows.listed(uow.connection, *conditions)]
    if as_json:
        print_json(found)
    else:
        columns = ["number", "priority", "status", "sub_status", "contact", "subject"]
        print_rows(found, columns, "There are no such cases.")


@case.command()
@number_argument
@click.argument("text")
@click.option("--internal", is_flag=True, help="A note for colleagues; it is never mailed.")
@by_option
def post(number: str, text: str, internal: bool, by: str | None) -> None:
    """Write to the customer."""
    _act(number, by, lambda uow, actor, found: cases.post(uow, actor, found, text, public=not internal))


@case.command()
@number_argument
@click.argument("question")
@by_option
def ask(number: str, question: str, by: str | None) -> None:
    """Ask the customer for information; the reminders start."""
    _act(number, by, lambda uow, actor, found: cases.ask_information(uow, actor, found, question))


@case.command()
@number_argument
@click.argument("solution")
@click.option("--fixed", is_flag=True, help="Software with the fix is provided.")
@by_option
def propose(number: str, solution: str, fixed: bool, by: str | None) -> None:
    """Propose a solution; the reminders start."""
    _act(
        number, by, lambda uow, actor, found: cases.propose_solution(uow, actor, found, solution, fixed=fixed)
    )


@case.command()
@number_argument
@click.argument("sub_status")
@click.argument("text", default="")
@by_option
def status(number: str, sub_status: str, text: str, by: str | None) -> None:
    """Move a case to Investigation, Engineering Request, Maintenance Review or Third Party Pending."""
    wanted = _sub_status(sub_status)
    _act(number, by, lambda uow, actor, found: cases.set_status(uow, actor, found, wanted, text))


@case.command()
@number_argument
@click.argument("priority")
@click.argument("text", default="")
@by_option
def priority(number: str, priority: str, text: str, by: str | None) -> None:
    """Change the priority; Critical is set by phone only."""
    wanted = _priority(priority)
    done = _act(number, by, lambda uow, actor, found: cases.change_priority(uow, actor, found, wanted, text))
    if done.priority is not wanted:
        click.echo(PHONE_INSTRUCTION)


@case.command()
@number_argument
@click.argument("comment")
@click.option("--reason", default="Resolved", help="Resolved or Cancelled.")
@by_option
def close(number: str, comment: str, reason: str, by: str | None) -> None:
    """Close a case, with a reason and a comment."""
    wanted = _sub_status(reason)
    _act(number, by, lambda uow, actor, found: cases.close(uow, actor, found, wanted, comment))


@case.command()
@number_argument
@click.argument("information")
@by_option
def reopen(number: str, information: str, by: str | None) -> None:
    """Open a closed case again, within its 30 days."""
    _act(number, by, lambda uow, actor, found: cases.reopen(uow, actor, found, information))
