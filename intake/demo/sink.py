"""Where the demo's mail goes: a real SMTP server that keeps each mail as a file and shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """An SMTP server on this machine. Each mail becomes one file, whole or not there."""

    def __init__(self, folder: Path, host: str, port: int) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._show: Callable[[str], None] | None = None
        self._controller = Controller(self, hostname=host, port=port, server_hostname="sink.example")

    def start(self) -> None:
        """Begin to take mail."""
        self._controller.start()

    def stop(self) -> None:
        """End, also when it was never started."""
        loop = self._controller.loop
        if not loop.is_closed():
            self._controller.stop(no_assert=True)
            loop.close()  # where it could not listen, nobody else does

    def show_from_now_on(self, show: Callable[[str], None]) -> None:
        """Call `show` with the text of each mail that comes."""
        self._show = show

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the mail and say so."""
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        path = self._keep(raw)
        if self._show is not None:
            text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
            recipients = ", ".join(envelope.rcpt_tos)
            self._show(f"\n--- mail to {recipients}, kept as {path}\n{text}\n---")
        return "250 2.0.0 kept"

    def _keep(self, raw: bytes) -> Path:
        with self._lock:
            number = sum(1 for _ in self._folder.glob("*.eml")) + 1
            path = self._folder / f"{number:04d}.eml"
            aside = self._folder / f".{number:04d}.part"
            aside.write_bytes(raw)
            aside.replace(path)
        return path
