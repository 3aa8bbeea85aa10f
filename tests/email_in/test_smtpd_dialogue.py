"""The dialogue on the wire: what is offered, how refusals are told, and that no mail hides in another."""

import re

import pytest

from email_in import smtp_replies
from tests.email_in.smtp_client import ALICE, MAIL, SUPPORT, Client, dotted, kept, serving

WITH_STATUS = re.compile(r"([245])\d\d \1\.\d\.\d\d? \S")


@pytest.fixture
def client(core):
    with serving(core) as server, Client(server) as opened:
        yield opened


def test_the_greeting_names_the_host_and_no_software(client):
    assert client.greeting == "220 mx.support.example ESMTP"


def test_what_is_offered(client):
    assert client.say("EHLO client.example").split("\r\n") == [
        "250-mx.support.example",
        "250-SIZE 26214400",
        "250-8BITMIME",
        "250-SMTPUTF8",
        "250-PIPELINING",
        "250-ENHANCEDSTATUSCODES",
        "250 HELP",
    ]


@pytest.mark.parametrize("address", ["support@support.example", "nobody@support.example", "", "<"])
def test_vrfy_tells_nothing(client, address):
    """RFC 5321, 7.3."""
    assert client.say(f"VRFY {address}") == smtp_replies.NOT_VERIFIED


def test_nobody_signs_in(client):
    client.say("EHLO client.example")
    assert client.say("AUTH PLAIN AGEAYg==") == smtp_replies.NOT_OFFERED
    assert "AUTH" not in client.say("HELP")


@pytest.mark.parametrize(
    "command",
    """NOOP|RSET|HELP|HELP DATA|HELP NOTHING|VRFY x|EXPN x|AUTH PLAIN|STARTTLS|QUIT|QUIT x|RSET x|EHLO|HELO|MAIL|
    MAIL FROM|MAIL FROM:<a@b> SIZE=x|MAIL FROM:<a@b> SIZE=99999999|MAIL FROM:<a@b> BODY=9BIT|MAIL FROM:<a@b> FOO=1|
    MAIL FROM:<|RCPT TO:<a@b>|DATA|DATA x|BOGUS||\x80""".replace("\n    ", "").split("|"),
)
def test_every_reply_has_its_enhanced_status(client, command):
    """RFC 2034."""
    assert WITH_STATUS.match(client.say(command))
    if not command.startswith("QUIT"):
        client.say("EHLO client.example")
        assert WITH_STATUS.match(client.say(command))


def test_commands_out_of_order_are_refused(client):
    """RFC 5321, 4.1.4."""
    assert client.say(f"MAIL FROM:<{ALICE}>")[:3] == "503"
    assert client.say("DATA") == smtp_replies.NOT_GREETED
    client.say("HELO client.example")
    assert client.say(f"RCPT TO:<{SUPPORT}>")[:3] == "503"
    assert client.say("DATA") == smtp_replies.NO_RECIPIENT
    client.say("MAIL FROM:<>")
    assert client.say("MAIL FROM:<>")[:3] == "503"


def test_rset_forgets_the_envelope(client):
    client.say("EHLO client.example")
    client.say(f"MAIL FROM:<{ALICE}>")
    client.say(f"RCPT TO:<{SUPPORT}>")
    client.say("RSET")
    assert client.say("DATA") == smtp_replies.NO_RECIPIENT


def test_a_mail_forgets_the_envelope(client):
    client.deliver()
    assert client.say("DATA") == smtp_replies.NO_RECIPIENT


def test_a_command_line_without_end_is_refused_and_the_next_is_read(client):
    assert client.say("NOOP " + "x" * 1_000_000)[:9] == "500 5.5.2"
    assert client.say("NOOP") == "250 2.0.0 OK"


HIDDEN = f"MAIL FROM:<ceo@northwind.example>\r\nRCPT TO:<{SUPPORT}>\r\nDATA\r\nhidden\r\n".encode()


FALSE_ENDS = [
    b"\n.\n",
    b"\r.\r",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\n.\r",
    b"\r.\n",
    b"\n\n.\r\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\0\n.\r\n",
    b"\r\n.\r\0\n",
    b"\r\n. \r\n",
    b"\r\n..\r\n",
]
"""What one server or another has taken for the final dot."""


@pytest.mark.parametrize("ending", FALSE_ENDS)
def test_a_mail_hidden_behind_a_false_end_is_no_mail(core, client, ending):
    """Smuggling: what another server sent as one mail is one mail here (RFC 5321, 2.3.8).

    A line that begins with a dot loses it (4.5.2), whatever follows.
    """
    mail = b"Subject: x\r\n\r\nfirst" + ending + HIDDEN
    client.envelope()
    client.send(mail + b".\r\n")
    assert client.reply().startswith("250")
    assert client.say("NOOP") == "250 2.0.0 OK"
    assert [row["raw"] for row in kept(core)] == [mail.replace(b"\r\n.", b"\r\n")]


def test_addresses_in_utf8_are_kept_as_they_were_declared(core, client):
    """RFC 6531, 3.3 and 3.4."""
    assert "SMTPUTF8" in client.say("EHLO client.example")
    assert client.say("MAIL FROM:<zoë@bücher.example> SMTPUTF8 BODY=8BITMIME") == smtp_replies.SENDER_TAKEN
    client.say("RCPT TO:<support+ä@support.example>")
    client.say("DATA")
    client.send(dotted("Subject: Grüße\r\n\r\nZoë\r\n".encode()))
    assert client.reply().startswith("250")
    (row,) = kept(core)
    assert (row["envelope_sender"], row["recipients"]) == (
        "zoë@bücher.example",
        ["support+ä@support.example"],
    )


@pytest.mark.parametrize("greeting", ["EHLO", "HELO"])
@pytest.mark.parametrize(
    ("name", "helo"),
    [
        (b"mx.client.example", "mx.client.example"),
        (b"a\0b\x1b[2J\xff", "ab[2J"),
        (b"x" * 500, "x" * 255),
        ("bücher".encode(), "bücher"),
    ],
    ids=["name", "control", "long", "utf8"],
)
def test_the_name_of_the_client_is_kept_as_far_as_it_can_be_shown(core, client, greeting, name, helo):
    """RFC 5321, 4.4. PostgreSQL takes no NUL."""
    client.send(greeting.encode() + b" " + name + b"\r\n")
    client.reply()
    client.say(f"MAIL FROM:<{ALICE}>")
    client.say(f"RCPT TO:<{SUPPORT}>")
    client.say("DATA")
    client.send(dotted(MAIL))
    assert client.reply().startswith("250")
    assert kept(core)[0]["helo"] == helo


def test_mail_sent_without_waiting_is_not_read_as_commands_when_data_is_refused(core, client):
    """RFC 2920, 3.1: a group of commands ends with DATA."""
    client.say("EHLO client.example")
    client.send(b"MAIL FROM:<a@b>\r\nRCPT TO:<nobody@support.example>\r\nDATA\r\n" + HIDDEN + b".\r\n")
    assert [client.reply()[:3] for _ in range(4)] == ["250", "550", "503", ""]
    assert kept(core) == []


def test_a_mail_that_goes_in_a_circle_is_refused(core, client):
    """RFC 5321, 6.3."""
    hop = b"Received: from a by b\r\n"
    assert client.deliver(hop * 101 + MAIL) == smtp_replies.MAIL_LOOP
    assert client.deliver(hop * 100 + MAIL + hop * 10).startswith("250")
    assert len(kept(core)) == 1


def test_the_same_mail_twice_is_kept_twice(core, client):
    """The worker gives it one effect (I2); the inbox keeps what was accepted."""
    client.deliver()
    client.envelope()
    client.send(dotted(MAIL))
    client.reply()
    first, second = kept(core)
    assert first["fingerprint"] == second["fingerprint"]
