"""Mails in an envelope of their own: signed in one block, encrypted, or wrapped into a winmail.dat (E4)."""

from __future__ import annotations

import base64
import os
import struct
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_in.apart import FailedApart, done_apart
from email_in.message import read_mail
from email_in.signed_data import signed_content

INNER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe switch is d\xc3\xb6wn.\r\n"
SIGNED_DATA, DATA = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")
ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")
VERSION, ALGORITHMS = b"\x02\x01\x01", b"\x31\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"


def der(tag, *content):
    """An element of definite length."""
    joined = b"".join(content)
    size = len(joined)
    length = bytes([size]) if size < 128 else b"\x84" + size.to_bytes(4, "big")
    return bytes([tag]) + length + joined


def ber(tag, *content):
    """The same, of indefinite length."""
    return bytes([tag]) + b"\x80" + b"".join(content) + b"\0\0"


def signed(inner, wrap=der, octets=lambda inner: der(0x04, inner), oid=SIGNED_DATA):
    content = wrap(0x30, DATA, wrap(0xA0, octets(inner)))
    return wrap(0x30, oid, wrap(0xA0, wrap(0x30, VERSION, ALGORITHMS, content)))


def in_pieces(inner):
    return ber(0x24, *(der(0x04, inner[at : at + 7]) for at in range(0, len(inner), 7)))


def smime(block, kind="signed-data"):
    head = f"From: a@example.com\nContent-Type: application/pkcs7-mime; smime-type={kind}; name=smime.p7m\n"
    return head.encode() + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(block)


@pytest.mark.parametrize("block", [signed(INNER), signed(INNER, ber, in_pieces)], ids=["whole", "in pieces"])
def test_the_words_of_a_mail_that_was_signed_in_one_block_are_shown(block):
    """RFC 8551 3.5.2: no key is needed to read it; that nobody checked the signature is said."""
    mail = read_mail(smime(block))
    remark, words = mail.text.split("\n")
    assert words == "The switch is döwn."
    assert "the signature was not checked" in remark
    assert [file.name for file in mail.attachments] == ["smime.p7m"]


def test_a_file_inside_of_a_signed_block_is_a_file():
    inner = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee the log.\n--b\n"
    inner += b"Content-Disposition: attachment; filename=a.log\n\nINVITE\n--b--\n"
    mail = read_mail(smime(signed(inner)))
    assert mail.text.endswith("See the log.")
    assert [file.name for file in mail.attachments] == ["a.log", "smime.p7m"]


def test_only_one_envelope_of_a_mail_is_opened():
    """One that is signed a thousand times costs no more than one that is signed once."""
    block = INNER
    for _time in range(30):
        block = smime(signed(block))
    assert "The switch" not in read_mail(block).text


ENCRYPTED = {
    "S/MIME": smime(signed(INNER, oid=ENVELOPED_DATA), "enveloped-data"),
    "S/MIME, by its bytes only": smime(b"\x30\x80nonsense", "unknown"),
    "PGP/MIME": (
        b"Content-Type: multipart/encrypted; protocol=application/pgp-encrypted; boundary=b\n\n--b\n"
        b"Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\n"
        b"-----BEGIN PGP MESSAGE-----\n--b--\n"
    ),
    "PGP in the text": b"Subject: x\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n",
}


@pytest.mark.parametrize("raw", ENCRYPTED.values(), ids=ENCRYPTED.keys())
def test_of_an_encrypted_mail_is_said_that_it_cannot_be_read(raw):
    mail = read_mail(raw)
    assert mail.text.startswith("[This mail is encrypted with ")
    assert any(defect.startswith("encrypted with") for defect in mail.defects)


@given(st.binary(max_size=60), st.integers(0, 90))
def test_any_block_is_read_or_not(noise, at):
    block = signed(INNER, ber, in_pieces)
    signed_content(noise)
    signed_content(block[:at] + noise + block[at + 1 :])


def attribute(level, name, content):
    checksum = struct.pack("<H", sum(content) & 0xFFFF)
    return bytes([level]) + struct.pack("<II", name, len(content)) + content + checksum


def winmail(*files, body=b""):
    """A winmail.dat with these files, as Outlook makes it (MS-OXTNEF 2.1)."""
    parts = [struct.pack("<IH", 0x223E9F78, 1), attribute(1, 0x00069007, struct.pack("<II", 1252, 0))]
    parts += [attribute(1, 0x0002800C, body)] if body else []
    for name, content in files:
        parts += [
            attribute(2, 0x00069002, bytes(14)),
            attribute(2, 0x00018010, name.encode() + b"\0"),
            attribute(2, 0x0006800F, content),
        ]
    return b"".join(parts)


def outlook(content, text="Please see."):
    """A mail of Outlook's with a winmail.dat."""
    return (
        f"From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n{text}\n--b\n"
        "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n"
    ).encode() + base64.encodebytes(content) + b"--b--\n"  # fmt: skip


def test_the_files_of_a_winmail_are_files_of_the_mail():
    mail = read_mail(outlook(winmail(("trace.log", b"INVITE"), ("../a.png", b"\x89PNG")), "Please see."))
    assert [(file.name, file.content) for file in mail.attachments] == [
        ("trace.log", b"INVITE"),
        ("a.png", b"\x89PNG"),
    ]
    assert mail.text == "Please see."


def test_the_words_of_a_winmail_are_shown_where_the_mail_has_no_others():
    assert read_mail(outlook(winmail(body=b"Hello from Outlook"), text="")).text == "Hello from Outlook"


def bomb(count):
    """So many properties are announced, and none is there."""
    return winmail() + attribute(1, 0x00069003, struct.pack("<I", count))


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"nonsense", "Wrong TNEF signature"), (bomb(0xFFFFFFFF), "took too long")],
    ids=["nonsense", "a bomb"],
)
def test_a_winmail_that_cannot_be_opened_stays_a_file_and_that_is_said(content, why):
    """I17: the bomb is stopped after its time, and the mail is read."""
    began = time.process_time()
    mail = read_mail(outlook(content))
    assert time.process_time() - began < 1
    assert [file.name for file in mail.attachments] == ["winmail.dat"]
    assert why in mail.text
    assert mail.text.endswith("Please see.")


def test_without_the_extra_a_winmail_stays_a_file_and_that_is_said():
    """It is LGPL, and left out where that is not wanted."""
    program = (
        "import sys; sys.modules['tnefparse'] = None\n"
        "from email_in.message import read_mail\n"
        "mail = read_mail(sys.stdin.buffer.read())\n"
        "print(mail.text, mail.attachments[0].name)"
    )
    given_mail = outlook(winmail(("trace.log", b"INVITE")))
    said = subprocess.run([sys.executable, "-c", program], input=given_mail, capture_output=True, check=True)
    assert b"without its extra `tnef`" in said.stdout
    assert said.stdout.endswith(b"winmail.dat" + os.linesep.encode())


def test_what_fails_apart_says_why():
    with pytest.raises(FailedApart, match="No module named"):
        done_apart("email_in.no_such_module", b"", 5)
