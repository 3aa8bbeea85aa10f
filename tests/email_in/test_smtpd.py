"""Mail that is accepted: in the inbox, byte for byte, before its sender is told so (I1)."""

import itertools
import smtplib
import socket
import threading
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.store.database import Database
from email_in.smtp_settings import LmtpSettings
from email_in.smtpd import SmtpServer
from tests.email_in.smtp_client import ALICE, MAIL, RESET, SUPPORT, Client, dotted, kept, serving, settings


def test_an_accepted_mail_is_in_the_inbox(core):
    with serving(core) as server, smtplib.SMTP("127.0.0.1", server.port) as client:
        client.sendmail(ALICE, [SUPPORT, "postmaster@support.example"], MAIL)
    (row,) = kept(core)
    assert row["raw"] == MAIL
    assert (row["envelope_sender"], row["recipients"], row["peer"]) == (
        ALICE,
        [SUPPORT, "postmaster@support.example"],
        "127.0.0.1",
    )


def test_the_answer_names_the_inbox_id(core):
    with serving(core) as server, Client(server) as client:
        answer = client.deliver()
    assert answer == f"250 2.0.0 kept as {kept(core)[0]['id']}"


def test_the_null_sender_is_kept_as_empty(core):
    """RFC 5321, 4.5.5: by it nothing is ever answered."""
    with serving(core) as server, Client(server) as client:
        client.envelope(sender="")
        client.send(dotted(MAIL))
        assert client.reply().startswith("250")
    assert kept(core)[0]["envelope_sender"] == ""


def test_a_mail_that_got_250_is_there_after_stop_and_reopening(core, database_url):
    with serving(core) as server, Client(server) as client:
        client.deliver()
    core.database.close()
    reopened = Database(database_url)
    with reopened.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM inbox").scalar() == 1
    reopened.close()


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\r\n",
        b".\r\n..\r\n...\r\n.x\r\n",
        b"x\r\n.",
        b"8 bit: \xff\xfe\x80\r\n",
        b"\x00\x00\r\n\x00.\r\n",
        b"x" * 2_000_000 + b"\r\n",
        b".\r\n" * 100_000,
        b"\r\n" * 500_000,
        b"bare\nline\rends\n.\n\r.\r\n",
    ],
    ids=["empty", "line", "dots", "last-dot", "8bit", "nul", "long-line", "many-dots", "many-lines", "bare"],
)
def test_bytes_come_out_as_they_went_in(core, mail):
    """RFC 5321, 4.5.2, 4.5.3.1.6 and 2.3.8: dots, long lines, bare line ends."""
    whole = mail if mail.endswith(b"\r\n") or not mail else mail + b"\r\n"
    with serving(core) as server, Client(server) as client:
        assert client.deliver(whole).startswith("250")
    assert kept(core)[0]["raw"] == whole


LINES = st.lists(
    st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"..", b"a", b"\x00"]) | st.binary(), max_size=40
)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(LINES.map(b"".join), st.lists(st.integers(1, 300), max_size=10))
@example(b"\r\n.\r\n.\r\n", [1] * 10)
@example(b".", [1, 1, 1])
def test_any_bytes_come_out_as_they_went_in(core, mail, cuts):
    """However the network cuts them up."""
    mail += b"\r\n"
    with serving(core) as server, Client(server) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.envelope()
        rest = dotted(mail)
        for cut in cuts:
            client.send(rest[:cut])
            rest = rest[cut:]
        client.send(rest)
        assert client.reply().startswith("250")
    assert kept(core)[-1]["raw"] == mail


def test_a_large_mail_is_whole_wherever_pieces_end(core):
    """Line ends and dots fall on the borders of the pieces that the server reads."""
    mail = b"".join(b".%d\r\n" % number for number in range(60_000))
    with serving(core) as server, Client(server) as client:
        client.envelope()
        rest = dotted(mail)
        for start in range(0, len(rest), 65_521):
            client.send(rest[start : start + 65_521])
        assert client.reply().startswith("250")
    assert kept(core)[0]["raw"] == mail


def test_two_mails_in_one_write_are_two_mails(core):
    """RFC 2920: pipelining that waits for no 354 does no harm where DATA is accepted."""
    commands = f"MAIL FROM:<{ALICE}>\r\nRCPT TO:<{SUPPORT}>\r\nDATA\r\n".encode()
    with serving(core) as server, Client(server) as client:
        client.say("EHLO client.example")
        client.send(commands + b"one\r\n.\r\n" + commands + b"two\r\n.\r\nQUIT\r\n")
        codes = [client.reply()[:3] for _ in range(9)]
    assert codes == ["250", "250", "354", "250", "250", "250", "354", "250", "221"]
    assert [row["raw"] for row in kept(core)] == [b"one\r\n", b"two\r\n"]


def test_commands_behind_the_final_dot_are_carried_out(core):
    with serving(core) as server, Client(server) as client:
        client.envelope()
        client.send(dotted(MAIL) + b"NOOP\r\nQUIT\r\n")
        assert [client.reply()[:3] for _ in range(3)] == ["250", "250", "221"]


def test_many_sessions_at_once_keep_each_mail_once(core):
    def send(number: int) -> None:
        with smtplib.SMTP("127.0.0.1", server.port) as client:
            for mail in range(20):
                client.sendmail(ALICE, SUPPORT, b"%d-%d\r\n" % (number, mail))

    with serving(core) as server:
        senders = [threading.Thread(target=send, args=(number,)) for number in range(20)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    raws = [row["raw"] for row in kept(core)]
    assert sorted(raws) == sorted(b"%d-%d\r\n" % (number, mail) for number in range(20) for mail in range(20))


def test_a_client_that_leaves_within_the_mail_leaves_nothing(core):
    with serving(core) as server:
        with Client(server) as client:
            client.envelope()
            client.send(b"Subject: half a mail\r\n\r\nIt bl")
        with Client(server) as next_client:
            next_client.deliver(b"whole\r\n")
    assert [row["raw"] for row in kept(core)] == [b"whole\r\n"]


def test_a_client_that_closes_its_half_after_the_dot_is_answered(core):
    """RFC 5321, 4.1.1.10: it may wait for the answer all the same."""
    with serving(core) as server, Client(server) as client:
        client.envelope()
        client.send(dotted(MAIL))
        client.socket.shutdown(socket.SHUT_WR)
        assert client.reply().startswith("250")
        assert client.reply() == ""
    assert len(kept(core)) == 1


def test_a_client_that_goes_right_after_the_dot_left_a_whole_mail_or_none(core):
    with serving(core) as server:
        for number in range(20):
            with Client(server) as client:
                client.envelope()
                client.send(dotted(b"%d\r\n" % number))
                # Nothing lingers: the server's end is reset, which cancels the session.
                client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    raws = [row["raw"] for row in kept(core)]
    assert len(raws) == len(set(raws))
    assert set(raws) <= {b"%d\r\n" % number for number in range(20)}


def test_stop_lets_a_mail_under_way_finish(core):
    server = SmtpServer(core, settings())
    server.start()
    with Client(server) as idle, Client(server) as busy:
        busy.envelope()
        busy.send(b"one\r\n")
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert idle.reply() == "421 4.3.2 Shutting down, please try again later"
        busy.send(b"two\r\n.\r\n")
        assert [busy.reply()[:3], busy.reply()[:9]] == ["250", "421 4.3.2"]
        stopping.join()
    assert [row["raw"] for row in kept(core)] == [b"one\r\ntwo\r\n"]


def test_stop_under_load_leaves_each_mail_kept_and_answered_or_neither(core):
    """I1, I3: by SMTP and LMTP."""
    server = SmtpServer(core, settings(lmtp=LmtpSettings(port=0)))
    server.start()
    accepted: list[bytes] = []
    senders = [
        threading.Thread(target=send_until_refused, args=(protocol, port, number, accepted))
        for number in range(4)
        for protocol, port in ((smtplib.SMTP, server.port), (smtplib.LMTP, server.lmtp_port))
    ]
    for sender in senders:
        sender.start()
    while len(accepted) < 40:
        time.sleep(0.01)
    server.stop()
    for sender in senders:
        sender.join()
    assert sorted(row["raw"] for row in kept(core)) == sorted(accepted)


def send_until_refused(protocol, port, number, accepted):
    with suppress(smtplib.SMTPException, OSError), protocol("127.0.0.1", port) as client:
        for mail in itertools.count():
            raw = b"%s-%d-%d\r\n" % (protocol.__name__.encode(), number, mail)
            assert client.sendmail(ALICE, SUPPORT, raw) == {}
            accepted.append(raw)


def test_stop_does_not_wait_for_a_mail_that_never_ends(core):
    server = SmtpServer(core, settings())
    server.start()
    with Client(server) as client:
        client.envelope()
        client.send(b"one\r\n")
        begun = time.monotonic()
        server.stop()
    assert time.monotonic() - begun < 8
    assert kept(core) == []


def test_a_port_that_is_taken_is_told_at_the_start(core):
    with serving(core) as server, pytest.raises(OSError):
        SmtpServer(core, settings_on(server.port)).start()


def settings_on(port: int):
    return type(settings())("127.0.0.1", port, "mx.support.example", SUPPORT, "support.example")
