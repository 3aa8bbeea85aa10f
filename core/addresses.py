"""The forms of our own mail addresses, written and read in one place.

    support@…          what customers write to, and what our mails are from
    support+<REF>@…    where a reply to a case mail goes; it carries the Reference ID (E2, DESIGN 4)
    bounce+<key>@…     the envelope sender, another one for each mail: what bounces tells what did (E7)
    postmaster@…       taken by every host that takes mail (RFC 5321, 4.5.1)
    abuse@…            where others complain about mail of ours (RFC 2142, 4)

Local parts of ours are compared without regard to case, as every mail host that we meet does.
"""

from __future__ import annotations

import re

_FOR_THE_HOUSE = ("postmaster", "abuse")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3
_BOUNCE_KEY = re.compile(r"bounce\+([0-9a-f]{32})@[^@\s]+", re.IGNORECASE)


def reply_address(mail_from_address: str, token: str) -> str:
    """Return the address that a reply to a case mail goes to: ours, with the Reference ID (E2, N6)."""
    local, domain = _split(mail_from_address)
    return f"{local}+{token}@{domain}"


def bounce_address(mail_domain: str, key: str) -> str:
    """Return the envelope sender of the notice with this bounce key (E7)."""
    return f"bounce+{key}@{mail_domain}"


def read_bounce_key(address: str) -> str | None:
    """Return the key in a bounce address, in lower case, or None when it is no bounce address."""
    found = _BOUNCE_KEY.fullmatch(address.strip())
    return found.group(1).lower() if found else None


def is_ours(address: str, mail_from_address: str, mail_domain: str) -> bool:
    """Say whether mail to this address is for us, as a server asks at RCPT TO.

    The support address, with or without `+anything`; a bounce address of the mail domain; postmaster and abuse
    at either domain, for no domain may take mail without them; `postmaster` alone (RFC 5321, 4.1.1.3).
    """
    written = address.strip().lower()
    if written == "postmaster":
        return True
    local, domain = _split(written)
    ours, our_domain = _split(mail_from_address.lower())
    is_support = domain == our_domain and (local == ours or local.startswith(f"{ours}+"))
    is_bounce = domain == mail_domain.lower() and local.startswith("bounce+")
    is_for_the_house = domain in (our_domain, mail_domain.lower()) and local in _FOR_THE_HOUSE
    return is_support or is_bounce or is_for_the_house


def is_plain_address(address: str) -> bool:
    """Say whether every mail host takes the address as it is: ASCII, unquoted, no encoded word in it."""
    plain = _ADDRESS.fullmatch(address) is not None and "=?" not in address
    return plain and len(address) <= _LONGEST_ADDRESS


def _split(address: str) -> tuple[str, str]:
    local, _at, domain = address.rpartition("@")
    return local, domain
