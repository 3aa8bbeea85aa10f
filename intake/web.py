"""The web application: webhooks, console, health. Any WSGI server can serve what `create_app` returns."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import structlog
import waitress.server
from flask import Flask, Response
from waitress import wasyncore

from core.store import inbox
from core.store.migrations import is_current
from core.unit_of_work import Core
from intake import metrics
from intake.console import blueprint as console_blueprint
from intake.settings import Settings
from ivr.providers import Twilio
from ivr.turns import Voice, VoiceSettings
from ivr.webhook import blueprint as voice_blueprint

log = structlog.get_logger()

_LONGEST_REQUEST = 65_536  # bytes; a webhook has a few hundred
_THREADS = 8
_LONGEST_LOOK = 30.0  # seconds; whatever happens wakes it


def create_app(core: Core, settings: Settings) -> Flask:
    """Return the application over a core."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _LONGEST_REQUEST
    if settings.twilio_account_sid:
        token = settings.twilio_auth_token.get_secret_value()
        provider = Twilio(settings.twilio_account_sid, token)
        numbers = VoiceSettings(settings.public_url, settings.support_number, settings.fallback_number)
        voice = Voice(core, provider, numbers)
        app.register_blueprint(voice_blueprint(voice))
    if settings.console_password.get_secret_value():
        app.register_blueprint(console_blueprint(core, settings.console_password.get_secret_value()))
    _health(app, core)
    return app


def _health(app: Flask, core: Core) -> None:
    @app.get("/healthz")
    def alive() -> Response:
        return _text("alive")

    @app.get("/readyz")
    def ready() -> Response:
        return _told(lambda: _readiness(core))

    @app.get("/metrics")
    def measured() -> Response:
        return Response(metrics.exposition(core), content_type=metrics.CONTENT_TYPE)


def _readiness(core: Core) -> Response:
    findings = core.database.durability_findings()
    if not is_current(core.database):
        findings.append("the database is not migrated: run intake migrate")
    if findings:
        return _text("not ready: " + "; ".join(findings), 503)
    with core.reading() as uow:
        waiting = inbox.waiting_count(uow.connection)
    return _text(f"ready, {waiting} mails waiting")


def _told(answer: Callable[[], Response]) -> Response:
    try:
        return answer()
    except Exception:
        log.exception("not ready")
        return _text("not ready: the database does not answer", 503)


def _text(words: str, status: int = 200) -> Response:
    return Response(f"{words}\n", status, content_type="text/plain; charset=utf-8")


class WebServer:
    """The application on a port, in a thread of this process."""

    def __init__(self, app: Flask, host: str, port: int) -> None:
        """Take the address. Raises OSError when it cannot be listened on."""
        self._opened: dict[int, Any] = {}
        try:
            self._server = waitress.server.create_server(
                app, map=self._opened, host=host, port=port, threads=_THREADS, ident=None
            )
        except OSError:
            self._close()
            raise
        self.port: int = self._server.effective_port
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop accepting, let the requests at hand finish, and end."""
        self._server.task_dispatcher.shutdown(timeout=10)
        self._stopping.set()
        self._server.pull_trigger()
        self._thread.join(5)
        self._close()

    def _serve(self) -> None:
        # Not the server's own run(), which ends only by what is closed under its hands.
        while not self._stopping.is_set():
            wasyncore.loop(timeout=_LONGEST_LOOK, map=self._opened, count=1)

    def _close(self) -> None:
        for channel in list(self._opened.values()):
            channel.close()
