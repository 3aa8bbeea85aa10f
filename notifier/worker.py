"""One row of the outbox leaves.

    1. claim it; the attempt and the lease are committed (crash point outbox.claim)
    2. read what it is about; a reminder that the case no longer waits for is dropped (I10)
    3. compose, read back, give it to the smart host (crash point outbox.accepted-by-smart-host)
    4. mark it done (crash point outbox.sent), or
       put it back for later       the smart host said 4xx, or was not there
       park it                     it said 5xx, or 4xx for three days, or we could not compose it five times

A parked notice is told on its case, and by that to the case's owner, in the same commit (I8). A worker that
dies after 3 sends the mail again, with the same Message-ID (I9).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import cases
from core.addresses import bounce_address
from core.crashpoints import crashpoint
from core.errors import IntakeError, LeaseLost
from core.identifiers import random_key
from core.rules.notices import NoticeKind
from core.store import cases as case_rows
from core.store import claiming
from core.store.database import is_unavailable
from core.store.schema import outbox
from core.unit_of_work import Core, UnitOfWork
from notifier.cleaning import one_line
from notifier.compose import AddressIsUnusable, compose, serialised
from notifier.facts import no_longer_true, read
from notifier.settings import MailSettings
from notifier.transport import PermanentFailure, TemporaryFailure, Transport

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 20, 40, 67))  # then 67 each time
GIVE_UP_AFTER = timedelta(days=3)  # from when the notice was written
MOST_FAULTS = 5  # attempts that may end in an error of our own
MOST_ATTEMPTS = 100  # more than three days of pauses hold
_LONGEST_ERROR = 500


class NoLongerTrue(IntakeError):
    """The state that a notice tells of does not hold any more (I10); the message says why."""


class AttemptsAreUsedUp(IntakeError):
    """Attempt after attempt ended without any result: the mail kills whoever works on it."""


def send_one(core: Core, settings: MailSettings, transport: Transport) -> bool:
    """Do one notice that is due; return whether there was one.

    Raises what the database raises; the row then waits for its lease to run out.
    """
    row = core.write(_claim, mark="outbox.claim")
    if row is None:
        return False
    # When the lease is lost, somebody else has the row, and a mail that left leaves again as the same (I9).
    with suppress(LeaseLost):
        _work_on(core, settings, transport, row)
    return True


def pause_after(attempts: int) -> timedelta:
    """Return how long a notice waits after this many attempts."""
    return PAUSES[min(attempts, len(PAUSES)) - 1]


def _claim(uow: UnitOfWork) -> sa.RowMapping | None:
    return claiming.claim(uow.connection, outbox, random_key(uow.house.chance), uow.now)


def _work_on(core: Core, settings: MailSettings, transport: Transport, row: sa.RowMapping) -> None:
    try:
        _send(core, settings, transport, row)
    except NoLongerTrue as reason:
        why = str(reason)
        core.write(lambda uow: claiming.drop(uow.connection, outbox, row, uow.now, why))
    except Exception as failure:
        if is_unavailable(failure):
            raise
        error = failure
        core.write(lambda uow: _settle(uow, row, error))
    else:
        core.write(lambda uow: claiming.finish(uow.connection, outbox, row, uow.now), mark="outbox.sent")


def _send(core: Core, settings: MailSettings, transport: Transport, row: sa.RowMapping) -> None:
    if row["attempts"] > MOST_ATTEMPTS:
        raise AttemptsAreUsedUp(f"{MOST_ATTEMPTS} attempts ended without a result")
    with core.reading() as uow:
        facts = read(uow, row)
    reason = no_longer_true(facts)
    if reason:
        raise NoLongerTrue(reason)
    message = serialised(compose(facts, settings))
    transport.send(bounce_address(settings.mail_domain, row["bounce_key"]), row["recipient"], message)
    crashpoint("outbox.accepted-by-smart-host")


def _settle(uow: UnitOfWork, row: sa.RowMapping, failure: Exception) -> None:
    """Put the row back or park it; who must know of a parked one is told in the same commit (I8)."""
    error = _in_words(failure)
    if not _is_final(row, failure, uow.now):
        claiming.put_back(uow.connection, outbox, row, uow.now + pause_after(row["attempts"]), error)
        return
    claiming.park(uow.connection, outbox, row, uow.now, error)
    # That a notice of a failure fails too is told nobody: it would go the same way.
    if row["case_id"] is not None and row["notice"] != NoticeKind.NOTICE_FAILED_FOR_OWNER:
        case = case_rows.by_id(uow.connection, row["case_id"])
        words = f"The notice {row['notice']} to {row['recipient']} could not be delivered: {error}"
        cases.record_notice_failed(uow, case, words)


def _is_final(row: sa.RowMapping, failure: Exception, now: datetime) -> bool:
    """Say whether there is no further attempt."""
    if isinstance(failure, PermanentFailure | AddressIsUnusable):
        return True
    if isinstance(failure, TemporaryFailure):
        # Some attempts are made in any case: after an outage of our own, and when people retry.
        return bool(now - row["written_at"] >= GIVE_UP_AFTER and row["attempts"] >= len(PAUSES))
    return bool(row["attempts"] >= MOST_FAULTS)


def _in_words(failure: Exception) -> str:
    says = str(failure)
    if not isinstance(failure, IntakeError):
        says = f"{type(failure).__name__}: {says}"
    return one_line(says, _LONGEST_ERROR)
