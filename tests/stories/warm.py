"""Imported by the process that the others are forked from: each kind of work was done once in it.

What is compiled and looked up at a first time (statements, templates, tables of telephone numbers) costs half a
second; so the hundreds of short processes of the stories cost a tenth of it each. Nothing of the work stays.
"""

from __future__ import annotations

import gc
import io
import os
import tempfile
from contextlib import redirect_stdout, suppress
from pathlib import Path

import psycopg  # noqa: F401 - for the gateways on PostgreSQL
import yaml

from intake.assembly import build_core
from intake.cli import intake
from intake.settings import load
from intake.web import create_app
from tests.people import DIRECTORY

ALICE = "alice@northwind.example"


def _work(folder: Path) -> None:
    file = folder / "people.yaml"
    file.write_text(yaml.safe_dump(DIRECTORY), encoding="utf-8")
    case = "0000000001"
    for words in (
        ["migrate"],
        ["directory", "import", str(file)],
        ["case", "open", "--contact", ALICE, "--subject", "Warm"],
        ["case", "post", case, "Warm."],
        ["case", "ask", case, "Warm?"],
        ["contact", "pin", ALICE, "--reissue"],
        ["worker", "--once"],
        ["case", "show", case, "--json"],
        ["inbox", "list", "--json"],
        ["outbox", "list", "--json"],
        ["triage", "list", "--json"],
        ["settings"],
    ):
        with suppress(Exception):  # what does not work is for the tests to say
            intake(words, standalone_mode=False)
    core = build_core(load())
    client = create_app(core, load()).test_client()
    for path in ("/metrics", "/readyz"):
        client.get(path)
    core.database.close()


def _warm_up() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "INTAKE_DATABASE_URL": f"sqlite:///{folder}/intake.db",
            "INTAKE_BLOB_URL": folder,
            "INTAKE_SECRET_KEY": "warm",
            "INTAKE_PIN_KEY": "warm",
            "INTAKE_SMARTHOST_URL": "smtp://127.0.0.1:1",
            "INTAKE_TWILIO_ACCOUNT_SID": "AC",
            "INTAKE_TWILIO_AUTH_TOKEN": "warm",
        }
        os.environ.update(environment)  # every process that is forked has an environment of its own
        with redirect_stdout(io.StringIO()):
            _work(Path(folder))
    gc.collect()
    gc.freeze()


_warm_up()
