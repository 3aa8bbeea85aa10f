"""A real Postfix of a test's own: its own folder, port and queue, and nothing of the system's.

What concerns the gateway in its settings is read out of docs/behind-postfix.md, so that the page stays true.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import TEMPORARY
from tests.stories.gateway import free_port
from tests.stories.program import wait_for

PROGRAM = Path("/usr/sbin/postfix")
USER = "nobody"  # as whom the pipe runs
WRONG = "wrong.example"  # which Postfix takes for the gateway's, and the gateway does not

_CHECKOUT = Path(__file__).parents[2]
_PAGE = (_CHECKOUT / "docs" / "behind-postfix.md").read_text(encoding="utf-8")

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.support.example
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
alias_maps =
disable_dns_lookups = yes
smtputf8_enable = no
smtp_host_lookup = native
relayhost = [127.0.0.1]:{sink}
intake_destination_recipient_limit = 1
"""

_MASTER = """
127.0.0.1:{port}  inet  n - n - - smtpd
pickup   unix  n - n 60 1 pickup
cleanup  unix  n - n - 0 cleanup
qmgr     unix  n - n 300 1 qmgr
rewrite  unix  - - n - - trivial-rewrite
bounce   unix  - - n - 0 bounce
defer    unix  - - n - 0 bounce
trace    unix  - - n - 0 bounce
smtp     unix  - - n - - smtp
relay    unix  - - n - - smtp
lmtp     unix  - - n - - lmtp
error    unix  - - n - - error
retry    unix  - - n - - error
showq    unix  n - n - - showq
proxymap unix  - - n - - proxymap
anvil    unix  - - n - 1 anvil
scache   unix  - - n - 1 scache
flush    unix  n - n 1000? 0 flush
postlog  unix-dgram n - n - 1 postlogd
"""


def block_after(words: str) -> str:
    """Return the indented block of the page that follows a line or paragraph ending with these words."""
    paragraph = re.escape(words).replace(r"\ ", r"\s+")
    found = re.search(rf"{paragraph}:?\n\n((?:    .*\n)+)", _PAGE)
    assert found, f"docs/behind-postfix.md has no block after {words!r}"
    return textwrap.dedent(found[1])


class Postfix:
    """A Postfix that listens on `port`, and relays what is not the gateway's to `sink_port`."""

    def __init__(self, folder: Path, sink_port: int, said_in_page: dict[str, str]) -> None:
        self.folder, self.port = folder, free_port()
        here = {
            "/etc/postfix/": f"{folder}/",
            "user=intake": f"user={USER}",
            "relay_domains =": f"relay_domains = {WRONG}",
        }
        self._in_page = said_in_page | here
        pipe = block_after("one exit status cannot speak for several recipients")
        master = _MASTER.format(port=self.port) + self._here(pipe)
        main = _MAIN.format(folder=folder, sink=sink_port) + self._here(block_after("In `main.cf`"))
        self._write("main.cf", main)
        self._write("master.cf", master)
        recipients = block_after("In `/etc/postfix/intake-recipients`")
        self._write("intake-recipients", f"{recipients}/@{WRONG}$/ OK\n")
        self._write("intake-headers", block_after("In `/etc/postfix/intake-headers`"))
        script = block_after("as while it is installed anew")
        self._write("intake-receive", self._here(script)).chmod(0o755)
        for name, owner in (("queue", "root"), ("data", "postfix")):
            (folder / name).mkdir()
            shutil.chown(folder / name, owner)

    def route(self, way: str, *recipients: str) -> None:
        """Let mail for these recipients take one of the ways of the page, from the next start on."""
        _domain, hop = self._here(_WAYS[way]).split()
        with (self.folder / "intake-transport").open("a", encoding="utf-8") as table:
            table.writelines(f"{recipient.lower()} {hop}\n" for recipient in recipients)

    def start(self) -> None:
        """Start it; return when it listens."""
        self._postfix("start")

    def stop(self) -> None:
        """Stop it."""
        self._postfix("stop")

    def takes_recipient(self, address: str) -> bool:
        """Say whether the list of recipients has this address."""
        table = f"regexp:{self.folder}/intake-recipients"
        return self._run("postmap", "-q", address, table).stdout == "OK\n"

    def queue(self) -> str:
        """Return what waits, with the reasons."""
        return self._run("postqueue", "-p").stdout

    def try_again(self) -> None:
        """Try at once what waits."""
        self._run("postqueue", "-f")

    def wait_until_it_waits(self, address: str, reason: str) -> None:
        """Return when a mail for this address was put off for this reason."""
        wait_for(lambda: self._waits(address, reason), f"a mail to {address} in the queue: {reason}")

    def _waits(self, address: str, reason: str) -> bool:
        waiting = self.queue().split("\n\n")
        return any(address in one and reason in one for one in waiting)

    def _postfix(self, command: str) -> None:
        done = self._run("postfix", command)
        log = self.folder / "log"
        assert done.returncode == 0, f"{done.stderr}\n{log.read_text() if log.exists() else ''}"

    def _run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(PROGRAM.with_name(program)), "-c", str(self.folder), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def _here(self, text: str) -> str:
        for in_page, here in self._in_page.items():
            text = text.replace(in_page, here)
        return text

    def _write(self, name: str, text: str) -> Path:
        file = self.folder / name
        file.write_text(text, encoding="utf-8")
        return file


_WAYS = {
    "smtp": block_after("and can be on another machine"),
    "lmtp": block_after("With `INTAKE_LMTP_PORT=2424`"),
    "socket": block_after("which no port of the machine shows"),
    "pipe": block_after("The line is"),
}
WAYS = tuple(_WAYS)


def program_for_the_pipe(folder: Path) -> Path | None:
    """Return an `intake` that the user of the pipe can run, None where that user can read no Python of ours.

    The environment may hang on an interpreter in a home that is closed to others; the system's of the same
    version reads the same libraries.
    """
    libraries = f"{_CHECKOUT}:{sysconfig.get_path('purelib')}"
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        command = ["env", f"PYTHONPATH={libraries}", python, "-c", "from intake.cli import main; main()"]
        script = folder / "intake"
        script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
        if subprocess.run([script, "--help"], user=USER, capture_output=True, check=False).returncode == 0:
            return script
    return None


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that Postfix and the user of the pipe can enter, as they cannot enter pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="intake-postfix-", dir=TEMPORARY))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
