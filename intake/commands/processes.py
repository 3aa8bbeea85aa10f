"""`intake run`, its parts one by one, and `intake demo`."""

from __future__ import annotations

from pathlib import Path

import click

from intake import demo as demo_
from intake.commands import clock_at, opened
from intake.loop import drain
from intake.running import EVERYTHING, Parts, running, until_told_to_stop, works


@click.command()
def run() -> None:
    """Run SMTP, web and worker in one process."""
    _run(EVERYTHING)


@click.command()
def smtpd() -> None:
    """Run only the SMTP server."""
    _run(Parts(smtp=True))


@click.command()
def web() -> None:
    """Run only webhooks and console."""
    _run(Parts(web=True))


@click.command()
@click.option("--once", is_flag=True, help="Do what is due, then end.")
@click.option("--as-of", metavar="TIME", help="With --once: as if it were TIME, such as 2026-12-01T09:00.")
def worker(once: bool, as_of: str | None) -> None:
    """Run only the worker: mail in, reminders, mail out, removal of what is due."""
    if as_of and not once:
        raise click.UsageError("--as-of goes with --once")
    if not once:
        _run(Parts(worker=True))
        return
    with opened(clock_at(as_of)) as (core, settings), works(core, settings) as kinds:
        done = drain(kinds)
    click.echo(f"{done} pieces of work done" + (f" as of {as_of}" if as_of else ""))


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/demo"),
    show_default=True,
    help="Where the demo lives; it goes on there the next time.",
)
@click.option("--fresh", is_flag=True, help="Forget what an earlier demo left there.")
@click.option(
    "--facts", type=click.Path(dir_okay=False, path_type=Path), help="Also write what is printed as JSON."
)
def demo(folder: Path, fresh: bool, facts: Path | None) -> None:
    """Run everything on a small made-up directory, with a mail sink, and say what to try."""
    demo_.run(folder.resolve(), fresh=fresh, facts_file=facts)


def _run(parts: Parts) -> None:
    with opened() as (core, settings), running(core, settings, parts) as listening:
        ports = {"SMTP": listening.smtp_port, "LMTP": listening.lmtp_port, "web": listening.web_port}
        for name, port in ports.items():
            if port is not None:
                click.echo(f"{name} listens on port {port}")
        if parts.smtp and settings.lmtp_socket:
            click.echo(f"LMTP listens on {settings.lmtp_socket}")
        click.echo("ready")
        until_told_to_stop()
