"""Where a Reference ID may stand in a mail (E2)."""

import re
from dataclasses import replace

import pytest

from email_in.message import read_mail
from email_in.references import MOST_REFERENCES, Found, Place, candidate_places, found_references


def tokens(text: str) -> list[str]:
    return re.findall(r"REF-\d", text)


@pytest.mark.parametrize(
    ("raw", "recipients", "place"),
    [
        ("\n\nsee REF-1", (), Place.TEXT),
        ("Subject: Re: broken [REF-1]\n\nx", (), Place.SUBJECT),
        ("In-Reply-To: <REF-1@example.com>\n\nx", (), Place.IN_REPLY_TO),
        ("References: <a@b>\n <REF-1@example.com>\n\nx", (), Place.REFERENCES),
        ("Subject: new\nThread-Topic: broken [REF-1]\n\nx", (), Place.SUBJECT),
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


def html_mail(html: str) -> bytes:
    return f"Content-Type: text/html\n\n<p>thanks</p>{html}".encode()


@pytest.mark.parametrize(
    "html",
    [
        "<!-- REF-1 -->",
        "<!--[if mso]><p>REF-1</p><![endif]-->",
        "<style>.REF-1 {}</style>",
        "<STYLE>.REF-1 {}</STYLE>",
        "<script>var REF-1</script>",
    ],
)
def test_a_reference_in_what_is_no_text_does_not_count(html):
    """E2: no reader has it before them, and no mail program puts it there."""
    assert found_references(read_mail(html_mail(html)), (), tokens) == ()


@pytest.mark.parametrize("html", ["<div style='display:none'>REF-1</div>", "<a href='mailto:a+REF-1@x'>"])
def test_a_reference_in_hidden_html_counts(html):
    """E2: mail programs fold the quote of a reply away."""
    [found] = found_references(read_mail(html_mail(html)), (), tokens)
    assert Place.HTML in found.places


def test_a_comment_that_never_ends_hides_nothing():
    """E2: what a mail program broke is still read."""
    [found] = found_references(read_mail(html_mail("<!-- a --> b <!-- <p>REF-1</p>")), (), tokens)
    assert Place.HTML in found.places


def test_of_very_many_references_one_more_than_the_most_is_returned():
    """E2, I17: the database is not asked for 10,000 of them."""
    many = " ".join(f"R{number}" for number in range(10_000))
    assert len(found_references(read_mail(f"\n\n{many}".encode()), (), str.split)) == MOST_REFERENCES + 1


@pytest.mark.parametrize("bomb", ["<!---->", "<!--", "<style"])
@pytest.mark.timeout(3)
def test_no_html_takes_long(bomb):
    """I17: a hostile mail costs bounded time."""
    mail = replace(read_mail(b"\n\nx"), html=bomb * 1_000_000)
    assert found_references(mail, (), lambda _text: ()) == ()


def test_each_reference_is_told_once_with_all_its_places():
    mail = read_mail(b"Subject: REF-2 REF-1\n\nREF-1 REF-1")
    assert found_references(mail, (), tokens) == (
        Found("REF-1", (Place.TEXT, Place.SUBJECT)),
        Found("REF-2", (Place.SUBJECT,)),
    )


def test_the_places_come_in_a_fixed_order():
    mail = read_mail(b"\n\nx")
    assert [place for place, _ in candidate_places(mail, ["a@example.com"])] == list(Place)
