"""What the commands that act on a case have in common: who acts, on which case, and what they say afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeVar

import click

from core import directory
from core.acting import Actor, Done
from core.errors import BadInput
from core.identifiers import parse_case_number
from core.rules.terms import Channel, Role
from core.store import cases as rows
from core.store.cases import Case
from core.unit_of_work import UnitOfWork
from intake.commands import opened

Word = TypeVar("Word", bound=StrEnum)
Verb = Callable[[UnitOfWork, Actor, Case], Done]

by_option = click.option(
    "--by", metavar="EMAIL", envvar="INTAKE_BY", help="The analyst who does it; else the support desk."
)
number_argument = click.argument("number")


def analyst(uow: UnitOfWork, email: str | None) -> Actor:
    """Return who acts at the command line: the analyst of this address, or the support desk."""
    if email is None:
        return Actor(Role.ANALYST, "support desk", Channel.CONSOLE)
    person = directory.analyst_by_email(uow, email)
    return Actor(Role.ANALYST, person.name, Channel.CONSOLE, analyst_id=person.analyst_id)


def act_on(number: str, by: str | None, verb: Verb) -> Case:
    """Do one verb to one case and say where it stands then."""

    def act(uow: UnitOfWork) -> Done:
        return verb(uow, analyst(uow, by), rows.find(uow.connection, parse_case_number(number)))

    with opened() as (core, _settings):
        done = core.write(act).case
    say_where_it_stands(done)
    return done


def say_where_it_stands(case: Case) -> None:
    """Print a case in one line."""
    click.echo(f"{case.number} is {case.status} / {case.sub_status}, {case.priority.label}")


def word_of(words: Iterable[Word], field: str, text: str, rule: str) -> Word:
    """Return the word of the rules that is meant, in whatever case it is written. Raises BadInput."""
    known = list(words)
    for word in known:
        if word.lower() == text.strip().lower():
            return word
    raise BadInput(field, text, f"one of: {', '.join(known)} ({rule})")
