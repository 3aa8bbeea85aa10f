"""Alembic's entry: runs the revisions on the connection that `migrate` gives it."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from core.store.schema import Instant, metadata


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our own column type by its name into a new revision."""
    if kind == "type" and isinstance(item, Instant):
        autogen.imports.add("from core.store.schema import Instant")
        return "Instant()"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_item=render_item,
    # SQLite cannot alter a table in place; Alembic then makes the table anew.
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
