"""How the tables came to be: Alembic's revisions, shipped with the package and run by `intake migrate`.

Revisions are named by rising numbers, so the newest is known without loading Alembic at every start.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from core.store.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent
_VERSION = sa.table("alembic_version", sa.column("version_num"))


def migrate(database: Database) -> None:
    """Bring the database to the newest revision, in one transaction; doing it twice changes nothing."""
    from alembic import command

    config = alembic_config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(database: Database) -> bool:
    """Say whether the database has the revision that this program was made for."""
    with database.reading() as connection:
        if not sa.inspect(connection).has_table(_VERSION.name):
            return False
        return connection.scalar(sa.select(_VERSION.c.version_num)) == newest_revision()


def newest_revision() -> str:
    """Return the revision that the program was made for."""
    return max(file.name.partition("_")[0] for file in (_HERE / "versions").glob("[0-9]*.py"))


def alembic_config() -> Config:
    """Return what Alembic needs to find the revisions."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("path_separator", "os")
    return config
