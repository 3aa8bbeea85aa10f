"""PINs: issued, derived, checked, never kept (A10).

    derivation   a PIN as digits: 5 that name the contact, 6 that are secret, 1 check digit
    issuing      give one, show it to its owner, take it away; which hang on a key that is on its way out
    checking     whose PIN is this?
    failures     how often it was not right: locks, the pause before the next answer, the alarm
    masking      take PINs out of what people wrote where none belongs

The secret part is HMAC(key, contact id, version), so nothing secret stands in the database or its backups,
and the owner can still be shown the PIN. Unknown, wrong, blank and locked give the same answer by the same
steps; a mistyped check digit is told apart, for it is no failure. A right PIN during a lock stays locked.
"""

from core.pins.checking import PinAccepted, PinAnswer, PinMistyped, PinRefused, check
from core.pins.derivation import PIN_LENGTH, PinKeys, check_digit, spoken
from core.pins.failures import FAILURES_TO_LOCK, counted, delay_for, delay_of_number, locked_until
from core.pins.issuing import KeyOfPin, Outdated, blank, by_key, issue, outdated, reveal
from core.pins.masking import masked, shown, without_pins

__all__ = [
    "FAILURES_TO_LOCK",
    "PIN_LENGTH",
    "KeyOfPin",
    "Outdated",
    "PinAccepted",
    "PinAnswer",
    "PinKeys",
    "PinMistyped",
    "PinRefused",
    "blank",
    "by_key",
    "check",
    "check_digit",
    "counted",
    "delay_for",
    "delay_of_number",
    "issue",
    "locked_until",
    "masked",
    "outdated",
    "reveal",
    "shown",
    "spoken",
    "without_pins",
]
