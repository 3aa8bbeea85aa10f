"""Attachments and recordings, kept by what they contain: the same bytes are kept once.

A blob is on disk before the row that names it is committed; one that no row names is harmless, until the purge
finds it. The other way round is the danger: a put finds the bytes there, and a purge, which cannot see the row
that is about to name them, takes them away. Two things stand against it.

A put, also one that has nothing to write, sets the file's time, by the machine's clock whatever the time is held
at elsewhere, and who discards names the time of the oldest put that may still be without its row. It moves the
file aside before it looks at that time: a put before is seen there, a put after finds nothing and writes the bytes
again.

And no clock decides in the end: the transaction that names a file renews it first, and who discards does so in
a transaction that runs beside none of these (core.store.retention). What is gone by then is put again.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from core.clock import Clock

_DISCARDED = ".discarded"  # ends the name of a file that was moved aside to be looked at
_LONGEST_WRITE = timedelta(days=1)  # who has not renamed his file by then has died


class BlobStore(Protocol):
    """Keeps bytes under their SHA-256."""

    def put(self, content: bytes) -> str:
        """Keep the bytes until they are discarded, and return their SHA-256 in hexadecimal."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes. Raises FileNotFoundError."""
        ...

    def renew(self, digest: str) -> bool:
        """Put anew what is there; False when it is gone."""
        ...

    def was_put_since(self, digest: str, at: datetime) -> bool:
        """Say whether the bytes were put at that time or later; also when they are gone."""
        ...

    def discard(self, digest: str, *, unless_put_since: datetime) -> bool:
        """Remove the bytes unless somebody put them since that time, and say whether they were removed."""
        ...

    def shelves(self) -> Iterator[tuple[str, list[str]]]:
        """Yield all digests there are, by what they begin with."""
        ...


class FolderBlobs:
    """Blobs as files of a folder, two characters deep. The time of a file is that of its last put.

    `clock` is the machine's: held at a time to come, every put of somebody else's would be an old one.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock

    def put(self, content: bytes) -> str:
        """Keep the bytes, synced to the disk, and return their SHA-256 in hexadecimal."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if not self._touch(path):
            self._write(path, content)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes. Raises FileNotFoundError."""
        return self._path(digest).read_bytes()

    def renew(self, digest: str) -> bool:
        """Put anew what is there; False when it is gone."""
        return self._touch(self._path(digest))

    def was_put_since(self, digest: str, at: datetime) -> bool:
        """Say whether the bytes were put at that time or later; also when they are gone."""
        try:
            return _put_at(self._path(digest)) >= at
        except FileNotFoundError:
            return True

    def discard(self, digest: str, *, unless_put_since: datetime) -> bool:
        """Remove the bytes unless somebody put them since that time, and say whether they were removed."""
        path = self._path(digest)
        aside = path.with_name(f".{digest}.{secrets.token_hex(4)}{_DISCARDED}")
        try:
            path.rename(aside)
            was_put_since = _put_at(aside) >= unless_put_since
        except FileNotFoundError:  # somebody else has discarded it, or brought it back
            return False
        if was_put_since:
            self._bring_back(aside, path)
            return False
        aside.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return True

    def shelves(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the digests of each folder of files; what a crash left beside them is cleared up first."""
        for shelf in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            for stray in shelf.glob(".*"):
                self._clear_up(stray)
            yield shelf.name, sorted(file.name for file in shelf.iterdir() if not file.name.startswith("."))

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _touch(self, path: Path) -> bool:
        """Set the file's time; False when there is no such file."""
        at = self._clock.now().timestamp()
        try:
            os.utime(path, (at, at))
        except FileNotFoundError:
            return False
        return True

    def _write(self, path: Path, content: bytes) -> None:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync_folder(self._folder)
        # Written aside and renamed, so that a crash never leaves half a file under a whole file's name.
        aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            self._touch(aside)
            os.fsync(file.fileno())
        aside.replace(path)
        _sync_folder(path.parent)

    def _bring_back(self, aside: Path, path: Path) -> None:
        """Undo the moving aside; if a put has written the file anew meanwhile, it is the same."""
        if self._touch(aside):  # not to make the time of that put an older one
            aside.replace(path)
            _sync_folder(path.parent)

    def _clear_up(self, stray: Path) -> None:
        """Bring back what was moved aside and never looked at; remove what was never written to its end."""
        digest = stray.name.removeprefix(".").partition(".")[0]
        with suppress(FileNotFoundError):  # whoever moved it aside lives, and was faster
            if stray.name.endswith(_DISCARDED):
                stray.replace(stray.with_name(digest))
            elif _put_at(stray) < self._clock.now() - _LONGEST_WRITE:
                stray.unlink()


def _put_at(path: Path) -> datetime:
    # Opened, because a folder over the network answers stat() from what it remembers.
    with path.open("rb") as file:
        return datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
