"""The bytes of one mail, as they come after DATA.

They are read in large pieces up to the final dot. A line ends with CRLF and with nothing else (RFC 5321,
2.3.8), so only CRLF . CRLF is the final dot, a bare CR or LF is a byte like any other, and a line may be as long
as the whole mail. A mail that is too large, or for which there is no room, is forgotten at once but read to its
end, so that the client hears the answer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from email_in import smtp_replies
from email_in.smtp_limits import ByteBudget

PIECE_BYTES = 64 * 1024
"""From this size on a piece is taken out of the stream, if its end is not yet there."""

MAX_HOPS = 100  # RFC 5321, 6.3
_HEADER_BYTES = 256 * 1024  # where trace fields are looked for: they stand at the top

_LINE_END = b"\r\n"
_FINAL_DOT = b"\r\n.\r\n"
_DOTTED_LINE = b"\r\n."
_RECEIVED = re.compile(rb"^received:", re.IGNORECASE | re.MULTILINE)


class IncomingMail:
    """A mail that is coming in, counted against the limits.

    At its end either `raw` is the mail as its sender wrote it, or `refusal` the reply to one that broke a limit.
    """

    def __init__(self, max_bytes: int, budget: ByteBudget) -> None:
        self._max_bytes = max_bytes
        self._budget = budget
        self._taken = 0
        self._text = bytearray()
        self._dots = 0
        self.refusal: str | None = None
        self.raw = b""

    def add(self, piece: bytes) -> None:
        """Add what came. The first piece begins with the line end of the DATA command."""
        if self.refusal:
            return
        if not self._budget.take(len(piece)):
            self._refuse(smtp_replies.NO_ROOM)
            return
        self._taken += len(piece)
        seen = len(self._text)
        self._text += piece
        self._dots += self._text.count(_DOTTED_LINE, max(0, seen - len(_LINE_END)))
        if len(self._text) - len(_LINE_END) - self._dots > self._max_bytes:
            self._refuse(smtp_replies.TOO_LARGE)

    def end(self) -> None:
        """Make `raw` of what came, without the doubled dots (RFC 5321, 4.5.2)."""
        if self._dots:
            self._text = self._text.replace(_DOTTED_LINE, _LINE_END)
        self.raw = bytes(memoryview(self._text)[len(_LINE_END) :])
        self._text = bytearray()

    def let_go(self) -> None:
        """Forget the bytes and give their room back."""
        self._text, self.raw = bytearray(), b""
        self._budget.give_back(self._taken)
        self._taken = 0

    def _refuse(self, reply: str) -> None:
        self.refusal = reply
        self.let_go()


async def read_mail(reader: asyncio.StreamReader, mail: IncomingMail, progressed: Callable[[], None]) -> None:
    """Read up to the final dot, and leave the commands behind it where they are (RFC 2920).

    `progressed` is called for each piece. Raises asyncio.IncompleteReadError when the client goes before.
    """
    # The line end of the DATA command is put back in front: the first line is then a line like any other,
    # and an empty mail ends as all do.
    early_input(reader)[:0] = _LINE_END
    is_last = False
    while not is_last:
        piece, is_last = await _next_piece(reader)
        mail.add(piece[: -len(b".\r\n")] if is_last else piece)
        progressed()
    mail.end()


def early_input(reader: asyncio.StreamReader) -> bytearray:
    """Return what came in and was not read: the reader's own buffer, to which it gives no other way."""
    buffer: bytearray = reader._buffer  # type: ignore[attr-defined]
    return buffer


async def _next_piece(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """Return a piece, and whether it ends with the final dot."""
    try:
        return await reader.readuntil(_FINAL_DOT), True
    except asyncio.LimitOverrunError as much:
        # What may be the beginning of a final dot stays in the reader.
        return await reader.read(much.consumed), False


def hops(raw: bytes) -> int:
    """Return how many Received fields the header of a mail has."""
    end = raw.find(b"\r\n\r\n", 0, _HEADER_BYTES)
    return len(_RECEIVED.findall(raw, 0, end if end >= 0 else _HEADER_BYTES))
