"""One leg of a call, and the parameters that every request about it carries.

Source: https://www.twilio.com/docs/voice/twiml ("Twilio's request to your application").
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import phonenumbers

API_VERSION = "2010-04-01"


@dataclass(frozen=True)
class Leg:
    """Who calls whom: the caller's leg, or one to an analyst, which names the caller's as its parent."""

    account_sid: str
    call_sid: str
    from_number: str
    to_number: str
    direction: str = "inbound"
    parent_call_sid: str | None = None

    def params(self, status: str) -> dict[str, str]:
        """Return the standard parameters of a request, for a call in this `CallStatus`."""
        params = {
            "AccountSid": self.account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": self.call_sid,
            "CallStatus": status,
            "Direction": self.direction,
            "From": self.from_number,
            "To": self.to_number,
        }
        params |= _party("From", self.from_number) | _party("To", self.to_number)
        params |= {"Caller": self.from_number, "Called": self.to_number}
        params |= _party("Caller", self.from_number) | _party("Called", self.to_number)
        if self.parent_call_sid:
            params["ParentCallSid"] = self.parent_call_sid
        return params


def new_sid(kind: str) -> str:
    """Return a fresh identifier: two letters for its kind (`CA` a call, `RE` a recording), 32 hex digits."""
    return kind + secrets.token_hex(16)


def _party(prefix: str, number: str) -> dict[str, str]:
    """Return where a number is. The provider always sends all four, mostly blank outside North America."""
    blank = dict.fromkeys((f"{prefix}City", f"{prefix}State", f"{prefix}Zip"), "")
    return blank | {f"{prefix}Country": _country(number)}


def _country(number: str) -> str:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:  # withheld, SIP and client caller ids have no country
        return ""
