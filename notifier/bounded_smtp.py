"""An SMTP dialogue that ends in time, however slowly the other side speaks.

The time-outs of a socket are for one read; a server that drips a byte before each of them runs out holds a
client for ever. Here one reply has `timeout` seconds from its first byte awaited to its last one read, and
the whole dialogue ends at `deadline`, a time of `time.monotonic`. Raises what smtplib raises of a time-out.
"""

from __future__ import annotations

import io
import smtplib
import time
from typing import Any

_CHUNK = 16 * 1024  # octets that are sent with one look at the clock; TLS sends as many at once


class BoundedSMTP(smtplib.SMTP):
    """smtplib's client within a deadline. Both may be set anew for each mail."""

    def __init__(self, deadline: float, *arguments: Any, **named: Any) -> None:
        self.deadline = self._until = deadline
        super().__init__(*arguments, **named)

    def getreply(self) -> tuple[int, bytes]:
        """Return the code and the text of the next reply."""
        self._until = min(self.deadline, time.monotonic() + self.timeout)
        if self.file is None and self.sock is not None:
            self.file = io.BufferedReader(_Received(self))
        return super().getreply()

    def send(self, s: Any) -> None:
        """Send a command or a mail."""
        octets = s.encode(self.command_encoding) if isinstance(s, str) else bytes(s)
        for start in range(0, len(octets), _CHUNK):
            self._until = min(self.deadline, time.monotonic() + self.timeout)
            self.watch_the_clock()
            super().send(octets[start : start + _CHUNK])

    def watch_the_clock(self) -> None:
        """Let the next act of the socket end in time. Raises TimeoutError when the time is over."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        if self.sock is not None:
            self.sock.settimeout(left)


class BoundedSMTPS(BoundedSMTP, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class _Received(io.RawIOBase):
    """What a client's socket receives in time."""

    def __init__(self, smtp: BoundedSMTP) -> None:
        self._smtp, self._socket = smtp, smtp.sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._smtp.watch_the_clock()
        return self._socket.recv_into(buffer) if self._socket else 0
