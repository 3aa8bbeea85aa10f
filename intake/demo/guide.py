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
    asked: str  # the number of a case of Alice's that waits for her answer, or that is at least active
    proposed: str
    opened: str
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
    asked = _number(mine, Status.AWAITING_INFORMATION)
    reference = telling.reference_for(uow, rows.find(uow.connection, asked).id, _ALICE)
    proposed, opened = _number(mine, Status.SOLUTION_PROPOSED), _number(mine, Status.OPEN)
    return Guide(facts, uow.now, asked, proposed, opened, reference)


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


def _number(mine: Sequence[dict[str, Any]], status: Status) -> str:
    """Return a case in this status; in a demo that went on for a while, the next best."""
    fitting = [case for case in mine if case["status"] == status]
    active = [case for case in mine if case["status"] != Status.CLOSED]
    return str((fitting or active or mine)[0]["number"])


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


def _mail(guide: Guide, spot: Place) -> str:
    to = reply_address(spot.settings.mail_from_address, guide.reference)
    return f"""1. A mail. Case {guide.asked} waits for Alice; this is her answer to the question that was mailed:

python3 - <<'END'
import smtplib
mail = '''\\
From: Alice Archer <{_ALICE}>
To: {to}
Subject: Re: Recordings are missing

We run version 4.2.
'''
smtplib.SMTP("{HOST}", {spot.settings.smtp_port}).sendmail("{_ALICE}", "{to}", mail)
END
intake case show {guide.asked}
"""


def _call(guide: Guide) -> str:
    alice = guide.facts["contacts"][0]
    keys = f"{alice['pin']}# 1 1 {guide.opened}# 1# 1"
    return f"""2. A call. Alice says that case {guide.opened} is critical; Ada does not answer, Grace does:

intake phone --from {alice["phone"]} --keys "{keys}" --analysts "no-answer,accept"
intake case show {guide.opened}
"""


def _reminder(guide: Guide) -> str:
    days = [guide.now + timedelta(days=days) + _WAIT for days in (2, 5, 10)]
    forward = "\n".join(f"intake worker --once --as-of {at:%Y-%m-%dT%H:%M}" for at in days)
    return f"""3. A reminder. Nobody answers case {guide.proposed}; two, five and ten days later, in a moment:

{forward}
intake case show {guide.proposed}
"""
