"""Work on a stranger's bytes that no bound is known for, done apart: in a process that is killed when it is over.

The parent calls `done_apart`; the module that it names calls `serve` when it is run. The child has so much memory,
so much time and no environment. Whatever becomes of it, the parent goes on, and is told why in words.
"""

from __future__ import annotations

import logging
import resource
import signal
import subprocess
import sys
from collections.abc import Callable

MEMORY = 512 * 1024 * 1024  # bytes of address space
_BUSY = 5  # seconds by the clock for each of processor time
_TOO_LONG = "took too long"


class FailedApart(Exception):
    """The work was not done; the message says why, in words that go on after what it was."""


def done_apart(module: str, content: bytes, seconds: int) -> bytes:
    """Return what `module` makes of the content within so many seconds of processor time. Raises FailedApart.

    On a busy machine that may take several times as long by the clock; then it ends all the same.
    """
    command, longest = [sys.executable, "-I", "-m", module, str(seconds)], seconds * _BUSY
    try:
        ended = subprocess.run(
            command, input=content, capture_output=True, timeout=longest, env={}, check=False
        )
    except subprocess.TimeoutExpired:
        raise FailedApart(_TOO_LONG) from None
    if ended.returncode in (-signal.SIGKILL, -signal.SIGXCPU):
        raise FailedApart(_TOO_LONG)
    if ended.returncode != 0:
        last = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise FailedApart(f"failed: {last[:200] or f'it ended with {ended.returncode}'}")
    return ended.stdout


def serve(work: Callable[[bytes], bytes]) -> None:
    """Do the work on what stands on standard input, within the bounds."""
    seconds = int(sys.argv[1])
    logging.disable()  # a library that tells of each wrong byte would fill the parent's memory
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    sys.stdout.buffer.write(work(sys.stdin.buffer.read()))
