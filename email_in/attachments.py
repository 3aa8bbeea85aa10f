"""The files of a mail, put into the blob store: on disk before the row that names them."""

from __future__ import annotations

from collections.abc import Sequence

from core.store import retention
from core.store.blobs import BlobStore
from core.store.cases import KeptFile
from core.unit_of_work import UnitOfWork
from email_in.message import InboundMail

_LONGEST_TYPE = 100


def kept(blobs: BlobStore, mail: InboundMail) -> tuple[KeptFile, ...]:
    """Keep every attachment and return what the case will name."""
    return tuple(
        KeptFile(
            digest=blobs.put(file.content),
            name=file.name,
            content_type=file.content_type[:_LONGEST_TYPE],
            size=len(file.content),
            inline=file.inline,
        )
        for file in mail.attachments
    )


def keep_for_this_case(
    uow: UnitOfWork, blobs: BlobStore, mail: InboundMail, files: Sequence[KeptFile]
) -> None:
    """Let no purge take the files before this transaction has named them; what one has taken is put again (C10)."""
    if not files:
        return
    retention.hold_files(uow.connection)
    for attachment, file in zip(mail.attachments, files, strict=True):
        if not blobs.renew(file.digest):
            blobs.put(attachment.content)
