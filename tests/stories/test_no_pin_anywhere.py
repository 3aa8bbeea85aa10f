"""No PIN is anywhere but where its owner is shown it: every PIN of a whole site as a canary (A10, I14).

The real program runs: the demo, and a site on PostgreSQL. Calls, mails, commands and their mistakes are driven
with PINs in every place where one can be keyed, said or mistyped; then everything that was logged, printed,
answered, sent, exported and kept is searched for each of them, in every form of `pin_search`.

`intake contact pin` and the demo's own list of people show PINs: that is their purpose, and the only thing left
out. Charlie's is the one that is also written where it does not belong, into mails and cases; for it alone the
mail as it came (table raw_mails) is left out too, because a mail is kept whole.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import signal
import socket
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

import core
from core import pins
from core.store.database import Database
from tests.postgres import PostgresServer
from tests.stories.gateway import (
    ALICE,
    CHARLIE,
    HOST,
    Customer,
    Sent,
    a_stranger,
    deliver,
    free_port,
    listening_sink,
    prepared,
)
from tests.stories.pin_search import decoded, places_of
from tests.stories.program import Ended, Process, parsed, run, wait_for

pytestmark = pytest.mark.timeout(300)  # the whole of a site is driven before the first test

PETRA, BOB, CLEO = "petra@harbour.example", "bob@northwind.example", "cleo@cloudline.example"
PEOPLE = (ALICE.address, BOB, CHARLIE.address, PETRA, CLEO, "erin@lapsed.example")
NUMBER = "+14155550132"
READS = (
    "case list",
    "case show {number}",
    "case show {charlies}",
    "contact show alice@northwind.example",
    "contact show charlie@eastgate.example",
    "contact outdated-pins",
    "inbox list",
    "inbox show {inbox}",
    "outbox list",
    "outbox show {outbox}",
    "triage list --all",
    "triage show {triage}",
    "stats",
    "settings",
    "doctor",
    "audit",
    "audit --of alice@northwind.example",
    "audit --of {number}",
)
PAGES = ("/metrics", "/readyz", "/healthz", "/console/", "/nowhere")
_WEB = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_WAITS = re.compile(r'^intake_(?:inbox|outbox)\{state="(?:waiting|working)"\} [1-9]', re.MULTILINE)


@dataclass
class Site:
    """A gateway that runs, the PIN of each of its people, and all that it has let out."""

    home: Path
    environment: dict[str, str]
    sent: Callable[[], list[bytes]]
    pins: dict[str, str] = field(default_factory=dict)
    out: dict[str, bytes] = field(default_factory=dict)
    backup: Path | None = None
    exported: Ended | None = None

    @property
    def url(self) -> str:
        return self.environment["INTAKE_PUBLIC_URL"]

    def keeps(self, name: str, content: bytes) -> None:
        """Keep something that was let out, to be searched at the end."""
        self.out[f"{len(self.out):03d} {name}"] = content

    def run(self, *words: str, code: int = 0) -> Ended:
        """Run a command, which ends with this code, and keep what it printed."""
        ended = run(words, self.environment, self.home)
        shown = "intake " + " ".join(words[:2])
        assert ended.code == code, f"{shown}: {ended.code} {ended.err}"
        self.keeps(f"stdout of {shown}", ended.out.encode())
        self.keeps(f"stderr of {shown}", ended.err.encode())
        return ended

    def pin_of(self, email: str, *options: str) -> str:
        """Return a contact's PIN as its owner is shown it; only what is beside it is kept."""
        ended = run(("contact", "pin", email, *options), self.environment, self.home)
        assert ended.code == 0, ended.err
        self.keeps(f"stderr of intake contact pin {email}", ended.err.encode())
        return "".join(ended.out.split())

    def calls(self, keys: str, *options: str) -> None:
        """Call from a telephone; the requests, and what was heard, are kept."""
        self.run("phone", "--from", NUMBER, "--keys", keys, "--web-requests", *options)

    def asks(self, path: str, form: dict[str, str] | None = None) -> str:
        """Ask the web server for a page and return it, whatever its status."""
        password = self.environment["INTAKE_CONSOLE_PASSWORD"]
        token = base64.b64encode(f"me:{password}".encode()).decode()
        data = urlencode(form).encode() if form is not None else None
        signed_in = {"Authorization": f"Basic {token}"}
        request = urllib.request.Request(self.url + path, data, signed_in)  # noqa: S310 - our own server
        try:
            with _WEB.open(request, timeout=20) as answer:
                said, headers = answer.read(), str(answer.headers)
        except HTTPError as error:
            said, headers = error.read(), str(error.headers)
        self.keeps(f"answer to {path.partition('?')[0]}", headers.encode() + said)
        return str(said.decode())

    def takes(self, mail: EmailMessage, author: Customer) -> None:
        """Hand over a mail, which is taken."""
        to = str(mail["To"])
        assert deliver(int(self.environment["INTAKE_SMTP_PORT"]), mail, author.address, [to])

    def settles(self) -> None:
        """Wait until mail in and out is done."""
        wait_for(lambda: not _WAITS.search(self.asks("/metrics")), "inbox and outbox to be done")

    def notice_to(self, customer: Customer) -> Sent:
        """Return the newest mail to somebody."""

        def look() -> list[Sent]:
            parse = BytesParser(_class=EmailMessage, policy=default).parsebytes
            mails = [(raw, parse(raw)) for raw in self.sent()]
            mine = [(raw, mail) for raw, mail in mails if customer.address in str(mail["To"])]
            return [Sent("", customer.address, raw, mail) for raw, mail in mine]

        return wait_for(look, f"a mail to {customer.address}")[-1]

    def database(self) -> dict[str, bytes]:
        """Return every table but raw_mails as text: what a dump would hold."""
        database = Database(self.environment["INTAKE_DATABASE_URL"])
        tables = sa.MetaData()
        with database.reading() as connection:
            tables.reflect(connection)
            kept = {
                f"table {table.name}": _text_of(connection.execute(sa.select(table)).all())
                for table in tables.sorted_tables
                if table.name != "raw_mails"
            }
        database.close()
        assert {"table calls", "table turns", "table audit", "table contacts"} <= set(kept)
        return kept


def _text_of(rows: object) -> bytes:
    assert isinstance(rows, list)
    return "\n".join(
        " | ".join(json.dumps(value, default=str, ensure_ascii=False) for value in row) for row in rows
    ).encode("utf-8", "replace")


# --- the two sites ----------------------------------------------------------------------------------------------


@contextmanager
def _demo(home: Path) -> Iterator[Site]:
    with ExitStack() as held:
        for port in (2525, 8080, 2526):  # so that demos of other tests do not meet at the usual ports
            taken = held.enter_context(socket.socket())
            if taken.connect_ex((HOST, port)):
                taken = held.enter_context(socket.socket())
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    taken.bind((HOST, port))
                    taken.listen()
                except OSError:
                    continue
        facts_file, folder = home / "facts.json", home / "demo"
        words = ("demo", "--dir", str(folder), "--facts", str(facts_file))
        process = Process(words, {"PATH": "/usr/bin:/bin"}, home, "demo")
        try:
            process.wait_until_it_says("3. A reminder.")
            facts = json.loads(facts_file.read_text(encoding="utf-8"))
            site = Site(
                home, facts["env"], lambda: [f.read_bytes() for f in sorted((folder / "sent").glob("*.eml"))]
            )
            yield site
        finally:
            process.signal(signal.SIGTERM)
            ended = process.wait()
        guide = ended.out.partition("\n--- mail to")[0]  # the list of people, with their PINs
        site.keeps("stdout of the demo", ended.out.removeprefix(guide).encode())
        site.keeps("log of the demo", ended.err.encode())
        for file in folder.rglob("*"):
            if file.is_file() and file.name != "env.sh":
                site.keeps(f"file {file.relative_to(home)}", file.read_bytes())


@contextmanager
def _on_postgresql(home: Path, server: PostgresServer) -> Iterator[Site]:
    name = f"p{uuid.uuid4().hex}"
    server.create_database(name)
    with listening_sink() as sink, prepared(home, server.url(name), sink) as gateway:
        port = free_port()
        gateway.environment |= {
            "INTAKE_WEB_PORT": str(port),
            "INTAKE_SMTP_PORT": str(free_port()),
            "INTAKE_PUBLIC_URL": f"http://{HOST}:{port}",
        }
        gateway.start()
        site = Site(home, gateway.environment, lambda: [one.raw for one in sink.sent])
        yield site
        process = gateway.process
        gateway.stop()
        assert process is not None
        site.keeps("stdout of the gateway", (home / "process.out").read_bytes())
        site.keeps("log of the gateway", (home / "process.err").read_bytes())
    server.drop_database(name)


# --- what is done to them ---------------------------------------------------------------------------------------


def _wrong(pin: str) -> str:
    """Return another PIN of the same contact, with a right check digit."""
    secret = f"{(int(pin[5:11]) + 1) % 10**6:06d}"
    return pin[:5] + secret + pins.check_digit(pin[:5] + secret)


def _mistyped(pin: str) -> str:
    return pin[:-1] + str((int(pin[-1]) + 1) % 10)


def _people_are_given_pins(site: Site) -> None:
    for email in PEOPLE:
        site.pin_of(email, "--reissue")
        site.pins[email] = site.pin_of(email)
    assert len(set(site.pins.values())) == len(PEOPLE)


def _people_call(site: Site, number: str) -> None:
    alice, bob, petra = (site.pins[email] for email in (ALICE.address, BOB, PETRA))
    site.calls(f"{alice}# 2 {number}# 2 say:It_blinks 9 1 1 {number}# {alice}# 1# 2", "--analysts", "accept")
    site.calls(f"{_mistyped(alice)}# {_mistyped(alice)}# {alice}# hangup")
    site.calls(f"{alice}# 2 {alice}# {alice}# {alice}#", "--analysts", "no-answer,no-answer")
    site.calls(f"{alice}{alice}# #{alice}# {alice}* {bob}# hangup")
    site.calls(f"{alice}")  # never ended with a #
    site.calls(f"{bob}# hangup")  # may only read, and is not let in
    for _attempt in range(2):
        site.calls(f"{_wrong(petra)}# {_wrong(petra)}# {_wrong(petra)}#", "--analysts", "accept")
    site.calls(f"{petra}# {petra}# {petra}#", "--analysts", "decline,voicemail")  # locked by now


def _somebody_forges_a_call(site: Site, pin: str) -> None:
    form = {"AccountSid": "AC0", "CallSid": "CA0", "From": pin, "Digits": pin}
    for path in (
        "/voice/twilio/incoming",
        f"/voice/twilio/t/{'0' * 32}/1?Digits={pin}",
        "/voice/twilio/status",
    ):
        assert "not genuine" in site.asks(path, form)


def _analysts_check_pins(site: Site) -> None:
    alice, bob, cleo = (site.pins[email] for email in (ALICE.address, BOB, CLEO))
    site.run("contact", "verify-pin", ALICE.address, "--pin", alice)
    site.run("contact", "verify-pin", ALICE.address, "--pin", pins.spoken(alice))
    for given in (_wrong(alice), _mistyped(alice), bob, f"{alice}{alice}", f"{alice}\n"):
        code = 0 if given.strip() == alice else 1
        site.run("contact", "verify-pin", ALICE.address, "--pin", given, code=code)
    for _failure in range(6):
        site.run("contact", "verify-pin", CLEO, "--pin", _wrong(cleo), code=1)
    site.run("contact", "verify-pin", CLEO, "--pin", cleo, code=1)


def _analysts_mistake_arguments(site: Site) -> None:
    pin = site.pins[ALICE.address]
    for written in (pin, pins.spoken(pin), pins.spoken(pin).replace(" ", "-")):
        site.run("contact", "verify-pin", ALICE.address, written, "--pin", written, code=2)
        site.run("contact", "verify-pin", written, "--pin", pin, code=1)
        site.run("contact", "pin", written, code=1)
        site.run("contact", "pin", ALICE.address, written, code=2)
        site.run("contact", "show", written, code=1)
        site.run("case", "show", written, code=2)
        site.run("audit", "--of", written, code=2)
        site.run("worker", "--once", "--as-of", written, code=2)
        site.run(written, code=2)
        site.run("phone", "--from", NUMBER, "--keys", f"{written}!", code=2)


def _charlie_writes_his_pin(site: Site, number: str) -> None:
    """Into mails and a case, in words that nobody masks but the gateway."""
    pin = site.pins[CHARLIE.address]
    spoken = pins.spoken(pin)
    reply = CHARLIE.replies(site.notice_to(CHARLIE), f"I called with {spoken}, and it said no.")
    reply.replace_header("Subject", f"{reply['Subject']} - {pin}")
    site.takes(reply, CHARLIE)
    site.takes(CHARLIE.writes(f"Please open a case.\n\n{spoken}", f"My PIN {pin} does not work"), CHARLIE)
    site.takes(a_stranger().writes(f"Charlie's PIN: {pin}", f"PIN {spoken}"), a_stranger())
    site.settles()
    site.run("case", "post", number, f"You said {spoken.replace(' ', '-')} was refused.")
    site.run("case", "ask", number, f"Is {pin} your PIN?")
    site.run(
        "case", "open", "--contact", CHARLIE.address, "--subject", f"PIN {pin}", "--text", f"It is {spoken}."
    )
    site.settles()


def _everything_is_read(site: Site, number: str, charlies: str) -> None:
    newest = {
        name: str(parsed(site.run(name, "list", "--json"))[0]["id"]) for name in ("inbox", "outbox", "triage")
    }
    for command in READS:
        words = command.format(number=number, charlies=charlies, **newest).split()
        site.run(*words)
        parsed(site.run(*words, "--json"))
    for page in PAGES:
        site.asks(page)


def _everything_is_exported(site: Site) -> None:
    file = site.home / "export.yaml"
    site.exported = run(("directory", "export", str(file)), site.environment, site.home)
    site.keeps("intake directory export", (site.exported.out + site.exported.err).encode())
    site.keeps("the exported directory", file.read_bytes() if file.exists() else b"")
    if site.environment["INTAKE_DATABASE_URL"].startswith("sqlite"):
        site.backup = site.home / "backup.db"
        site.run("backup", str(site.backup))


def _drive(site: Site) -> None:
    _people_are_given_pins(site)
    number, charlies = (
        site.run("case", "open", "--contact", one.address, "--subject", "The switch is down").out.split()[0]
        for one in (ALICE, CHARLIE)
    )
    _people_call(site, number)
    _somebody_forges_a_call(site, site.pins[ALICE.address])
    _analysts_check_pins(site)
    _analysts_mistake_arguments(site)
    _charlie_writes_his_pin(site, charlies)
    site.settles()
    _everything_is_read(site, number, charlies)
    _everything_is_exported(site)


@pytest.fixture(scope="module", params=["demo", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that was driven to its end."""
    home = tmp_path_factory.mktemp("canary")
    if request.param == "demo":
        with _demo(home) as driven:
            _drive(driven)
            driven.out |= driven.database()
    else:
        with _on_postgresql(home, request.getfixturevalue("postgres")) as driven:
            _drive(driven)
            driven.out |= driven.database()
    for number, raw in enumerate(driven.sent()):
        driven.keeps(f"mail {number}, raw", raw)
        driven.keeps(f"mail {number}", decoded(raw))
    return driven


# --- what is found ----------------------------------------------------------------------------------------------


def test_no_pin_is_anywhere(site: Site) -> None:
    """A10, P7, N6, I14: log, event, mail, error, metric, URL, TwiML, state of a call, page, JSON, export, backup."""
    theirs = [pin for email, pin in site.pins.items() if email != CHARLIE.address]
    places = dict(site.out)
    if site.backup is not None:
        places["backup"] = site.backup.read_bytes()
    found = places_of(theirs, places)
    assert not found, "\n".join(f"{place}: {form}" for place, form in found)


def test_the_directory_was_exported(site: Site) -> None:
    """A10: what was not written cannot have been searched."""
    assert site.exported is not None
    assert site.exported.code == 0, site.exported.err
    assert any(
        "the exported directory" in name and ALICE.address.encode() in out for name, out in site.out.items()
    )


# The verbs that keep and tell what people write call pins.masked; until they do, this says where they should.
_SOURCES = [file for file in Path(core.__path__[0]).rglob("*.py") if "pins" not in file.parts]
_IS_MASKED = any("masked(" in file.read_text(encoding="utf-8") for file in _SOURCES)


@pytest.mark.xfail(not _IS_MASKED, reason="nothing calls pins.masked yet")
@pytest.mark.parametrize("where", ["events and mails", "triage"])
def test_a_pin_that_was_written_elsewhere_stays_in_the_mail_as_it_came(site: Site, where: str) -> None:
    """A10, N6, I14: a customer's words are kept and told without it."""
    triage = {name: content for name, content in site.out.items() if "triage" in name}
    others = {
        name: content for name, content in site.out.items() if "triage" not in name and ".db" not in name
    }
    pin = site.pins[CHARLIE.address]
    found = places_of([pin], triage if where == "triage" else others)
    assert not found, "\n".join(f"{place}: {form}" for place, form in found)
    assert any(b"[PIN removed]" in content for content in triage.values())


def test_everything_was_driven(site: Site) -> None:
    """What was never let out cannot be searched: calls, locks, mails, pages, errors and tables were there."""
    everything = b"\n".join(site.out.values()).decode("utf-8", "replace")
    for words in (
        "PIN verified",
        "PIN not verified",
        "PIN shown",
        '"locked"',  # a scope of the failures
        "[PIN removed]",  # in the errors of commands
        "webhook refused",
        "intake_pin_failures",
        "X-Intake-Notice",
        "<Response>",
    ):
        assert words in everything, words


# --- the search itself ------------------------------------------------------------------------------------------

PIN = "907311604258"
PLANTED = {
    "12 digits": f"x{PIN}x",
    "4-4-4": "9073 1160 4258",
    "with hyphens": "9073-1160-4258",
    "with dots": "9073.1160.4258",
    "form-encoded": "9073+1160+4258",
    "URL-encoded": "9073%201160%204258",
    "percent-encoded": "".join(f"%3{digit}" for digit in PIN),
    "no-break spaces": "9073\u00a01160\u00a04258",
    "entities of spaces": "9073&nbsp;1160&nbsp;4258",
    "spoken": ", ".join(PIN),
    "spelt": " ".join(PIN),
    "JSON": json.dumps(list(PIN)),
    "a pair": str((PIN[:5], PIN[5:11])),
    "without its check digit": PIN[:11],
    "handle and secret": f"{PIN[:5]}-{PIN[5:11]}",
    "reversed": PIN[::-1],
    "hexadecimal": PIN.encode().hex(),
    "hexadecimal, set apart": PIN.encode().hex(" "),
    "entities": "".join(f"&#{ord(digit)};" for digit in PIN),
    "hexadecimal entities": "".join(f"&#x{ord(digit):X};" for digit in PIN),
    "full width": "".join(chr(ord("０") + int(digit)) for digit in PIN),
    "base64": base64.b64encode(PIN.encode()).decode(),
    "base64, one byte on": base64.b64encode(f"x{PIN}y".encode()).decode(),
    "base64, two bytes on": base64.b64encode(f"xy{PIN}zz".encode()).decode(),
    "base64 of a sentence": base64.b64encode(f"My PIN is {PIN}.".encode()).decode(),
    "quoted-printable": f"{PIN[:6]}=\r\n{PIN[6:]}",
}


@pytest.mark.parametrize("form", PLANTED.values(), ids=PLANTED)
def test_the_search_finds_a_pin_that_was_planted(form: str) -> None:
    """A10: a search that cannot fail proves nothing."""
    noise = secrets.token_hex(200)
    places = {"clean": noise.encode(), "planted": f"{noise} {form} {noise}".encode()}
    assert {place for place, _form in places_of([PIN], places)} == {"planted"}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_the_search_finds_a_pin_in_wide_letters(encoding: str) -> None:
    """A10."""
    assert places_of([PIN], {"planted": f"My PIN is {PIN}".encode(encoding)})


@pytest.mark.parametrize(("subject", "text"), [(f"Schön {PIN}", ""), ("", f"Schön: {PIN}")])
def test_the_search_sees_through_the_encoding_of_a_mail(subject: str, text: str) -> None:
    """A10: a subject in encoded words, a text in base64."""
    mail = CHARLIE.writes("", subject)
    mail.set_content(f"{text}\n", cte="base64")
    assert places_of([PIN], {"mail": decoded(mail.as_bytes())})
