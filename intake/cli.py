"""The command line: `intake …`. Exit 0 done, 1 refused by a rule, 2 usage, 75 try again."""

from __future__ import annotations

import io
import logging
import os
import sys
import traceback
from importlib import import_module

import click
import structlog
from sqlalchemy.exc import DBAPIError

from core.errors import BadInput, DatabaseIsBusy, IntakeError
from core.pins import without_pins
from intake.settings import SettingsAreWrong

REFUSED, USAGE, TRY_AGAIN = 1, 2, os.EX_TEMPFAIL

_COMMANDS = {
    "demo": "processes",
    "run": "processes",
    "smtpd": "processes",
    "web": "processes",
    "worker": "processes",
    "migrate": "site",
    "doctor": "site",
    "settings": "site",
    "rules": "site",
    "stats": "site",
    "backup": "site",
    "purge": "purge",
    "audit": "audit",
    "directory": "directory",
    "contact": "contact",
    "case": "case",
    "receive": "mail",
    "inbox": "mail",
    "outbox": "mail",
    "triage": "triage",
    "phone": "phone",
}
"""Each command and the module of intake.commands that has it."""


class _Commands(click.Group):
    """Loads a command when it is asked for: listing cases needs no web server."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"intake.commands.{_COMMANDS[name]}"), name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="case-intake-gateway", prog_name="intake")
def intake() -> None:
    """The intake gateway: support work by mail and by phone, and people told what changed."""


def main() -> None:
    """Run the command line, and turn what went wrong into a message and an exit code."""
    os.umask(0o077)  # what we write holds customers' words
    _log_to_stderr()
    try:
        _demand_text(sys.argv[1:])
        intake(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        _show(error)
        sys.exit(error.exit_code)
    except (BadInput, SettingsAreWrong) as error:
        _fail(str(error), USAGE)
    except DatabaseIsBusy as error:
        _fail(str(error), TRY_AGAIN)
    except IntakeError as error:
        _fail(str(error), REFUSED)
    except DBAPIError as error:
        _fail(f"the database does not do it now: {error.orig}", TRY_AGAIN)
    except Exception as error:
        # What has no name is temporary, here as at every edge; whoever mends it needs the place.
        click.echo(without_pins("".join(traceback.format_exception(error))), err=True, nl=False)
        _fail(f"unexpected trouble ({type(error).__name__}); look before you try again", TRY_AGAIN)


def _demand_text(words: list[str]) -> None:
    """Raise BadInput for bytes that are no text: they would be kept in no database."""
    for place, word in enumerate(words, 1):
        if not word.isprintable() and any("\ud800" <= sign <= "\udfff" for sign in word):
            raise BadInput(f"argument {place}", word, "text in UTF-8")


def _show(error: click.ClickException) -> None:
    # A mistaken argument is quoted, and it may be a PIN that was typed where none belongs (A10).
    shown = io.StringIO()
    error.show(shown)
    click.echo(without_pins(shown.getvalue()), err=True, nl=False)


def _fail(words: str, code: int) -> None:
    click.echo(f"intake: {without_pins(words)}", err=True)
    sys.exit(code)


def _log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
