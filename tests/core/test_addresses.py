"""The forms of our own addresses."""

from __future__ import annotations

import pytest

from core.addresses import bounce_address, is_ours, read_bounce_key, reply_address

OURS, DOMAIN = "support@support.example", "mail.support.example"
KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "RT1ABCDEFGHJKMNPQRS123"


def test_a_reply_address_carries_the_reference_id():
    """E2 N6."""
    assert reply_address(OURS, TOKEN) == f"support+{TOKEN}@support.example"


@pytest.mark.parametrize("written", [str, str.upper, str.title])
def test_a_bounce_address_gives_its_key_back_however_a_host_writes_it(written):
    """E7."""
    assert read_bounce_key(written(bounce_address(DOMAIN, KEY))) == KEY


@pytest.mark.parametrize(
    "address",
    [
        "",
        "bounce",
        f"bounce+{KEY}",
        f"bounce+{KEY[1:]}@{DOMAIN}",
        f"support+{KEY}@{DOMAIN}",
        f"a bounce+{KEY}@b",
    ],
)
def test_what_is_no_bounce_address_has_no_key(address):
    assert read_bounce_key(address) is None


@pytest.mark.parametrize(
    "address",
    [
        OURS,
        "SUPPORT@Support.Example",
        " support@support.example ",
        "support+anything@support.example",
        reply_address(OURS, TOKEN).lower(),
        bounce_address(DOMAIN, KEY),
        f"Postmaster@{DOMAIN}",
        "POSTMASTER@support.example",
        f"Abuse@{DOMAIN}",
        "abuse@support.example",
        "Postmaster",
    ],
)
def test_mail_to_these_is_for_us(address):
    assert is_ours(address, OURS, DOMAIN)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "support",
        "@support.example",
        "supporter@support.example",
        "support@support.example.evil.example",
        "support@evil.example",
        f"anybody@{DOMAIN}",
        f"bounce@{DOMAIN}",
        "abuse",
        "postmaster@evil.example",
        f"bounce+{KEY}@evil.example",
        "support@support.example@evil.example",
    ],
)
def test_mail_to_these_is_not_for_us(address):
    assert not is_ours(address, OURS, DOMAIN)
