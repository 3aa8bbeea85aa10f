"""Where a name server is, as a setting has it: `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:5353`. Pure."""

from __future__ import annotations

import ipaddress

_PORT = 53


def name_server(written: str) -> tuple[str, int]:
    """Return address and port. Raises ValueError."""
    address, port = written, str(_PORT)
    if written.startswith("["):
        address, end, rest = written[1:].partition("]")
        if not end:
            raise ValueError(f"{written} has no end")
        port = rest.removeprefix(":") if rest else port
    elif written.count(":") == 1:
        address, _, port = written.partition(":")
    ipaddress.ip_address(address)
    if not 0 < int(port) < 65536:
        raise ValueError(f"{port} is no port")
    return address, int(port)
