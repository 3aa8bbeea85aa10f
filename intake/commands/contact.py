"""`intake contact …`: people at customers, and their PINs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from core import audit, bouncing, directory, pins
from core.directory import Contact
from core.errors import Refused
from core.rules.policy import Denied
from core.unit_of_work import UnitOfWork
from intake.commands import opened
from intake.commands.acting import analyst, by_option
from intake.output import as_json_option, print_json, print_rows

_NUMBER = "command line"  # what failures are counted under, where a caller has a number
_SET_APART = re.compile(r"[\s.-]")  # how people write the digits of a PIN


@click.group()
def contact() -> None:
    """Show contacts, give them PINs, check a PIN that was spoken."""


@contact.command()
@click.argument("email")
@as_json_option
def show(email: str, as_json: bool) -> None:
    """Show a contact and what they may do now, and why not; never the PIN."""
    with opened() as (core, _settings), core.reading() as uow:
        person = directory.contact_by_email(uow, email)
        held = [_held(one, uow.now) for one in directory.holdings(uow, person.id)]
        locked_until = pins.locked_until(uow, person.id)
        gone = bouncing.out_of_reach(uow, person.email)
    told = {name: value for name, value in asdict(person).items() if name != "id"}
    told |= {"pin_locked_until": locked_until, "grants": held}
    told |= {"out_of_reach": asdict(gone) if gone else None}
    if as_json:
        print_json(told)
        return
    accepted = person.terms_accepted_at
    click.echo(f"{person.name} <{person.email}>, {person.employer}, {person.phone or 'no phone'}")
    click.echo(f"language {person.language}, time zone {person.time_zone}")
    click.echo(f"terms accepted {accepted:%Y-%m-%d %H:%M} UTC" if accepted else "terms not accepted (A5)")
    click.echo(
        "a PIN is on file" if person.has_pin else "no PIN is on file: the contact opens an Admin case (A10)"
    )
    if person.has_pin and locked_until:
        words = "a right one is refused, too; a new one ends the lock"
        click.echo(f"the PIN is locked until {locked_until:%Y-%m-%d %H:%M} UTC: {words} (A10)")
    if gone:
        since = f"the last {gone.mails} came back for good, since {gone.since:%Y-%m-%d %H:%M} UTC"
        click.echo(f"mail does not reach this address: {since}: {gone.words} (E7)")
    for one in held:
        _show_held(one)


def _held(one: directory.Holding, now: datetime) -> dict[str, Any]:
    groundless = one.standing.groundless
    return {
        "sold_to": one.combination.sold_to,
        "end_user": one.combination.end_user,
        "access": one.standing.access,
        "contract_is_live": one.standing.is_entitled(now),
        "approver": one.approver,
        "approved_by": one.approved_by,
        "approved_at": one.approved_at,
        "groundless": f"{groundless.words} ({groundless.rule})" if groundless else None,
    }


def _show_held(one: Mapping[str, Any]) -> None:
    live = "" if one["contract_is_live"] else ", but no contract is active"
    click.echo(f"{one['access']} for {one['end_user']} (sold to {one['sold_to']}){live}")
    if one["approver"]:
        click.echo(f"  Designated Approver: {one['approver']}")
    if one["approved_by"]:
        click.echo(f"  approved by {one['approved_by']} on {one['approved_at']:%Y-%m-%d}")
    if one["groundless"]:
        click.echo(f"  does not hold: {one['groundless']}")


@contact.command()
@click.argument("email")
@click.option("--reissue", is_flag=True, help="Give a new PIN; the old one is void at once.")
@click.option("--blank", is_flag=True, help="Take the PIN away.")
@by_option
def pin(email: str, reissue: bool, blank: bool, by: str | None) -> None:
    """Show a contact's PIN, to be told to its owner. Recorded in the audit trail."""
    if reissue and blank:
        raise click.UsageError("--reissue and --blank exclude each other")
    verb = pins.issue if reissue else _blank if blank else pins.reveal

    def act(uow: UnitOfWork) -> str | Refused | None:
        try:
            return verb(uow, directory.contact_by_email(uow, email).id, by=analyst(uow, by).name)
        except Refused as refused:
            return refused  # raised after the commit: the audit trail keeps that it was asked for

    with opened() as (core, _settings):
        shown = core.write(act)
    if isinstance(shown, Refused):
        raise shown
    click.echo(pins.spoken(shown) if shown else "no PIN is on file")


def _blank(uow: UnitOfWork, contact_id: int, *, by: str) -> None:
    pins.blank(uow, contact_id, by=by)


@contact.command("verify-pin")
@click.argument("email")
@click.option("--pin", "spoken", prompt="PIN", hide_input=True, help="Asked for when it is not given.")
@by_option
def verify_pin(email: str, spoken: str, by: str | None) -> None:
    """Check a PIN that a caller speaks, without seeing the one on file. Wrong ones count (P7)."""
    digits = _SET_APART.sub("", spoken)

    def act(uow: UnitOfWork) -> pins.PinAnswer:
        return _verified(uow, directory.contact_by_email(uow, email), digits, analyst(uow, by).name)

    with opened() as (core, _settings):
        answer = core.write(act)
    if isinstance(answer, pins.PinMistyped):
        words = "This is no PIN: a digit is wrong or missing. It was not counted; ask for it again."
        raise Refused(Denied("pin-mistyped", "A10", words))
    if isinstance(answer, pins.PinRefused):
        raise Refused(Denied("pin-refused", "A10", "This PIN was not accepted."))
    click.echo("The PIN is right.")


def _verified(uow: UnitOfWork, person: Contact, digits: str, by: str) -> pins.PinAnswer:
    answer = pins.check(uow, digits, calling_number=_NUMBER, expected=person.id)
    is_right = isinstance(answer, pins.PinAccepted)
    detail = "mistyped" if isinstance(answer, pins.PinMistyped) else ""
    act = "PIN verified" if is_right else "PIN not verified"
    audit.record(uow, by=by, act=act, subject=person.email, detail=detail)
    return answer


@contact.command("outdated-pins")
@as_json_option
def outdated_pins(as_json: bool) -> None:
    """List whose PIN was derived with an older key, or with one that is gone; never the PIN."""
    with opened() as (core, _settings), core.reading() as uow:
        rows = [{"email": one.email, "key": one.key} for one in pins.outdated(uow)]
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, ["email", "key"], "Every PIN was derived with the newest key.")
