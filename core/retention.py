"""What is removed when its time is over: attachments, recordings and mails as they came. The history stays (C10).

A case holds them until the very instant from which it can no longer be reopened; so a case that is reopened keeps
them (C9). The commit that decides it tells of it in the history, and the bytes go after it, a few at a time, so
that nobody who writes waits for long. What a crash leaves of them is found by the sweep: mails that were settled
as long ago and are of no open case, and files that no attachment names, those of triage among them. A mail that
waits for people keeps its bytes, whatever it belongs to, and for as long after they settled it.

At the end the database is scrubbed: SQLite's log holds the bytes of removed rows until it is cut off (I15).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from core import cases
from core.rules.policy import reopen_until
from core.store import cases as rows
from core.store import retention as stored
from core.store.blobs import BlobStore
from core.store.cases import Case
from core.store.database import is_unavailable
from core.store.retention import Contents, KeptMail, Place
from core.unit_of_work import Core, UnitOfWork

log = structlog.get_logger()

_STILL_WITHOUT_ROW = timedelta(hours=1)  # a put is followed by its row within minutes, or never
_FILES_AT_ONCE = 100  # in one transaction, as little as of mails
# Of mails, in one transaction: others wait for SQLite's only writer meanwhile.
_BYTES_AT_ONCE, _MAILS_AT_ONCE = 16_000_000, 500


@dataclass(frozen=True)
class Removed:
    """What was removed, or would be. Sizes are in bytes."""

    attachments: int = 0
    attachment_bytes: int = 0
    recordings: int = 0
    mails: int = 0
    mail_bytes: int = 0

    def __add__(self, other: Removed) -> Removed:
        return Removed(
            self.attachments + other.attachments,
            self.attachment_bytes + other.attachment_bytes,
            self.recordings + other.recordings,
            self.mails + other.mails,
            self.mail_bytes + other.mail_bytes,
        )

    @property
    def words(self) -> str:
        """The same for people; empty when it is nothing."""
        told = []
        if self.attachments:
            told.append(f"{_counted(self.attachments, 'attachment')} ({readable(self.attachment_bytes)})")
        if self.recordings:
            told.append(_counted(self.recordings, "recording"))
        if self.mails:
            told.append(f"{_counted(self.mails, 'mail')} as {'it' if self.mails == 1 else 'they'} came")
        return ", ".join(told)


@dataclass(frozen=True)
class Purged:
    """What a case came to. `failed`: the log says why, and a later run does what is left."""

    number: str
    closed_at: datetime
    removed: Removed
    failed: bool = False


def purge(core: Core) -> Iterator[Purged]:
    """Purge every case whose time is over, oldest closing first, and yield each; then scrub the database."""
    yield from purge_cases(core)
    _scrub(core)


def sweep(core: Core) -> Iterator[Removed | int]:
    """Remove what is of no open case, and yield it piece by piece; then scrub the database."""
    yield from remove_settled_mails(core)
    yield from remove_stray_recordings(core)
    yield from remove_unnamed_files(core)
    _scrub(core)


# --- cases ----------------------------------------------------------------------------------------------------


def purge_cases(core: Core) -> Iterator[Purged]:
    """Purge every case whose time is over, oldest closing first, and yield each; it holds up no other if it fails."""
    for place in _due(core):
        purged = _purge_one(core, place)
        if purged is not None:
            yield purged


def due_cases(core: Core) -> Iterator[Purged]:
    """Yield what purge_cases would, and change nothing."""
    for place in _due(core):
        with core.reading() as uow:
            case = rows.by_id(uow.connection, place.case_id)
            held = stored.contents(uow.connection, case.id, _closed_by(uow))
        yield Purged(case.number, place.closed_at, _removed(held))


def _due(core: Core) -> Iterator[Place]:
    place: Place | None = None
    while True:
        with core.reading() as uow:
            place = stored.next_case(uow.connection, _closed_by(uow), place)
        if place is None:
            return
        yield place


def _closed_by(uow: UnitOfWork) -> datetime:
    return uow.now - timedelta(days=uow.house.rulebook.reopen_days)


def _purge_one(core: Core, place: Place) -> Purged | None:
    try:
        decided = core.write(lambda uow: _decide(uow, place), mark="purge")
    except Exception as error:
        return _failed(core, place, Removed(), error)
    if decided is None:
        return None
    case, held = decided
    try:
        remove_mails(core, held.mails)
        for digest in held.digests:
            _discard_unnamed(core, digest, (digest,), _STILL_WITHOUT_ROW)
    except Exception as error:
        return _failed(core, place, _removed(held), error)
    return Purged(case.number, place.closed_at, _removed(held))


def _failed(core: Core, place: Place, removed: Removed, error: Exception) -> Purged:
    if is_unavailable(error):
        raise error
    with core.reading() as uow:
        number = rows.by_id(uow.connection, place.case_id).number
    log.error("purge failed", case=number, exc_info=error)
    return Purged(number, place.closed_at, removed, failed=True)


def _decide(uow: UnitOfWork, place: Place) -> tuple[Case, Contents] | None:
    """Note in one transaction what goes; None when the case was reopened or purged meanwhile."""
    case = rows.by_id(uow.connection, place.case_id)
    if case.purged_at is not None or case.closed_at is None:
        return None
    if uow.now < reopen_until(case.closed_at, uow.house.rulebook):  # reopened, and closed again
        return None
    held = stored.contents(uow.connection, case.id, _closed_by(uow))
    removed = _removed(held)
    stored.mark_removed(uow.connection, case.id, uow.now)
    if removed == Removed():
        stored.mark_purged(uow.connection, case, uow.now)
    else:
        days = uow.house.rulebook.reopen_days
        words = f"Removed {days} days after the closing: {removed.words}. The history stays."
        cases.record_purge(uow, case, words)
    return case, held


def _removed(held: Contents) -> Removed:
    return Removed(len(held.sizes), sum(held.sizes), held.recordings) + _of_mails(held.mails)


# --- mails ----------------------------------------------------------------------------------------------------


def remove_settled_mails(core: Core) -> Iterator[Removed]:
    """Remove the bytes of mails that were settled as long ago as a case is purged, and are of no open case."""
    for mails in settled_mails(core):
        remove_mails(core, mails)
        yield _of_mails(mails)


def due_mails(core: Core) -> Iterator[Removed]:
    """Yield what remove_settled_mails would, and change nothing."""
    yield from map(_of_mails, settled_mails(core))


def settled_mails(core: Core) -> Iterator[Sequence[KeptMail]]:
    """Yield the mails whose time is over, so many at a time."""
    begin: int | None = 0
    while begin is not None:
        with core.reading() as uow:
            looked = stored.settled_mails(uow.connection, _closed_by(uow), begin)
        if looked.mails:
            yield looked.mails
        begin = looked.end


def remove_mails(core: Core, mails: Iterable[KeptMail]) -> None:
    """Remove the bytes of these mails. One that is on its list can come to no other use any more."""
    for batch in _batches(mails):
        core.database.write(partial(stored.remove_bytes, mails=batch))


def _batches(mails: Iterable[KeptMail]) -> Iterator[list[KeptMail]]:
    batch: list[KeptMail] = []
    size = 0
    for mail in mails:
        size += mail.size
        if batch and (size > _BYTES_AT_ONCE or len(batch) == _MAILS_AT_ONCE):
            yield batch
            batch, size = [], mail.size
        batch.append(mail)
    if batch:
        yield batch


def _of_mails(mails: Sequence[KeptMail]) -> Removed:
    return Removed(mails=len(mails), mail_bytes=sum(mail.size for mail in mails))


# --- recordings and files that are of no case ---------------------------------------------------------------------


def remove_stray_recordings(core: Core) -> Iterator[Removed]:
    """Forget where the recordings are that were made as long ago and became part of no case."""
    count = core.write(
        lambda uow: stored.mark_recordings_of_no_case(uow.connection, _closed_by(uow), uow.now)
    )
    if count:
        yield Removed(recordings=count)


def due_recordings(core: Core) -> Iterator[Removed]:
    """Yield what remove_stray_recordings would, and change nothing."""
    with core.reading() as uow:
        count = stored.recordings_of_no_case(uow.connection, _closed_by(uow))
    if count:
        yield Removed(recordings=count)


def remove_unnamed_files(core: Core) -> Iterator[int]:
    """Remove files that were last put as long ago and that no attachment names; yield how many, bit by bit."""
    for beginning, digests in _shelves(core):
        count = _discard_unnamed(core, beginning, digests, _age(core))
        if count:
            yield count


def due_files(core: Core) -> Iterator[int]:
    """Yield what remove_unnamed_files would, and remove nothing."""
    for beginning, digests in _shelves(core):
        with core.reading() as uow:
            limit = uow.now - _age(core)
            unnamed = _unnamed(uow, beginning, digests)
        count = sum(not core.blobs.was_put_since(digest, limit) for digest in unnamed)
        if count:
            yield count


def _age(core: Core) -> timedelta:
    return timedelta(days=core.house.rulebook.reopen_days)


def _shelves(core: Core) -> Iterator[tuple[str, list[str]]]:
    """Yield all files there are; none to a database that has not seen so many days itself.

    It may be a new one beside an old folder, by mistake.
    """
    with core.reading() as uow:
        first = stored.first_mail_at(uow.connection)
        is_new = first is None or first > uow.now - _age(core)
    if not is_new:
        yield from core.blobs.shelves()


def _discard_unnamed(core: Core, beginning: str, digests: Sequence[str], age: timedelta) -> int:
    """Discard those of the digests, all with this beginning, that no attachment names; return how many."""
    with core.reading() as uow:
        unnamed = _unnamed(uow, beginning, digests)
    return sum(
        core.write(partial(_discard, blobs=core.blobs, beginning=beginning, digests=batch, age=age))
        for batch in (unnamed[at : at + _FILES_AT_ONCE] for at in range(0, len(unnamed), _FILES_AT_ONCE))
    )


def _discard(
    uow: UnitOfWork, blobs: BlobStore, beginning: str, digests: Sequence[str], age: timedelta
) -> int:
    """Discard those that still have no name, while nobody gives them one; the clock may be held at a time to come."""
    stored.hold_off_naming(uow.connection)
    unnamed = _unnamed(uow, beginning, digests)
    return sum(blobs.discard(digest, unless_put_since=uow.now - age) for digest in unnamed)


def _unnamed(uow: UnitOfWork, beginning: str, digests: Sequence[str]) -> list[str]:
    named = stored.named_digests(uow.connection, beginning)
    return [digest for digest in digests if digest not in named]


# --- the end ----------------------------------------------------------------------------------------------------


def _scrub(core: Core) -> None:
    if not core.database.scrub():
        log.warning("removed bytes are still in the database's log: somebody reads; tried again later")


def readable(size: int) -> str:
    """Return a size in bytes as people read it."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return _counted(size, "byte")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
