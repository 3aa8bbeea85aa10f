"""Where a Reference ID may stand in a mail (E2)."""

import re

import pytest

from email_in.message import read_mail
from email_in.references import Found, Place, candidate_places, found_references


def tokens(text: str) -> list[str]:
    return re.findall(r"REF-\d", text)


@pytest.mark.parametrize(
    ("raw", "recipients", "place"),
    [
        ("\n\nsee REF-1", (), Place.TEXT),
        ("Subject: Re: broken [REF-1]\n\nx", (), Place.SUBJECT),
        ("In-Reply-To: <REF-1@example.com>\n\nx", (), Place.IN_REPLY_TO),
        ("References: <a@b>\n <REF-1@example.com>\n\nx", (), Place.REFERENCES),
        ("\n\nx", ("support+REF-1@example.com",), Place.RECIPIENT),
        ("To: support+REF-1@example.com\n\nx", (), Place.RECIPIENT),
        ("Cc: support+REF-1@example.com\n\nx", (), Place.RECIPIENT),
    ],
)
def test_a_reference_is_found_in_its_place(raw, recipients, place):
    mail = read_mail(raw.encode())
    assert found_references(mail, recipients, tokens) == (Found("REF-1", (place,)),)


def test_a_reference_in_unshown_html_is_found():
    raw = (
        b"Content-Type: multipart/alternative; boundary=b\n\n"
        b"--b\n\nthanks\n--b\nContent-Type: text/html\n\n<p>thanks</p><p title='REF-1'>\n--b--"
    )
    assert found_references(read_mail(raw), (), tokens) == (Found("REF-1", (Place.HTML,)),)


@pytest.mark.parametrize("kind", ["message/rfc822", "text/plain", "application/octet-stream", "text/html"])
def test_a_reference_in_an_attachment_does_not_count(kind):
    raw = (
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee the old mail\n--b\n"
        f"Content-Type: {kind}\nContent-Disposition: attachment\n\nSubject: [REF-1]\n\nREF-1\n--b--"
    )
    assert found_references(read_mail(raw.encode()), (), tokens) == ()


def test_each_reference_is_told_once_with_all_its_places():
    mail = read_mail(b"Subject: REF-2 REF-1\n\nREF-1 REF-1")
    assert found_references(mail, (), tokens) == (
        Found("REF-1", (Place.TEXT, Place.SUBJECT)),
        Found("REF-2", (Place.SUBJECT,)),
    )


def test_the_places_come_in_a_fixed_order():
    mail = read_mail(b"\n\nx")
    assert [place for place, _ in candidate_places(mail, ["a@example.com"])] == list(Place)
