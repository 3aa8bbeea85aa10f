"""A notice of ours came back: it is marked, and the owner of its case is told (E7)."""

from __future__ import annotations

import sqlalchemy as sa

from core import cases
from core.addresses import read_bounce_key
from core.rules.notices import NoticeKind
from core.store import cases as case_rows
from core.store import outbox
from core.store.cases import Case
from core.unit_of_work import UnitOfWork
from email_in.reading import Read


def notice(uow: UnitOfWork, read: Read) -> sa.RowMapping | None:
    """Return the notice that was sent with the address to which this report came, or None."""
    keys = [read_bounce_key(recipient) for recipient in read.row["recipients"]]
    notices = (outbox.by_bounce_key(uow.connection, key) for key in keys if key)
    return next((found for found in notices if found is not None), None)


def tell(uow: UnitOfWork, notice: sa.RowMapping) -> Case | None:
    """Mark the notice; return its case as the news leave it, None where there is nothing to tell."""
    if not outbox.mark_bounced(uow.connection, notice["id"]):
        return None  # an earlier report of the same was told
    # That the news of a failed notice came back is no news: it would come back for ever.
    if notice["case_id"] is None or notice["notice"] == NoticeKind.NOTICE_FAILED_FOR_OWNER:
        return None
    case = case_rows.by_id(uow.connection, notice["case_id"])
    words = f"The mail {notice['notice']!r} to {notice['recipient']} came back as undeliverable."
    return cases.record_notice_failed(uow, case, words).case
