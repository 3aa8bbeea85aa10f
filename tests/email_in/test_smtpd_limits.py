"""What one client may ask of us: recipients, size, bytes in flight, connections."""

import socket
import tracemalloc
from contextlib import suppress

import pytest

from email_in import smtp_replies
from tests.email_in.smtp_client import ALICE, MAIL, SUPPORT, Client, dotted, kept, serving


@pytest.fixture
def client(core):
    with serving(core, max_message_bytes=1_000) as server, Client(server) as opened:
        opened.say("EHLO client.example")
        yield opened


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        ("support@support.example", smtp_replies.RECIPIENT_TAKEN),
        ("support+T10123@SUPPORT.example", smtp_replies.RECIPIENT_TAKEN),
        ("bounce+0123456789abcdef0123456789abcdef@support.example", smtp_replies.RECIPIENT_TAKEN),
        ("Postmaster", smtp_replies.RECIPIENT_TAKEN),
        ("postmaster@support.example", smtp_replies.RECIPIENT_TAKEN),
        ("Abuse@Support.Example", smtp_replies.RECIPIENT_TAKEN),
        ("@relay.example:support@support.example", smtp_replies.RECIPIENT_TAKEN),
        ("nobody@support.example", smtp_replies.NOT_OUR_RECIPIENT),
        ("alice@northwind.example", smtp_replies.NO_RELAY),
        ("victim%elsewhere.example@support.example", smtp_replies.NOT_OUR_RECIPIENT),
        ("support@support.example@elsewhere.example", smtp_replies.NO_RELAY),
        ("elsewhere.example!victim", smtp_replies.NO_RELAY),
        ("", smtp_replies.BAD_RECIPIENT),
        ("supp\0ort@support.example", smtp_replies.BAD_RECIPIENT),
        (f"support+{'x' * 320}@support.example", smtp_replies.BAD_RECIPIENT),
    ],
)
def test_recipients(client, recipient, reply):
    """RFC 5321, 4.1.1.3 and 4.5.1: postmaster in any case, source routes are ignored, nobody else's mail is taken."""
    client.say(f"MAIL FROM:<{ALICE}>")
    assert client.say(f"RCPT TO:<{recipient}>")[:9] == reply[:9]


@pytest.mark.parametrize(
    "path", ["<", "<a@", "<a@[", '<">', "<a b@c>", "a@b>", "<a@b", "<a@\x07b>", "<a>>", "x<a@b>"]
)
def test_a_sender_that_cannot_be_read_is_the_clients_fault(client, path):
    assert client.say(f"MAIL FROM:{path}")[:3] == "553"


def test_a_sender_that_is_not_utf8_is_refused(client):
    client.send(b"MAIL FROM:<\xff@b.example>\r\n")
    assert client.reply()[:3] == "553"


@pytest.mark.parametrize(
    "path", ["<>", "<a@b.example>", "a@b.example", '<"a b>"@c.example>', "<ä@ö.example>"]
)
def test_senders_that_can_be_read(client, path):
    assert client.say(f"MAIL FROM:{path}") == smtp_replies.SENDER_TAKEN


def test_one_recipient_that_is_not_ours_does_not_stop_the_mail_to_another(core, client):
    client.say(f"MAIL FROM:<{ALICE}>")
    client.say("RCPT TO:<nobody@support.example>")
    client.say(f"RCPT TO:<{SUPPORT}>")
    client.say("DATA")
    client.send(dotted(MAIL))
    assert client.reply().startswith("250")
    assert kept(core)[0]["recipients"] == [SUPPORT]


def test_a_hundred_recipients_and_no_more(core, client):
    """RFC 5321, 4.5.3.1.8 and 4.5.3.1.10."""
    client.say(f"MAIL FROM:<{ALICE}>")
    answers = [client.say(f"RCPT TO:<support+{number}@support.example>") for number in range(102)]
    assert answers[:100] == [smtp_replies.RECIPIENT_TAKEN] * 100
    assert answers[100:] == [smtp_replies.TOO_MANY_RECIPIENTS] * 2
    client.say("DATA")
    client.send(dotted(MAIL))
    client.reply()
    assert len(kept(core)[0]["recipients"]) == 100


def test_a_size_that_is_told_to_be_too_large_is_refused_at_once(client):
    """RFC 1870, 6.1."""
    assert client.say(f"MAIL FROM:<{ALICE}> SIZE=1001").startswith("552 5.3.4 ")
    assert client.say(f"MAIL FROM:<{ALICE}> SIZE=1000") == smtp_replies.SENDER_TAKEN


@pytest.mark.parametrize("line", [b"x", b"."], ids=["plain", "dotted"])
def test_the_limit_is_for_the_mail_without_its_doubled_dots(core, client, line):
    """RFC 1870, 3 and 6.3."""
    exactly = (line + b"\r\n") * 300 + b"y" * (1_000 - 300 * 3 - 2) + b"\r\n"
    assert len(exactly) == 1_000
    assert client.deliver(exactly).startswith("250")
    assert client.deliver(b"y" + exactly) == smtp_replies.TOO_LARGE
    assert [row["raw"] for row in kept(core)] == [exactly]


def test_a_mail_that_is_far_too_large_is_read_to_its_end_and_forgotten(core, client):
    client.envelope()
    tracemalloc.start()
    for _ in range(200):
        client.send(b"x" * 100_000 + b"\r\n")
    client.send(b".\r\nNOOP\r\n")
    assert client.reply() == smtp_replies.TOO_LARGE
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4_000_000
    assert client.reply() == "250 2.0.0 OK"
    assert kept(core) == []


def test_bytes_in_flight_are_bounded_over_all_sessions(core):
    with serving(core, max_bytes_in_flight=700_000) as server, Client(server) as one, Client(server) as other:
        one.envelope()
        one.send(b"x" * 600_000 + b"\r\n")
        assert other.deliver(b"y" * 699_000 + b"\r\n") == smtp_replies.NO_ROOM
        one.send(b".\r\n")
        assert one.reply().startswith("250")
        assert other.deliver(b"y" * 699_000 + b"\r\n").startswith("250")
    assert len(kept(core)) == 2


def test_connections_of_one_peer_are_bounded(core):
    """RFC 5321, 7.8: who comes too often is told 421."""
    with serving(core, max_connections_per_peer=2) as server, Client(server), Client(server) as second:
        with Client(server) as third:
            assert third.greeting == smtp_replies.TOO_MANY_CONNECTIONS
            assert third.reply() == ""
        second.say("QUIT")
        assert second.reply() == ""
        with Client(server) as fourth:
            assert fourth.greeting.startswith("220 mx.support.example")


def test_connections_are_bounded_in_all(core):
    with serving(core, max_connections=1) as server, Client(server), Client(server) as second:
        assert second.greeting == smtp_replies.TOO_MANY_CONNECTIONS


def test_junk_ends_the_session(client):
    replies = [client.say(word) for word in ("GET", "Host:", "Accept:", "Origin:", "Cookie:")]
    assert replies[-1].startswith("502 5.5.1")
    assert client.reply() == ""


def test_errors_of_any_kind_end_the_session(core):
    """Blank lines and bytes that are no command among them."""
    with serving(core) as server, Client(server) as client:
        client.send(b"\r\n\xff\r\n" * 40)
        replies = [client.reply() for _ in range(51)]
        assert {reply[:9] for reply in replies[:50]} == {"500 5.5.2"}
        assert replies[50] == smtp_replies.TOO_MANY_ERRORS
        assert client.reply() == ""


def test_a_flood_of_commands_lets_others_in_between(core):
    """Else twenty clients that pipeline without end make everybody wait for half a minute."""
    with serving(core) as server, Client(server) as other:
        assert any(is_answered_in_between(server, other) for _ in range(3))


def is_answered_in_between(server, other):
    with Client(server) as flood:
        flood.send(b"RSET\r\n" * 9_000)
        flood.reply()
        other.say("NOOP")
        answered = len(flood.socket.recv(1_000_000, socket.MSG_DONTWAIT | socket.MSG_PEEK))
        return answered < 5_000 * len(b"250 2.0.0 OK\r\n")


def test_who_delivers_mail_may_make_errors_again(core):
    """A mail server keeps its connection for many mails."""
    with serving(core) as server, Client(server) as client:
        for _ in range(3):
            assert {client.say("")[:3] for _ in range(30)} == {"500"}
            assert client.deliver().startswith("250")


def test_a_command_may_be_as_long_as_its_extensions_allow_whoever_else_comes(core):
    """RFC 1870, 3: 26 octets more for MAIL. aiosmtpd keeps one count of them for all sessions."""
    command = f"MAIL FROM:<{ALICE}>".ljust(531) + " SIZE=1"
    with serving(core) as server, Client(server) as client:
        client.say("EHLO client.example")
        with Client(server):
            assert client.say(command) == smtp_replies.SENDER_TAKEN


@pytest.mark.parametrize("size", ["x", "-1", "\u00b2", "\u0663", ""])
def test_a_size_that_is_no_number_is_the_clients_fault(client, size):
    """RFC 1870, 3."""
    assert client.say(f"MAIL FROM:<{ALICE}> SIZE={size}").startswith("501 5.5.4")


def test_a_mail_that_takes_too_long_is_sent_away_though_it_goes_on(core, monkeypatch):
    """Else a few slow ones could hold the room of all."""
    monkeypatch.setattr("email_in.smtp_session.MAIL_SECONDS", 0.5)
    with serving(core) as server, Client(server) as client:
        client.envelope()
        client.socket.settimeout(0.05)
        with suppress(ConnectionError):
            for _ in range(200):
                client.send(b"x" * 100_000 + b"\r\n")
                with suppress(TimeoutError):
                    answer = client.socket.recv(100).decode()
                    break
        assert answer.strip() == smtp_replies.TOO_SLOW
    assert kept(core) == []


def test_idle_clients_are_sent_away(core, monkeypatch):
    monkeypatch.setattr("email_in.smtp_session.IDLE_SECONDS", 0.2)
    with serving(core) as server, Client(server) as client:
        assert client.reply() == smtp_replies.TOO_SLOW
        assert client.reply() == ""


def test_each_piece_of_a_mail_starts_the_timer_afresh(core, monkeypatch):
    """RFC 5321, 4.5.3.2.7."""
    monkeypatch.setattr("email_in.smtp_session.IDLE_SECONDS", 0.5)
    with serving(core) as server, Client(server) as client:
        client.envelope()
        for _ in range(6):
            client.send(b"x" * 200_000 + b"\r\n")
            client.socket.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.socket.recv(1)
        client.socket.settimeout(5)
        client.send(b".\r\n")
        assert client.socket.recv(3) == b"250"
