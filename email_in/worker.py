"""Mails from the inbox to their outcomes.

`apply_some` claims what waits (committed with its attempt, so that a mail which kills the worker is counted
too), reads it without touching the database, and settles it in one transaction: the updates, the statuses, the
events, the notices and "done". Mails go together as long as all goes well; one that fails is settled by itself,
and so is one that was claimed before. What fails five times is parked in triage with its bytes. An outage of ours
is no fault of a mail's: it waits until the outage is over, uncounted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import sqlalchemy as sa
import structlog

from core import pins, triage
from core.errors import LeaseLost
from core.identifiers import random_key
from core.store import claiming, inbox
from core.store.database import is_unavailable
from core.store.schema import inbox as inbox_table
from core.triage import Aside
from core.unit_of_work import Core, UnitOfWork
from email_in import reading
from email_in.proof.questions import NameServersAreSilent
from email_in.reading import Read
from email_in.sender import SenderNotKnownYet, SenderRules
from email_in.settling import settle

log = structlog.get_logger()

MOST_ATTEMPTS = 5
_MOST_TOGETHER = 40  # mails; the database is theirs for as long as they are settled
WORTH_A_COMMIT = 20  # fewer let others gather, where there is a moment
_MOST_BYTES = 8 * 1024 * 1024  # of mails that are in memory together, unless one alone is larger
_READERS = 8  # mails that are read at a time
_PAUSE = timedelta(seconds=30)  # before a failed mail is tried again; it doubles
_LONGEST_OUTAGE = timedelta(days=3)  # what looks like one for longer is the mail's own fault after all


def apply_some(core: Core, rules: SenderRules) -> int:
    """Settle the mails that have waited for longest, and return how many: 0 when none waits."""
    rows = core.write(_claim, mark="inbox.claim")
    if rows and rows[0]["attempts"] > MOST_ATTEMPTS:
        _park(core, rows[0])
        return 1
    for group in _groups(core, rows):
        _settle_together(core, rules, group)
    return len(rows)


def _claim(uow: UnitOfWork) -> list[sa.RowMapping]:
    lease = random_key(uow.house.chance)
    first = claiming.claim(uow.connection, inbox_table, lease, uow.now)
    if first is None:
        return []
    if first["attempts"] > 1:  # it may have killed its worker
        return [first]
    most = _MOST_TOGETHER - 1
    return [first, *claiming.claim_fresh(uow.connection, inbox_table, lease, uow.now, most)]


def _groups(core: Core, rows: Sequence[sa.RowMapping]) -> Iterator[list[sa.RowMapping]]:
    """Yield the mails in groups that may be in memory together."""
    with core.reading() as uow:
        sizes = inbox.sizes_of(uow.connection, [row["id"] for row in rows]) if len(rows) > 1 else {}
    group: list[sa.RowMapping] = []
    room = _MOST_BYTES
    for row in rows:
        size = sizes.get(row["id"], 0)
        if group and size > room:
            yield group
            group, room = [], _MOST_BYTES
        group.append(row)
        room -= size
    if group:
        yield group


def _settle_together(core: Core, rules: SenderRules, rows: Sequence[sa.RowMapping]) -> None:
    reads = _read(core, rules, rows)
    if not reads:
        return
    try:
        _write(core, rules, reads)
    except Exception as error:
        if len(reads) > 1 and not _is_outage(error):  # the fault of one is not to be that of all
            for read in reads:
                _settle_alone(core, rules, read)
        else:
            _put_back(core, [read.row for read in reads], error)


def _settle_alone(core: Core, rules: SenderRules, read: Read) -> None:
    try:
        _write(core, rules, [read])
    except Exception as error:
        _put_back(core, [read.row], error)


def _write(core: Core, rules: SenderRules, reads: Sequence[Read]) -> None:
    core.write(lambda uow: settle(uow, core.blobs, rules, reads), mark="inbox.apply", together=True)


def _read(core: Core, rules: SenderRules, rows: Sequence[sa.RowMapping]) -> list[Read]:
    """Return the mails that can be read; what cannot is put back."""
    with core.reading() as uow:
        raws = inbox.raws_of(uow.connection, [row["id"] for row in rows])
    # Who asks the DNS waits, and who keeps a file waits for the disk: the others are not to wait for him.
    with ThreadPoolExecutor(min(len(rows), _READERS)) as pool:
        under_way = [pool.submit(reading.read, core, rules, row, raws.pop(row["id"], None)) for row in rows]
    reads = []
    for row, read in zip(rows, under_way, strict=True):
        try:
            reads.append(read.result())
        except Exception as error:
            _put_back(core, [row], error)
    return reads


def _put_back(core: Core, rows: Sequence[sa.RowMapping], error: Exception) -> None:
    """Let mails that failed wait; an outage does not count against them."""
    for row in rows:
        if isinstance(error, LeaseLost):
            _tell_of_lost(row)
            continue
        _tell_of_failure(row, error)
        try:
            core.write(partial(_let_wait, row=row, error=error))
        except LeaseLost:
            _tell_of_lost(row)


def _tell_of_failure(row: sa.RowMapping, error: Exception) -> None:
    facts = {"inbox_id": row["id"], "attempt": row["attempts"]}
    if isinstance(error, SenderNotKnownYet | NameServersAreSilent):
        log.warning("sender could not be checked", why=str(error), **facts)
    else:
        log.error("mail failed", exc_info=error, **facts)


def _tell_of_lost(row: sa.RowMapping) -> None:
    log.info("mail was taken over by another worker", inbox_id=row["id"])


def _let_wait(uow: UnitOfWork, row: sa.RowMapping, error: Exception) -> None:
    pause = _PAUSE * 2 ** (row["attempts"] - 1)
    told = f"{type(error).__name__}: {error}"[:1000]
    claiming.put_back(uow.connection, inbox_table, row, uow.now + pause, pins.masked(uow, told))
    if _is_outage(error) and uow.now - row["received_at"] < _LONGEST_OUTAGE:
        inbox.forget_attempt(uow.connection, row["id"])


def _is_outage(error: Exception) -> bool:
    """Say whether the database or the disk failed, which says nothing about the mail."""
    return is_unavailable(error) or isinstance(error, OSError)


def _park(core: Core, row: sa.RowMapping) -> None:
    words = f"The mail failed {MOST_ATTEMPTS} times: {row['error']}. Its bytes are kept."
    aside = Aside(row["id"], "failed-repeatedly", words, row["envelope_sender"], "")

    def act(uow: UnitOfWork) -> None:
        triage.put_aside(uow, aside)
        claiming.park(uow.connection, inbox_table, row, uow.now, row["error"] or "", outcome="parked")

    try:
        core.write(act, mark="inbox.apply")
    except LeaseLost:
        _tell_of_lost(row)
