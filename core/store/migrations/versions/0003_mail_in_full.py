"""Mail in, in full: what proves a sender, what became of files and notices, and links that can be undone.

Columns are added in place, as in 0002.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from core.store.schema import Instant

revision = "0003"
down_revision = "0002"

_TEXT: dict[str, Any] = {"nullable": False, "server_default": ""}
_ADDED: dict[str, tuple[sa.Column[Any], ...]] = {
    "inbox": (sa.Column("helo", sa.String(255), **_TEXT),),
    "attachments": (
        sa.Column("inline", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("refused", sa.String(200), **_TEXT),
    ),
    "outbox": (
        sa.Column("words", sa.Text()),
        sa.Column("bounced_at", Instant()),
        sa.Column("bounce", sa.String(10)),
        sa.Column("bounce_status", sa.String(20)),
        sa.Column("bounce_words", sa.Text()),
    ),
}
_REFERRING = (("case_events", "undoes_id", "case_events"), ("triage", "event_id", "case_events"))


def upgrade() -> None:
    for table, columns in _ADDED.items():
        for column in columns:
            op.add_column(table, column)
    for table, name, target in _REFERRING:
        # SQLite takes a foreign key only where the column is made.
        named = f"CONSTRAINT fk_{table}_{name} REFERENCES {target} (id)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN {name} INTEGER {named}")
    op.create_index("ix_outbox_recipient_written_at", "outbox", ["recipient", "written_at"])
    answers = sa.text("inbox_id IS NOT NULL")
    op.create_index(
        "ix_outbox_inbox_id", "outbox", ["inbox_id"], sqlite_where=answers, postgresql_where=answers
    )
    is_open = sa.text("state = 'open'")
    op.create_index("ix_triage_open", "triage", ["id"], sqlite_where=is_open, postgresql_where=is_open)
