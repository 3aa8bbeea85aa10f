"""How far a long piece of work has come: a bar on a terminal, a line for every tenth elsewhere; on stderr."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

LONG = 5_000
"""Without a terminal, less than this is done without a word."""

Tell = Callable[[int, int], None]


@contextmanager
def progress() -> Iterator[Callable[[str], Tell]]:
    """Yield what begins a stage: it takes the stage's name and returns what is told of (done, total)."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        yield lambda name: _bar(bars, name)


def _bar(bars: Progress, name: str) -> Tell:
    task = bars.add_task(name, total=None)
    return _now_and_then(lambda done, total: bars.update(task, completed=done, total=total), parts=200)


def _lines(name: str) -> Tell:
    def tell(done: int, total: int) -> None:
        if total >= LONG:
            click.echo(f"{name}: {done:,} of {total:,}", err=True)

    return _now_and_then(tell, parts=10)


def _now_and_then(tell: Tell, parts: int) -> Tell:
    """Return a `tell` that is called once for each part of the whole."""
    part = 0

    def at_most(done: int, total: int) -> None:
        nonlocal part
        reached = done * parts // max(total, 1)
        if reached > part:
            part = reached
            tell(done, total)

    return at_most
