"""A mail as its sender meant it."""

import time
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from email_in.file_names import file_name
from email_in.headers import DOUBTFUL_FROM, Mailbox
from email_in.machine import written_by
from email_in.message import InboundMail, read_mail
from email_in.quoting import own_words


def multipart(kind: str, *parts: str) -> bytes:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary=b\n\n{body}--b--\n".encode()


PLAIN = "Content-Type: text/plain\n\nplain words"
HTML = "Content-Type: text/html\n\n<p>rich words</p>"
EMPTY = "Content-Type: text/plain\n\n \n"
FILE = 'Content-Type: text/csv\nContent-Disposition: attachment; filename="a.csv"\n\n1,2'
IMAGE = "Content-Type: image/png\nContent-Disposition: inline\nContent-Transfer-Encoding: base64\n\niVBO"
ATTACHED_MAIL = "Content-Type: message/rfc822\n\nSubject: old\n\nold words"


def test_the_headers_are_told_as_text():
    mail = read_mail(
        b"From: =?utf-8?Q?=C3=84nn?= <ann@example.com>\nReply-To: evil@example.net\nsubject: =?utf-8?Q?caf=C3=A9?=\n"
        b"Message-Id: <1@example.com>\nIn-Reply-To: <0@example.com>\nReferences: <a@b>\n <c@d>\n\nhello"
    )
    assert mail.senders == (Mailbox("Änn", "ann@example.com"),)
    assert mail.subject == "café"
    assert mail.message_id == "<1@example.com>"
    assert mail.in_reply_to == "<0@example.com>"
    assert mail.references == "<a@b> <c@d>"
    assert mail.text == "hello"
    assert mail.defects == ()


def test_header_names_have_no_case_and_values_may_be_many():
    headers = read_mail(b"X-A: 1\nx-a: 2\n\n").headers
    assert headers.every("X-a") == ("1", "2")
    assert headers.first("x-A") == "1"
    assert headers.first("X-B", "none") == "none"


def test_a_mail_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        read_mail(b"").text = "x"  # type: ignore[misc]


SHOWN = [
    ("a plain part", multipart("mixed", PLAIN), "plain words"),
    ("all parts in order", multipart("mixed", PLAIN, HTML), "plain words\nrich words"),
    ("the plain alternative", multipart("alternative", PLAIN, HTML), "plain words"),
    ("the other alternative when the plain one is empty", multipart("alternative", EMPTY, HTML), "rich words"),
    ("html alone", b"Content-Type: text/html\n\n<p>rich words</p>", "rich words"),
    ("the root of a compound", multipart("related", HTML, IMAGE), "rich words"),
    ("no attached file", multipart("mixed", PLAIN, FILE), "plain words"),
    ("no attached mail", multipart("mixed", PLAIN, ATTACHED_MAIL), "plain words"),
    ("an unknown kind of text", b"Content-Type: text/markdown\n\n*words*", "*words*"),
    ("a nonsense type", b"Content-Type: nonsense\n\nwords", "words"),
    ("an encoded part", b"Content-Transfer-Encoding: quoted-printable\n\n=C3=A9", "é"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "text"), [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN])
def test_the_text_is(raw, text):
    assert read_mail(raw).text == text


def test_the_html_of_an_alternative_is_kept_for_the_reference_search():
    assert read_mail(multipart("alternative", PLAIN, HTML)).html == "<p>rich words</p>"


def test_files_are_attachments():
    (file,) = read_mail(multipart("mixed", PLAIN, FILE)).attachments
    assert (file.name, file.content_type, file.content, file.inline) == ("a.csv", "text/csv", b"1,2", False)


def test_a_picture_among_the_text_is_inline():
    (picture,) = read_mail(multipart("related", HTML, IMAGE)).attachments
    assert (picture.name, picture.inline) == ("image.png", True)


def picture(size, *fields):
    head = "".join(f"{field}\n" for field in ("Content-Type: image/png", *fields))
    return f"{head}\n" + "x" * size


SMALL, LARGE = 1_000, 100_000
SHOWN_FILES = [
    ("a logo", picture(SMALL, "Content-Disposition: inline"), True),
    ("a photograph that a telephone calls inline", picture(LARGE, "Content-Disposition: inline"), False),
    ("a picture that the text refers to", picture(LARGE, "Content-ID: <a@x>"), True),
    ("the same, called an attachment", picture(LARGE, "Content-ID: <a@x>", "Content-Disposition: attachment"), True),
    ("a picture that no text refers to", picture(LARGE, "Content-ID: <b@x>"), False),
    ("an attached picture", picture(SMALL, "Content-Disposition: attachment"), False),
    ("a document that is called inline", "Content-Type: application/pdf\nContent-Disposition: inline\n\nx", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("part", "inline"), [row[1:] for row in SHOWN_FILES], ids=[row[0] for row in SHOWN_FILES]
)
def test_a_file_is_inline_where_the_mail_shows_it_among_its_text(part, inline):
    """E4: a signature's logo is no evidence, and a photograph is."""
    shows = 'Content-Type: text/html\n\n<p>See <img src="cid:a%40x"></p>'
    (file,) = read_mail(multipart("mixed", shows, part)).attachments
    assert file.inline is inline


def test_the_text_that_apple_mail_puts_after_a_file_is_shown_in_its_place():
    """E4: all that the sender wrote, in order."""
    pdf = "Content-Type: application/pdf; name=a.pdf\nContent-Disposition: inline; filename=a.pdf\n\n%PDF"
    after = "Content-Type: text/plain\n\nwords below it"
    mail = read_mail(multipart("mixed", PLAIN, pdf, after, FILE, after))
    assert mail.text == "plain words\nwords below it\nwords below it"
    assert [file.name for file in mail.attachments] == ["a.pdf", "a.csv"]


def test_an_attached_mail_is_one_closed_attachment():
    (attached,) = read_mail(multipart("mixed", PLAIN, ATTACHED_MAIL)).attachments
    assert (attached.name, attached.content) == ("message.eml", b"Subject: old\n\nold words")


def test_a_report_tells_people_and_machines_apart():
    mail = read_mail(
        multipart("report", PLAIN, "Content-Type: message/delivery-status\n\nAction: failed", ATTACHED_MAIL)
    )
    assert mail.text == "plain words"
    assert mail.report_parts == ("Action: failed", "Subject: old\n\nold words")
    assert mail.attachments == ()


@pytest.mark.parametrize(
    ("given_name", "content_type", "name"),
    [
        ("a.txt", "text/plain", "a.txt"),
        ("../../etc/passwd", "text/plain", "passwd"),
        ("C:\\dir\\a.txt", "text/plain", "a.txt"),
        ("a\r\nb\0.txt", "text/plain", "ab.txt"),
        ("in\u202efdp.exe", "text/plain", "infdp.exe"),
        ("..", "text/plain", "text.txt"),
        ("", "image/png", "image.png"),
        ("", "application/strange", "attachment"),
        ('a<b>:"c".txt', "text/plain", "a_b___c_.txt"),
        ("x" * 200 + ".pdf", "application/pdf", "x" * 146 + ".pdf"),
        ("x" * 200, "application/pdf", "x" * 150),
        ("a." + "x" * 200, "application/pdf", "a." + "x" * 148),
    ],
)
def test_names_of_attachments_are_safe(given_name, content_type, name):
    assert file_name(given_name, content_type) == name


def test_a_mail_without_from_is_doubtful_and_has_no_senders():
    mail = read_mail(b"\n\nx")
    assert mail.senders == ()
    assert mail.defects == (DOUBTFUL_FROM,)


HEADER_LINES = st.sampled_from(
    [
        b"From: a@example.com",
        b"From: a <b@c> (",
        b"Content-Type: multipart/alternative; boundary=b",
        b"Content-Type: multipart/related; start=x; boundary*0=b",
        b"Content-Type: multipart/report; boundary=b; report-type*=x'y'z",
        b"Content-Type: text/html; charset=utf-7",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: x-uuencode",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Disposition: attachment; filename*0*=x'y'%zz; filename*9=\xff",
        b"Subject: =?utf-8?B?\xff?= =?x?q?=f?=",
        b"Auto-Submitted: x",
        b" folded",
        b"",
        b"--b",
        b"--b--",
        b"<p>\xff&#99;",
        b"From x",
        b": no name",
    ]
)


@given(st.binary() | st.lists(HEADER_LINES | st.binary(max_size=20), max_size=20).map(b"\n".join))
@example(b"\r")
@example(b"From \n: x\n\n")
def test_any_bytes_are_read_and_judged(raw):
    mail = read_mail(raw)
    assert isinstance(mail, InboundMail)
    assert all("\0" not in text for text in (mail.text, mail.html, mail.subject))
    parted = own_words(mail.text)
    assert parted.own.split() + parted.quoted.split() == mail.text.split()
    assert written_by(mail, "a@example.com", "AB").why


def nested(depth: int) -> bytes:
    levels = (
        f"Content-Type: multipart/mixed; boundary={level:0199d}\n\n--{level:0199d}\n"
        for level in range(depth)
    )
    return "".join(levels).encode() + b"\ndeep"


def siblings(count: int) -> bytes:
    one = b"--b\nContent-Type: multipart/mixed; boundary=%d\n\n--%d\n\nx\n--%d--\n"
    return b"Content-Type: multipart/mixed; boundary=b\n\n" + b"".join(one % (n, n, n) for n in range(count))


def deep_siblings() -> bytes:
    levels = b"".join(
        b"Content-Type: multipart/mixed; boundary=%0199d\n\n--%0199d\n" % (n, n) for n in range(18)
    )
    one = b"Content-Type: multipart/mixed; boundary=%0199d\n\n--%0199d\n\nx\n--%0199d--\n--%0199d\n"
    return levels + b"".join(one % (n, n, n, 17) for n in range(1_000, 2_000))


HOSTILE = {
    "1,500 nested parts": nested(1_500),
    "1,500 nested parts that all end": nested(1_500) + b"\n".join(b"--%0199d--" % n for n in range(1_500)),
    "multiparts side by side": siblings(1_500),
    "multiparts side by side in the depth": deep_siblings(),
    "48 kB of ( in From": b"From: " + b"(" * 48_000 + b"\n\nx",
    'quotation marks in From': b"From: " + b'"\\' * 24_000 + b"\n\nx",
    "16 kB of < in every From": (b"From: " + b"<" * 16_000 + b"\n") * 8 + b"\nx",
    "200 kB of >": b"Subject: x\n\n" + b">" * 200_000,
    "400 KiB of encoded words": b"Subject: " + b"=?utf-8?Q?=C3=A9?= " * 20_500 + b"\n\nx",
    "400 KiB of encoded words in many headers": b"Subject: =?utf-8?Q?=C3=A9?=\n" * 14_600 + b"\nx",
    "185 KiB of parameters": b"Content-Type: text/plain" + b"; a*0*=x" * 23_000 + b"\n\nx",
    "a single line of 1 MB": b"Subject: x\n\n" + b"x" * 1_000_000,
    "1 MB of empty lines": b"Subject: x\n\n" + b"\n" * 1_000_000,
    "1 MB of boundary lines": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 250_000,
    "1 MB of almost boundary lines": nested(19) + b"\n--0" * 250_000,
    "1 MB of header lines": b"a:\n" * 350_000,
    "1 MB of headers in the parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\na:\nb:\nc:\n" * 80_000,
    "1 MB of folded lines": b"Subject:" + b"\n x" * 350_000,
    "1 MB of open tags": b"Content-Type: text/html\n\n" + b"<a " * 350_000,
    "1 MB of quotes in html": b"Content-Type: text/html\n\n" + b"<blockquote>x" * 80_000,
    "1 MB of broken base64": b"Content-Transfer-Encoding: base64\n\n" + b"=A" * 500_000,
    "1 MB of punycode": b"Content-Type: text/plain; charset=punycode\n\n" + b"a-9" * 350_000,
    "1 MB of = signs": b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * 1_000_000,
}  # fmt: skip


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_mail_is_read_parted_and_judged_in_linear_time(raw):
    begin = time.process_time()
    mail = read_mail(raw)
    own_words(mail.text)
    written_by(mail, "a@example.com", "AB")
    assert time.process_time() - begin < 2


@pytest.mark.parametrize("bomb", ["<a ", "<td>x</td>"])
@pytest.mark.parametrize("parts", [1, 200])
@pytest.mark.timeout(10)
def test_a_mail_of_20_mb_of_html_is_cut_and_says_so(bomb, parts):
    """Its bytes are kept in the inbox; an analyst sees that more was sent."""
    one = bomb * (20_000_000 // len(bomb) // parts)
    pieces = "".join(f"--b\nContent-Type: text/html\n\nThe top.\n{one}\n" for _part in range(parts))
    raw = f"Content-Type: multipart/mixed; boundary=b\n\n{pieces}--b--\n".encode()
    begun = time.process_time()
    mail = read_mail(raw)
    assert time.process_time() - begun < 3
    assert mail.text.startswith("The top.")
    assert "is kept whole" in mail.text
    assert "HTML of more than 524288 characters" in mail.defects


def test_html_of_a_common_length_is_not_cut():
    """A long thread is shown whole."""
    mail = read_mail(b"Content-Type: text/html\n\n" + b"<p>and so on</p>" * 25_000 + b"<p>The end.</p>")
    assert mail.text.endswith("The end.")
    assert mail.defects == (DOUBTFUL_FROM,)
