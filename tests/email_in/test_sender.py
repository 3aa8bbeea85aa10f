"""Who wrote it, and what is asked of a sender."""

from __future__ import annotations

import pytest

from email_in.message import read_mail
from email_in.proof.proven import Proof
from email_in.sender import SenderCheck, SenderRules, one_sender


@pytest.mark.parametrize(
    ("head", "sender"),
    [
        (b"From: Alice <Alice@Northwind.example>\n", "alice@northwind.example"),
        (b"From: bob@x.example\nReply-To: alice@northwind.example\n", "bob@x.example"),
        (b"From: alice@northwind.example <evil@y.example>\n", None),
        (b"From: alice@northwind.example, bob@x.example\n", None),
        (b"From: alice@northwind.example\nFrom: bob@x.example\n", None),
        (b"Sender: alice@northwind.example\n", None),
        (b"", None),
    ],
    ids=["one", "never Reply-To", "an address as a name", "two", "two fields", "only Sender", "none"],
)
def test_who_wrote_it_is_said_by_one_from_with_one_mailbox(head, sender):
    """E5."""
    assert one_sender(read_mail(head + b"Subject: x\n\ntext\n")) == sender


@pytest.mark.parametrize(
    ("check", "enough"),
    [
        (SenderCheck.OFF, set(Proof)),
        (SenderCheck.HOLD_FAILING, {Proof.PASS, Proof.NONE}),
        (SenderCheck.REQUIRE_PASS, {Proof.PASS}),
    ],
)
def test_what_is_asked_of_a_sender(check, enough):
    """E5, the setting INTAKE_SENDER_CHECK."""
    rules = SenderRules(check)
    assert {proof for proof in Proof if rules.is_enough(proof)} == enough
