"""Return-Path and Received in front of a mail that was taken in (RFC 5321, 4.4)."""

from __future__ import annotations

import string
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_in.trace import with_trace
from tests.email_in.smtp_client import ALICE, MAIL, SUPPORT
from tests.people import NOW

ROW = {
    "id": 7,
    "envelope_sender": ALICE,
    "recipients": [SUPPORT],
    "peer": "192.0.2.1",
    "helo": "mx.northwind.example",
    "received_at": NOW,
}


def received(**columns):
    mail = message_from_bytes(with_trace(MAIL, ROW | columns, "mx.support.example"))
    return " ".join(mail["Received"].split())


def test_they_stand_in_front_of_the_mail_as_it_came():
    traced = with_trace(MAIL, ROW, "mx.support.example")
    assert traced.startswith(
        b"Return-Path: <alice@northwind.example>\r\nReceived: from mx.northwind.example "
    )
    assert traced.endswith(b"+0000\r\n" + MAIL)


def test_received_says_who_gave_it_to_whom_and_when():
    assert received().startswith(
        "from mx.northwind.example ([192.0.2.1]) by mx.support.example id 7 for <support@support.example>; "
    )


def test_a_bounce_has_an_empty_return_path():
    """RFC 5321, 4.5.5."""
    assert with_trace(MAIL, ROW | {"envelope_sender": ""}, "mx").startswith(b"Return-Path: <>\r\n")


def test_one_of_several_recipients_does_not_learn_of_the_others():
    """RFC 5321, 7.2."""
    assert "for <" not in received(recipients=[SUPPORT, "postmaster"])


@pytest.mark.parametrize(
    ("peer", "shown"),
    [("2001:db8::1", "([IPv6:2001:db8::1])"), ("pipe", "(pipe)"), ("socket", "(socket)"), ("", "(unknown)")],
)
def test_the_sending_host_is_named_as_far_as_it_is_known(peer, shown):
    """RFC 5321, 4.1.3."""
    assert shown in received(peer=peer)


def test_line_ends_are_those_of_the_mail():
    """An MTA's pipe has its own."""
    assert b"\r" not in with_trace(b"Subject: x\n\nHello.\n", ROW, "mx.support.example")


@given(st.text(st.sampled_from(string.printable + "äß€\u2028"), max_size=60))
def test_whatever_a_host_calls_itself_adds_no_field(helo):
    mail = message_from_bytes(with_trace(MAIL, ROW | {"helo": helo}, "mx.support.example"))
    assert mail.keys() == ["Return-Path", "Received", "Subject"]
