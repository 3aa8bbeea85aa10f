"""Notices that the product's own notifier composed, and the cases that their Reference IDs belong to.

Each number names one notice, the same each time; two of them, for two recipients, belong to one case.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cache, lru_cache

from core.identifiers import ReferenceMint
from core.rules.notices import NoticeKind
from core.rules.terms import Channel, EventKind, Status, SubStatus
from notifier.compose import compose
from notifier.facts import CaseTold, NoticeFacts, Said
from notifier.settings import MailSettings

MINT = ReferenceMint("T1", b"test reference key")  # of the tests' installation, so that their core knows them
NOTICES = 2_000
_NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_KINDS = (
    NoticeKind.CASE_OPENED,
    NoticeKind.INFORMATION_ASKED,
    NoticeKind.SOLUTION_PROPOSED,
    NoticeKind.PUBLIC_POST,
    NoticeKind.STATUS_CHANGED,
)
_SUBJECTS = (
    "The switch is down",
    "Störung im Netz",
    "Panne de réseau",
    "Сбой сети",
    "ネットワーク障害",
    "x" * 140,
)
_WORDS = (
    "Which version?",
    "Please try 4.2.\nThen restart it.",
    "Bitte prüfen Sie das.",
    "再起動してください。",
)
SETTINGS = MailSettings(
    "Northwind Support <support@support.example>",
    "support.example",
    "https://support.example/cases/{number}",
    "T1",
)


@dataclass(frozen=True)
class Notice:
    """A notice as its recipient has it; `case` is the number of the case that its Reference ID belongs to."""

    token: str
    case: int
    subject: str
    message_id: str
    references: str
    reply_to: str
    text: str
    html: str


def case_of(token: str) -> int | None:
    """Return whose Reference ID this is, or None when it was never given out: what the database would say."""
    return _cases().get(token)


def token_of(number: int) -> str:
    """Return the Reference ID in the notice of this number."""
    return MINT.mint(random.Random(f"token {number}"))


@cache
def notice(number: int) -> Notice:
    """Return the notice of this number."""
    token = token_of(number)
    return _read(token, number // 2, compose(_facts(token, number), SETTINGS))


@lru_cache(maxsize=1)
def _cases() -> dict[str, int]:
    return {token_of(number): number // 2 for number in range(NOTICES)}


def with_token(token: str, number: int) -> Notice:
    """Return a notice like the one of this number, with another Reference ID."""
    return _read(token, number // 2, compose(_facts(token, number), SETTINGS))


def _read(token: str, case: int, mail: EmailMessage) -> Notice:
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    return Notice(
        token=token,
        case=case,
        subject=str(mail["Subject"]),
        message_id=str(mail["Message-ID"]),
        references=str(mail["References"]),
        reply_to=str(mail["Reply-To"]),
        text=text.get_content(),
        html=html.get_content(),
    )


def _facts(token: str, number: int) -> NoticeFacts:
    said = Said(
        EventKind.INFORMATION_ASKED,
        "Ada",
        by_reader=False,
        channel=Channel.CONSOLE,
        at=_NOW,
        text=_WORDS[number % len(_WORDS)],
        status=Status.AWAITING_INFORMATION,
        sub_status=SubStatus.INFORMATION_REQUIRED,
    )
    return NoticeFacts(
        kind=_KINDS[number % len(_KINDS)],
        now=_NOW,
        recipient="alice@northwind.example",
        recipient_name="Alice Archer",
        message_id=f"<{token}.{number:016x}@support.example>",
        reference=token,
        case=_case(number),
        event=said,
        asked=said,
        still_waits=True,
    )


def _case(number: int) -> CaseTold:
    return CaseTold(
        number=f"{number // 2 + 1:010d}",
        type="Support",
        subject=_SUBJECTS[number % len(_SUBJECTS)],
        status="Awaiting Information",
        sub_status="Information Required From Customer",
        priority="3-Medium",
        company="Northwind",
        contact_name="Alice Archer",
        contact_email="alice@northwind.example",
        owner_name="Ada",
        callback_number="",
        is_critical=False,
    )
