"""The parts of a mail, found within bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_in import charset, mime
from email_in.headers import DOUBTFUL_FROM, Mailbox, decode_words, mailboxes, senders


def mail(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


def leaves(part):
    return [leaf for child in part.children for leaf in leaves(child)] if part.is_multipart else [part]


MIXED = mail(
    "Content-Type: multipart/mixed; boundary=out",
    "",
    "preamble",
    "--out",
    "Content-Type: multipart/alternative; boundary=in",
    "",
    "--in",
    "",
    "plain",
    "--in",
    "Content-Type: text/html",
    "",
    "<p>rich</p>",
    "--in--",
    "--out",
    "Content-Type: application/pdf",
    "Content-Transfer-Encoding: base64",
    "Content-Disposition: attachment; filename=a.pdf",
    "",
    "JVBERi0=",
    "--out--",
    "epilogue",
)


def test_a_tree_is_taken_apart_in_order():
    parts = leaves(mime.walk(MIXED).root)
    assert [(part.content_type, part.content) for part in parts] == [
        ("text/plain", b"plain"),
        ("text/html", b"<p>rich</p>"),
        ("application/pdf", b"%PDF-"),
    ]


def test_a_sound_tree_has_no_defects():
    assert mime.walk(MIXED).defects == ()


def test_plain_line_feeds_end_lines_too():
    assert leaves(mime.walk(MIXED.replace(b"\r\n", b"\n")).root)[0].content == b"plain"


def test_the_boundary_of_the_outer_part_ends_the_inner_one():
    parts = leaves(mime.walk(MIXED.replace(b"--in--\r\n", b"")).root)
    assert [part.content_type for part in parts] == ["text/plain", "text/html", "application/pdf"]


def test_an_attached_mail_stays_closed():
    raw = mail(
        "Content-Type: multipart/mixed; boundary=b",
        "",
        "--b",
        "Content-Type: message/rfc822",
        "",
        "Content-Type: multipart/mixed; boundary=c",
        "",
        "--c",
        "",
        "inside",
        "--c--",
        "--b--",
    )
    (attached,) = leaves(mime.walk(raw).root)
    assert attached.content_type == "message/rfc822"
    assert b"--c--" in attached.content


def test_a_space_before_the_colon_of_a_field_is_taken():
    assert mime.walk(b"Subject : a\nFrom\t: b@example.com\n\nx").root.headers.every("from") == (
        "b@example.com",
    )


def test_a_multipart_with_broken_parts_is_still_declared_as_one():
    assert mime.walk(b"Content-Type: multipart/report; boundary=b\n\nx").content_type == "multipart/report"


def test_a_mail_without_headers_is_all_text():
    assert (
        mime.walk(b"Hello there\nsecond line\n\nthird").root.content == b"Hello there\nsecond line\n\nthird"
    )


def nested(depth: int) -> bytes:
    blocks = [
        f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n" for level in range(depth)
    ]
    return "".join(blocks).encode() + b"\r\ndeep"


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        (nested(30), "parts nested deeper than 20"),
        (
            b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 1_500 + b"--b--",
            "more than 1000 parts",
        ),
        (b"X: y\n" * 1_500 + b"\nx", "more than 1000 headers"),
        (b"X: " + b"y" * 20_000 + b"\n\nx", "header over 16384 characters"),
        (b"X: yyyyyyyyyyyyyyy\n" * 10_000 + b"\nx", "header section over 131072 octets"),
        (b"Content-Type: multipart/mixed\n\nx", "multipart without a usable boundary"),
        (b"Content-Type: multipart/mixed; boundary=b\n\nx", "multipart without parts"),
        (b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx", "multipart without its last boundary"),
        (b"Subject: a\nno header\n\nx", "header section without an end"),
    ],
)
def test_what_is_beyond_a_bound_is_a_defect(raw, defect):
    assert defect in mime.walk(raw).defects


def test_the_text_of_a_multipart_without_parts_is_kept():
    assert mime.walk(b"Content-Type: multipart/mixed; boundary=b\n\nhello").root.content == b"hello"


@pytest.mark.parametrize("field", [b"X: yyyyyyyyyyyyyyy\n", b"Long-Name-Of-Field: y\n"])
def test_the_body_behind_too_many_headers_is_still_the_body(field):
    assert mime.walk(field * 10_000 + b"\nbody").root.content == b"body"


@pytest.mark.parametrize(
    ("encoding", "body", "content"),
    [
        ("base64", b"aGVs bG8", b"hello"),
        ("base64", b"aGVsbG8=\n!!", b"hello"),
        ("base64", b"aGVsb", b"hel"),
        ("quoted-printable", b"h=65llo=\n you=ZZ", b"hello you=ZZ"),
        ("7bit", b"hello", b"hello"),
        ("strange", b"hello", b"hello"),
        ("x-uuencode", b"begin 644 a\n%:&5L;&\\\n`\nend", b"hello"),
    ],
)
def test_transfer_encodings_are_undone(encoding, body, content):
    raw = f"Content-Transfer-Encoding: {encoding}\n\n".encode() + body
    assert mime.walk(raw).root.content == content


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ('attachment; filename="a \\"b\\".txt"', 'a "b".txt'),
        ("attachment; filename=plain.txt", "plain.txt"),
        ("attachment; filename*=utf-8'de'%C3%BCber.txt", "über.txt"),
        ("attachment; filename*0*=utf-8''%C3%BC; filename*1=b; filename*2=er.txt", "über.txt"),
        ('attachment; filename="=?utf-8?Q?=C3=BCber.txt?="', "über.txt"),
        ('attachment; filename="never closed.txt', "never closed.txt"),
    ],
)
def test_file_names_are_read_in_every_form(value, name):
    assert mime.walk(f"Content-Disposition: {value}\n\nx".encode()).root.file_name == name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?Q?caf=C3=A9?= ole", "café ole"),
        ("=?utf-8?B?w6k=?= =?utf-8?B?w6k=?=", "éé"),
        ("=?utf-8?Q?=C3?= =?utf-8?Q?=A9?=", "é"),
        ("=?iso-8859-1?q?=E9?= =?utf-8?q?=C3=A9?=", "éé"),
        ("=?utf-8?Q?a=0D=0ABcc:_x@y?=", "a  Bcc: x@y"),
        ("caf\udcc3\udca9", "café"),
        ("caf\udce9", "café"),
        ("再起動してください".encode("euc_jp").decode("utf-8", "surrogateescape"), "再起動してください"),
        ("再起動してください".encode("iso2022_jp").decode(), "再起動してください"),
        ("=?nonsense?Q?x?=", "x"),
        ("=?broken", "=?broken"),
    ],
)
def test_header_values_become_one_line_of_text(value, text):
    assert decode_words(value) == text


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("ann@example.com", [("", "ann@example.com")]),
        ("Ann <ann@example.com>", [("Ann", "ann@example.com")]),
        ('"Ann, of B" <ann@example.com>', [("Ann, of B", "ann@example.com")]),
        ("ann@example.com (Ann)", [("Ann", "ann@example.com")]),
        ("=?utf-8?Q?=C3=84nn?= <ann@example.com>", [("Änn", "ann@example.com")]),
    ],
)
def test_a_clear_from_is_read_without_doubt(value, found):
    assert senders((value,)) == (tuple(Mailbox(*one) for one in found), ())


@pytest.mark.parametrize(
    "value",
    [
        "vip@example.com <evil@example.net>",
        "Ann <a@b@example.com>",
        "Ann <ann@example.com> <evil@example.net>",
        "Ann <ann@example.com",
        "friends: ann@example.com;",
        "<ann@example.com> evil",
        '"ann@example.com" "<x> <evil@example.net>',
        "a@example.com\\,b@example.com",
        "(" * 48_000,
        "x" * 2_000 + " <ann@example.com>",
    ],
)
def test_a_from_with_two_readings_is_doubtful(value):
    assert senders((value,))[1] == (DOUBTFUL_FROM,)


def test_two_from_fields_are_doubtful():
    assert senders(("ann@example.com", "bob@example.com"))[1] == (DOUBTFUL_FROM,)


@given(st.lists(st.text(alphabet='ab@<>(),"\\;: .', max_size=60), max_size=3))
def test_every_address_that_is_read_has_one_at_sign(values):
    assert all(mailbox.address.count("@") == 1 for mailbox in mailboxes(values))


@pytest.mark.parametrize(
    ("content", "declared", "text"),
    [
        ("漢字".encode("gb18030"), "gb2312", "漢字"),
        (b"\x93hi\x94", "iso-8859-1", "“hi”"),
        ("漢字".encode("iso2022_jp"), "", "漢字"),
        ("漢字".encode("iso2022_jp"), "us-ascii", "漢字"),
        ("wörter".encode("iso2022_jp_ext"), "", "wörter"),
        ("Grüße aus Łódź".encode("utf-16le"), "", "Grüße aus Łódź"),
        ("Grüße aus Łódź".encode("utf-16be"), "", "Grüße aus Łódź"),
        ("Grüße aus Łódź".encode("utf-16"), "", "Grüße aus Łódź"),
        ("é".encode(), "", "é"),
        (b"\xe9", "", "é"),
        (b"\xe9", "utf-8", "é"),
        (b"\x81\xe9", "", "\x81é"),
        ("漢字".encode("iso2022_jp"), "iso-8859-1", "漢字"),
        ("漢字".encode("iso2022_jp"), "utf-8", "漢字"),
        (b"\x1b$B\x2d\x21\x24\x22\x1b(B", "iso-2022-jp", "①あ"),
        (b"\x1b$B\x2d\x21\x24\x22\x1b(B", "", "①あ"),
        ("スイッチが落ちています".encode("euc_jp"), "", "スイッチが落ちています"),
        ("スイッチが落ちています".encode("cp932"), "", "スイッチが落ちています"),
        ("스위치가 꺼졌습니다".encode("cp949"), "ks_c_5601-1987", "스위치가 꺼졌습니다"),
        ("Der Verstärker läuft größtenteils".encode("cp1252"), "", "Der Verstärker läuft größtenteils"),
        ("交换机坏了".encode("gbk"), "gb2312", "交换机坏了"),
        ("äöü".encode(), "iso-8859-1", "äöü"),
        (b"\x80 5", "us-ascii", "€ 5"),
        (b"+AOk-", "", "+AOk-"),
        (b"+AOk-", "utf-7", "é"),
        (b"a\0b", "utf-8", "ab"),
        (b"YWI=", "base64", "YWI="),
        (b"abc", "punycode", "abc"),
        (b"abc", "no such charset", "abc"),
    ],
)
def test_charsets_are_read_as_they_are_meant(content, declared, text):
    assert charset.decode(content, declared) == text


@given(
    st.binary(),
    st.sampled_from(["", "utf-8", "utf-7", "utf-16", "gb2312", "iso-2022-jp", "idna", "hz", "x\0"]),
)
def test_any_bytes_become_storable_text(content, declared):
    text = charset.decode(content, declared)
    assert "\0" not in text
    assert text.encode() is not None
