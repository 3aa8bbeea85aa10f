"""What a sender is judged by: the mail, and how it came. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from email_in.headers import Headers
from email_in.proof.domains import as_name

_PLAIN_LOCAL_PART = re.compile(r"[\w.!#$&'*+/=?^{|}~-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Transfer:
    """How a mail came: the envelope sender, empty for the null sender; the sending host, and its HELO name."""

    envelope_sender: str
    peer: str
    helo: str

    @property
    def sender(self) -> str:
        """The address whose domain answers for the mail (RFC 7208 2.4)."""
        return self.envelope_sender or f"postmaster@{self.helo}"

    @property
    def domain(self) -> str | None:
        """Its domain as the DNS has it, or None."""
        return as_name(self.sender.rpartition("@")[2])

    @property
    def local_part(self) -> str:
        """What stands before it; `postmaster` for one that readers could cut elsewhere (RFC 7208 4.3)."""
        local = self.sender.rpartition("@")[0]
        return local if _PLAIN_LOCAL_PART.fullmatch(local) else "postmaster"


@dataclass(frozen=True)
class Evidence:
    """What is judged: the bytes, the fields that were read in them, how the mail came, and when (an aware time)."""

    raw: bytes
    headers: Headers
    transfer: Transfer
    received_at: datetime
