"""`intake case …`: what an analyst does to a case, from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import click

from core import cases, directory
from core.acting import Actor, Done
from core.cases import NewCase
from core.errors import BadInput
from core.identifiers import parse_case_number
from core.rules.fields import FIELD_NAMES, CaseFields
from core.rules.lifecycle import SUB_STATUSES, closing_reasons, set_by_hand
from core.rules.policy import PHONE_INSTRUCTION
from core.rules.terms import CaseType, Priority, Status, SubStatus
from core.store import cases as rows
from core.store import schema
from core.store.cases import Case
from core.unit_of_work import UnitOfWork
from intake.commands import opened
from intake.commands.acting import act_on, analyst, by_option, number_argument, say_where_it_stands, word_of
from intake.commands.case_fields import field_options, fields_of
from intake.commands.escalation import escalate, escalation
from intake.output import as_json_option, limit_option, print_json, print_rows, shortened, up_to
from intake.story import story, summary
from notifier.cleaning import many_lines, one_line


@click.group()
def case() -> None:
    """Open, show and work on cases."""


@case.command("open")
@click.option("--contact", required=True, metavar="EMAIL", help="For whom; a Designated Contact.")
@click.option("--subject", required=True)
@click.option("--text", default="", help="The description.")
@click.option("--priority", default="medium", help="critical (by phone only), high, medium or low.")
@click.option(
    "--type", "case_type", default="Support", help="Support, Admin, Feature Request, Service Request."
)
@field_options
@click.option("--company", metavar="NAME", help="Which customer, where the contact has several.")
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
            priority=_priority(given["priority"]),
            type=word_of(CaseType, "type", given["case_type"], "C2"),
            fields=CaseFields(**fields_of(given)),
        )
        return cases.open_case(uow, analyst(uow, given["by"]), new)

    with opened() as (core, _settings):
        done = core.write(act).case
    say_where_it_stands(done)
    if _priority(given["priority"]) is not done.priority:
        click.echo(PHONE_INSTRUCTION)


def _combination(uow: UnitOfWork, contact_id: int, company: str | None) -> int:
    """Return for which of the contact's combinations a case is opened. Raises BadInput naming them.

    The End User is enough where it names one only; bought in two ways, it is named with its Sold To.
    """
    held = [one.combination for one in directory.holdings(uow, contact_id)]
    named = [one for one in held if company is None or one.name.lower() == company.strip().lower()]
    fitting = named or [one for one in held if one.end_user.lower() == (company or "").strip().lower()]
    if len(fitting) != 1:
        names = ", ".join(one.name for one in held) or "none: the contact has no grants"
        raise BadInput("--company", company, f"one of: {names} (A3)")
    return fitting[0].id


def _sub_status(case: Case, text: str, by_hand: Iterable[SubStatus]) -> SubStatus:
    """Return the sub-status of the case's type that is meant. Raises BadInput naming those that are set by hand."""
    for sub_status in chain(*SUB_STATUSES[case.type].values()):
        if sub_status.lower() == text.strip().lower():
            return sub_status
    return word_of(by_hand, "sub-status", text, f"{case.type}: C6")


def _priority(text: str) -> Priority:
    name = text.rpartition("-")[2].upper()
    if name not in Priority.__members__:
        raise BadInput("priority", text, "critical, high, medium or low (C3)")
    return Priority[name]


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
    head = f"{told['number']}  {told['type']}  {told['priority']}  {told['status']} / {told['sub_status']}"
    click.secho(head + ("  production down" if told["production_down"] else ""), bold=True)
    click.echo(told["subject"])
    pair = told["combination"]
    through = "" if pair["sold_to"] == pair["end_user"] else f" through {pair['sold_to']}"
    click.echo(f"contact {told['contact']}, {pair['end_user']}{through}; owner {told['owner'] or 'nobody'}")
    if told["callback_number"]:
        click.echo(f"call back at {told['callback_number']}")
    for name in FIELD_NAMES:
        value = told[name]
        if value not in ("", None, False):
            click.echo(f"{name.replace('_', ' ')}: {'yes' if value is True else value}")
    _print_owed(told)
    if told["followup_at"]:
        click.echo(f"next: {told['followup_step']} at {told['followup_at']:%Y-%m-%d %H:%M} UTC")
    stood = None
    for line in told["history"]:
        inside = "" if line["public"] else ", internal"
        stands = f"{line['status']} / {line['sub_status']}"
        moved = "" if stands == stood else f", now {stands}"
        stood = stands
        click.echo()
        click.secho(
            f"{line['at']:%Y-%m-%d %H:%M:%S} UTC  "
            f"{line['kind']} by {one_line(line['actor'])} ({line['channel']}{inside}){moved}",
            dim=True,
        )
        taken = line["withdrawn"]
        if taken:
            why = f": {taken['why']}" if taken["why"] else ""
            click.secho(f"withdrawn by {taken['by']} at {taken['at']:%Y-%m-%d %H:%M:%S} UTC{why}", bold=True)
        if line["text"]:
            click.secho(
                many_lines(line["text"]), dim=bool(taken)
            )  # a stranger's, and it may steer a terminal
        if line["quoted"]:
            click.secho(f"[{len(line['quoted'].splitlines())} quoted lines]", dim=True)
        for file in line["attachments"]:
            _print_file(file, withheld=bool(taken))


def _print_file(file: dict[str, Any], *, withheld: bool) -> None:
    what = f"{one_line(file['name'])} ({file['type']}, {file['size']} bytes)"
    if file["refused"]:
        click.echo(f"not kept: {what}: {file['refused']}")
        return
    removed = f" (removed {file['removed_at']:%Y-%m-%d})" if file["removed_at"] else ""
    kept_back = " (withheld)" if withheld else ""
    click.echo(f"{'in the text' if file['inline'] else 'attached'}: {what}{kept_back}{removed}")


def _print_owed(told: dict[str, Any]) -> None:
    for name, given in (("response", "responded"), ("decision", "decided")):
        due_at, given_at = told[f"{name}_due_at"], told[f"{given}_at"]
        if given_at:
            click.echo(f"{given} at {given_at:%Y-%m-%d %H:%M} UTC")
        elif due_at:
            click.echo(f"{name} due at {due_at:%Y-%m-%d %H:%M} UTC")
    for one in told["escalations"]:
        click.echo(f"escalation {one['state']} ({one['ground']}): {one['reason']}")


@case.command("list")
@click.option("--status", metavar="WORD", help="Only those that stand there, such as Open.")
@click.option("--contact", metavar="EMAIL")
@click.option(
    "--overdue", is_flag=True, help="Only those that owe a response, or a decision, since longest first."
)
@click.option("--escalated", is_flag=True, help="Only those with an open escalation.")
@limit_option(10_000)
@as_json_option
def list_(*, overdue: bool, limit: int, as_json: bool, **wanted: Any) -> None:
    """List cases, newest first."""
    with opened() as (core, _settings), core.reading() as uow:
        conditions = list(_conditions(uow, **wanted))
        if overdue:
            found = rows.overdue(uow.connection, uow.now, *conditions, limit=limit + 1)
        else:
            found = rows.listed(uow.connection, *conditions, limit=limit + 1)
        told = [summary(row, uow.now) for row in up_to(limit, found)]
    if as_json:
        print_json(told)
    else:
        columns = ["number", "type", "priority", "status", "sub_status", "contact", "owner", "subject"]
        told = [one | {"subject": shortened(one["subject"])} for one in told]
        print_rows(told, columns + ["overdue"] * overdue, "There are no such cases.")


def _conditions(
    uow: UnitOfWork, *, status: str | None, contact: str | None, escalated: bool
) -> Iterator[rows.Condition]:
    if escalated:
        yield schema.ESCALATED
    if status is not None:
        yield schema.cases.c.status == word_of(Status, "status", status, "C6")
    if contact is not None:
        yield schema.cases.c.contact_id == directory.contact_by_email(uow, contact).id


@case.command()
@number_argument
@click.argument("text")
@click.option("--internal", is_flag=True, help="A note for colleagues; it is never mailed.")
@by_option
def post(number: str, text: str, internal: bool, by: str | None) -> None:
    """Write to the customer."""
    act_on(number, by, lambda uow, actor, found: cases.post(uow, actor, found, text, public=not internal))


@case.command()
@number_argument
@click.argument("question")
@by_option
def ask(number: str, question: str, by: str | None) -> None:
    """Ask the customer for information; the reminders start."""
    act_on(number, by, lambda uow, actor, found: cases.ask_information(uow, actor, found, question))


@case.command()
@number_argument
@click.argument("solution")
@click.option("--fixed", is_flag=True, help="Software with the fix is provided.")
@by_option
def propose(number: str, solution: str, fixed: bool, by: str | None) -> None:
    """Propose a solution; the reminders start."""
    act_on(
        number, by, lambda uow, actor, found: cases.propose_solution(uow, actor, found, solution, fixed=fixed)
    )


@case.command()
@number_argument
@click.argument("sub_status")
@click.argument("text", default="")
@by_option
def status(number: str, sub_status: str, text: str, by: str | None) -> None:
    """Move a case to a sub-status of its type that has no command of its own, such as Investigation.

    A word that is none is answered with those that are.
    """

    def act(uow: UnitOfWork, actor: Actor, found: Case) -> Done:
        words = set_by_hand(found.type)
        return cases.set_status(uow, actor, found, _sub_status(found, sub_status, words), text)

    act_on(number, by, act)


@case.command()
@number_argument
@click.argument("priority")
@click.argument("text", default="")
@by_option
def priority(number: str, priority: str, text: str, by: str | None) -> None:
    """Change the priority; Critical is set by phone only."""
    wanted = _priority(priority)
    done = act_on(
        number, by, lambda uow, actor, found: cases.change_priority(uow, actor, found, wanted, text)
    )
    if done.priority is not wanted:
        click.echo(PHONE_INSTRUCTION)


@case.command()
@number_argument
@click.argument("comment")
@click.option("--reason", help="Resolved (where none is given) or Cancelled; of a request, one of its own.")
@by_option
def close(number: str, comment: str, reason: str | None, by: str | None) -> None:
    """Close a case, with a reason and a comment."""

    def act(uow: UnitOfWork, actor: Actor, found: Case) -> Done:
        reasons = closing_reasons(found.type)
        if reason is None and SubStatus.RESOLVED not in reasons:
            raise BadInput("--reason", reason, f"given for a {found.type}, one of: {', '.join(reasons)} (C8)")
        wanted = word_of(reasons, "reason", reason or SubStatus.RESOLVED, f"{found.type}: C8")
        return cases.close(uow, actor, found, wanted, comment)

    act_on(number, by, act)


@case.command()
@number_argument
@click.argument("information")
@by_option
def reopen(number: str, information: str, by: str | None) -> None:
    """Open a closed case again, within its 30 days."""
    act_on(number, by, lambda uow, actor, found: cases.reopen(uow, actor, found, information))


@case.command()
@number_argument
@click.argument("analyst_email", metavar="ANALYST")
@by_option
def assign(number: str, analyst_email: str, by: str | None) -> None:
    """Give a case to an analyst."""

    def act(uow: UnitOfWork, actor: Actor, found: Case) -> Done:
        owner = directory.analyst_by_email(uow, analyst_email)
        return cases.assign(uow, actor, found, owner.analyst_id)

    act_on(number, by, act)


@case.command()
@number_argument
@click.option("--subject")
@field_options
@by_option
def edit(number: str, subject: str | None, by: str | None, **given: Any) -> None:
    """Change the subject or the fields of a case; the change is noted in its history."""
    changed = fields_of(given)
    act_on(
        number,
        by,
        lambda uow, actor, found: cases.change_fields(uow, actor, found, subject=subject, **changed),
    )


case.add_command(escalate)
case.add_command(escalation)
