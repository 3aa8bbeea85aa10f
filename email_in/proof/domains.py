"""Domains as the DNS has them, and whose they are (RFC 7489 3.2). Pure.

The organisational domain is the one below its public suffix, where registries hand names out:
`mail.northwind.co.uk` belongs to `northwind.co.uk`. The list of suffixes comes with its library and is as old as it.
"""

from __future__ import annotations

import re
from functools import cache

import idna
from publicsuffixlist import PublicSuffixList

_LONGEST = 253  # characters (RFC 1035 2.3.4, without the dot at the end)
# What names of hosts and of records are made of; anything else in a name is a sender's doing.
_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


def as_name(domain: str) -> str | None:
    """Return the domain in lower case and in ASCII (RFC 5891), or None when it is no name of the DNS."""
    domain = domain.strip().rstrip(".").lower()
    if not domain.isascii():
        try:
            domain = idna.encode(domain[:_LONGEST]).decode()
        except (idna.IDNAError, UnicodeError):
            return None
    return domain if len(domain) <= _LONGEST and _NAME.fullmatch(domain) else None


def organisational(domain: str) -> str:
    """Return the organisational domain; a public suffix is its own."""
    return _suffixes().privatesuffix(domain) or domain


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
