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
_OF_ANOTHER_KIND = "a landline or mobile number; this kind of number is not accepted"


def dialable(text: str, field: str = "telephone number") -> str:
    """Return the number in E.164. Raises BadInput for what is no number, or one that we never dial."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        raise BadInput(field, text, _ALLOWED) from None
    if not phonenumbers.is_valid_number(number):
        raise BadInput(field, text, _ALLOWED)
    # The library calls satellite numbers mobile; they belong to no region, and cost like none.
    has_region = phonenumbers.region_code_for_number(number) not in (None, "001")
    if not (has_region and phonenumbers.number_type(number) in _DIALABLE_TYPES):
        raise BadInput(field, text, _OF_ANOTHER_KIND)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def readable(e164: str) -> str:
    """Return a number as people read it, `+1 415-555-0132`; empty for an empty one."""
    if not e164:
        return ""
    number = phonenumbers.parse(e164, None)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
