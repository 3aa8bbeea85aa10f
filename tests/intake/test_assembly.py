"""The program as it is built from settings."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import HeldClock
from intake.assembly import build_core
from intake.settings import load


def test_files_are_put_by_the_machines_clock_whatever_the_time_is_held_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C10: a purge held at a time to come must not take those of a gateway beside it for old ones."""
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path}/intake.db",
        "BLOB_URL": str(tmp_path / "blobs"),
        "SECRET_KEY": "a long random text",
        "PIN_KEY": "another long random text",
    }.items():
        monkeypatch.setenv(f"INTAKE_{name}", value)
    core = build_core(load(), HeldClock(datetime.now(UTC) + timedelta(days=1000)))
    digest = core.blobs.put(b"a screenshot")
    [file] = [file for file in (tmp_path / "blobs").rglob(digest) if file.is_file()]
    assert abs(file.stat().st_mtime - time.time()) < 60
    core.database.close()
