"""The whole case core.

Columns are added in place: SQLite's way of making a table anew would forget that case numbers are never handed
out again. The bytes of mails move into a table of their own, and the append-only tables become so by triggers.
"""

import hashlib
import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from core.store.schema import Instant

revision = "0002"
down_revision = "0001"

_TEXT: dict[str, Any] = {"nullable": False, "server_default": ""}
_NO: dict[str, Any] = {"nullable": False, "server_default": sa.false()}
_ADDED: dict[str, tuple[sa.Column[Any], ...]] = {
    "contacts": (
        sa.Column("language", sa.String(10), nullable=False, server_default="en"),
        sa.Column("time_zone", sa.String(60), nullable=False, server_default="UTC"),
        sa.Column("terms_accepted_at", Instant()),
    ),
    "grants": (sa.Column("approver", sa.String(200)), sa.Column("approved_at", Instant())),
    "cases": (
        sa.Column("sub_type", sa.String(40), **_TEXT),
        sa.Column("component", sa.String(100), **_TEXT),
        sa.Column("deployment", sa.String(100), **_TEXT),
        sa.Column("stage", sa.String(20), **_TEXT),
        sa.Column("security_threat", sa.Boolean(), **_NO),
        sa.Column("business_impact", sa.Text(), **_TEXT),
        sa.Column("agents_affected", sa.Integer()),
        sa.Column("external_reference", sa.String(100), **_TEXT),
        # What has no date yet gets that of the Unix epoch until its events say better, a few lines on.
        sa.Column("updated_at", Instant(), nullable=False, server_default="1970-01-01 00:00:00.000000"),
        sa.Column("purged_at", Instant()),
        sa.Column("escalated", sa.Boolean(), **_NO),
        sa.Column("response_due_at", Instant()),
        sa.Column("responded_at", Instant()),
        sa.Column("decision_due_at", Instant()),
        sa.Column("decided_at", Instant()),
    ),
    "attachments": (sa.Column("purged_at", Instant()),),
    "recordings": (sa.Column("purged_at", Instant()),),
    "inbox": (sa.Column("content", sa.String(64), **_TEXT),),
}
_INBOX = sa.table(
    "inbox",
    sa.column("id"),
    sa.column("raw"),
    sa.column("envelope_sender"),
    sa.column("recipients", sa.JSON()),
    sa.column("decision", sa.JSON()),
    sa.column("content"),
    sa.column("fingerprint"),
    sa.column("effect_of"),
    sa.column("case_id"),
)
_REFERRING = (
    ("accounts", "part_of_id", "accounts"),
    ("grants", "approved_by_id", "accounts"),
    ("case_events", "escalation_id", "escalations"),
    ("inbox", "case_id", "cases"),
)
_PARTIAL = (
    ("ix_cases_response_due_at", ["response_due_at"], "(closed_at IS NULL AND responded_at IS NULL)"),
    ("ix_cases_decision_due_at", ["decision_due_at"], "(closed_at IS NULL AND decided_at IS NULL)"),
    ("ix_cases_closed_at", ["closed_at"], "(closed_at IS NOT NULL AND purged_at IS NULL)"),
    ("ix_cases_active", ["priority", "id"], "(closed_at IS NULL)"),
    ("ix_cases_escalated", ["id"], "escalated"),
)


def upgrade() -> None:
    _make_tables()
    for table, columns in _ADDED.items():
        for column in columns:
            op.add_column(table, column)
    for table, name, target in _REFERRING:
        # SQLite takes a foreign key only where the column is made.
        named = f"CONSTRAINT fk_{table}_{name} REFERENCES {target} (id)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN {name} INTEGER {named}")
    for name, indexed, where in _PARTIAL:
        op.create_index(name, "cases", indexed, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.create_index("ix_attachments_digest", "attachments", ["digest"])
    op.create_index("ix_audit_subject", "audit", ["subject"])
    op.create_index("ix_inbox_case_id", "inbox", ["case_id"])
    _fill()
    op.drop_column("inbox", "raw")
    for table in ("case_events", "audit"):
        _make_append_only(table)


def _make_tables() -> None:
    op.create_table(
        "escalations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("ground", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("asked_by", sa.String(300), nullable=False),
        sa.Column("settled_at", Instant()),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_escalations_case_id"),
        sa.PrimaryKeyConstraint("id", name="pk_escalations"),
    )
    op.create_index("ix_escalations_case_id", "escalations", ["case_id"])
    is_open = sa.text("settled_at IS NULL")
    op.create_index(
        "uq_escalations_open",
        "escalations",
        ["case_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "raw_mails",
        sa.Column("inbox_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name="fk_raw_mails_inbox_id"),
        sa.PrimaryKeyConstraint("inbox_id", name="pk_raw_mails"),
    )


def _fill() -> None:
    """Give the new columns what the old rows say: the last event, the bytes' digest, the mail's case."""
    op.execute(
        "UPDATE cases SET updated_at = (SELECT max(e.at) FROM case_events e WHERE e.case_id = cases.id)"
        " WHERE EXISTS (SELECT 1 FROM case_events e WHERE e.case_id = cases.id)"
    )
    op.execute("INSERT INTO raw_mails (inbox_id, raw) SELECT id, raw FROM inbox")
    connection = op.get_bind()
    for inbox_id in connection.scalars(sa.select(_INBOX.c.id)).all():
        row = connection.execute(sa.select(_INBOX).where(_INBOX.c.id == inbox_id)).mappings().one()
        connection.execute(sa.update(_INBOX).where(_INBOX.c.id == inbox_id).values(**_read_from(row)))
    triage = sa.table("triage", sa.column("inbox_id"), sa.column("case_id"))
    aside = sa.select(sa.func.max(triage.c.case_id)).where(triage.c.inbox_id == _INBOX.c.id).scalar_subquery()
    connection.execute(sa.update(_INBOX).where(_INBOX.c.case_id.is_(None)).values(case_id=aside))


def _read_from(row: sa.RowMapping) -> dict[str, str | int | None]:
    """Return what a mail's bytes and its decision say: digests as they are made now, and its one case."""
    named = (row["decision"] or {}).get("cases") or []
    content = hashlib.sha256(row["raw"]).hexdigest()
    envelope = json.dumps([row["envelope_sender"], sorted(row["recipients"]), content])
    fingerprint = hashlib.sha256(envelope.encode()).hexdigest()
    return {
        "content": content,
        "fingerprint": fingerprint,
        "effect_of": fingerprint if row["effect_of"] else None,
        "case_id": named[0] if len(named) == 1 else None,
    }


def _make_append_only(table: str) -> None:
    """Let the database itself refuse to change or remove a row."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()"
    )
