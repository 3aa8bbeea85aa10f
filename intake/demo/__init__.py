"""`intake demo`: the whole gateway on one machine, with made-up people, and what to try with it.

Everything is real: a SQLite database in a folder, the SMTP server, the web server, the worker, and a mail sink
that takes what leaves. Started again on the same folder, it goes on where it was.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from core.store.migrations import migrate
from core.unit_of_work import Core
from intake.assembly import build_core
from intake.demo import guide, place, scene
from intake.demo.sink import Sink
from intake.running import EVERYTHING, running, until_told_to_stop


def run(folder: Path, *, fresh: bool, facts_file: Path | None) -> None:
    """Run the demo until it is told to stop. `facts_file` gets what is printed, as JSON, once everything listens."""
    if fresh:
        place.forget(folder)
    spot = place.prepare(folder)
    core = build_core(spot.settings)
    sink = Sink(spot.sink_folder, "127.0.0.1", spot.sink_port)
    try:
        migrate(core.database)
        scene.set_up(core)
        sink.start()
        with running(core, spot.settings, EVERYTHING):
            _tell(core, spot, facts_file)
            sink.show_from_now_on(click.echo)
            until_told_to_stop()
    finally:
        sink.stop()
        core.database.close()


def _tell(core: Core, spot: place.Place, facts_file: Path | None) -> None:
    place.write_shell_file(spot)
    told = guide.make(core, spot)
    if facts_file is not None:
        aside = facts_file.with_name(f".{facts_file.name}.part")
        aside.touch(mode=0o600)
        aside.write_text(json.dumps(told.facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        aside.replace(facts_file)
    click.echo(guide.printed(told, spot))
