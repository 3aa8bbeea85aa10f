"""What a mail says that may name a case, and its decision log in words."""

from __future__ import annotations

import random
import time
from email.message import EmailMessage

from hypothesis import given
from hypothesis import strategies as st

from core.identifiers import ReferenceMint
from email_in.explained import explained
from email_in.hints import hints_of
from email_in.message import read_mail

MINT = ReferenceMint("T1", b"test reference key")
TOKEN = MINT.mint(random.Random(7))


def hints(mail):
    return hints_of(read_mail(mail if isinstance(mail, bytes) else mail.as_bytes()), MINT.find)


def written(text="Hello", subject="Help"):
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "sam@elsewhere.example", subject
    mail.set_content(text)
    return mail


def test_rows_of_ten_digits_are_hints_where_they_stand():
    """E2: a hint, and no link."""
    found = hints(written("See 0000000002, 00000000033 and 0000000002.", "Case 0000000001"))
    assert found.numbers_in_subject == ("0000000001",)
    assert found.numbers_in_text == ("0000000002",)


def test_a_reference_id_in_an_attached_mail_is_a_hint():
    """E2: in its text, its subject or its threading fields."""
    for old in (written(f"Reference ID: {TOKEN}"), written(subject=f"[{TOKEN}]"), written()):
        if TOKEN not in old.as_string():
            old["Message-ID"] = f"<{TOKEN}.0123@support.example>"
        mail = written()
        mail.add_attachment(old)
        assert hints(mail).attached == (TOKEN,)


def test_a_reference_id_in_an_attached_text_is_a_hint():
    """E2."""
    mail = written()
    mail.add_attachment(f"Reference ID: {TOKEN}", filename="old.txt")
    assert hints(mail).attached == (TOKEN,)


def test_a_reference_id_of_the_mail_itself_is_no_hint():
    """E2: it is what links."""
    assert hints(written(TOKEN)).attached == ()


def test_a_mail_full_of_hints_gives_a_few_in_little_time():
    """I17."""
    mail = written(" ".join(f"{number:010d}" for number in range(100_000)))
    for _file in range(20):
        mail.add_attachment(written(f"{TOKEN[:-1]} " * 20_000))
    raw = mail.as_bytes()
    began = time.process_time()
    found = hints(raw)
    assert time.process_time() - began < 5
    assert len(found.numbers_in_text) == 10


@given(st.binary(max_size=500))
def test_any_bytes_have_hints_or_none(raw):
    """I17: no exception escapes."""
    hints(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + raw
    )


LOG = {
    "author": "person: no sign of a machine",
    "sender": "bob@northwind.example",
    "proof": "none",
    "references": {TOKEN: ["subject", "text"]},
    "cases": [1],
    "defects": ["doubtful From"],
    "decided": "not-designated",
    "rule": "A3",
}


def test_a_decision_log_is_told_in_sentences_what_decided_first():
    """DESIGN 6: a mail explains itself."""
    assert explained(LOG) == [
        "Decided by the row 'not-designated' (A3).",
        "Written by: person (no sign of a machine).",
        "Its sender is bob@northwind.example; nothing proves it or speaks against it.",
        f"Reference IDs found: {TOKEN} in subject, text.",
        "Wrong with its form: doubtful From.",
    ]


def test_what_is_not_known_of_a_log_is_told_by_its_name():
    """A log of another version is shown whole."""
    told = explained({"decided": "x", "took": {"reading": 3, "deciding": [1, 2]}, "nothing": None})
    assert told[-1] == "Took: reading 3, deciding 1, 2."
    assert explained(None) == []


def test_a_log_says_what_is_wrong_with_references():
    """E2."""
    assert "They were never given out." in explained(LOG | {"cases": []})
    assert "They belong to 2 different cases." in explained(LOG | {"cases": [1, 2]})
    assert "No Reference ID was found in it." in explained(LOG | {"references": {}, "cases": []})
    assert "It does not say clearly who wrote it." in explained(LOG | {"sender": None})
