"""The smart host: a real server that says yes, later, no, or nothing at all."""

from __future__ import annotations

import socket
import ssl
import time

import pytest

from core.errors import BadInput
from notifier.transport import PermanentFailure, SmartHost, TemporaryFailure
from tests.notifier.conftest import CERTIFICATE, DROP, server_context

MAIL = b"Subject: hello\r\n\r\n.a line that begins with a dot\r\nthe end\r\n"
SENDER, ALICE = "bounce+0@support.example", "alice@northwind.example"


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATE)


def test_a_mail_arrives_as_it_is_to_one_recipient(smart_host, mail_server):
    smart_host.send(SENDER, ALICE, MAIL)
    [taken] = mail_server.taken
    assert (taken.sender, taken.recipients, taken.raw) == (SENDER, [ALICE], MAIL)


def test_the_connection_is_used_again(smart_host, mail_server):
    for _again in range(3):
        smart_host.send(SENDER, ALICE, MAIL)
    assert len(mail_server.taken) == 3
    assert len(mail_server.connections) == 1


def test_a_connection_that_broke_between_two_mails_is_made_anew(smart_host, mail_server):
    smart_host.send(SENDER, ALICE, MAIL)
    smart_host._open.sock.shutdown(socket.SHUT_RDWR)
    smart_host.send(SENDER, ALICE, MAIL)
    assert len(mail_server.taken) == 2
    assert len(mail_server.connections) == 2


@pytest.mark.parametrize("at", ["rcpt_replies", "data_replies"])
@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        ("451 4.7.1 greylisted, come again", TemporaryFailure),
        ("421 4.3.2 going down", TemporaryFailure),
        ("452 4.2.2 mailbox full", TemporaryFailure),
        ("550 5.1.1 no such user", PermanentFailure),
        ("554 5.7.1 no", PermanentFailure),
    ],
)
def test_what_the_server_says_is_what_is_raised_and_the_next_mail_goes_through(
    smart_host, mail_server, at, reply, failure
):
    getattr(mail_server, at).append(reply)
    with pytest.raises(failure) as failed:
        smart_host.send(SENDER, ALICE, MAIL)
    assert str(failed.value) == reply
    mail_server.taken.clear()
    smart_host.send(SENDER, ALICE, MAIL)
    assert len(mail_server.taken) == 1


def test_a_break_after_the_final_dot_is_temporary(smart_host, mail_server):
    """I8: whether it was accepted is not known, so it is sent again."""
    mail_server.data_replies.append(DROP)
    with pytest.raises(TemporaryFailure):
        smart_host.send(SENDER, ALICE, MAIL)
    smart_host.send(SENDER, ALICE, MAIL)
    assert len(mail_server.taken) == 2


def test_a_server_that_is_too_slow_is_temporary(listen, mail_server):
    mail_server.pause = 1
    transport = SmartHost(f"smtp://127.0.0.1:{listen()}", helo_name="gateway.test", timeout=5, patience=0.2)
    with pytest.raises(TemporaryFailure, match="timed out"):
        transport.send(SENDER, ALICE, MAIL)
    transport.close()


@pytest.mark.parametrize("stage", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "the mail"])
def test_a_server_that_drips_its_replies_is_left_at_the_deadline(dripping, stage):
    """I9: no single byte is late, the whole is; a lease would run out over it."""
    transport = SmartHost(
        f"smtp://127.0.0.1:{dripping(stage)}", helo_name="gateway.test", timeout=5, patience=0.2, deadline=0.6
    )
    began = time.monotonic()
    with pytest.raises(TemporaryFailure):
        transport.send(SENDER, ALICE, MAIL)
    assert time.monotonic() - began < 2
    transport.close()


def test_a_reply_that_drips_has_the_time_of_one_reply(dripping):
    transport = SmartHost(f"smtp://127.0.0.1:{dripping('EHLO')}", helo_name="gateway.test", timeout=0.3)
    with pytest.raises(TemporaryFailure, match="timed out"):
        transport.send(SENDER, ALICE, MAIL)


def test_a_server_that_leaves_no_time_for_the_mail_is_not_given_it(listen, mail_server):
    """What it accepts after the deadline would be sent twice."""
    transport = SmartHost(f"smtp://127.0.0.1:{listen()}", helo_name="gateway.test", patience=5, deadline=5)
    with pytest.raises(TemporaryFailure, match="too slow"):
        transport.send(SENDER, ALICE, MAIL)
    assert mail_server.taken == []
    transport.close()


def test_each_mail_on_a_connection_has_a_deadline_of_its_own(listen, mail_server):
    transport = SmartHost(f"smtp://127.0.0.1:{listen()}", helo_name="gateway.test", patience=0.2, deadline=1)
    transport.send(SENDER, ALICE, MAIL)
    time.sleep(1.1)
    transport.send(SENDER, ALICE, MAIL)
    assert len(mail_server.connections) == 1
    transport.close()


def test_a_server_that_is_not_there_is_temporary():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    transport = SmartHost(f"smtp://127.0.0.1:{port}", helo_name="gateway.test", timeout=2)
    with pytest.raises(TemporaryFailure, match="refused"):
        transport.send(SENDER, ALICE, MAIL)


def test_starttls_is_used_where_it_is_asked_for(listen, mail_server):
    port = listen(server_context())
    transport = SmartHost(f"smtp+starttls://localhost:{port}", helo_name="gateway.test", tls=trusting())
    transport.send(SENDER, ALICE, MAIL)
    transport.close()
    assert len(mail_server.taken) == 1


def test_tls_from_the_first_byte(listen, mail_server):
    port = listen(server_context(), implicit=True)
    transport = SmartHost(f"smtps://localhost:{port}", helo_name="gateway.test", tls=trusting())
    transport.send(SENDER, ALICE, MAIL)
    transport.close()
    assert len(mail_server.taken) == 1


def test_nothing_is_sent_in_the_clear_where_starttls_is_not_offered(listen, mail_server):
    transport = SmartHost(f"smtp+starttls://user:secret@127.0.0.1:{listen()}", helo_name="gateway.test")
    with pytest.raises(TemporaryFailure, match="STARTTLS"):
        transport.send(SENDER, ALICE, MAIL)
    assert mail_server.taken == []


def test_a_certificate_that_nobody_vouches_for_is_temporary(listen, mail_server):
    port = listen(server_context())
    transport = SmartHost(f"smtp+starttls://localhost:{port}", helo_name="gateway.test")
    with pytest.raises(TemporaryFailure, match="CERTIFICATE_VERIFY_FAILED"):
        transport.send(SENDER, ALICE, MAIL)
    assert mail_server.taken == []


def test_a_server_that_takes_no_sign_in_is_the_trouble_of_the_site(listen, mail_server):
    """The mail is not to blame, so it waits."""
    url = f"smtp+starttls://user:secret@localhost:{listen(server_context())}"
    transport = SmartHost(url, helo_name="gateway.test", tls=trusting())
    with pytest.raises(TemporaryFailure) as failed:
        transport.send(SENDER, ALICE, MAIL)
    assert "secret" not in str(failed.value)
    assert mail_server.taken == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "https://mail.example",
        "smtp://",
        "smtp:secret",
        "smtps://user:secret#1@mail.example",
        "smtp://user:secret@mail.example",
    ],
)
def test_a_url_of_another_form_is_refused_without_showing_its_secrets(url):
    """Nor is a password sent in the clear."""
    with pytest.raises(BadInput, match=r"smtp\+starttls://user:password@host") as refused:
        SmartHost(url)
    assert "secret" not in str(refused.value)
