"""Attachments and recordings, kept by what they contain: the same bytes are kept once.

A blob is on disk before the row that names it is committed; one that no row names is harmless.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Protocol


class BlobStore(Protocol):
    """Keeps bytes under their SHA-256."""

    def put(self, content: bytes) -> str:
        """Keep the bytes for ever and return their SHA-256 in hexadecimal."""
        ...

    def get(self, digest: str) -> bytes:
        """Return the bytes. Raises FileNotFoundError."""
        ...


class FolderBlobs:
    """Blobs as files of a folder, two characters deep."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep the bytes, synced to the disk, and return their SHA-256 in hexadecimal."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if not path.exists():
            self._write(path, content)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes. Raises FileNotFoundError."""
        return self._path(digest).read_bytes()

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest

    def _write(self, path: Path, content: bytes) -> None:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync_folder(self._folder)
        # Written aside and renamed, so that a crash never leaves half a file under a whole file's name.
        aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
