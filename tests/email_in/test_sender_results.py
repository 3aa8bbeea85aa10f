"""What a server in front found: its own words only, in the forms in which real servers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_in.proof.proven import Proof
from email_in.proof.results import UNNAMED, found_by

MX = "mx.support.example"
MX2 = "mx2.support.example"


def results(*fields, domain="northwind.example", trusted=(MX,)):
    return found_by(frozenset(trusted), fields, domain).proof


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


GOOGLE = (
    "mx.google.com;       dkim=pass header.i=@northwind.example header.s=s1 header.b=Ab+/9xQz;"
    "       spf=pass (google.com: domain of bounces@northwind.example designates 11.22.33.44 as permitted sender)"
    " smtp.mailfrom=bounces@northwind.example;"
    "       dmarc={result} (p=REJECT sp=REJECT dis=NONE) header.from=northwind.example"
)
MICROSOFT = (
    "spf=pass (sender IP is 11.22.33.44) smtp.mailfrom=northwind.example; support.example; dkim=pass (signature was"
    " verified) header.d=northwind.example;support.example; dmarc={result} action=none"
    " header.from=northwind.example;compauth=pass reason=100"
)


@pytest.mark.parametrize(
    ("field", "trusted", "proof"),
    [
        (GOOGLE.format(result="pass"), "mx.google.com", Proof.PASS),
        (GOOGLE.format(result="fail"), "mx.google.com", Proof.FAIL),
        (GOOGLE.format(result="pass"), UNNAMED, Proof.NONE),
        (MICROSOFT.format(result="pass"), UNNAMED, Proof.PASS),
        (MICROSOFT.format(result="bestguesspass"), UNNAMED, Proof.PASS),
        (MICROSOFT.format(result="none"), UNNAMED, Proof.NONE),
        (MICROSOFT.format(result="fail"), UNNAMED, Proof.FAIL),
        (MICROSOFT.format(result="temperror"), UNNAMED, Proof.TEMPERROR),
        (MICROSOFT.format(result="permerror"), UNNAMED, Proof.FAIL),
        (MICROSOFT.format(result="pass"), MX, Proof.NONE),
        (MICROSOFT.format(result="pass"), "spf=pass", Proof.NONE),
    ],
)
def test_the_forms_of_google_and_microsoft_365_are_read(field, trusted, proof):
    """E5: Microsoft 365 names no server, so that has to be trusted by a word of its own."""
    assert results(field, trusted=[trusted]) is proof


@pytest.mark.parametrize(
    ("fields", "proof"),
    [
        ([f"{MX}; {FAILED}", f"{MX2}; {VIP}"], Proof.FAIL),
        ([f"{MX2}; {VIP}", f"{MX}; {FAILED}"], Proof.PASS),
        ([f"{MX2}; spf=pass smtp.mailfrom=x.example", f"{MX}; dkim=none", f"{MX}; {VIP}"], Proof.PASS),
        ([f"{MX}; dmarc=none header.from=northwind.example", f"{MX2}; {VIP}"], Proof.NONE),
        ([f"evil.example; {VIP}", f"{MX}; {FAILED}"], Proof.FAIL),
        ([f"evil.example; {FAILED}", f"{MX}; {VIP}"], Proof.PASS),
        ([f"{MX}; spf=pass (no end", f"{MX2}; {VIP}"], Proof.FAIL),
        ([f"{MX}.evil.example; {VIP}", f"{MX}@evil.example; {VIP}", f'"{MX}"; {VIP}'], Proof.NONE),
        ([f"evil.example; {VIP}"] * 900 + [f"{MX}; {VIP}"], Proof.PASS),
    ],
    ids=[
        "written by the sender, below",
        "written by the sender, to no good of theirs",
        "one field for each method",
        "no policy, and something written below",
        "a stranger's on top",
        "a stranger's on top, of the opposite",
        "a damaged one on top",
        "names that look like ours",
        "many strangers'",
    ],
)
def test_of_several_trusted_servers_the_topmost_that_speaks_of_dmarc_decides(fields, proof):
    """E5, RFC 8601 5: all fields are read, those of strangers left out."""
    assert results(*fields, trusted=[MX, MX2]) is proof


def test_a_server_that_names_the_organisational_domain_means_the_same_sender():
    """E5, RFC 7489 3.2: but not the other way round, nor a neighbour."""
    assert results(f"{MX}; {VIP}", domain="mail.northwind.example") is Proof.PASS
    assert results(f"{MX}; dmarc=pass header.from=mail.northwind.example") is Proof.NONE
    assert results(f"{MX}; dmarc=pass header.from=a.co.uk", domain="b.co.uk") is Proof.NONE


@given(st.lists(st.text(alphabet='mx;=() "\\dmarcps.e', max_size=60), max_size=4))
def test_no_field_escapes_as_an_exception(fields):
    """I1: and none of somebody else's is a proof."""
    assert results(*fields) is Proof.NONE
