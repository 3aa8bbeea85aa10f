"""The files of a mail, put into the blob store: on disk before the row that names them."""

from __future__ import annotations

from core.store.blobs import BlobStore
from core.store.cases import KeptFile
from email_in.message import InboundMail

_LONGEST_TYPE = 100


def kept(blobs: BlobStore, mail: InboundMail) -> tuple[KeptFile, ...]:
    """Keep every attachment and return what the case will name."""
    return tuple(
        KeptFile(blobs.put(file.content), file.name, file.content_type[:_LONGEST_TYPE], len(file.content))
        for file in mail.attachments
    )
