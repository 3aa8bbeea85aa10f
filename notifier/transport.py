"""The way out: one mail to one recipient, through the smart host.

A reply of 4xx, a broken or slow connection and whatever is not expected is temporary; 5xx in answer to this
mail is permanent. 5xx before it (greeting, STARTTLS, sign-in) is the site's trouble and temporary for the mail.
The connection is kept for the next mail, and made anew when it broke. Not for several threads at once.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from core.errors import BadInput, IntakeError
from notifier.bounded_smtp import BoundedSMTP, BoundedSMTPS

_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_ALLOWED = "smtp://host:port, smtps://user:password@host or smtp+starttls://user:password@host"
_LONGEST_REPLY = 500  # characters that are kept of what a server says


class TemporaryFailure(IntakeError):
    """The mail was not accepted this time; it may be at the next. The message is the server's reply."""


class PermanentFailure(IntakeError):
    """The mail will not be accepted, however often it is sent. The message is the server's reply."""


class Transport(Protocol):
    """Takes mail away."""

    def send(self, envelope_sender: str, recipient: str, message: bytes) -> None:
        """Return when the next host has accepted the mail. Raises TemporaryFailure, PermanentFailure."""
        ...


class SmartHost:
    """A mail server that takes everything we send. `url`: `smtp://`, `smtps://` or `smtp+starttls://`.

    `timeout`: seconds for one reply; `patience`: seconds for the reply to the whole mail, which a host may
    take to look into it; `deadline`: seconds for everything, from the connection to that reply. It stays
    well below the lease of a piece of work (5 minutes), because a mail whose reply comes after that is sent
    twice; and a mail is given away only while its reply still has its time. Raises BadInput, also for a
    password that would travel in the clear.
    """

    def __init__(
        self,
        url: str,
        *,
        helo_name: str | None = None,
        timeout: float = 30,
        patience: float = 100,
        deadline: float = 200,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(url)
        port = _port(parts)
        if port is None or (parts.password and parts.scheme == "smtp"):
            # Only the scheme is shown: the rest may hold a password.
            raise BadInput("smart host", f"{parts.scheme}://…", _ALLOWED)
        self._scheme, self._host, self._port = parts.scheme, parts.hostname or "", port
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._helo_name, self._timeout, self._patience = helo_name, timeout, patience
        self._deadline = deadline
        self._tls = tls or ssl.create_default_context()
        self._open: BoundedSMTP | None = None

    def send(self, envelope_sender: str, recipient: str, message: bytes) -> None:
        """Return when the smart host has accepted the mail. Raises TemporaryFailure, PermanentFailure."""
        try:
            ends_at = time.monotonic() + self._deadline
            self._transact(self._connection(ends_at), envelope_sender, recipient, message)
        except (TemporaryFailure, PermanentFailure):
            self._reset()
            raise
        except smtplib.SMTPResponseException as error:
            self.close()
            raise TemporaryFailure(_words(error.smtp_code, error.smtp_error)) from error
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self.close()
            raise TemporaryFailure(f"{type(error).__name__}: {error}"[:_LONGEST_REPLY]) from error

    def close(self) -> None:
        """Leave the smart host."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _transact(self, smtp: BoundedSMTP, envelope_sender: str, recipient: str, message: bytes) -> None:
        _demand(*smtp.mail(envelope_sender))
        _demand(*smtp.rcpt(recipient))
        if time.monotonic() + self._patience >= smtp.deadline:
            raise TemporaryFailure("the smart host is too slow to be given the mail")
        smtp.timeout = self._patience
        try:
            reply = smtp.data(message)
        except smtplib.SMTPDataError as error:  # DATA itself was refused
            reply = error.smtp_code, _in_bytes(error.smtp_error)
        finally:
            smtp.timeout = self._timeout
        _demand(*reply)

    def _connection(self, ends_at: float) -> BoundedSMTP:
        """Return the open connection if it still answers, and a new one otherwise."""
        if self._open is not None:
            self._open.deadline = ends_at
            if not _answers(self._open):
                self.close()
        if self._open is None:
            self._open = self._connect(ends_at)
        return self._open

    def _connect(self, ends_at: float) -> BoundedSMTP:
        where = (ends_at, self._host, self._port, self._helo_name)
        if self._scheme == "smtps":
            smtp: BoundedSMTP = BoundedSMTPS(*where, timeout=self._timeout, context=self._tls)
        else:
            smtp = BoundedSMTP(*where, timeout=self._timeout)
        try:
            if self._scheme == "smtp+starttls":
                smtp.starttls(context=self._tls)  # raises when it is not offered: never in the clear instead
            smtp.ehlo_or_helo_if_needed()
            if self._user:
                smtp.login(self._user, self._password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _reset(self) -> None:
        """Be ready for the next mail after one was refused."""
        if self._open is not None:
            try:
                code, _text = self._open.rset()
            except (OSError, smtplib.SMTPException):
                code = 421
            if code != 250:
                self.close()


def _port(parts: SplitResult) -> int | None:
    """Return the port to connect to, or None for a URL of another form."""
    if not parts.hostname or parts.scheme not in _PORTS:
        return None
    try:
        return parts.port or _PORTS[parts.scheme]
    except ValueError:  # whose text would show a part of the password
        return None


def _demand(code: int, text: bytes) -> None:
    """Raise what the reply means, unless it is a yes."""
    if 200 <= code <= 299:
        return
    if 500 <= code <= 599:
        raise PermanentFailure(_words(code, text))
    raise TemporaryFailure(_words(code, text))


def _answers(smtp: smtplib.SMTP) -> bool:
    try:
        return smtp.noop()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


def _in_bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _words(code: int, text: bytes | str) -> str:
    said = _in_bytes(text).decode("utf-8", "replace")
    return " ".join(f"{code} {said}".split())[:_LONGEST_REPLY]
