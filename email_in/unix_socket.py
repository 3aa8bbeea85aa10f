"""A Unix socket to listen on, for a mail server on the same machine.

Whoever may enter the folder may connect, so the folder says who delivers. A socket that a crash left behind is
replaced; one that somebody listens on is not, so that two gateways do not take each other's mail away.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

_PROBE_SECONDS = 1.0
_ANYBODY = 0o666  # our umask would keep out the mail server, which is another user


async def listener(
    loop: asyncio.AbstractEventLoop, session: Callable[[], asyncio.BaseProtocol], file: Path
) -> asyncio.AbstractServer:
    """Listen on this socket. Raises OSError when somebody does already, or it cannot be made."""
    if _is_in_use(file):
        raise OSError(errno.EADDRINUSE, "another process listens on it", str(file))
    opened = await loop.create_unix_server(session, file)
    file.chmod(_ANYBODY)
    return opened


@contextmanager
def removed_afterwards(file: Path) -> Iterator[None]:
    """Remove the socket at the end, unless it has become another one's meanwhile."""
    mine = file.stat().st_ino
    try:
        yield
    finally:
        if file.exists() and file.stat().st_ino == mine:
            file.unlink()


def _is_in_use(file: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as probe:
        probe.settimeout(_PROBE_SECONDS)
        return probe.connect_ex(os.fspath(file)) not in (errno.ENOENT, errno.ECONNREFUSED, errno.ENOTSOCK)
