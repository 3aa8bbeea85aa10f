"""Give a PIN, show it to its owner, take it away; and which PINs hang on a key that is on its way out.

Each of these is in the audit trail, and none of the lines holds a PIN (A10).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core import audit
from core.errors import NotFound, Refused
from core.pins import failures
from core.pins.derivation import HANDLE_LENGTH, pin_of
from core.rules.policy import Denied
from core.store.schema import contacts

if TYPE_CHECKING:
    from core.unit_of_work import UnitOfWork

_DRAWN_AT_ONCE = 20


class KeyOfPin(StrEnum):
    """What a contact's PIN hangs on."""

    NEWEST = "newest key"
    PREVIOUS = "previous key"  # still right; it stops to be when the previous key goes
    GONE = "key is gone"  # refused like any wrong one, and cannot be shown
    NONE = "blank"


@dataclass(frozen=True)
class Outdated:
    """A contact whose PIN was not derived with the newest key."""

    email: str
    key: KeyOfPin


def issue(uow: UnitOfWork, contact_id: int, *, by: str) -> str:
    """Give the contact a new PIN and return it, once, to be shown to its owner. Recorded in the audit trail.

    Raises Refused when no handle is free.
    """
    row = _contact(uow, contact_id)
    handle = row["pin_handle"] or _free_handle(uow)
    version = row["pin_version"] + 1
    keys = uow.house.pin_keys
    changed = {"pin_handle": handle, "pin_key_id": keys.newest, "pin_version": version}
    uow.connection.execute(sa.update(contacts).where(contacts.c.id == contact_id).values(**changed))
    failures.forget(uow, contact_id)  # a lock was for the PIN before; the new one is its owner's way back
    audit.record(uow, by=by, act="PIN issued", subject=row["email"])
    return pin_of(keys, keys.newest, handle, contact_id, version)


def reveal(uow: UnitOfWork, contact_id: int, *, by: str) -> str | None:
    """Return the contact's PIN to be shown to its owner, or None when it is blank. Recorded.

    Raises Refused when its key is not configured any more; the line that it was not shown is written by then,
    and stays when the caller commits all the same.
    """
    row, keys = _contact(uow, contact_id), uow.house.pin_keys
    if row["pin_handle"] is None:
        audit.record(uow, by=by, act="PIN not shown", subject=row["email"], detail="none is on file")
        return None
    if row["pin_key_id"] not in keys.keys:
        audit.record(uow, by=by, act="PIN not shown", subject=row["email"], detail="its key is gone")
        words = (
            f"The PIN of {row['email']} was derived with a key that is not configured any more; "
            "give a new one with --reissue."
        )
        raise Refused(Denied("pin-key-gone", "A10", words))
    audit.record(uow, by=by, act="PIN shown", subject=row["email"])
    return pin_of(keys, row["pin_key_id"], row["pin_handle"], contact_id, row["pin_version"])


def blank(uow: UnitOfWork, contact_id: int, *, by: str) -> None:
    """Take the contact's PIN away, and free its handle. Recorded.

    The handle may name somebody else next: an old PIN lets nobody in by it, because the secret is derived
    from the contact's id, and the contact's own next PIN from the next version.
    """
    row = _contact(uow, contact_id)
    uow.connection.execute(sa.update(contacts).where(contacts.c.id == contact_id).values(pin_handle=None))
    audit.record(uow, by=by, act="PIN blanked", subject=row["email"])


def outdated(uow: UnitOfWork) -> list[Outdated]:
    """Return whose PIN hangs on an older key, or on one that is gone; by address."""
    keys = uow.house.pin_keys
    older = (contacts.c.pin_handle.is_not(None), contacts.c.pin_key_id != keys.newest)
    found = sa.select(contacts.c.email, contacts.c.pin_key_id).where(*older).order_by(contacts.c.email)
    return [Outdated(email, _key(uow, key_id)) for email, key_id in uow.connection.execute(found)]


def by_key(uow: UnitOfWork) -> dict[str, int]:
    """Return how many contacts' PINs hang on which key."""
    has_pin = contacts.c.pin_handle.is_not(None)
    key_id = sa.case((has_pin, contacts.c.pin_key_id))
    counts = dict.fromkeys((str(one) for one in KeyOfPin), 0)
    for id_, number in uow.connection.execute(sa.select(key_id, sa.func.count()).group_by(key_id)):
        counts[KeyOfPin.NONE if id_ is None else _key(uow, id_)] += number
    return counts


def _key(uow: UnitOfWork, key_id: str) -> KeyOfPin:
    keys = uow.house.pin_keys
    if key_id == keys.newest:
        return KeyOfPin.NEWEST
    return KeyOfPin.PREVIOUS if key_id in keys.keys else KeyOfPin.GONE


def _contact(uow: UnitOfWork, contact_id: int) -> sa.RowMapping:
    # Locked, so that two who issue at the same time give two versions.
    found = sa.select(contacts).where(contacts.c.id == contact_id).with_for_update(key_share=True)
    row = uow.connection.execute(found).mappings().first()
    if row is None:
        raise NotFound("contact", contact_id)
    return row


def _free_handle(uow: UnitOfWork) -> str:
    """Return a handle that names nobody, drawn at random. Raises Refused when all are taken."""
    drawn = [_written(_below(uow, 10**HANDLE_LENGTH)) for _try in range(_DRAWN_AT_ONCE)]
    taken = _taken(uow, contacts.c.pin_handle.in_(drawn))
    free = [handle for handle in drawn if handle not in taken]
    if free:
        return free[0]
    # Nearly all are taken: what is left is drawn from.
    taken = _taken(uow, contacts.c.pin_handle.is_not(None))
    free = [handle for handle in map(_written, range(10**HANDLE_LENGTH)) if handle not in taken]
    if not free:
        words = (
            f"All {10**HANDLE_LENGTH:,} handles of PINs are taken; "
            "blank the PINs of who left with `intake contact pin EMAIL --blank`."
        )
        raise Refused(Denied("no-handle-left", "A10", words))
    return free[_below(uow, len(free))]


def _taken(uow: UnitOfWork, which: sa.ColumnElement[bool]) -> set[str]:
    return set(uow.connection.scalars(sa.select(contacts.c.pin_handle).where(which)))


def _below(uow: UnitOfWork, bound: int) -> int:
    return uow.house.chance.getrandbits(64) % bound


def _written(number: int) -> str:
    return f"{number:0{HANDLE_LENGTH}d}"
