"""LMTP on the wire (RFC 2033): another greeting, one reply for each recipient, the same care for the mail."""

from __future__ import annotations

import signal
import smtplib
import socket
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from email_in import smtp_replies
from email_in.smtp_settings import LmtpSettings
from email_in.smtpd import SmtpServer
from tests.email_in.smtp_client import ALICE, MAIL, SUPPORT, Client, dotted, kept, serving, settings
from tests.email_in.test_smtpd_faults import BrokenClock, server_that_dies

ON_A_PORT = LmtpSettings(port=0)


class LmtpClient(Client):
    """A connection to the port on which LMTP is spoken."""

    greets = "LHLO"

    def _connected(self, server: SmtpServer) -> socket.socket:
        return socket.create_connection(("127.0.0.1", server.lmtp_port), timeout=30)

    def come_to_data(self, *recipients: str) -> list[str]:
        """Come as far as the 354 and return what was said to each recipient."""
        self.say("LHLO client.example")
        self.say(f"MAIL FROM:<{ALICE}>")
        said = [self.say(f"RCPT TO:<{recipient}>")[:3] for recipient in recipients]
        assert self.say("DATA") == smtp_replies.GO_AHEAD
        return said


@pytest.fixture
def client(core):
    with serving(core, lmtp=ON_A_PORT) as server, LmtpClient(server) as opened:
        yield opened


def test_the_greeting_names_the_protocol(client):
    """RFC 2033, 4.1."""
    assert client.greeting == "220 mx.support.example LMTP"
    assert client.say("LHLO client.example").split("\r\n") == [
        "250-mx.support.example",
        "250-SIZE 26214400",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250-PIPELINING",
        "250-ENHANCEDSTATUSCODES",
        "250 HELP",
    ]


@pytest.mark.parametrize("greeting", ["HELO", "EHLO"])
def test_the_greetings_of_smtp_are_not_known(client, greeting):
    """RFC 2033, 4.1."""
    assert client.say(f"{greeting} client.example") == smtp_replies.UNKNOWN_COMMAND
    assert client.say(f"MAIL FROM:<{ALICE}>") == smtp_replies.NOT_GREETED_LMTP


def test_lhlo_is_not_known_to_smtp(core):
    """RFC 2033, 4.1."""
    with serving(core) as server, Client(server) as client:
        assert server.lmtp_port is None
        assert client.say("LHLO client.example") == smtp_replies.UNKNOWN_COMMAND


def test_each_recipient_that_was_taken_has_its_reply_and_the_mail_is_kept_once(core, client):
    """RFC 2033, 4.2: also one that was named twice; one that was refused has had its reply."""
    recipients = [SUPPORT, "nobody@support.example", "postmaster@support.example", SUPPORT]
    assert client.come_to_data(*recipients) == ["250", "550", "250", "250"]
    client.send(dotted(MAIL) + b"NOOP\r\n")
    answers = [client.reply() for _ in range(4)]
    (row,) = kept(core)
    assert answers == [f"250 2.0.0 kept as {row['id']}"] * 3 + ["250 2.0.0 OK"]
    assert (row["raw"], row["recipients"]) == (MAIL, [SUPPORT, "postmaster@support.example", SUPPORT])


def test_data_without_a_recipient_is_refused(client):
    """RFC 2033, 4.2."""
    client.say("LHLO client.example")
    client.say(f"MAIL FROM:<{ALICE}>")
    client.say("RCPT TO:<nobody@support.example>")
    assert client.say("DATA") == smtp_replies.NO_RECIPIENT


def test_a_mail_that_is_too_large_is_refused_for_each_recipient(core):
    """RFC 1870, RFC 2033 4.2."""
    with serving(core, lmtp=ON_A_PORT, max_message_bytes=10) as server, LmtpClient(server) as client:
        client.come_to_data(SUPPORT, "postmaster")
        client.send(dotted(MAIL) + b"NOOP\r\n")
        answers = [client.reply() for _ in range(3)]
    assert answers == [smtp_replies.TOO_LARGE] * 2 + ["250 2.0.0 OK"]
    assert kept(core) == []


def test_a_fault_of_ours_is_a_451_for_each_recipient_and_nothing_is_kept(core):
    """I3: with fewer replies the client would wait for one that never comes."""
    broken = replace(core, clock=BrokenClock())
    with serving(broken, lmtp=ON_A_PORT) as server, LmtpClient(server) as client:
        client.come_to_data(SUPPORT, "postmaster")
        client.send(dotted(MAIL) + b"NOOP\r\n")
        answers = [client.reply() for _ in range(3)]
    assert answers == [smtp_replies.TRY_AGAIN] * 2 + ["250 2.0.0 OK"]
    assert kept(core) == []


@pytest.mark.parametrize(
    ("mark", "mails"),
    [("inbox.accept.before-commit", 0), ("inbox.accept.committed", 1)],
    ids=["before", "after"],
)
def test_a_killed_server_answers_nothing_and_keeps_what_it_committed(core, database_url, mark, mails):
    """I1."""
    with server_that_dies(database_url, mark) as (process, ports):
        with LmtpClient(ports) as client:
            client.come_to_data(SUPPORT, "postmaster")
            client.send(dotted(MAIL))
            assert client.reply() == ""
        assert process.wait() == -signal.SIGKILL
    assert len(kept(core)) == mails


# --- the socket ---------------------------------------------------------------------------------------------


@pytest.fixture
def on_a_socket(tmp_path: Path) -> LmtpSettings:
    return LmtpSettings(socket=tmp_path / "lmtp")


def test_a_mail_comes_through_a_unix_socket(core, on_a_socket):
    """By the standard library's client."""
    with serving(core, lmtp=on_a_socket), smtplib.LMTP(str(on_a_socket.socket)) as client:
        assert client.sendmail(ALICE, [SUPPORT], MAIL) == {}
    (row,) = kept(core)
    assert (row["raw"], row["peer"]) == (MAIL, "socket")
    assert not on_a_socket.socket.exists()


def test_every_user_who_may_enter_the_folder_may_connect(core, on_a_socket):
    """The mail server is another user than the gateway."""
    with serving(core, lmtp=on_a_socket):
        assert on_a_socket.socket.stat().st_mode & 0o777 == 0o666


def test_a_socket_that_a_crash_left_behind_is_replaced(core, on_a_socket):
    with closing(socket.socket(socket.AF_UNIX)) as crashed:
        crashed.bind(str(on_a_socket.socket))
    with serving(core, lmtp=on_a_socket), smtplib.LMTP(str(on_a_socket.socket)) as client:
        assert client.noop()[0] == 250


def test_a_socket_that_another_gateway_listens_on_is_left_to_it(core, on_a_socket):
    with serving(core, lmtp=on_a_socket):
        with pytest.raises(OSError, match="another process listens on it"):
            SmtpServer(core, replace(settings(), lmtp=on_a_socket)).start()
        with smtplib.LMTP(str(on_a_socket.socket)) as client:
            assert client.sendmail(ALICE, [SUPPORT], MAIL) == {}


def test_a_file_that_is_no_socket_is_left_alone(core, on_a_socket):
    on_a_socket.socket.write_text("mine", encoding="ascii")
    with pytest.raises(OSError):
        SmtpServer(core, replace(settings(), lmtp=on_a_socket)).start()
    assert on_a_socket.socket.read_text(encoding="ascii") == "mine"
