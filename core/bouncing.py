"""Mail of ours that came back: the mark on its notice, the news for the case's owner, who cannot be reached (E7).

A report is anybody's word: mail is forged easily, and whoever got a notice knows its Message-ID. So all that a
report can do is here, and it is little: mark that one notice, once; tell the owner; count towards a contact's being
named as out of reach. It moves no status, stops no timer and keeps no mail from being sent (I7).

Who is out of reach is derived from the outbox and kept nowhere: it ends by itself with the first mail that arrives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import cases, pins
from core.rules.notices import NoticeKind
from core.rules.terms import BounceKind
from core.store import cases as case_rows
from core.store import outbox
from core.store.claiming import State
from core.unit_of_work import UnitOfWork

_LONGEST_WORDS = 500
_MOST_MAILS = 100  # of one address that are looked at
_MAY_STILL_BOUNCE = timedelta(days=1)  # a host that has refused an address for good says so long before


@dataclass(frozen=True)
class Bounce:
    """What a report says of a notice: why in a few words, the status (RFC 3463), and what the mail system said."""

    kind: BounceKind
    why: str
    status: str = ""
    words: str = ""


@dataclass(frozen=True)
class OutOfReach:
    """How many of the last mails to an address came back for good, since when, and why the last of them did."""

    mails: int
    since: datetime
    words: str


def record(uow: UnitOfWork, notice: sa.RowMapping, bounce: Bounce) -> bool:
    """Mark the notice and tell the owner of its case. False when an earlier report of the same was told (E7)."""
    said = pins.masked(uow, " ".join(bounce.words.split()))[:_LONGEST_WORDS]
    why = f"{bounce.why} ({bounce.status})" if bounce.status else bounce.why
    mark = outbox.BounceMark(bounce.kind, bounce.status, f"{why}: {said}" if said else why)
    if not outbox.mark_bounced(uow.connection, notice["id"], mark, uow.now):
        return False
    # That the news of a failed notice came back is no news: it would come back for ever.
    if notice["case_id"] is not None and notice["notice"] != NoticeKind.NOTICE_FAILED_FOR_OWNER:
        case = case_rows.by_id(uow.connection, notice["case_id"])
        cases.record_notice_failed(uow, case, " ".join(_news(uow, notice, mark)))
    return True


def _news(uow: UnitOfWork, notice: sa.RowMapping, mark: outbox.BounceMark) -> Iterator[str]:
    yield f"The mail {notice['notice']!r} to {notice['recipient']} came back as undeliverable."
    if mark.kind is BounceKind.SOFT:
        yield "The reason may pass, but the mail is not sent again by itself."
    else:
        yield "The next mail to this address will most likely come back too."
    gone = out_of_reach(uow, notice["recipient"])
    if gone is not None:
        yield f"The last {gone.mails} mails to it came back like this one: ask for another address."
    yield f"Why: {mark.words}"


def out_of_reach(uow: UnitOfWork, address: str) -> OutOfReach | None:
    """Return since when every mail to an address has come back for good; None while it counts as in reach.

    How many in a row it takes, within how many days, is in the rulebook. A mail that has left counts as arrived
    once a day has passed; one that came back for a reason that may pass shows that the address is there.
    """
    rules = uow.house.rulebook
    since = uow.now - timedelta(days=rules.hard_bounce_days)
    back = list(_back_for_good(uow, outbox.sent_to(uow.connection, address, since, _MOST_MAILS)))
    if len(back) < rules.hard_bounces:
        return None
    return OutOfReach(len(back), back[-1]["bounced_at"], back[0]["bounce_words"])


def _back_for_good(uow: UnitOfWork, newest_first: list[sa.RowMapping]) -> Iterator[sa.RowMapping]:
    for row in newest_first:
        if row["state"] == State.BOUNCED and row["bounce"] == BounceKind.HARD:
            yield row
        elif row["state"] == State.BOUNCED or row["finished_at"] <= uow.now - _MAY_STILL_BOUNCE:
            return


def contacts_out_of_reach(uow: UnitOfWork) -> dict[str, OutOfReach]:
    """Return every address that is out of reach, with since when. One look through the outbox's last days."""
    rules = uow.house.rulebook
    since = uow.now - timedelta(days=rules.hard_bounce_days)
    suspects = outbox.often_back(uow.connection, since, rules.hard_bounces)
    found = ((address, out_of_reach(uow, address)) for address in suspects)
    return {address: gone for address, gone in found if gone is not None}
