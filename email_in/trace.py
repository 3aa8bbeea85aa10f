"""The trace fields of a mail that was taken in (RFC 5321, 4.4): from whom it came, to whom, and when.

A mail is kept byte for byte as it came, and what the server saw of its way in columns beside it. Where the mail is
given out as a delivered one, these fields say it in front. PURE.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import format_datetime
from ipaddress import ip_address
from typing import Any

_NAME = re.compile(
    r"[A-Za-z0-9._:\[\]-]+"
)  # of a host, or an address in brackets; what else HELO said stays out


def with_trace(raw: bytes, mail: Mapping[str, Any], our_name: str) -> bytes:
    """Return a mail with Return-Path and Received in front; `mail` is its row in the inbox."""
    first_line = raw.partition(b"\n")[0]
    line_end = b"\r\n" if first_line.endswith(b"\r") else b"\n"
    fields = (_return_path(mail), *_received(mail, our_name))
    return b"".join(line.encode(errors="replace") + line_end for line in fields) + raw


def _return_path(mail: Mapping[str, Any]) -> str:
    return f"Return-Path: <{mail['envelope_sender']}>"


def _received(mail: Mapping[str, Any], our_name: str) -> tuple[str, ...]:
    recipients = mail["recipients"]
    to = f"for <{recipients[0]}>" if len(recipients) == 1 else ""  # others are not to learn of each other
    by = f"by {our_name} id {mail['id']} {to}".rstrip()
    return (f"Received: {_from(mail)}", f"\t{by};", f"\t{format_datetime(mail['received_at'])}")


def _from(mail: Mapping[str, Any]) -> str:
    helo = mail["helo"] or ""
    name = helo if _NAME.fullmatch(helo) else "unknown"
    return f"from {name} ({_address(mail['peer'])})"


def _address(peer: str) -> str:
    """Return the address of the sending host as RFC 5321, 4.1.3 has it, or the word for one that has none."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer or "unknown"
    return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"
