"""The demo's people and cases, brought in through the product's own verbs.

Everyone is made up; their numbers are of the ranges kept for fiction, their domains of `.example`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import resources

import sqlalchemy as sa
import yaml

from core import cases, directory, pins
from core.acting import Actor, Done
from core.cases import NewCase
from core.enrolment import enrol
from core.rules.notices import NoticeKind
from core.rules.terms import Channel, Priority, Role, SubStatus
from core.store import schema
from core.store.cases import Case
from core.unit_of_work import Core, UnitOfWork

ROLES = {
    "alice@northwind.example": "Designated Contact of Northwind, a direct customer",
    "bob@northwind.example": "Alice's colleague, may only read",
    "charlie@eastgate.example": "Designated Contact of Eastgate, another company",
    "petra@harbour.example": "Designated Contact at the partner Harbour, for its customer Island Clinic",
    "cleo@cloudline.example": "Designated Contact with Care for Cloud: the phone is for critical cases",
    "blanche@northwind.example": "Designated Contact whose PIN is blank",
    "erin@lapsed.example": "Designated Contact whose only contract has ended",
}
_WITHOUT_PIN = "blanche@northwind.example"
_ADA = "ada@support.example"

Move = Callable[[UnitOfWork, Actor, Case], Done]


def set_up(core: Core) -> None:
    """Bring in directory, PINs and cases, once; a demo that goes on is left as it is."""
    core.write(_set_up)


def _set_up(uow: UnitOfWork) -> None:
    if directory.contact_emails(uow):
        return
    enrol(uow, _directory(uow))
    for email in directory.contact_emails(uow):
        if email != _WITHOUT_PIN:
            pins.issue(uow, directory.contact_by_email(uow, email).id, by="demo")
    for contact, priority, subject, text, moves in _CASES:
        _play(uow, contact, priority, subject, text, moves)
    # What happened before the curtain rose is not mailed, but for the question that the guide answers.
    asked = schema.outbox.c.notice == NoticeKind.INFORMATION_ASKED
    uow.connection.execute(sa.delete(schema.outbox).where(~asked))


def _directory(uow: UnitOfWork) -> dict[str, object]:
    text = resources.files("intake.demo").joinpath("directory.yaml").read_text(encoding="utf-8")
    document: dict[str, object] = yaml.safe_load(text)
    contracts = document["contracts"]
    assert isinstance(contracts, list)
    for contract in contracts:
        contract["starts"] = uow.now - timedelta(days=contract.pop("started_days_ago"))
        contract["ends"] = uow.now + timedelta(days=contract.pop("ends_in_days"))
    return document


def _play(
    uow: UnitOfWork, email: str, priority: Priority, subject: str, text: str, moves: tuple[Move, ...]
) -> None:
    contact = directory.contact_by_email(uow, email)
    analyst = directory.analyst_by_email(uow, _ADA)
    ada = Actor(Role.ANALYST, analyst.name, Channel.CONSOLE, analyst_id=analyst.analyst_id)
    pair = directory.holdings(uow, contact.id)[0].combination.id
    case = cases.open_case(uow, ada, NewCase(contact.id, pair, subject, text, priority=priority)).case
    for move in moves:
        case = move(uow, ada, case).case


def _set(sub_status: SubStatus) -> Move:
    return lambda uow, actor, case: cases.set_status(uow, actor, case, sub_status)


def _close(reason: SubStatus, comment: str) -> Move:
    return lambda uow, actor, case: cases.close(uow, actor, case, reason, comment)


def _ask(question: str) -> Move:
    return lambda uow, actor, case: cases.ask_information(uow, actor, case, question)


def _propose(solution: str, *, fixed: bool = False) -> Move:
    return lambda uow, actor, case: cases.propose_solution(uow, actor, case, solution, fixed=fixed)


def _critical(uow: UnitOfWork, _actor: Actor, case: Case) -> Done:
    contact = directory.contact(uow, case.contact_id)
    caller = Actor(Role.CUSTOMER, f"{contact.name} <{contact.email}>", Channel.PHONE, contact_id=contact.id)
    number = contact.phone or ""
    return cases.raise_to_critical(uow, caller, case, callback_number=number, production_down=True)


_ALICE, _CHARLIE, _PETRA = "alice@northwind.example", "charlie@eastgate.example", "petra@harbour.example"
_CASES: tuple[tuple[str, Priority, str, str, tuple[Move, ...]], ...] = (
    (_ALICE, Priority.MEDIUM, "Agents are logged out at noon", "Every day at 12:00, all at once.", ()),
    (
        _ALICE,
        Priority.HIGH,
        "Calls drop after ten minutes",
        "Since the update on Monday.",
        (_set(SubStatus.INVESTIGATION),),
    ),
    (
        _ALICE,
        Priority.HIGH,
        "Recordings are missing",
        "Nothing since Friday.",
        (_ask("Which recorder version do you run?"),),
    ),
    (
        _ALICE,
        Priority.LOW,
        "Report shows the wrong month",
        "It is always one behind.",
        (_propose("Set the report's time zone to yours."),),
    ),
    (
        _ALICE,
        Priority.MEDIUM,
        "Wallboard stays black",
        "After the power cut.",
        (_close(SubStatus.RESOLVED, "The display had no power."),),
    ),
    (_CHARLIE, Priority.MEDIUM, "Licence count differs", "We bought 50, it shows 40.", ()),
    (
        _CHARLIE,
        Priority.HIGH,
        "No audio on transfers",
        "One in ten.",
        (_set(SubStatus.ENGINEERING_REQUEST),),
    ),
    (
        _CHARLIE,
        Priority.LOW,
        "Please keep the old report",
        "Our auditors like it.",
        (_close(SubStatus.CANCELLED, "Withdrawn by the customer."),),
    ),
    (
        _PETRA,
        Priority.MEDIUM,
        "Upgrade at Island Clinic",
        "Which window is free?",
        (_set(SubStatus.MAINTENANCE_REVIEW),),
    ),
    (
        _PETRA,
        Priority.MEDIUM,
        "Carrier changes its codecs",
        "They have not said when.",
        (_set(SubStatus.THIRD_PARTY_PENDING),),
    ),
    (
        _PETRA,
        Priority.HIGH,
        "Voice mail lamp stays lit",
        "On twelve phones.",
        (_propose("Patch 7.2.1 is on your download page.", fixed=True),),
    ),
    (_PETRA, Priority.HIGH, "The clinic's main line is dead", "No call comes in.", (_critical,)),
)
