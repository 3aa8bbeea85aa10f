"""STARTTLS on the wire: offered with a certificate, and what came before it is forgotten."""

from __future__ import annotations

import os
import shutil
import smtplib
import socket
import ssl

import pytest

from core.errors import BadInput
from email_in.smtp_tls import TlsFiles
from email_in.smtpd import SmtpServer
from tests.email_in.smtp_client import ALICE, MAIL, SUPPORT, Client, dotted, kept, serving, settings
from tests.notifier.conftest import CERTIFICATE

FILES = TlsFiles(CERTIFICATE, CERTIFICATE)


@pytest.fixture
def server(core):
    with serving(core, tls=FILES) as opened:
        yield opened


def trusting():
    return ssl.create_default_context(cafile=CERTIFICATE)


def in_tls(client):
    """Wrap the client's socket, as after the 220 to STARTTLS."""
    client.socket = trusting().wrap_socket(client.socket, server_hostname="localhost")
    client._replies = client.socket.makefile("rb")


def test_it_is_offered_where_there_is_a_certificate_and_only_once(server):
    """RFC 3207, 4 and 4.2."""
    with Client(server) as client:
        assert "STARTTLS" in client.say("EHLO client.example")
        assert client.say("STARTTLS").startswith("220 ")
        in_tls(client)
        assert "STARTTLS" not in client.say("EHLO client.example")


def test_a_mail_comes_through_it_as_it_was_sent(core, server):
    """By the standard library's client, with the certificate checked; also one of some megabytes."""
    large = MAIL + b"x" * 70 + b"\r\n" + (b"." * 76 + b"\r\n") * 40_000
    with smtplib.SMTP("localhost", server.port, timeout=60) as client:
        client.starttls(context=trusting())
        assert client.sendmail(ALICE, [SUPPORT], MAIL) == {}
        assert client.sendmail(ALICE, [SUPPORT], large) == {}
    assert [row["raw"] for row in kept(core)] == [MAIL, large]


def test_what_was_said_in_the_clear_does_not_count(core, server):
    """RFC 3207, 4.2: neither the greeting nor an envelope."""
    with Client(server) as client:
        client.say("EHLO client.example")
        client.say("MAIL FROM:<mallory@elsewhere.example>")
        client.say("STARTTLS")
        in_tls(client)
        assert client.say(f"RCPT TO:<{SUPPORT}>").startswith("503")
        assert client.deliver() != ""
    assert [row["envelope_sender"] for row in kept(core)] == [ALICE]


def test_commands_that_were_slipped_in_behind_starttls_are_not_carried_out(core, server):
    """RFC 3207, 6: what a third party adds in the clear is not taken for what the client says in TLS."""
    slipped = f"STARTTLS\r\nMAIL FROM:<mallory@elsewhere.example>\r\nRCPT TO:<{SUPPORT}>\r\n".encode()
    with Client(server) as client:
        client.say("EHLO client.example")
        client.send(slipped)
        assert client.reply().startswith("220 ")
        in_tls(client)
        assert client.say("EHLO client.example").startswith("250")
        assert client.say("DATA").startswith("503"), "the slipped envelope would let it through"
    assert kept(core) == []


def test_a_client_that_cannot_shake_hands_harms_nobody(core, server):
    """The connection ends, and the next mail is taken."""
    with Client(server) as client:
        client.say("EHLO client.example")
        client.say("STARTTLS")
        client.send(b"this is no handshake\r\n")
        client.socket.settimeout(10)
        leftover = b"".join(iter(lambda: client.socket.recv(4096), b""))
        assert b"250" not in leftover
    with Client(server) as client:
        assert client.deliver().startswith("250 2.0.0 kept as")


def test_a_client_that_closes_after_the_dot_has_its_mail_kept(core, server):
    """TLS knows no half-closed connection; what was whole is kept all the same."""
    with Client(server) as client:
        client.say("EHLO client.example")
        client.say("STARTTLS")
        in_tls(client)
        client.envelope()
        client.send(dotted(MAIL))
        client.socket.shutdown(socket.SHUT_WR)
    with Client(server) as client:
        assert client.deliver().startswith("250 2.0.0 kept as")
    assert {row["raw"] for row in kept(core)} == {MAIL}


def test_without_a_certificate_it_is_not_offered(core):
    """RFC 3207, 4."""
    with serving(core) as server, Client(server) as client:
        assert "STARTTLS" not in client.say("EHLO client.example")
        assert client.say("STARTTLS")[0] in "45"


def test_a_certificate_that_is_none_stops_the_start(core, tmp_path):
    """It is named, with what it must be."""
    (tmp_path / "cert.pem").write_text("no certificate", encoding="ascii")
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "cert.pem")
    with pytest.raises(BadInput, match=r"certificate is .*cert.pem.* a certificate in PEM, with its key"):
        SmtpServer(core, settings(tls=files))


def test_a_renewed_certificate_is_used_and_a_broken_one_is_not(core, tmp_path):
    """A running server is not started anew for it."""
    file = tmp_path / "cert.pem"
    shutil.copy(CERTIFICATE, file)
    with serving(core, tls=TlsFiles(file, file)) as server:
        for content in (b"half of a file", CERTIFICATE.read_bytes()):
            file.write_bytes(content)
            os.utime(file, ns=(1, 1 + len(content)))
            with smtplib.SMTP("localhost", server.port, timeout=30) as client:
                client.starttls(context=trusting())
                assert client.noop()[0] == 250
