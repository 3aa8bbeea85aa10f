"""One mail as it is read before the database is asked anything: it may take its time, in nobody's way.

What it finds is all that deciding needs: who wrote the mail, by which signs, whose Reference IDs it carries, and
what is known of its sender. Its files are on disk before the row that names them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import sqlalchemy as sa

from core.errors import NotFound
from core.store.cases import KeptFile
from core.unit_of_work import Core
from email_in.attachments import kept
from email_in.machine import Author, Kind, written_by
from email_in.message import InboundMail, read_mail
from email_in.proof.proven import NO_PERSONS, Proven
from email_in.references import Found, found_references
from email_in.sender import SenderRules, one_sender, proven


@dataclass(frozen=True)
class Read:
    """A mail that was read. `row` is its line of the inbox; `seconds` is how long reading took."""

    row: sa.RowMapping
    mail: InboundMail
    author: Author
    found: tuple[Found, ...]
    sender: str | None
    proven: Proven
    files: tuple[KeptFile, ...]
    seconds: float


def read(core: Core, rules: SenderRules, row: sa.RowMapping, raw: bytes | None) -> Read:
    """Read the bytes of a mail of the inbox.

    Raises NotFound when it has none any more (C10), and what sender.proven() raises: it is to be tried again.
    """
    began = time.perf_counter()
    if raw is None:
        raise NotFound("mail with its bytes", row["id"])
    mail = read_mail(raw)
    mint = core.house.mint
    author = written_by(mail, row["envelope_sender"], mint.installation)
    found = found_references(mail, row["recipients"], mint.find)
    return Read(
        row=row,
        mail=mail,
        author=author,
        found=found,
        sender=one_sender(mail),
        # May ask the DNS, so never in a transaction; what a machine wrote changes nothing anyway (E7).
        proven=proven(rules, row, raw, mail) if author.kind is Kind.PERSON else NO_PERSONS,
        # A mail without a Reference ID keeps its files in its own bytes.
        files=kept(core.blobs, core.house.file_rules, mail) if found else (),
        seconds=time.perf_counter() - began,
    )
