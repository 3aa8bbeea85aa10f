"""What every story may ask for: a gateway on each database, and the sink that its mail goes to."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.postgres import PostgresServer
from tests.stories.gateway import Gateway, Sink, listening_sink, prepared


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A smart host that listens."""
    with listening_sink() as listening:
        yield listening


@pytest.fixture
def gateway(database_url: str, tmp_path: Path, sink: Sink) -> Iterator[Gateway]:
    """A gateway of the test's own that does not run yet, on each database."""
    with prepared(tmp_path, database_url, sink) as own:
        yield own


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_gateway(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway that runs while the tests of a module have cases of their own in it, on each database."""
    folder = tmp_path_factory.mktemp("gateway")
    with _database(request, folder) as url, listening_sink() as sink, prepared(folder, url, sink) as gateway:
        gateway.start()
        yield gateway
        gateway.stop()


@contextmanager
def _database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{folder}/intake.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"s{uuid.uuid4().hex}"
    server.create_database(name)
    yield server.url(name)
    server.drop_database(name)
