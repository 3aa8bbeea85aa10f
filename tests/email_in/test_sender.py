"""Who wrote it, and whether that is proven."""

from __future__ import annotations

import pytest

from email_in.message import read_mail
from email_in.sender import Proof, SenderCheck, SenderRules, one_sender, proof_of

MX = "mx.support.example"


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


def results(*fields, domain="northwind.example"):
    return proof_of(f"alice@{domain}", fields, MX)


@pytest.mark.parametrize(
    ("fields", "proof"),
    [
        ([f"{MX}; dmarc=pass header.from=northwind.example"], Proof.PASS),
        ([f"{MX} 1; spf=fail; dmarc=pass (p=none) header.from=northwind.example; dkim=none"], Proof.PASS),
        ([f"{MX}; dmarc=fail header.from=northwind.example"], Proof.FAIL),
        ([f"{MX}; dmarc=pass header.from=other.example"], Proof.NONE),
        ([f"{MX}; spf=pass smtp.mailfrom=northwind.example"], Proof.NONE),
        (["evil.example; dmarc=pass header.from=northwind.example"], Proof.NONE),
        (
            [
                f"{MX}; dmarc=fail header.from=northwind.example",
                f"{MX}; dmarc=pass header.from=northwind.example",
            ],
            Proof.FAIL,
        ),
        (["", ";;;", "("], Proof.NONE),
        ([], Proof.NONE),
    ],
    ids=[
        "passed",
        "passed, among others",
        "failed",
        "of another domain",
        "not said",
        "said by a stranger",
        "the topmost counts, for a sender can add a lower one",
        "nonsense",
        "nothing",
    ],
)
def test_what_the_trusted_server_found(fields, proof):
    """E5, RFC 8601."""
    assert results(*fields) is proof


VIP = "dmarc=pass header.from=northwind.example"
FAILED = "dmarc=fail header.from=northwind.example"


@pytest.mark.parametrize(
    "field",
    [
        f'{MX}; spf=none (nobody knows ");{VIP};("@evil.example); {FAILED}',
        f'{MX}; spf=pass smtp.mailfrom="x;{VIP}"@evil.example; {FAILED}',
        f'{MX}; spf=pass smtp.mailfrom="x\\";{VIP};"@evil.example; {FAILED}',
        f"{MX}; spf=none (a (nested) one; {VIP}); {FAILED}",
        f"{MX}; spf=none (an escaped \\); {VIP}); {FAILED}",
        f"{MX}; spf=pass smtp.mailfrom=dmarc=pass.header.from=northwind.example@evil.example; {FAILED}",
        f"{MX}; {VIP}; {FAILED}",
        f"{MX}; {VIP}; {VIP}",
        f"{MX}; {VIP}; spf=none (no end",
        f'{MX}; {VIP}; spf=pass smtp.mailfrom="no end',
        f"{MX}; {VIP}; spf=none no beginning)",
        f"{MX}; {VIP}; spf=none )(",
        f"{MX}; {VIP}; spf=none \\(",
        f"{MX}; {VIP}; spf=none {'(' * 9000}",
    ],
)
def test_what_the_trusted_server_repeats_of_the_sender_proves_nothing(field):
    """E5, RFC 8601 7.3: an envelope sender is echoed into quotes and comments, and may try to end them."""
    assert results(field) is Proof.FAIL


@pytest.mark.parametrize(
    "field",
    [
        f"{MX}; spf=pass smtp.mailfrom=dmarc=pass@evil.example header.from=northwind.example",
        f"{MX}; dmarc=pass policy.x=header.from=northwind.example",
        f"{MX}; dmarc=pass header.from=other.example header.from=northwind.example",
    ],
)
def test_a_word_inside_another_value_is_no_result(field):
    """E5: a result stands where a result stands, and nowhere else."""
    assert results(field) is Proof.NONE


@pytest.mark.parametrize(
    "field",
    [
        f"{MX.upper()}; {VIP}",
        f'{MX}; dmarc=pass (p=none (of "its" owner)) reason="its; policy" header.from=northwind.example',
        f"(at the front) {MX} 1; spf=pass smtp.mailfrom=a@x.example; dmarc/1 = pass header.from=Northwind.example",
    ],
)
def test_a_pass_is_read_through_case_comments_and_quotes(field):
    """E5, RFC 8601 2.2."""
    assert results(field) is Proof.PASS


def test_nobody_is_believed_when_nobody_is_trusted():
    """E5: without a setting, a sender could write the field."""
    assert proof_of("a@x.example", ["; dmarc=pass header.from=x.example"], "") is Proof.NONE


@pytest.mark.parametrize(
    ("check", "enough"),
    [
        (SenderCheck.OFF, {Proof.PASS, Proof.FAIL, Proof.NONE}),
        (SenderCheck.HOLD_FAILING, {Proof.PASS, Proof.NONE}),
        (SenderCheck.REQUIRE_PASS, {Proof.PASS}),
    ],
)
def test_what_is_asked_of_a_sender(check, enough):
    """E5, the setting INTAKE_SENDER_CHECK."""
    rules = SenderRules(check, MX)
    assert {proof for proof in Proof if rules.is_enough(proof)} == enough
