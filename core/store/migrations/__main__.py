"""Writes a revision from what `core.store.schema` has and the newest revision has not.

    .venv/bin/python -m core.store.migrations "What changed, in a few words"

Read what it wrote before you commit it: it does not see renamed columns.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from core.store.database import Database
from core.store.migrations import alembic_config, migrate, newest_revision


def main(message: str) -> None:
    """Write the revision, numbered after the newest."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        migrate(database)
        config = alembic_config()
        with database.engine.begin() as connection:
            config.attributes["connection"] = connection
            number = f"{int(newest_revision()) + 1:04d}"
            command.revision(config, message=message, autogenerate=True, rev_id=number)
        database.close()


if __name__ == "__main__":
    main(sys.argv[1])
