"""The certificate with which the SMTP server offers STARTTLS (RFC 3207).

A certificate is renewed while the server runs: each new connection looks whether its files are others than
before, and a pair that cannot be read leaves the one in use as it was, with a line in the log.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import structlog

from core.errors import BadInput

log = structlog.get_logger()


@dataclass(frozen=True)
class TlsFiles:
    """Where the certificate (with its chain) and its key are, in PEM; one file may hold both."""

    certificate: Path
    key: Path

    def seen(self) -> tuple[int, int]:
        """Return what changes when the files do. Raises OSError."""
        return self.certificate.stat().st_mtime_ns, self.key.stat().st_mtime_ns


class Certificate:
    """What TLS sessions are begun with."""

    def __init__(self, files: TlsFiles) -> None:
        """Read the files. Raises BadInput when they are no certificate with its key."""
        self._files = files
        try:
            self._seen, self._context = files.seen(), _context(files)
        except (OSError, ssl.SSLError) as error:
            allowed = "a certificate in PEM, with its key"
            raise BadInput("certificate", str(files.certificate), f"{allowed}: {error}") from None

    def context(self) -> ssl.SSLContext:
        """Return what the next session is begun with."""
        try:
            seen = self._files.seen()
            if seen != self._seen:
                self._context, self._seen = _context(self._files), seen
        except (OSError, ssl.SSLError) as error:
            log.warning("smtp.certificate-unreadable", error=type(error).__name__)
        return self._context


def _context(files: TlsFiles) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    return context
