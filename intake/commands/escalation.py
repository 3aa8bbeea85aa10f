"""`intake case escalate …` and `intake case escalation …`: more attention for a case (C11)."""

from __future__ import annotations

from collections.abc import Callable

import click

from core import escalations
from core.acting import Actor, Done
from core.rules.terms import EscalationGround
from core.store.cases import Case
from core.unit_of_work import UnitOfWork
from intake.commands.acting import act_on, by_option, number_argument, word_of

_Decision = Callable[[UnitOfWork, Actor, Case, str], Done]
_GROUNDS = ", ".join(EscalationGround)


@click.command()
@number_argument
@click.argument("text")
@click.option(
    "--ground", metavar="WORDS", default=str(EscalationGround.NO_PROGRESS), show_default=True, help=_GROUNDS
)
@by_option
def escalate(number: str, text: str, ground: str, by: str | None) -> None:
    """Ask for an escalation; TEXT says what is wrong. The case's owner decides on it."""
    wanted = word_of(EscalationGround, "ground", ground, "C11")
    act_on(number, by, lambda uow, actor, found: escalations.escalate(uow, actor, found, wanted, text))


@click.group()
def escalation() -> None:
    """Decide on the open escalation of a case, tell of it, end it."""


def _command(name: str, verb: _Decision, words: str) -> None:
    @escalation.command(name, help=words)
    @number_argument
    @click.argument("reason")
    @by_option
    def run(number: str, reason: str, by: str | None) -> None:
        act_on(number, by, lambda uow, actor, found: verb(uow, actor, found, reason))


_command("grant", escalations.grant, "Grant it; the contact is told REASON.")
_command("refuse", escalations.refuse, "Refuse it; the contact is told REASON.")
_command("news", escalations.tell_news, "Write REASON to its feed; the contact is told.")
_command("end", escalations.end, "End it; the contact is told REASON.")
