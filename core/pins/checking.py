"""Whose PIN is this? Right, mistyped, or refused; what is refused is counted (A10, P1, P7)."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.pins import failures
from core.pins.derivation import HANDLE_LENGTH, PIN_LENGTH, has_right_check_digit, secret_of
from core.store.schema import contacts

if TYPE_CHECKING:
    from core.unit_of_work import UnitOfWork

_NOBODY = 0  # the contact id that an unknown handle is checked against, so that it costs the same
_DIGITS = re.compile(rf"[0-9]{{{PIN_LENGTH}}}")


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


def check(uow: UnitOfWork, digits: str, *, calling_number: str, expected: int | None = None) -> PinAnswer:
    """Say whether `digits` are a contact's PIN, and count the failure when they are not (A10, P7).

    `expected` is the id of the only contact whose PIN will do: all others are wrong, and count as failures of
    that contact.
    """
    if _DIGITS.fullmatch(digits) is None or not has_right_check_digit(digits):
        return PinMistyped()
    handle, secret = digits[:HANDLE_LENGTH], digits[HANDLE_LENGTH:-1]
    owner = _named(uow, handle)
    keys = uow.house.pin_keys
    if owner and (owner["pin_key_id"] not in keys.keys or expected not in (None, owner["id"])):
        owner = None  # a PIN of a retired key, or of somebody else, is as good as unknown
    contact_id = owner["id"] if owner else expected or _NOBODY
    key_id, version = (owner["pin_key_id"], owner["pin_version"]) if owner else (keys.newest, 0)
    right = secret_of(keys, key_id, contact_id, version)
    is_right = hmac.compare_digest(right, secret) and owner is not None
    # Every attempt reads the lock and writes a row, so that right, wrong and unknown cost the same.
    is_locked = failures.is_locked(uow, contact_id)
    if is_right and not is_locked:
        failures.forget(uow, contact_id)
        return PinAccepted(contact_id)
    # A lock is not made longer by what is tried while it holds, the owner's right PIN among it.
    failures.count(uow, contact_id, calling_number, during_lock=is_locked, can_lock=contact_id != _NOBODY)
    return PinRefused()


def _named(uow: UnitOfWork, handle: str) -> sa.RowMapping | None:
    """Return the contact of a handle, locked: attempts at the same time are counted one after another."""
    named = sa.select(contacts).where(contacts.c.pin_handle == handle).with_for_update(key_share=True)
    return uow.connection.execute(named).mappings().first()
