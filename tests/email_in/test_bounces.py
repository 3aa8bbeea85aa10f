"""Delivery reports, read: who was not reached, why, and whether that will pass (E7, RFC 3464, RFC 3463)."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_in import bounces
from email_in.bounces import Verdict
from email_in.message import read_mail

HARD, SOFT, DELAYED, DELIVERED = Verdict.HARD, Verdict.SOFT, Verdict.DELAYED, Verdict.DELIVERED
BOB, EVE = "bob@example.com", "eve@example.net"
LATER = "\n\n------ This is a copy of the message ------\nFrom: a@b.example\nMessage-ID: <7@support.example>\n\nold"


def plain(text):
    return read_mail(f"From: MAILER-DAEMON@example.com\nSubject: failure notice\n\n{text}\n".encode())


def report(fields, words="It failed.", returned="Message-ID: <7@support.example>\nSubject: old\n\nold"):
    return read_mail(
        "From: MAILER-DAEMON@example.com\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\n\n{words}\n"
        f"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{returned}\n--b--\n".encode()
    )


def found(mail):
    return [(one.recipient, one.verdict, one.why) for one in bounces.deliveries(mail)]


# One row for each way in which mail systems write to people; the words are those of the system.
PROSE = [
    ("Exim", f"The following address(es) failed:\n\n  {BOB}\n    host mx.example.com [192.0.2.1]:\n"
     "    SMTP error after RCPT TO: 550 5.1.1 Unknown user", [(BOB, HARD, "unknown user")]),
    ("Exim, a pipe", "The following address(es) failed:\n\n  save to /var/mail/bob\n    mailbox is full",
     [("", SOFT, "mailbox full")]),
    ("Exim, at the sender", f"  {BOB}\n    SMTP error after MAIL FROM:<a@b.example>: 550 5.1.7 No such domain",
     [(BOB, SOFT, "refused")]),
    ("qmail", f"<{BOB}>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 No such user\n\n"
     f"<{EVE}>:\nSorry, I couldn't find any host named example.net. (#5.1.2)\n\n"
     "--- Below this line is a copy of the message.",
     [(BOB, HARD, "unknown user"), (EVE, HARD, "unknown host")]),
    ("Postfix", f"<{BOB}>: host mx.example.com said: 452 4.2.2 Over quota (in reply to RCPT TO command)",
     [(BOB, SOFT, "given up after a temporary refusal")]),
    ("sendmail of old", f"   ----- Transcript of session follows -----\n550 example.net (smtp)... 550 Host unknown\n"
     f"554 <{EVE}>... 550 Host unknown\n554 <{BOB}>... Remote protocol error\n\n  ----- Unsent message follows ---",
     [(EVE, HARD, "unknown host"), (BOB, SOFT, "refused")]),
    ("Exchange", f"did not reach the following recipient(s):\n\n{BOB} on Thu, 29 Apr 2010 00:00:00 -0000\n"
     "    The recipient name is not recognized", [(BOB, HARD, "unknown user")]),
    ("Lotus Notes, the reason above", "------- Failure Reasons  --------\n\n"
     f"User not listed in public Name & Address Book\n{BOB}",
     [(BOB, HARD, "unknown user")]),
    ("a Japanese provider", "送信先のメールボックスが一杯のため、送信できませんでした。\n"
     f"Could not be delivered to: <{BOB}>",
     [(BOB, SOFT, "mailbox full")]),
    ("a brief one", f"User's mailbox is full: <{BOB}>\nUnable to deliver mail.", [(BOB, SOFT, "mailbox full")]),
    ("a filter after DATA", f"{BOB}\n  SMTP error after end of data: 550 Unknown user", [(BOB, SOFT, "refused")]),
    ("a delay", f"Delivery to the following recipient has been delayed:\n\n  {BOB}\n\nMessage will be retried",
     [(BOB, DELAYED, "delayed")]),
    ("a report with the fields in its text", f"Technical report:\n\nAction: failed\nFinal-Recipient: rfc822; {BOB}\n"
     "Diagnostic-Code: smtp; 550 5.2.2 Mailbox Full\nStatus: 5.2.2", [(BOB, SOFT, "mailbox full")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), [row[1:] for row in PROSE], ids=[row[0] for row in PROSE])
def test_a_report_for_people_is_read(text, wanted):
    """E7."""
    assert found(plain(text + LATER)) == wanted


# RFC 3463, and what mail systems make of it: status, what was said, and what that comes to.
JUDGED = [
    ("5.1.1", "550 5.1.1 User unknown", HARD),
    ("5.1.1", "552 over quota (#5.1.1)", SOFT),
    ("5.1.2", "", HARD),
    ("5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", HARD),
    ("5.1.8", "553 5.1.8 Domain of sender address does not exist", SOFT),
    ("5.2.2", "550 5.2.2", SOFT),
    ("5.4.4", "Host not found", HARD),
    ("5.4.4", "Host not found, try again", SOFT),
    ("5.7.1", "550 5.7.1 User Unknown", SOFT),
    ("5.7.1", "550 5.7.1 Unknown user (in reply to RCPT TO command)", HARD),
    ("5.7.26", "550 5.7.26 does not pass DMARC", SOFT),
    ("5.7.27", "550 Host does not accept mail", HARD),
    ("5.0.0", "550 blocked, see https://example.com/unknown-user", SOFT),
    ("5.0.0", "554 <user-unknown@example.com>: Relay access denied", SOFT),
    ("4.4.7", "550 4.4.7 message expired", SOFT),
    ("4.1.1", "450 4.1.1 User unknown", SOFT),
    ("5.0.0", "450 greylisted, 550 5.1.1.1 is no status", SOFT),
    ("", "", SOFT),
]


@pytest.mark.parametrize(("status", "words", "verdict"), JUDGED)
def test_hard_is_what_is_said_of_the_address_or_its_host(status, words, verdict):
    """E7, RFC 3463: everything else may pass."""
    mail = report(
        f"Final-Recipient: rfc822; {BOB}\nAction: failed\nStatus: {status}\nDiagnostic-Code: smtp; {words}"
    )
    assert [one.verdict for one in bounces.deliveries(mail)] == [verdict]


@pytest.mark.parametrize(
    ("action", "verdict"),
    [
        ("failed", SOFT),
        ("delayed", DELAYED),
        ("delivered", DELIVERED),
        ("relayed", DELIVERED),
        ("expanded", DELIVERED),
    ],
)
def test_an_action_says_whether_anything_failed(action, verdict):
    """RFC 3464 2.3.3."""
    mail = report(
        f"Final-Recipient: rfc822; {BOB}\nAction: {action.title()} (to an address of before)\nStatus: 4.4.1"
    )
    assert [one.verdict for one in bounces.deliveries(mail)] == [verdict]


def test_what_the_fields_leave_out_is_taken_from_the_words_for_people():
    """RFC 3464 2.3.6: the diagnosis may be missing."""
    mail = report(
        f"Final-Recipient: rfc822; {BOB}\nAction: failed\nStatus: 5.0.0", f"<{BOB}>: no such user here"
    )
    assert found(mail) == [(BOB, HARD, "unknown user")]


def test_a_folded_diagnosis_is_read_whole():
    """RFC 5322 2.2.3."""
    fields = f"Final-Recipient: rfc822; {BOB}\nAction: failed\nDiagnostic-Code: smtp; 550 mailbox\n is full"
    assert bounces.deliveries(report(fields))[0].words == "550 mailbox is full"


def test_fields_in_the_returned_mail_are_its_senders_words():
    """E7: who writes a mail that bounces could say anything in it."""
    forged = f"From: a@b.example\n\nFinal-Recipient: rfc822; {EVE}\nAction: failed\nStatus: 5.1.1"
    mail = report(f"Final-Recipient: rfc822; {BOB}\nAction: failed\nStatus: 5.2.2", returned=forged)
    assert [one.recipient for one in bounces.deliveries(mail)] == [BOB]


def test_a_report_about_several_is_asked_for_one():
    """E7: a notice has one recipient; what was forwarded comes back under another name, and then the worst counts."""
    mail = report(
        f"Final-Recipient: rfc822; {BOB}\nAction: delayed\nStatus: 4.4.1\n\n"
        f"Final-Recipient: rfc822; {EVE}\nAction: failed\nStatus: 5.1.1"
    )
    of = [bounces.of_recipient(bounces.deliveries(mail), who) for who in (BOB.upper(), "home@example.org")]
    assert [one.verdict for one in of if one] == [DELAYED, HARD]
    assert bounces.of_recipient((), BOB) is None


@pytest.mark.parametrize(
    "mail",
    [
        report(f"Final-Recipient: rfc822; {BOB}\nAction: failed\nStatus: 5.1.1"),
        plain(f"<{BOB}>: gone{LATER}"),
    ],
)
def test_the_mail_that_came_back_is_known_by_its_message_id(mail):
    """E7."""
    assert bounces.returned_ids(mail) == ("<7@support.example>",)


def test_a_message_id_in_the_words_of_the_returned_mail_is_none():
    """E7: only its header counts."""
    returned = "Subject: old\n\nMessage-ID: <8@support.example>"
    assert (
        bounces.returned_ids(report(f"Final-Recipient: rfc822; {BOB}\nAction: failed", returned=returned))
        == ()
    )


HOSTILE = [
    f"{BOB}: " * 60_000,
    "a@" * 300_000,
    "<" * 500_000,
    "address " * 100_000,
    "recipient unavail" * 50_000,
    "host x not foun" * 50_000,
    "Final-Recipient: rfc822; a@b.example\nAction: failed\n\n" * 30_000,
    "Diagnostic-Code: smtp; 550\n" + " mailbox\n" * 200_000,
    '{"notificationType":"Bounce",' + '"emailAddress":"a@b"' * 50_000,
    "\n".join(f"user{number}@example.com: 550 5.1.1" for number in range(50_000)),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("wrapped", [plain, report], ids=["plain", "report"])
def test_a_hostile_report_costs_bounded_time(text, wrapped):
    """I17: half a second of processor time is ten times what the worst of them takes."""
    mail = wrapped(text)
    before = time.process_time()
    read = bounces.deliveries(mail)
    bounces.returned_ids(mail)
    assert time.process_time() - before < 0.5
    assert len(read) <= 200


PIECES = st.sampled_from(
    [BOB, f"<{BOB}>:", "Final-Recipient: rfc822;", "Action: failed", "Status: 5.1.1", "550 5.1.1", "User unknown",
     "\n", "\n\n", " ", "--- original message ---", "Received:", "Message-ID: <a@b>", "delayed", "\x00"]
)  # fmt: skip


@settings(max_examples=50)
@given(st.lists(PIECES | st.text(max_size=10), max_size=30).map("".join))
def test_whatever_a_report_says_is_read(text):
    """E7: nothing escapes, and every entry has a verdict."""
    for mail in (plain(text), report(text)):
        assert bounces.deliveries(mail)
        bounces.returned_ids(mail)
