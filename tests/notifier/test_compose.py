"""What a composed mail is made of, whatever it is made from. Pure: no database."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from email import policy
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser, BytesParser

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.errors import BadInput
from core.rules.notices import AUTOMATIC, NoticeKind
from core.rules.terms import Channel, EventKind, Status, SubStatus
from notifier.cleaning import is_plain_message_id, many_lines, one_line
from notifier.compose import (
    AddressIsUnusable,
    HeadersAreNotAsIntended,
    LinesAreNotAllowed,
    compose,
    serialised,
)
from notifier.facts import FOR_SENDERS, Answered, CallTold, CaseTold, NoticeFacts, Plan, Said
from notifier.settings import MailSettings
from notifier.words import LONGEST_TOLD
from tests.notifier.conftest import html_of, parsed, shown_words, text_of
from tests.people import NOW

REFERENCE = "RT1ABCDEFGHJKMNPQRST1V"
SETTINGS = MailSettings(
    "Northwind Support <support@support.example>",
    "support.example",
    "https://support.example/cases/{number}",
    "T1",
)
CASE = CaseTold(
    number="0000000001",
    type="Support",
    subject="The switch is down",
    status="Awaiting Information",
    sub_status="Information Required From Customer",
    priority="3-Medium",
    company="Northwind",
    contact_name="Alice Archer",
    contact_email="alice@northwind.example",
    owner_name="Ada",
    callback_number="+14155550132",
    is_critical=False,
)
QUESTION = Said(
    EventKind.INFORMATION_ASKED,
    "Ada",
    by_reader=False,
    channel=Channel.CONSOLE,
    at=NOW,
    text="Which version?",
    status=Status.AWAITING_INFORMATION,
    sub_status=SubStatus.INFORMATION_REQUIRED,
)
FACTS = NoticeFacts(
    kind=NoticeKind.INFORMATION_ASKED,
    now=NOW,
    recipient="alice@northwind.example",
    recipient_name="Alice Archer",
    message_id=f"<{REFERENCE}.0123456789abcdef@support.example>",
    reference=REFERENCE,
    case=CASE,
    event=QUESTION,
    asked=QUESTION,
    still_waits=True,
    plan=Plan(reminder_at=NOW, closes_at=NOW),
    answered=Answered(NOW, "<their.own@northwind.example>"),
    call=CallTold(NOW, "+14155550132", "", 34),
)
USUAL = ["From", "To", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References"]
OURS = [
    "X-Auto-Response-Suppress",
    "X-Intake-Installation",
    "X-Intake-Notice",
    "MIME-Version",
    "Content-Type",
]
WITHOUT_CASE = {NoticeKind.MAIL_NOT_LINKED, NoticeKind.CALLER_MESSAGE_FOR_ON_CALL}
HOSTILE = [
    "Hello\r\nBcc: victim@elsewhere.example",
    "Hello\nBcc: victim@elsewhere.example",
    "=?utf-8?q?Hello=0D=0ABcc:_victim@elsewhere.example?=",
    "=?utf-8?b?SGVsbG8NCkJjYzogdmljdGltQGVsc2V3aGVyZS5leGFtcGxlDQo=?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3FHello=3D0ABcc:_victim@elsewhere.example=3F=3D?=",
    "\u2028Bcc: victim@elsewhere.example\x85\x0b\x0c\x1c",
    "a\x00b\x1b[31m\ud800",
    '"><script>alert(1)</script> {{ 7 * 7 }} {% raw %}',
    "x" * 5000,
    "ü😀" * 2500,
]


def sent(facts: NoticeFacts):
    return parsed(serialised(compose(facts, SETTINGS)))


def names_in(raw: bytes) -> list[str]:
    return BytesHeaderParser(policy=policy.compat32).parsebytes(raw).keys()


def decoded_field(head: bytes, name: str) -> str:
    """Return a header field as RFC 2047 reads it: adjacent encoded words belong together."""
    field = BytesHeaderParser(policy=policy.compat32).parsebytes(head)[name]
    return " ".join(str(make_header(decode_header(field))).split())


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_notice_has_its_template_and_says_the_same_in_text_and_in_html(kind):
    mail = sent(replace(FACTS, kind=kind))
    text = text_of(mail)
    assert shown_words(html_of(mail)) == text.split()
    assert '<html lang="en">' in html_of(mail)
    assert "<h1" in html_of(mail)
    assert "None" not in text


@pytest.mark.parametrize("kind", sorted(set(NoticeKind) - WITHOUT_CASE))
def test_every_mail_of_a_case_can_be_answered(kind):
    """E2 N6: the Reference ID stands in the text, the HTML, and the fields that a reply repeats."""
    mail = sent(replace(FACTS, kind=kind))
    lines = mail.get_body(("plain",)).get_content().splitlines()
    assert lines[:3] == [
        "-- Please reply above this line --",
        f"Reference ID: {REFERENCE} (please keep this line)",
        "",
    ]
    assert f"Reference ID: {REFERENCE} (please keep this line)" in html_of(mail)
    assert mail["Subject"].endswith(f"[{REFERENCE}]")
    assert "0000000001" in mail["Subject"]
    assert "The switch is down" in mail["Subject"]
    assert mail["Reply-To"] == f"support+{REFERENCE}@support.example"
    assert mail["Message-ID"] == FACTS.message_id
    assert REFERENCE in mail["References"]


@pytest.mark.parametrize("kind", NoticeKind)
def test_only_what_no_person_caused_says_that_it_is_automatic(kind):
    """RFC 3834: answers are auto-replied, the others auto-generated."""
    mail = sent(replace(FACTS, kind=kind))
    expected = "auto-replied" if kind in FOR_SENDERS else "auto-generated" if kind in AUTOMATIC else None
    assert mail["Auto-Submitted"] == expected
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert (mail["X-Intake-Installation"], mail["X-Intake-Notice"]) == ("T1", kind)


def test_all_mails_of_a_case_to_a_person_are_one_conversation():
    root = f"<{REFERENCE}.thread@support.example>"
    unanswered = replace(FACTS, answered=None)
    for kind in (NoticeKind.CASE_OPENED, NoticeKind.CLOSED):
        mail = sent(replace(unanswered, kind=kind))
        assert (mail["In-Reply-To"], mail["References"]) == (root, root)
    answer = sent(FACTS)
    assert answer["In-Reply-To"] == "<their.own@northwind.example>"
    assert answer["References"] == f"{root} <their.own@northwind.example>"


def test_a_mail_without_a_case_has_no_reference_id():
    alone = replace(FACTS, kind=NoticeKind.MAIL_NOT_LINKED, reference="", case=None, event=None, asked=None)
    mail = sent(alone)
    assert mail["Reply-To"] is None
    assert mail["References"] == mail["In-Reply-To"] == "<their.own@northwind.example>"
    assert "Please reply above" not in text_of(mail)
    assert sent(replace(alone, answered=Answered(NOW, "")))["References"] is None


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_no_foreign_string_becomes_a_header_field(hostile):
    """CVE-2024-6923, CVE-2026-1299."""
    case = replace(CASE, subject=hostile, contact_name=hostile, owner_name=hostile, company=hostile)
    said = replace(QUESTION, by=hostile, text=hostile)
    facts = replace(FACTS, recipient_name=hostile, case=case, event=said, asked=said, files=(hostile,))
    raw = serialised(compose(facts, SETTINGS))
    assert names_in(raw) == USUAL + OURS
    assert str(make_header(decode_header(parsed(raw)["Subject"]))).endswith(f"[{REFERENCE}]")


def test_the_read_back_catches_what_the_cleaning_would_let_through():
    """With the cleaning taken away, the mail is refused and not sent."""
    message = compose(FACTS, SETTINGS)

    class Injecting(policy.EmailPolicy):
        def fold_binary(self, name, value):
            return super().fold_binary(name, value) + (
                b"Bcc: v@elsewhere.example\r\n" if name == "Date" else b""
            )

    message.policy = Injecting(linesep="\r\n")
    with pytest.raises(HeadersAreNotAsIntended, match="Bcc"):
        serialised(message)


def test_lines_that_no_mail_host_must_take_are_refused():
    message = compose(FACTS, SETTINGS)
    message.get_body(("plain",)).set_payload("x" * 999)
    with pytest.raises(LinesAreNotAllowed, match="998"):
        serialised(message)


@given(subject=st.text(max_size=400), name=st.text(max_size=150), text=st.text(max_size=2000))
@hypothesis_settings(deadline=None, max_examples=150)
def test_whatever_people_write_the_mail_is_well_formed(subject, name, text):
    """Outgoing: CRLF only, lines of at most 998, ASCII, encoded words of at most 75, the fields as intended."""
    case = replace(CASE, subject=subject)
    said = replace(QUESTION, by=name, text=text)
    facts = replace(FACTS, recipient_name=name, case=case, event=said)
    raw = serialised(compose(facts, SETTINGS))
    assert names_in(raw) == USUAL + OURS
    assert raw.isascii()
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    head = raw.partition(b"\r\n\r\n")[0]
    assert all(len(word) <= 75 for word in re.findall(rb"=\?.*?\?=", head))
    assert parsed(raw)["To"].addresses[0].addr_spec == FACTS.recipient
    expected = f"Case 0000000001 needs information from you: {one_line(subject, 150)}".removesuffix(": ")
    assert decoded_field(head, "Subject") == f"{expected} [{REFERENCE}]"
    if not one_line(name, 100).isascii():
        assert decoded_field(head, "To") == f"{one_line(name, 100)} <{FACTS.recipient}>"
    body = BytesParser(policy=policy.default).parsebytes(raw).get_body(("plain",)).get_content()
    assert many_lines(text) in body.replace("\r\n", "\n")


def test_the_same_notice_gives_the_same_bytes():
    """I9: a resend can be recognised."""
    assert serialised(compose(FACTS, SETTINGS)) == serialised(compose(FACTS, SETTINGS))


@pytest.mark.parametrize(
    "address",
    [
        "a@b\r\nBcc: v@e.example",
        "a b@c.example",
        "<a@b.example>",
        "@b.example",
        "a@",
        "=?utf-8?q?a=0A?=@b.example",
        "ü@b.example",
    ],
)
def test_an_odd_address_gets_no_mail(address):
    with pytest.raises(AddressIsUnusable):
        compose(replace(FACTS, recipient=address), SETTINGS)


@pytest.mark.parametrize(
    ("text", "is_safe"),
    [
        ("<a.b@c.example>", True),
        ("a.b@c.example", False),
        ("<a b@c.example>", False),
        ("<a@b>\r\n <c@d>", False),
        ("<=?utf-8?q?a?=@b>", False),
        (f"<{'a' * 500}@b>", False),
    ],
)
def test_only_a_plain_message_id_is_repeated(text, is_safe):
    assert is_plain_message_id(text) is is_safe


def test_html_shows_what_people_wrote_as_they_wrote_it():
    said = replace(QUESTION, text="<b>bold</b> & \n  indented {{ 1 }}")
    page = html_of(sent(replace(FACTS, event=said)))
    assert "&lt;b&gt;bold&lt;/b&gt; &amp;<br>  indented {{ 1 }}" in page
    assert "<img" not in page


@pytest.mark.parametrize("kind", NoticeKind)
def test_of_a_very_long_text_its_beginning_is_told_and_where_the_rest_is(kind):
    """What a smart host would refuse for its size reaches nobody."""
    said = replace(QUESTION, text="It blinks red.\n" + "a line of a log\n" * 1_000_000)
    began = time.monotonic()
    raw = serialised(compose(replace(FACTS, kind=kind, event=said, asked=said), SETTINGS))
    assert time.monotonic() - began < 2
    assert len(raw) < 300 * 1024
    told = [text_of(parsed(raw)), " ".join(shown_words(html_of(parsed(raw))))]
    repeats = kind not in FOR_SENDERS | {NoticeKind.TRIAGE_ANSWER, NoticeKind.CALLER_MESSAGE_FOR_ON_CALL}
    assert all(("The rest is in the case." in words) is repeats for words in told)


def test_of_many_refused_files_the_first_are_named_and_the_others_counted():
    """E4: a hostile mail has a thousand."""
    refused = tuple(f"{number}.exe: files that end in .exe are not taken" for number in range(40))
    mail = sent(replace(FACTS, kind=NoticeKind.ATTACHMENT_REFUSED, refused=refused))
    text = text_of(mail)
    assert "Not kept: - 0.exe: files that end in .exe are not taken - 1.exe" in text
    assert "- and 10 more" in text
    assert "30.exe" not in text
    assert shown_words(html_of(mail)) == text.split()


def test_a_text_that_fits_is_told_whole():
    said = replace(QUESTION, text="x" * LONGEST_TOLD)
    text = text_of(sent(replace(FACTS, event=said)))
    assert said.text in text
    assert "The rest" not in text


@pytest.mark.parametrize(
    ("wrong", "named"),
    [({"mail_from": "Support"}, "mail_from"), ({"case_url": "https://support.example/"}, "case_url")],
)
def test_settings_that_no_mail_could_be_sent_with_are_refused(wrong, named):
    with pytest.raises(BadInput, match=named):
        replace(SETTINGS, **wrong)
