"""Who wrote a mail: a person, or which machine (E7)."""

import pytest

from email_in.machine import Kind, written_by
from email_in.message import read_mail

PERSON = "From: Ann <ann@example.com>\n"
REPORT = (
    "From: Mail Delivery System <MAILER-DAEMON@mx.example.com>\nSubject: Undelivered\n"
    "Content-Type: multipart/report; report-type={kind}; boundary=b\n\n"
    "--b\n\nIt failed.\n--b\nContent-Type: message/{kind}\n\n{status}\n"
    "--b\nContent-Type: message/rfc822\n\nSubject: old\n\nold\n--b--\n"
)


def report(kind: str = "delivery-status", status: str = "Action: failed") -> str:
    return REPORT.format(kind=kind, status=status)


def kind_of(raw: str, envelope_sender: str = "ann@example.com") -> Kind:
    return written_by(read_mail(raw.encode()), envelope_sender, "AB").kind


MACHINES = [
    ("our own mark", Kind.OWN, PERSON + "X-Intake-Installation: AB\nAuto-Submitted: auto-generated\n\nx"),
    ("a delivery report", Kind.BOUNCE, report()),
    ("a delivery report that says auto-replied", Kind.BOUNCE, "Auto-Submitted: auto-replied\n" + report()),
    ("a report of delay", Kind.AUTOMATIC, report(status="Action: delayed")),
    ("an abuse complaint", Kind.AUTOMATIC, report("feedback-report", "Feedback-Type: abuse")),
    ("a read receipt", Kind.AUTOMATIC, report("disposition-notification", "Disposition: manual")),
    ("Exim's report", Kind.BOUNCE, PERSON + "X-Failed-Recipients: bob@example.com\n\nx"),
    ("qmail's report", Kind.BOUNCE, "From: MAILER-DAEMON@example.com\nSubject: failure notice\n\nHi."),
    ("a generated mail", Kind.AUTOMATIC, PERSON + "Auto-Submitted: auto-generated\n\nx"),
    ("an automatic reply", Kind.AUTOMATIC, PERSON + "Auto-Submitted: auto-replied (vacation)\n\nx"),
    ("a responder that names itself", Kind.AUTOMATIC, PERSON + "X-Autoreply: yes\n\nx"),
    ("bulk mail", Kind.AUTOMATIC, PERSON + "Precedence: bulk\n\nx"),
    ("junk mail", Kind.AUTOMATIC, PERSON + "Precedence: junk\n\nx"),
    ("list mail", Kind.MAILING_LIST, PERSON + "Precedence: list\n\nx"),
    ("list mail by its id", Kind.MAILING_LIST, PERSON + "List-Id: <a.example.com>\nPrecedence: bulk\n\nx"),
    ("a mailbox that takes no replies", Kind.AUTOMATIC, "From: no-reply@example.com\n\nx"),
    ("a German vacation note with a second sign", Kind.AUTOMATIC,
     PERSON + "Subject: Automatische Antwort: Fall\nX-Auto-Response-Suppress: All\n\nx"),
]  # fmt: skip

PEOPLE = [
    ("a plain mail", PERSON + "Subject: Re: case\n\nIt works now."),
    ("Auto-Submitted: no", PERSON + "Auto-Submitted: no\n\nx"),
    ("X-Auto-Response-Suppress alone", PERSON + "X-Auto-Response-Suppress: All\n\nx"),
    ("a vacation subject alone", PERSON + "Subject: Out of office handling is broken\n\nx"),
    ("a subject about bounces", PERSON + "Subject: Undelivered mail returned to sender\n\nThe log says 550 5.1.1."),
    ("the mail team about a refusal", "From: Mail Server Team <team@example.com>\nSubject: Re: case\n\n550 agents"),
    ("a postmaster about a case", "From: postmaster@example.com\nSubject: Re: case\n\nWe fixed it."),
    ("another installation's mark", PERSON + "X-Intake-Installation: ZZ\n\nx"),
    ("an attached report", PERSON + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee\n--b\n"
     "Content-Type: message/rfc822\n\nFrom: MAILER-DAEMON@example.com\n\n5.1.1\n--b--"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "raw"), [row[1:] for row in MACHINES], ids=[row[0] for row in MACHINES])
def test_a_machine_is_known(kind, raw):
    assert kind_of(raw) is kind


@pytest.mark.parametrize("raw", [row[1] for row in PEOPLE], ids=[row[0] for row in PEOPLE])
def test_a_person_stays_a_person(raw):
    assert kind_of(raw) is Kind.PERSON


@pytest.mark.parametrize("sender", ["<>", "", " <> "])
def test_the_null_sender_is_never_a_person(sender):
    assert kind_of(PERSON + "Subject: hello\n\nx", sender) is Kind.AUTOMATIC


def test_the_null_sender_about_a_failed_delivery_is_a_bounce():
    assert kind_of(PERSON + "Subject: Undeliverable: case\n\n5.1.1 user unknown", "<>") is Kind.BOUNCE


def test_a_mail_without_an_installation_code_is_never_our_own():
    assert written_by(read_mail(b"X-Intake-Installation: \n\nx"), "a@b").kind is not Kind.OWN


def test_each_verdict_gives_its_reason_and_its_source():
    author = written_by(read_mail((PERSON + "List-Id: <a>\n\nx").encode()), "ann@example.com")
    assert author.why == "it came over a mailing list (RFC 2919)"
