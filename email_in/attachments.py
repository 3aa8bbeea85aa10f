"""The files of a mail, put into the blob store: on disk before the row that names them.

What the site does not take (core.rules.files) is never put there; the case names it, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.rules.files import FileRules, Sent, endings
from core.store import retention
from core.store.blobs import BlobStore
from core.store.cases import KeptFile
from core.unit_of_work import UnitOfWork
from email_in.file_types import shown_type, sniffed
from email_in.message import Attachment, InboundMail

_LONGEST_TYPE = 100


def kept(blobs: BlobStore, rules: FileRules, mail: InboundMail) -> tuple[KeptFile, ...]:
    """Keep every attachment that the site takes, and return what the case will name: those and the refused ones."""
    return tuple(_kept(blobs, rules, file) for file in mail.attachments)


def _kept(blobs: BlobStore, rules: FileRules, file: Attachment) -> KeptFile:
    found = sniffed(file.content)
    sent = Sent(
        name=file.name,
        size=len(file.content),
        declared=file.content_type,
        kind=found.media_type if found else "",
        kind_ending=found.ending if found else "",
    )
    refused = rules.why_refused(sent)
    ending = next(iter(endings(file.name)), "")
    return KeptFile(
        digest="" if refused else blobs.put(file.content),
        name=file.name,
        content_type=shown_type(file.content_type, ending, found)[:_LONGEST_TYPE],
        size=sent.size,
        inline=file.inline,
        refused=refused,
    )


def keep_for_this_case(
    uow: UnitOfWork, blobs: BlobStore, mail: InboundMail, files: Sequence[KeptFile]
) -> None:
    """Let no purge take the files before this transaction has named them; what one has taken is put again (C10)."""
    if not files:
        return
    retention.hold_files(uow.connection)
    for attachment, file in zip(mail.attachments, files, strict=True):
        if not file.refused and not blobs.renew(file.digest):
            blobs.put(attachment.content)
