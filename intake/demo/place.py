"""Where a demo lives: its folder, its ports, its secrets, its settings.

The secrets are made once and kept in the folder, readable by its owner only, so that a demo that is started
again has the same PINs and knows its own Reference IDs.
"""

from __future__ import annotations

import secrets
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput
from intake.running import the_only_worker_of
from intake.settings import PREFIX, Settings

HOST = "127.0.0.1"
SUPPORT_NUMBER = "+14155550100"
_USUAL_PORTS = {"smtp": 2525, "web": 8080, "sink": 2526}
_MARK = "this-is-an-intake-demo"
DATABASE = "intake.db"

FindPort = Callable[[str, int], int]
"""Finds a port of a host that is free, rather the usual one."""


@dataclass(frozen=True)
class Place:
    """A demo's folder and what was settled for it. `variables` let a second `intake` talk to it."""

    folder: Path
    settings: Settings
    variables: dict[str, str]
    sink_port: int

    @property
    def sink_folder(self) -> Path:
        """Where each mail that left lies, one file a mail, raw."""
        return self.folder / "sent"

    @property
    def shell_file(self) -> Path:
        """A file for `. FILE` in another terminal."""
        return self.folder / "env.sh"


def prepare(folder: Path, find_port: FindPort) -> Place:
    """Return the place in this folder, made when it is new; ports are free ones."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / _MARK).touch()
    ports = {name: find_port(HOST, usual) for name, usual in _USUAL_PORTS.items()}
    variables = _variables(folder, ports)
    given = {name.removeprefix(PREFIX).lower(): value for name, value in variables.items()}
    spot = Place(folder, Settings.model_validate(given), variables, ports["sink"])
    spot.sink_folder.mkdir(exist_ok=True)
    return spot


def forget(folder: Path) -> None:
    """Remove a demo's folder. Raises BadInput for a folder that no demo made."""
    if not folder.exists():
        return
    if not (folder / _MARK).exists():
        raise BadInput("--dir", str(folder), "a folder that a demo made, to be removed by --fresh")
    with the_only_worker_of(folder / DATABASE):  # a demo that runs keeps its folder
        pass
    shutil.rmtree(folder)


def _variables(folder: Path, ports: dict[str, int]) -> dict[str, str]:
    url = f"http://{HOST}:{ports['web']}"
    values = {
        "DATABASE_URL": f"sqlite:///{folder / DATABASE}",
        "BLOB_URL": str(folder / "blobs"),
        "PUBLIC_URL": url,
        "SMTP_HOST": HOST,
        "SMTP_PORT": str(ports["smtp"]),
        "WEB_HOST": HOST,
        "WEB_PORT": str(ports["web"]),
        "MAIL_DOMAIN": "support.example",
        "MAIL_FROM": "Northstar Support <support@support.example>",
        "SMARTHOST_URL": f"smtp://{HOST}:{ports['sink']}",
        "CASE_URL": "https://portal.support.example/cases/{number}",
        "SUPPORT_NUMBER": SUPPORT_NUMBER,
        "INSTALLATION": "D1",
        "TWILIO_ACCOUNT_SID": f"AC{_secret(folder, 'account')[:32]}",
        "TWILIO_AUTH_TOKEN": _secret(folder, "twilio-auth-token"),
        "SECRET_KEY": _secret(folder, "secret-key"),
        "PIN_KEY": _secret(folder, "pin-key"),
        "CONSOLE_PASSWORD": _secret(folder, "console-password")[:16],
    }
    return {PREFIX + name: value for name, value in values.items()}


def _secret(folder: Path, name: str) -> str:
    path = folder / "secrets" / name
    if not path.exists():
        path.parent.mkdir(exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return path.read_text(encoding="ascii")


def write_shell_file(spot: Place) -> None:
    """Write the settings for a second terminal; done once the demo runs, for another may run here already."""
    spot.shell_file.touch(mode=0o600)
    lines = [f"export {name}={shlex.quote(value)}" for name, value in spot.variables.items()]
    spot.shell_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
