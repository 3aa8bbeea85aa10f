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
    ("a report of delay", Kind.DELIVERY_REPORT, report(status="Action: delayed")),
    ("a report of success", Kind.DELIVERY_REPORT, report(status="Action: relayed")),
    ("a report of delay for people", Kind.DELIVERY_REPORT, "From: Mailer-Daemon <mailer-daemon@example.com>\n"
     "Subject: Warning: message 1 delayed 24 hours\n\nIt has not yet been delivered to:\n\n  bob@example.com\n"),
    ("a report of failure about a delay", Kind.BOUNCE, "From: MAILER-DAEMON@example.com\n"
     "Subject: Undeliverable: calls are delayed\n\n<bob@example.com>: 550 5.1.1 User unknown\n"),
    ("an abuse complaint", Kind.COMPLAINT, report("feedback-report", "Feedback-Type: abuse")),
    ("a complaint that is a mail alone", Kind.COMPLAINT, PERSON + "Subject: complaint about message from 192.0.2.1\n"
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: case\n\nx\n--b--"),
    ("a notification of a complaint", Kind.COMPLAINT, PERSON + "X-Amz-Sns-Message-Id: 1\n\n"
     '{"notificationType":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"bob@example.com"}]}}'),
    ("a notification of a bounce", Kind.BOUNCE, PERSON + "X-Amz-Sns-Message-Id: 1\n\n"
     '{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"bob@example.com"}]}}'),
    ("a report of a postmaster, in its text alone", Kind.BOUNCE,
     "From: postmaster@example.com\nSubject: E\n\nbob@example.com on Monday\nUnknown user\n", "<>"),
    ("a list manager", Kind.MAILING_LIST, PERSON + "X-BeenThere: a@example.com\n\nx"),
    ("a demand to confirm", Kind.AUTOMATIC, PERSON + "Subject: Please confirm your message\n\n"
     "Your message has been held. To release it, click the link below."),
    ("a system that demands to confirm", Kind.AUTOMATIC, PERSON + "X-SpamArrest: 1\n\nx"),
    ("a report of what was authenticated", Kind.AUTOMATIC,
     PERSON + "Subject: Report Domain: example.com Submitter: example.net Report-ID: 1\n\nx"),
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
    ("a person on leave", PERSON + "Subject: Re: case\n\nI am out of the office until Monday, ask Bob."),
    ("a subject like a note's", PERSON + "Subject: Out of office routing fails\n\nI am away from it: no"),
    ("a person who asks to confirm", PERSON + "Subject: Please confirm your message\n\nDid you mean version 4?"),
    ("a postmaster who quotes a report", "From: postmaster@example.com\nSubject: Re: case\n\n"
     "Our log has: <bob@example.com>: 550 5.1.1 User unknown"),
    ("a person about a complaint", PERSON + "Subject: complaint about message from 192.0.2.1\n\nIt was rude."),
    ("a person with a JSON", PERSON + 'Subject: log\n\n{"notificationType":"Bounce"}'),
    ("a postmaster about a case", "From: postmaster@example.com\nSubject: Re: case\n\nWe fixed it."),
    ("another installation's mark", PERSON + "X-Intake-Installation: ZZ\n\nx"),
    ("an attached report", PERSON + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nsee\n--b\n"
     "Content-Type: message/rfc822\n\nFrom: MAILER-DAEMON@example.com\n\n5.1.1\n--b--"),
]  # fmt: skip


# What vacation notes say in the languages in which we have met them, as subject and first words.
NOTES = [
    ("Automatic reply: Re: case", "I am out of the office until Monday."),
    ("Out of Office AutoReply: Re: case", "I'm away and have limited access to e-mail."),
    ("Automatische Antwort: Re: Fall", "Ich bin derzeit nicht im Büro."),
    ("Abwesenheitsnotiz: Re: Fall", "Automatische Antwort: ich bin nicht im Haus."),
    ("Réponse automatique : Re: cas", "Je suis absent, de retour le 3 mai."),
    ("Respuesta automática: Re: caso", "Estoy de vacaciones."),
    ("Resposta automática: Re: caso", "Estou de férias."),
    ("Risposta automatica: Re: caso", "Sono in ferie fino a lunedì."),
    ("Automatisch antwoord: Re: zaak", "Ik ben afwezig."),
    ("Autosvar: Re: ärende", "Jag är på semester."),
    ("Automaattinen vastaus: Re: x", "Olen lomalla."),
    ("Autoodpowiedź: Re: x", "Jestem na urlopie."),
    ("Automatická odpověď: Re: x", "Nejsem v kanceláři."),
    ("Otomatik yanıt: Re: x", "Ofis dışında olacağım."),
    ("Автоответ: Re: x", "Я в отпуске."),
    ("自動応答: Re: x", "休暇をいただいております。"),
    ("自动回复: Re: x", "我在休假。"),
    ("자동 회신: Re: x", "휴가 중입니다."),
]


@pytest.mark.parametrize("row", MACHINES, ids=[row[0] for row in MACHINES])
def test_a_machine_is_known(row):
    """E7."""
    _name, kind, *mail = row
    assert kind_of(*mail) is kind


@pytest.mark.parametrize(("subject", "text"), NOTES)
def test_a_vacation_note_without_any_mark_is_known_by_subject_and_text_together(subject, text):
    """E7: and a person's answer to one, or with its words, is a person's."""
    assert kind_of(f"{PERSON}Subject: {subject}\n\n{text}") is Kind.AUTOMATIC
    assert kind_of(f"{PERSON}Subject: Re: {subject}\n\n{text}") is Kind.PERSON
    assert kind_of(f"{PERSON}Subject: {subject}\n\nThe phones ring again.") is Kind.PERSON


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
