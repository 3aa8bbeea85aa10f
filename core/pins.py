"""PINs: issued, derived, checked, never kept (A10).

A PIN is 12 digits, spoken 4-4-4: 5 that name the contact (random, not secret), 6 that are secret, 1 check
digit. The secret part is HMAC(key, contact id, version), so nothing secret stands in the database or its
backups, and the owner can still be shown the PIN.

Failures are counted in the database, in the transaction of the attempt: for a contact (5 lock it for 15
minutes, each further lock lasts twice as long, up to 24 hours) and for the calling number, which is for
whoever watches. Unknown, wrong, blank and locked give the same answer by the same steps; a mistyped check
digit is told apart, for it is no failure. A right PIN during a lock stays locked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from core import audit
from core.errors import NotFound
from core.store.schema import contacts, pin_failures

if TYPE_CHECKING:
    from core.unit_of_work import UnitOfWork

PIN_LENGTH = 12
_HANDLE_LENGTH, _SECRET_LENGTH = 5, 6
FAILURES_TO_LOCK = 5
_FIRST_LOCK, _LONGEST_LOCK = timedelta(minutes=15), timedelta(hours=24)
_NOBODY = 0  # the contact id that an unknown handle is checked against, so that it costs the same


@dataclass(frozen=True, repr=False)
class PinKeys:
    """The keys that PINs are derived with, by their ids. The newest issues; the others still check."""

    newest: str
    keys: Mapping[str, bytes]


@dataclass(frozen=True)
class PinAccepted:
    """The PIN is right, and whose it is."""

    contact_id: int


@dataclass(frozen=True)
class PinMistyped:
    """Not 12 digits, or the check digit does not fit: asked again, not counted."""


@dataclass(frozen=True)
class PinRefused:
    """Wrong, unknown, blank or locked: which of them is nobody's to know."""


PinAnswer = PinAccepted | PinMistyped | PinRefused


def issue(uow: UnitOfWork, contact_id: int, *, by: str) -> str:
    """Give the contact a new PIN and return it, once, to be shown to its owner. Recorded in the audit trail."""
    row = _contact(uow, contact_id)
    handle = row["pin_handle"] or _free_handle(uow)
    version = row["pin_version"] + 1
    key_id = uow.house.pin_keys.newest
    changed = {"pin_handle": handle, "pin_key_id": key_id, "pin_version": version}
    uow.connection.execute(sa.update(contacts).where(contacts.c.id == contact_id).values(**changed))
    _forget_failures(uow, contact_id)  # a lock was for the PIN before; the new one is its owner's way back
    audit.record(uow, by=by, act="PIN issued", subject=row["email"])
    return _pin(handle, _secret(uow.house.pin_keys, key_id, contact_id, version))


def reveal(uow: UnitOfWork, contact_id: int, *, by: str) -> str | None:
    """Return the contact's PIN to be shown to its owner, or None when it is blank. Recorded."""
    row = _contact(uow, contact_id)
    audit.record(uow, by=by, act="PIN shown", subject=row["email"])
    if row["pin_handle"] is None:
        return None
    return _pin(
        row["pin_handle"], _secret(uow.house.pin_keys, row["pin_key_id"], contact_id, row["pin_version"])
    )


def blank(uow: UnitOfWork, contact_id: int, *, by: str) -> None:
    """Take the contact's PIN away. Recorded."""
    row = _contact(uow, contact_id)
    uow.connection.execute(sa.update(contacts).where(contacts.c.id == contact_id).values(pin_handle=None))
    audit.record(uow, by=by, act="PIN blanked", subject=row["email"])


def check(uow: UnitOfWork, digits: str, *, calling_number: str, expected: int | None = None) -> PinAnswer:
    """Say whether `digits` are a contact's PIN, and count the failure when they are not (A10, P7).

    `expected` is the id of the only contact whose PIN will do: all others are wrong, and count as failures of
    that contact.
    """
    if re.fullmatch(rf"[0-9]{{{PIN_LENGTH}}}", digits) is None or check_digit(digits[:-1]) != digits[-1]:
        return PinMistyped()
    handle, secret = digits[:_HANDLE_LENGTH], digits[_HANDLE_LENGTH:-1]
    # The row is locked, so that attempts at the same time are counted, and locked out, one after another.
    named = sa.select(contacts).where(contacts.c.pin_handle == handle).with_for_update(key_share=True)
    owner = uow.connection.execute(named).mappings().first()
    keys = uow.house.pin_keys
    if owner and (owner["pin_key_id"] not in keys.keys or expected not in (None, owner["id"])):
        owner = None  # a PIN of a retired key, or of somebody else, is as good as unknown
    contact_id = owner["id"] if owner else expected or _NOBODY
    key_id, version = (owner["pin_key_id"], owner["pin_version"]) if owner else (keys.newest, 0)
    right = _secret(keys, key_id, contact_id, version)
    is_right = hmac.compare_digest(right, secret) and owner is not None
    # Every attempt reads the lock and writes a row, so that right, wrong and unknown cost the same.
    is_locked = _is_locked(uow, contact_id)
    if is_right and not is_locked:
        _forget_failures(uow, contact_id)
        return PinAccepted(contact_id)
    # A lock is not made longer by what is tried while it holds, the owner's right PIN among it.
    _count_failure(uow, "locked" if is_locked else "contact", str(contact_id), locks=contact_id != _NOBODY)
    _count_failure(uow, "number", calling_number, locks=False)
    return PinRefused()


def check_digit(digits: str) -> str:
    """Return the Damm check digit: it finds every single wrong digit and every swap of two neighbours."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return str(interim)


def spoken(pin: str) -> str:
    """Return the PIN as it is read out and printed: 4-4-4."""
    return f"{pin[:4]} {pin[4:8]} {pin[8:]}"


_DAMM = tuple(
    tuple(int(digit) for digit in row)
    for row in (
        "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
        "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
    )
)  # fmt: skip


def _pin(handle: str, secret: str) -> str:
    return handle + secret + check_digit(handle + secret)


def _secret(keys: PinKeys, key_id: str, contact_id: int, version: int) -> str:
    message = f"pin:{contact_id}:{version}".encode()
    digest = hmac.new(keys.keys[key_id], message, hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 10**_SECRET_LENGTH:0{_SECRET_LENGTH}d}"


def _contact(uow: UnitOfWork, contact_id: int) -> sa.RowMapping:
    row = uow.connection.execute(sa.select(contacts).where(contacts.c.id == contact_id)).mappings().first()
    if row is None:
        raise NotFound("contact", contact_id)
    return row


def _free_handle(uow: UnitOfWork) -> str:
    while True:
        handle = f"{uow.house.chance.getrandbits(64) % 10**_HANDLE_LENGTH:0{_HANDLE_LENGTH}d}"
        if (
            uow.connection.execute(sa.select(contacts.c.id).where(contacts.c.pin_handle == handle)).first()
            is None
        ):
            return handle


def _is_locked(uow: UnitOfWork, contact_id: int) -> bool:
    mine = (pin_failures.c.scope == "contact", pin_failures.c.key == str(contact_id))
    until = uow.connection.scalar(sa.select(pin_failures.c.locked_until).where(*mine))
    return until is not None and uow.now < until


def _forget_failures(uow: UnitOfWork, contact_id: int) -> None:
    mine = (pin_failures.c.scope == "contact", pin_failures.c.key == str(contact_id))
    uow.connection.execute(sa.delete(pin_failures).where(*mine))


def _count_failure(uow: UnitOfWork, scope: str, key: str, *, locks: bool) -> None:
    """Add one, atomically; at every fifth, lock for twice as long as the last time."""
    insert = sqlite.insert if uow.connection.dialect.name == "sqlite" else postgresql.insert
    first = insert(pin_failures).values(scope=scope, key=key, failures=1, locks=0, last_at=uow.now)
    counted = first.on_conflict_do_update(
        index_elements=["scope", "key"], set_={"failures": pin_failures.c.failures + 1, "last_at": uow.now}
    ).returning(pin_failures.c.failures, pin_failures.c.locks)
    failures, times_locked = uow.connection.execute(counted).one()
    if locks and scope == "contact" and failures % FAILURES_TO_LOCK == 0:
        lock = {"locks": times_locked + 1, "locked_until": _lock_end(uow.now, times_locked)}
        mine = (pin_failures.c.scope == scope, pin_failures.c.key == key)
        uow.connection.execute(sa.update(pin_failures).where(*mine).values(**lock))


def _lock_end(now: datetime, times_locked: int) -> datetime:
    doubled: timedelta = _FIRST_LOCK * 2 ** min(times_locked, 10)
    return now + min(doubled, _LONGEST_LOCK)
