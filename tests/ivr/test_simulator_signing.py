"""The simulator's signature is the one that the provider's own library expects."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from ivr.simulator.signing import sign

URL = "https://intake.example/voice/twilio/incoming"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(params=st.dictionaries(TEXT, TEXT, max_size=12), token=TEXT)
def test_any_parameters_are_signed_as_the_providers_library_signs_them(params, token):
    assert sign(URL, params, token) == RequestValidator(token).compute_signature(URL, params)


def test_a_signature_is_the_documented_one():
    """The example of https://www.twilio.com/docs/usage/security, with its published signature."""
    params = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+12349013030",
        "Digits": "1234",
        "From": "+12349013030",
        "To": "+18005551212",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign(url, params, "12345") == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_another_token_signs_in_another_way():
    assert sign(URL, {"Digits": "1"}, "one") != sign(URL, {"Digits": "1"}, "two")
