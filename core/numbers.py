"""Telephone numbers: what is stored and dialled is E.164, validated, and never a satellite or premium number."""

from __future__ import annotations

import phonenumbers

from core.errors import BadInput

_DIALABLE_TYPES = frozenset(
    {
        phonenumbers.PhoneNumberType.FIXED_LINE,
        phonenumbers.PhoneNumberType.MOBILE,
        phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
        phonenumbers.PhoneNumberType.VOIP,
        phonenumbers.PhoneNumberType.UAN,
    }
)
_ALLOWED = "a valid telephone number with its country code, such as +14155550132"


def dialable(text: str, field: str = "telephone number") -> str:
    """Return the number in E.164. Raises BadInput for what is no number, or one that we never dial."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        raise BadInput(field, text, _ALLOWED) from None
    # The library calls satellite numbers mobile; they belong to no region, and cost like none.
    has_region = phonenumbers.region_code_for_number(number) not in (None, "001")
    is_usual = phonenumbers.number_type(number) in _DIALABLE_TYPES
    if not (phonenumbers.is_valid_number(number) and has_region and is_usual):
        raise BadInput(field, text, _ALLOWED)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def readable(e164: str) -> str:
    """Return a number as people read it, `+1 415-555-0132`; empty for an empty one."""
    if not e164:
        return ""
    number = phonenumbers.parse(e164, None)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
