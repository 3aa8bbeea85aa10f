"""`intake demo`: the whole gateway on one machine, with made-up people, and what to try with it.

Everything is real: a SQLite database in a folder, the SMTP server, the web server, the worker, and a mail sink
that takes what leaves. Started again on the same folder, it goes on where it was.
"""

from __future__ import annotations

import errno
import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from core.store.migrations import migrate
from core.unit_of_work import Core
from intake.assembly import build_core
from intake.demo import guide, place, scene
from intake.demo.place import FindPort
from intake.demo.sink import Sink
from intake.running import EVERYTHING, CannotListen, free_port, running, until_told_to_stop

_TRIES = 5


@dataclass(frozen=True)
class Started:
    """A demo of which everything listens."""

    core: Core
    spot: place.Place
    sink: Sink


def run(folder: Path, *, fresh: bool, facts_file: Path | None) -> None:
    """Run the demo until it is told to stop. `facts_file` gets what is printed, as JSON, once everything listens."""
    if fresh:
        place.forget(folder)
    with ExitStack() as stack:
        demo = started(folder, stack)
        _tell(demo.core, demo.spot, facts_file)
        demo.sink.show_from_now_on(click.echo)
        until_told_to_stop()


def started(folder: Path, stack: ExitStack, find_port: FindPort = free_port) -> Started:
    """Let everything listen, and what ends it be done by `stack`.

    A port that was found free may be somebody else's by the time it is listened on: then others are found.
    """
    for tries_left in reversed(range(_TRIES)):
        with ExitStack() as own:
            try:
                demo = _start(place.prepare(folder, find_port), own)
            except (OSError, CannotListen) as error:
                if not _is_taken(error) or not tries_left:
                    raise
            else:
                stack.push(own.pop_all())
                return demo
    raise AssertionError("the last try returns or raises")


def _is_taken(error: Exception) -> bool:
    said = error.__cause__ or error
    return isinstance(said, OSError) and said.errno == errno.EADDRINUSE


def _start(spot: place.Place, stack: ExitStack) -> Started:
    core = build_core(spot.settings)
    stack.callback(core.database.close)
    migrate(core.database)
    scene.set_up(core)
    sink = Sink(spot.sink_folder, place.HOST, spot.sink_port)
    stack.callback(sink.stop)
    sink.start()
    stack.enter_context(running(core, spot.settings, EVERYTHING))
    return Started(core, spot, sink)


def _tell(core: Core, spot: place.Place, facts_file: Path | None) -> None:
    place.write_shell_file(spot)
    told = guide.make(core, spot)
    if facts_file is not None:
        aside = facts_file.with_name(f".{facts_file.name}.part")
        aside.touch(mode=0o600)
        aside.write_text(json.dumps(told.facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        aside.replace(facts_file)
    click.echo(guide.printed(told, spot))
