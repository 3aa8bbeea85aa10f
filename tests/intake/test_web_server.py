"""The web server in a thread of ours: it ends when it is told to, without a word."""

from __future__ import annotations

import http.client
import threading

from flask import Flask

from intake.web import WebServer


def _hello() -> Flask:
    app = Flask(__name__)
    app.add_url_rule("/", view_func=lambda: "hello")
    return app


def test_it_stops_without_an_error_whatever_it_is_at(monkeypatch):
    """DESIGN 2: stop accepting, finish, end; an error at the end would hide one that means something."""
    errors: list[object] = []
    monkeypatch.setattr(threading, "excepthook", errors.append)
    for _time in range(40):
        server = WebServer(_hello(), "127.0.0.1", 0)
        server.start()
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        client.request("GET", "/")
        assert client.getresponse().read() == b"hello"
        server.stop()
        client.close()
    assert errors == []
