"""`intake contact …`: people at customers, and their PINs."""

from __future__ import annotations

import click

from core import audit, directory, pins
from core.errors import Refused
from core.rules.policy import Denied
from core.unit_of_work import UnitOfWork
from intake.commands import opened
from intake.output import as_json_option, print_json

_BY = "command line"


@click.group()
def contact() -> None:
    """Show contacts, give them PINs, check a PIN that was spoken."""


@contact.command()
@click.argument("email")
@as_json_option
def show(email: str, as_json: bool) -> None:
    """Show a contact and what they may do now; never the PIN."""
    with opened() as (core, _settings), core.reading() as uow:
        person = directory.contact_by_email(uow, email)
        held = [
            {
                "sold_to": one.combination.sold_to,
                "end_user": one.combination.end_user,
                "access": one.standing.access,
                "contract_is_live": one.standing.is_entitled(uow.now),
            }
            for one in directory.holdings(uow, person.id)
        ]
    told = {
        "email": person.email,
        "name": person.name,
        "phone": person.phone,
        "has_pin": person.has_pin,
        "grants": held,
    }
    if as_json:
        print_json(told)
        return
    click.echo(f"{person.name} <{person.email}>, {person.phone or 'no phone'}")
    click.echo(
        "a PIN is on file" if person.has_pin else "no PIN is on file: the contact opens an Admin case (A10)"
    )
    for one in held:
        live = "" if one["contract_is_live"] else ", but no contract is active"
        click.echo(f"{one['access']} for {one['end_user']} (sold to {one['sold_to']}){live}")


@contact.command()
@click.argument("email")
@click.option("--reissue", is_flag=True, help="Give a new PIN; the old one is void at once.")
@click.option("--blank", is_flag=True, help="Take the PIN away.")
def pin(email: str, reissue: bool, blank: bool) -> None:
    """Show a contact's PIN, to be told to its owner. Recorded in the audit trail."""
    if reissue and blank:
        raise click.UsageError("--reissue and --blank exclude each other")

    def act(uow: UnitOfWork) -> str | None:
        person = directory.contact_by_email(uow, email)
        if blank:
            pins.blank(uow, person.id, by=_BY)
            return None
        return pins.issue(uow, person.id, by=_BY) if reissue else pins.reveal(uow, person.id, by=_BY)

    with opened() as (core, _settings):
        shown = core.write(act)
    click.echo(pins.spoken(shown) if shown else "no PIN is on file")


@contact.command("verify-pin")
@click.argument("email")
@click.option("--pin", "spoken", prompt="PIN", hide_input=True, help="Asked for when it is not given.")
def verify_pin(email: str, spoken: str) -> None:
    """Check a PIN that a caller speaks, without seeing the one on file. Wrong ones count (P7)."""
    digits = "".join(spoken.split())

    def act(uow: UnitOfWork) -> bool:
        person = directory.contact_by_email(uow, email)
        answer = pins.check(uow, digits, calling_number=_BY, expected=person.id)
        is_right = answer == pins.PinAccepted(person.id)
        audit.record(
            uow, by=_BY, act="PIN verified" if is_right else "PIN not verified", subject=person.email
        )
        return is_right

    with opened() as (core, _settings):
        is_right = core.write(act)
    if not is_right:
        raise Refused(Denied("pin-refused", "A10", "This PIN was not accepted."))
    click.echo("The PIN is right.")
