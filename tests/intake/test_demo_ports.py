"""The demo finds ports for itself, also when somebody takes one that was free a moment ago."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from intake.demo import place, started
from intake.running import CannotListen


def _free_port(host, _usual):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


@pytest.fixture
def taken_port():
    """A port that somebody listens on."""
    with socket.socket() as taken:
        taken.bind((place.HOST, 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize("which", ["smtp", "web"])
def test_a_port_that_was_taken_since_it_was_found_free_is_found_anew(tmp_path, taken_port, which):
    """The first minute: a demo starts on any machine."""
    names = iter(["smtp", "web", "sink"])

    def find(host, usual):
        return taken_port if next(names, None) == which else _free_port(host, usual)

    with ExitStack() as stack:
        demo = started(tmp_path / "demo", stack, find)
        ports = {demo.spot.settings.smtp_port, demo.spot.settings.web_port, demo.spot.sink_port}
        for port in ports:
            socket.create_connection((place.HOST, port), 5).close()
    assert taken_port not in ports


def test_where_no_port_can_be_had_the_demo_says_so(tmp_path, taken_port):
    """It does not try for ever."""

    def find(host, usual):
        return taken_port if usual == 8080 else _free_port(host, usual)

    with ExitStack() as stack, pytest.raises(CannotListen, match="already in use"):
        started(tmp_path / "demo", stack, find)
