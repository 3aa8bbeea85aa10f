"""The program as a process of its own: its command line, its environment, its exit code, its death.

A process is forked from one that has imported the program already (`tests.stories.warm`), which saves two seconds
at every start; what runs in it is `intake.cli.main`, as behind the console command. It has the environment that it
is given and none of ours, and its input and output are files. `console_command` is the installed command itself,
for where that counts.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Found = TypeVar("Found")

SECONDS = 30.0  # for whatever must happen soon; a machine that is busy with other tests is slow
_LOOK = 0.05

console_command = Path(sys.executable).with_name("intake")
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.stories.warm"])


def wait_for(look: Callable[[], Found | None], what: str, seconds: float = SECONDS) -> Found:
    """Look until there is something, and return it."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain for {what}"
        time.sleep(_LOOK)


@dataclass(frozen=True)
class Ended:
    """A process that has ended. `code` is negative when a signal killed it."""

    code: int
    out: str
    err: str


class Process:
    """`intake WORDS`, running. `folder` is where it runs and where its output is kept, under `name`."""

    def __init__(
        self,
        words: tuple[str, ...],
        environment: Mapping[str, str],
        folder: Path,
        name: str = "command",
        given: bytes = b"",
    ) -> None:
        self._words = words
        files = [folder / f"{name}.{ending}" for ending in ("in", "out", "err")]
        _in, self._out, self._err = files
        for file, content in zip(files, (given, b"", b""), strict=True):
            file.write_bytes(content)
        self._process = _forks.Process(
            target=_run, args=(words, dict(environment), folder, files), daemon=True
        )
        self._process.start()

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return self._out.read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """What it has printed to standard error so far."""
        return self._err.read_text(encoding="utf-8")

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.is_alive()

    def wait_until_it_says(self, words: str) -> str:
        """Return what it printed, once these words are among it."""

        def look() -> str | None:
            is_alive, out = self.is_alive, self.out
            if words in out:
                return out
            assert is_alive, f"`intake {' '.join(self._words)}` ended by itself:\n{out}\n{self.err}"
            return None

        return wait_for(look, f"{words!r} from `intake {' '.join(self._words)}`")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it still lives."""
        if self.is_alive and self._process.pid:
            os.kill(self._process.pid, number)

    def wait(self, seconds: float = SECONDS) -> Ended:
        """Return how it ended, when it has."""
        self._process.join(seconds)
        code = self._process.exitcode
        assert code is not None, (
            f"`intake {' '.join(self._words)}` still runs after {seconds:.0f} s:\n{self.err}"
        )
        self._process.close()
        return Ended(code, self.out, self.err)

    def kill(self) -> Ended:
        """End it as by `kill -9`."""
        self.signal(signal.SIGKILL)
        return self.wait()


def run(words: tuple[str, ...], environment: Mapping[str, str], folder: Path, given: bytes = b"") -> Ended:
    """Run `intake WORDS` to its end; `given` is what it reads on standard input."""
    return Process(words, environment, folder, given=given).wait()


def parsed(ended: Ended) -> Any:
    """Return the JSON that a command printed, which must have gone well."""
    assert ended.code == 0, f"exit {ended.code}: {ended.err}"
    return json.loads(ended.out)


def _run(words: tuple[str, ...], environment: dict[str, str], folder: Path, files: list[Path]) -> None:
    from intake.cli import main

    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for descriptor, file in enumerate(files):
        opened = os.open(file, os.O_WRONLY if descriptor else os.O_RDONLY)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(descriptor, "w" if descriptor else "r", encoding="utf-8", closefd=False)
        for descriptor in range(3)
    )
    sys.argv = ["intake", *words]
    main()
