"""What the demo says: its facts as data, and the same in words, with three things to paste."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core import directory, pins, telling
from core.addresses import reply_address
from core.rules.terms import Priority, Status
from core.store import cases as rows
from core.unit_of_work import Core, UnitOfWork
from intake.demo import scene
from intake.demo.place import HOST, SUPPORT_NUMBER, Place

_ALICE = "alice@northwind.example"
_WAIT = timedelta(hours=12)  # after the day of a reminder, so that the guide is good for half a day


@dataclass(frozen=True)
class Guide:
    """What the demo says, as data; and the time and the Reference ID that its words need."""

    facts: dict[str, Any]
    now: datetime
    asked: dict[str, Any] | None  # a case of Alice's that waits for her answer; None when none does any more
    proposed: dict[str, Any] | None  # one with a solution proposed
    opened: dict[str, Any] | None  # one that is Open, and not Critical yet
    reference: str  # of `asked`, for Alice


def make(core: Core, spot: Place) -> Guide:
    """Return the guide to a demo as it stands now."""
    return core.write(lambda uow: _make(uow, spot))


def _make(uow: UnitOfWork, spot: Place) -> Guide:
    settings = spot.settings
    facts: dict[str, Any] = {
        "smtp": {"host": HOST, "port": settings.smtp_port},
        "web": {"url": settings.public_url},
        "sink": {"dir": str(spot.sink_folder)},
        "env": spot.variables,
        "twilio": {
            "account_sid": settings.twilio_account_sid,
            "auth_token": settings.twilio_auth_token.get_secret_value(),
            "public_url": settings.public_url,
            "number": SUPPORT_NUMBER,
        },
        "contacts": _contacts(uow),
        "cases": _cases(uow),
    }
    mine = [case for case in facts["cases"] if case["contact"] == _ALICE]
    asked = _first(mine, Status.AWAITING_INFORMATION)
    reference = _reference(uow, asked["number"]) if asked else ""
    proposed, opened = _first(mine, Status.SOLUTION_PROPOSED), _first(mine, Status.OPEN)
    return Guide(facts, uow.now, asked, proposed, opened, reference)


def _reference(uow: UnitOfWork, number: str) -> str:
    return telling.reference_for(uow, rows.find(uow.connection, number).id, _ALICE)


def _contacts(uow: UnitOfWork) -> list[dict[str, Any]]:
    people = [directory.contact_by_email(uow, email) for email in directory.contact_emails(uow)]
    return [
        {
            "email": person.email,
            "name": person.name,
            "role": scene.ROLES.get(person.email, ""),
            "pin": pins.reveal(uow, person.id, by="demo") or "",
            "phone": person.phone,
        }
        for person in people
    ]


def _cases(uow: UnitOfWork) -> list[dict[str, Any]]:
    return [
        {
            "number": case["number"],
            "status": case["status"],
            "priority": Priority(case["priority"]).label,
            "contact": case["contact_email"],
            "subject": case["subject"],
        }
        for case in reversed(rows.listed(uow.connection))
    ]


def _first(mine: Sequence[dict[str, Any]], status: Status) -> dict[str, Any] | None:
    """Return a case in this status that is not Critical yet, or None in a demo that went on for a while."""
    fitting = (case for case in mine if case["status"] == status)
    return next((case for case in fitting if case["priority"] != Priority.CRITICAL.label), None)


# --- in words -----------------------------------------------------------------------------------------------


def printed(guide: Guide, spot: Place) -> str:
    """Return what the demo prints: where it is, people, cases, and three things to try."""
    settings = spot.settings
    password = settings.console_password.get_secret_value()
    return f"""
The intake gateway runs. Ctrl-C ends it; started again, it goes on where it was.

  mail in    {HOST}:{settings.smtp_port}
  mail out   one file a mail in {spot.sink_folder}, and shown here
  phone      {settings.public_url}/voice/twilio/incoming
  console    {settings.public_url}/console/  (any name, password {password})

People
{_people(guide)}

Cases
{_listed(guide)}

Three things to try. In another terminal, first:

  . {spot.shell_file}; PATH={Path(sys.executable).parent}:$PATH

{_mail(guide, spot)}
{_call(guide)}
{_reminder(guide)}"""


def _people(guide: Guide) -> str:
    return "\n".join(
        f"  {person['email']:26} {person['phone']}  PIN {_pin(person):14}  {person['role']}"
        for person in guide.facts["contacts"]
    )


def _pin(person: dict[str, Any]) -> str:
    return pins.spoken(person["pin"]) if person["pin"] else "(blank)"


def _listed(guide: Guide) -> str:
    return "\n".join(
        f"  {case['number']}  {case['priority']:10}  {case['status']:20}  {case['contact']:24}  {case['subject']}"
        for case in guide.facts["cases"]
    )


_DONE = "was tried: no case of Alice's fits any more. `make demo DEMO=--fresh` begins anew.\n"


def _mail(guide: Guide, spot: Place) -> str:
    if guide.asked is None:
        return f"1. A mail {_DONE}"
    number, subject = guide.asked["number"], guide.asked["subject"]
    to = reply_address(spot.settings.mail_from_address, guide.reference)
    return f"""1. A mail. Case {number} waits for Alice; this is her answer to the question that was mailed:

python3 - <<'END'
import smtplib
mail = '''\\
From: Alice Archer <{_ALICE}>
To: {to}
Subject: Re: {subject}

We run version 4.2.
'''
smtplib.SMTP("{HOST}", {spot.settings.smtp_port}).sendmail("{_ALICE}", "{to}", mail)
END
intake case show {number}
"""


def _call(guide: Guide) -> str:
    if guide.opened is None:
        return f"2. A call {_DONE}"
    alice, number = guide.facts["contacts"][0], guide.opened["number"]
    keys = f"{alice['pin']}# 1 1 {number}# 1# 1"
    return f"""2. A call. Alice says that case {number} is critical; Ada does not answer, Grace does:

intake phone --from {alice["phone"]} --keys "{keys}" --analysts "no-answer,accept"
intake case show {number}
"""


def _reminder(guide: Guide) -> str:
    if guide.proposed is None:
        return f"3. A reminder {_DONE}"
    number = guide.proposed["number"]
    days = [guide.now + timedelta(days=days) + _WAIT for days in (2, 5, 10)]
    forward = "\n".join(f"intake worker --once --as-of {at:%Y-%m-%dT%H:%M}" for at in days)
    return f"""3. A reminder. Nobody answers case {number}; two, five and ten days later, in a moment:

{forward}
intake case show {number}
"""
