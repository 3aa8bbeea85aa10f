"""Blobs in a folder: on disk before a row names them, and gone only when nobody is about to."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from core.store.blobs import FolderBlobs

HOUR = timedelta(hours=1)
CONTENT = b"a screenshot"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def blobs(tmp_path, clock):
    return FolderBlobs(tmp_path / "blobs", clock)


def digests(blobs):
    return [digest for _beginning, shelf in blobs.shelves() for digest in shelf]


def files(tmp_path):
    return [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]


def test_the_same_bytes_are_kept_once(blobs, tmp_path):
    assert blobs.put(CONTENT) == blobs.put(CONTENT) == DIGEST
    assert blobs.get(DIGEST) == CONTENT
    assert len(files(tmp_path)) == 1


def test_bytes_that_were_put_long_ago_are_discarded(blobs, clock, tmp_path):
    """C10."""
    blobs.put(CONTENT)
    clock.advance(HOUR)
    assert blobs.discard(DIGEST, unless_put_since=clock.now() - timedelta(minutes=59))
    assert files(tmp_path) == []
    assert not blobs.discard(DIGEST, unless_put_since=clock.now())


def test_bytes_that_were_put_again_just_now_stay(blobs, clock, tmp_path):
    """C10: the row that names them is not committed yet, so no purge can see it."""
    blobs.put(CONTENT)
    clock.advance(30 * 24 * HOUR)
    blobs.put(CONTENT)
    assert not blobs.discard(DIGEST, unless_put_since=clock.now() - HOUR)
    assert blobs.get(DIGEST) == CONTENT
    assert [file.name for file in files(tmp_path)] == [DIGEST]


def test_bytes_that_are_renewed_are_as_if_they_were_put_again(blobs, clock):
    """C10: and who renews learns that they are gone."""
    assert not blobs.renew(DIGEST)
    assert blobs.was_put_since(DIGEST, clock.now()), "who looks leaves what is not there alone"
    blobs.put(CONTENT)
    clock.advance(30 * 24 * HOUR)
    assert not blobs.was_put_since(DIGEST, clock.now())
    assert blobs.renew(DIGEST)
    assert blobs.was_put_since(DIGEST, clock.now())
    assert not blobs.discard(DIGEST, unless_put_since=clock.now() - HOUR)


def put_meanwhile(blobs, monkeypatch, moment):
    """Put the same bytes right before the discard moves the file aside, or right after it opened it there."""
    real, once = getattr(Path, moment), iter([True])

    def interrupted(path, *args, **kwargs):
        mine = DIGEST in path.name and next(once, False)
        opened = real(path, *args, **kwargs) if moment == "open" else None
        if mine:
            blobs.put(CONTENT)
        return opened or real(path, *args, **kwargs)

    monkeypatch.setattr(Path, moment, interrupted)


@pytest.mark.parametrize("moment", ["rename", "open"])
def test_a_put_that_meets_a_discard_keeps_the_bytes(blobs, tmp_path, clock, monkeypatch, moment):
    """C10: whichever of the two is first, who put the bytes finds them."""
    blobs.put(CONTENT)
    clock.advance(30 * 24 * HOUR)
    put_meanwhile(blobs, monkeypatch, moment)
    was_removed = blobs.discard(DIGEST, unless_put_since=clock.now() - HOUR)
    assert was_removed == (moment == "open")
    assert blobs.get(DIGEST) == CONTENT
    assert [file.name for file in files(tmp_path)] == [DIGEST]


def test_what_a_crash_left_moved_aside_is_brought_back(blobs, tmp_path):
    """C10: it was not looked at yet, and a case may name it."""
    blobs.put(CONTENT)
    [file] = files(tmp_path)
    file.rename(file.with_name(f".{DIGEST}.0a1b2c3d.discarded"))
    assert digests(blobs) == [DIGEST]
    assert blobs.get(DIGEST) == CONTENT


def test_what_a_crash_left_half_written_is_removed_a_day_later(blobs, clock, tmp_path):
    """Until then somebody may still be writing it."""
    blobs.put(CONTENT)
    [file] = files(tmp_path)
    file.rename(file.with_name(f".{DIGEST}.0a1b2c3d"))
    assert digests(blobs) == []
    assert files(tmp_path) != []
    clock.advance(25 * HOUR)
    assert digests(blobs) == []
    assert files(tmp_path) == []


def test_there_is_nothing_in_a_folder_that_is_not_there(blobs):
    assert digests(blobs) == []
