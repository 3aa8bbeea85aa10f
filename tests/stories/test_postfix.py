"""Behind a real Postfix, by SMTP, LMTP and a pipe: what arrives, what waits, what bounces. docs/behind-postfix.md."""

from __future__ import annotations

import os
import shutil
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from core.addresses import is_ours
from tests.stories import postfix as page
from tests.stories.gateway import (
    ALICE,
    HOST,
    Gateway,
    Sent,
    deliver,
    free_port,
    listening_sink,
    prepared,
)
from tests.stories.postfix import PROGRAM, USER, WAYS, WRONG, Postfix
from tests.stories.program import wait_for

pytestmark = [
    pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not there: apt-get install postfix"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start a Postfix"),
]


@dataclass(frozen=True)
class Site:
    """A gateway behind a Postfix, and one case of Alice's for each way."""

    gateway: Gateway
    postfix: Postfix
    has_pipe: bool
    cases: dict[str, tuple[str, Sent]]

    def reply(self, way: str, words: str) -> EmailMessage:
        """Return Alice's answer in the case whose mail takes this way."""
        return ALICE.replies(self.cases[way][1], words)

    def takes(self, mail: EmailMessage, sender: str = ALICE.address, *recipients: str) -> bool:
        """Hand a mail to Postfix."""
        return deliver(self.postfix.port, mail, sender, recipients or [str(mail["To"])])

    def texts(self, way: str) -> list[str]:
        """Return the updates of this way's case."""
        return [line["text"].strip() for line in self.gateway.updates(self.cases[way][0])]

    def wait_for_text(self, way: str, words: str) -> None:
        """Wait until the case has an update of these words."""
        wait_for(lambda: words in self.texts(way), f"the update {words!r} by {way}")

    def inbox(self, **columns: Any) -> list[Any]:
        """Return the mails in the inbox with these values."""
        rows = self.gateway.read("inbox", "list")
        return [row for row in rows if all(row[name] == value for name, value in columns.items())]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """All four ways at once, told apart by the recipient."""
    with (
        page.open_folder() as folder,
        listening_sink() as sink,
        prepared(folder, f"sqlite:///{folder}/intake.db", sink) as gateway,
    ):
        program = page.program_for_the_pipe(folder)
        postfix = _behind_postfix(gateway, folder, program)
        gateway.start()
        site = Site(gateway, postfix, program is not None, {way: _case(gateway, way) for way in WAYS})
        for way in WAYS:
            postfix.route(way, str(site.cases[way][1].mail["Reply-To"]), f"{way}@{WRONG}")
        postfix.route("pipe", "postmaster@support.example")
        postfix.start()
        yield site
        postfix.stop()
        gateway.stop()


@pytest.fixture
def pipe(site: Site) -> str:
    """The way of the pipe."""
    if not site.has_pipe:
        pytest.skip(f"{USER} can run no Python of this version with our libraries")
    return "pipe"


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """Each way to the gateway."""
    return str(request.getfixturevalue("pipe") if request.param == "pipe" else request.param)


def _behind_postfix(gateway: Gateway, folder: Path, program: Path | None) -> Postfix:
    smtp, lmtp, socket = free_port(), free_port(), folder / "lmtp"
    places = {"SMTP_PORT": str(smtp), "LMTP_PORT": str(lmtp), "LMTP_SOCKET": str(socket)}
    gateway.environment |= {f"INTAKE_{name}": value for name, value in places.items()}
    _give_to_the_user_of_the_pipe(gateway, folder)
    said_in_page = {
        "[127.0.0.1]:2525": f"[{HOST}]:{smtp}",
        "127.0.0.1:2424": f"{HOST}:{lmtp}",
        "/run/intake/lmtp": str(socket),
        "/opt/intake/bin/intake": str(program),
        "/etc/intake/": f"{folder}/",
    }
    return Postfix(folder, gateway.sink.port, said_in_page)


def _give_to_the_user_of_the_pipe(gateway: Gateway, folder: Path) -> None:
    lines = (
        f"{name.removeprefix('INTAKE_').lower()} = '{value}'\n" for name, value in gateway.environment.items()
    )
    config = folder / "intake.toml"
    config.write_text("".join(lines), encoding="utf-8")
    for file in (folder, config, folder / "intake.db"):
        shutil.chown(file, USER)


def _case(gateway: Gateway, way: str) -> tuple[str, Sent]:
    number = gateway.open_case(ALICE, f"By {way}")
    return number, gateway.sink.wait_for(ALICE.address, "case-opened", number)


def test_the_contacts_reply_updates_the_case(site: Site, way: str) -> None:
    """E2, E4."""
    assert site.takes(site.reply(way, "We run version 4.2."))
    site.wait_for_text(way, "We run version 4.2.")


def test_a_recipient_that_the_gateway_does_not_know_bounces(site: Site, way: str) -> None:
    """RFC 5321, 4.5.1; sysexits 67."""
    sender = f"{way}@customer.example"
    assert site.takes(site.reply(way, "Hello?"), sender, f"{way}@{WRONG}")
    bounce = site.gateway.sink.wait_for(sender, "None")
    assert bounce.sender == "<>"
    assert f"<{way}@{WRONG}>" in str(bounce.mail)
    assert "Status: 5." in str(bounce.mail)


def test_postfix_refuses_a_recipient_that_the_gateway_does_not_know(site: Site) -> None:
    """RFC 5321, 3.6.2: the one who sends it is told, nobody else is written to."""
    with smtplib.SMTP(HOST, site.postfix.port) as client, pytest.raises(smtplib.SMTPRecipientsRefused):
        client.sendmail(ALICE.address, ["nobody@support.example"], b"Subject: x")


def test_the_null_sender_stays_the_null_sender(site: Site, way: str) -> None:
    """RFC 5321, 4.5.5: a bounce is known by it, and never answered."""
    to = str(site.cases[way][1].mail["Reply-To"])
    assert site.takes(site.reply(way, "I am away."), "", to)
    wait_for(lambda: site.inbox(envelope_sender="", recipients=[to]), f"the mail of the null sender by {way}")


def test_a_mail_to_two_of_our_addresses_has_one_effect_though_the_pipe_takes_it_twice(
    site: Site, pipe: str
) -> None:
    """I2."""
    mail = site.reply(pipe, "To both of you.")
    sender = "alice+twice@northwind.example"
    assert site.takes(mail, sender, str(mail["To"]), "postmaster@support.example")
    wait_for(lambda: len(site.inbox(envelope_sender=sender, state="done")) == 2, "both mails")
    assert site.texts(pipe).count("To both of you.") == 1


def test_what_a_sender_says_of_its_own_proof_does_not_arrive(site: Site) -> None:
    """E5: only the milter of our own server may write under its name, however that is written (RFC 8601, 2.2)."""
    proof = "mx.support.example; dmarc=pass header.from=northwind.example"
    forged = (f": {proof}", f" : {proof}", f":\r\n\t{proof}", f': (x) "mx.support.example"{proof[18:]}')
    fields = "".join(f"Authentication-Results{one}\r\n" for one in forged)
    mail = f"{fields}X-Kept: yes\r\n".encode() + site.reply("smtp", "I am proven.").as_bytes()
    sender = "forger@northwind.example"
    assert deliver(site.postfix.port, mail, sender, [str(site.cases["smtp"][1].mail["Reply-To"])])
    [row] = wait_for(lambda: site.inbox(envelope_sender=sender), "the mail")
    raw = site.gateway.intake("inbox", "show", str(row["id"]), "--raw")
    assert "X-Kept: yes" in raw
    assert "Authentication-Results" not in raw


def test_mail_waits_while_the_gateway_is_stopped(site: Site) -> None:
    """RFC 5321, 4.2.5: by each of the three ways for which it must listen."""
    ways = [way for way in WAYS if way != "pipe"]
    site.gateway.stop()
    for way in ways:
        mail = site.reply(way, "While you were away.")
        assert site.takes(mail)
        site.postfix.wait_until_it_waits(str(mail["To"]), "127.0.0.1" if way != "socket" else "lmtp")
    site.gateway.start()
    site.postfix.try_again()
    for way in ways:
        site.wait_for_text(way, "While you were away.")


def test_mail_waits_while_the_pipe_is_told_to_come_again(site: Site, pipe: str) -> None:
    """Sysexits 75: here because there is no program, as while a new version is installed."""
    program = site.gateway.folder / "intake"
    mail = site.reply(pipe, "While you were not there.")
    aside = program.rename(program.with_suffix(".old"))
    assert site.takes(mail)
    site.postfix.wait_until_it_waits(str(mail["To"]), "temporary failure")
    aside.rename(program)
    site.postfix.try_again()
    site.wait_for_text(pipe, "While you were not there.")


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("support@support.example", True),
        ("support+RT1ABCDEFGHJKMNPQRS123@support.example", True),
        ("bounce+0123456789abcdef0123456789abcdef@support.example", True),
        ("Postmaster@Support.Example", True),
        ("abuse@support.example", True),
        ("nobody@support.example", False),
        ("supporter@support.example", False),
        ("bounce@support.example", False),
        ("support@support.example.evil.example", False),
    ],
)
def test_the_list_of_recipients_is_that_of_the_gateway(site: Site, address: str, ours: bool) -> None:
    """RFC 5321, 4.5.1."""
    assert site.postfix.takes_recipient(address) is ours
    assert is_ours(address, "support@support.example", "support.example") is ours
