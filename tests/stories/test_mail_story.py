"""A question leaves, answers come back: which of them update the case, and what becomes of the others."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from tests.stories.gateway import (
    ALICE,
    BOB,
    CHARLIE,
    ERIN,
    SUPPORT,
    Customer,
    Gateway,
    Sent,
    a_stranger,
    deliver,
)

WORDS = "We run version 4.2 on both."
OPEN, AWAITING, CLOSED = "Open", "Awaiting Information", "Closed"


@dataclass(frozen=True)
class Asked:
    """A case that waits for its contact's answer, and the mail with the question."""

    gateway: Gateway
    number: str
    notice: Sent
    contact: Customer

    def takes(self, mail: EmailMessage, sender: str | None = None) -> None:
        """Hand a mail to the gateway, which says 250, and let it be settled."""
        assert self.gateway.takes(mail, sender)
        self.gateway.wait_until_done()

    @property
    def told(self) -> Any:
        """The case as it is now."""
        return self.gateway.case(self.number)

    def waiting_mails(self) -> list[Any]:
        """Return what waits for people about this case."""
        return [one for one in self.gateway.read("triage", "list") if one["case_number"] == self.number]

    def is_as_it_was(self) -> bool:
        """Say whether nothing but the question has happened to the case, and its timer runs."""
        now = self.told
        kinds = [line["kind"] for line in now["history"]]
        is_waiting = now["status"] == AWAITING and now["followup_step"] == "reminder 1"
        return is_waiting and kinds == ["opened", "information asked"]

    def answers_to(self, customer: Customer) -> list[Sent]:
        """Return what a sender was told about a mail of theirs."""
        return [
            answer
            for kind in ("mail-not-linked", "mail-to-closed-case")
            for answer in self.gateway.sink.to(customer.address, kind)
        ]


def ask(gateway: Gateway, contact: Customer = ALICE) -> Asked:
    number = gateway.open_case(contact)
    gateway.intake("case", "ask", number, "Which version do you run?", "--by", "ada@support.example")
    notice = gateway.sink.wait_for(contact.address, "information-asked", number)
    gateway.wait_until_done()
    return Asked(gateway, number, notice, contact)


@pytest.fixture
def asked(shared_gateway: Gateway) -> Asked:
    """A case of Alice's that waits for her answer."""
    return ask(shared_gateway)


# --- the mail that leaves, and the answer to it -----------------------------------------------------------------


def test_a_notice_carries_the_reference_id_wherever_a_reply_repeats_it(asked: Asked) -> None:
    """E2, N6"""
    reference, mail = asked.notice.reference, asked.notice.mail
    assert f"Reference ID: {reference}" in asked.notice.text
    assert reference in asked.notice.html
    assert str(mail["Subject"]).endswith(f"[{reference}]")
    assert reference in asked.notice.message_id
    assert str(mail["Reply-To"]) == f"support+{reference}@support.example"
    assert re.fullmatch(r"bounce\+[0-9a-f]{32}@support\.example", asked.notice.sender)
    assert "Which version do you run?" in asked.notice.text


def test_the_contacts_reply_updates_the_case(asked: Asked) -> None:
    """C7, E2, E4, N3"""
    asked.takes(ALICE.replies(asked.notice, WORDS))
    now = asked.told
    assert (now["status"], now["sub_status"]) == (OPEN, "Investigation")
    assert (now["followup_at"], now["followup_step"]) == (None, None)
    line = now["history"][-1]
    assert (line["kind"], line["channel"], line["text"].strip()) == ("customer update", "mail", WORDS)
    assert line["actor"] == "Alice Archer <alice@northwind.example>"
    assert "Which version do you run?" in line["quoted"]
    assert asked.waiting_mails() == []
    assert asked.gateway.sink.to("ada@support.example", "customer-update-for-owner", asked.number)


def test_one_surviving_place_of_the_reference_id_is_enough(asked: Asked) -> None:
    """E2"""
    reference = asked.notice.reference
    survivors = {
        "in the text": ALICE.writes(f"In the text.\nReference ID: {reference}"),
        "in the subject": ALICE.writes("In the subject.", f"AW: the switch [{reference}]"),
        "in the address": ALICE.writes("In the address.", to=f"support+{reference}@support.example"),
        "in the thread": _threaded(ALICE.writes("In the thread."), asked.notice),
    }
    for mail in survivors.values():
        asked.takes(mail)
    texts = " ".join(line["text"].lower() for line in asked.gateway.updates(asked.number))
    assert [place for place in survivors if place not in texts] == []


def _threaded(mail: EmailMessage, notice: Sent) -> EmailMessage:
    mail["In-Reply-To"] = notice.message_id
    mail["References"] = notice.message_id
    return mail


def _lower_cased(reference: str) -> str:
    return f"> reference id: {reference.lower()} (please keep this line)"


def _broken(reference: str) -> str:
    return f"> > Reference ID: {reference[:9]}\n> > {reference[9:15]}\n> > {reference[15:]}"


def _with_zero_widths(reference: str) -> str:
    return "Reference ID: " + "\u200b".join(reference) + "\ufeff"


def _hyphenated(reference: str) -> str:
    return f"Reference ID: {reference[:11]}-{reference[11:]}"


@pytest.mark.parametrize("damaged", [_lower_cased, _broken, _with_zero_widths, _hyphenated])
def test_a_damaged_reference_id_still_links(asked: Asked, damaged: Callable[[str], str]) -> None:
    """E2"""
    asked.takes(ALICE.writes(f"{WORDS}\n\n{damaged(asked.notice.reference)}"))
    assert asked.told["status"] == OPEN
    assert WORDS in asked.gateway.updates(asked.number)[0]["text"]


def test_a_reply_that_is_only_html_is_read(asked: Asked) -> None:
    """E4"""
    mail = EmailMessage(policy=SMTP)
    for name, value in ALICE.replies(asked.notice, "").items():
        if name in ("From", "To", "Subject", "Message-ID", "Date"):
            mail[name] = value
    page = f"<html><head><style>p {{ color: red }}</style></head><body><p>{WORDS}</p><p>Thank you</p></body></html>"
    mail.set_content(page, subtype="html")
    asked.takes(mail)
    text = asked.gateway.updates(asked.number)[0]["text"]
    assert WORDS in text
    assert "<p>" not in text
    assert "color" not in text


def test_an_attachment_is_kept_with_the_update(asked: Asked) -> None:
    """E4"""
    content = bytes(range(256)) * 40
    mail = ALICE.replies(asked.notice, WORDS)
    mail.add_attachment(content, maintype="application", subtype="octet-stream", filename="../trace über.bin")
    asked.takes(mail)
    [line] = asked.gateway.updates(asked.number)
    [file] = line["attachments"]
    assert file["size"] == len(content)
    assert file["name"] == "trace über.bin"
    blobs = [path.read_bytes() for path in (asked.gateway.folder / "blobs").rglob("*") if path.is_file()]
    assert content in blobs
    shown = asked.gateway.sink.wait_for("ada@support.example", "customer-update-for-owner", asked.number)
    assert "trace über.bin" in shown.text


def test_a_program_is_not_kept_and_its_sender_is_told(asked: Asked) -> None:
    """E4: the case names it with the reason, whatever it is called."""
    mail = ALICE.replies(asked.notice, WORDS)
    mail.add_attachment(b"MZ" + bytes(200), maintype="application", subtype="pdf", filename="report.pdf")
    asked.takes(mail)
    why = "its bytes are a program of Windows, whatever its name says"
    shown = asked.gateway.intake("case", "show", asked.number)
    assert f"not kept: report.pdf (application/vnd.microsoft.portable-executable, 202 bytes): {why}" in shown
    told = asked.gateway.sink.wait_for(ALICE.address, "attachment-refused", asked.number)
    assert f"report.pdf: {why}" in " ".join(told.text.split())
    owners = asked.gateway.sink.wait_for("ada@support.example", "customer-update-for-owner", asked.number)
    assert "Not kept: - report.pdf" in " ".join(owners.text.split())


def test_a_second_reader_tells_over_which_hosts_a_mail_came(asked: Asked) -> None:
    mail = ALICE.replies(asked.notice, WORDS)
    mail["Received"] = "from pc.northwind.example by mx.northwind.example; Mon, 2 Mar 2026 09:00:00 +0000"
    asked.takes(mail)
    newest = asked.gateway.read("inbox", "list")[0]["id"]
    shown = asked.gateway.intake("inbox", "show", str(newest))
    assert "came over: 2026-03-02T09:00:00+00:00 from pc.northwind.example by mx.northwind.example" in shown


def test_the_same_mail_twice_is_one_update(asked: Asked) -> None:
    """I2"""
    mail = ALICE.replies(asked.notice, WORDS)
    asked.takes(mail)
    asked.takes(mail)
    assert len(asked.gateway.updates(asked.number)) == 1
    assert [row["outcome"] for row in asked.gateway.read("inbox", "list")[:2]] == ["duplicate", "update"]


def test_another_mail_with_a_copied_message_id_is_no_duplicate(asked: Asked) -> None:
    """I2"""
    first, second = ALICE.replies(asked.notice, "The first."), ALICE.replies(asked.notice, "The second.")
    second.replace_header("Message-ID", first["Message-ID"])
    asked.takes(first)
    asked.takes(second)
    assert [line["text"].strip() for line in asked.gateway.updates(asked.number)] == [
        "The first.",
        "The second.",
    ]


# --- what changes nothing ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """A mail that must change nothing: who sends what, the reason in triage, how often its sender is told."""

    by: Callable[[], Customer]
    mail: Callable[[Customer, Asked], EmailMessage]
    reason: str
    answers: int = 0
    names_the_case: bool = True


def _reply(sender: Customer, asked: Asked) -> EmailMessage:
    return sender.replies(asked.notice, WORDS)


def _with_only_the_case_number(sender: Customer, asked: Asked) -> EmailMessage:
    return sender.writes(f"About case {asked.number}: {WORDS}", f"Re: case {asked.number}")


def _with_a_mistyped_reference(sender: Customer, asked: Asked) -> EmailMessage:
    reference = asked.notice.reference
    mistyped = reference[:-1] + ("0" if reference[-1] != "0" else "1")
    return sender.writes(f"{WORDS}\nReference ID: {mistyped}")


def _vacation_note(sender: Customer, asked: Asked) -> EmailMessage:
    mail = sender.replies(asked.notice, "I am away until Monday.")
    mail.replace_header("Subject", f"Automatic reply: {asked.notice.mail['Subject']}")
    mail["Auto-Submitted"] = "auto-replied"
    return mail


def _over_a_list(sender: Customer, asked: Asked) -> EmailMessage:
    mail = sender.replies(asked.notice, WORDS)
    mail["List-Id"] = "<all.northwind.example>"
    return mail


def _with_two_authors(sender: Customer, asked: Asked) -> EmailMessage:
    mail = sender.replies(asked.notice, WORDS)
    mail.replace_header("From", "alice@northwind.example, bob@northwind.example")
    return mail


HELD = {
    "a colleague who may only read": Held(lambda: BOB, _reply, "not-designated"),
    "a stranger": Held(a_stranger, _reply, "no-access"),
    "a Designated Contact of another company": Held(lambda: CHARLIE, _reply, "no-access"),
    "a contact whose contract has ended": Held(lambda: ERIN, _reply, "no-access"),
    "a stranger without a Reference ID": Held(
        a_stranger, lambda sender, _asked: sender.writes(WORDS), "no-reference", 1, names_the_case=False
    ),
    "only the case number": Held(
        a_stranger, _with_only_the_case_number, "no-reference", 1, names_the_case=False
    ),
    "a mistyped Reference ID": Held(
        a_stranger, _with_a_mistyped_reference, "no-reference", 1, names_the_case=False
    ),
    "a vacation note": Held(lambda: ALICE, _vacation_note, "automatic", names_the_case=True),
    "a mailing list": Held(lambda: ALICE, _over_a_list, "automatic", names_the_case=True),
}


@pytest.mark.parametrize("held", HELD.values(), ids=HELD.keys())
def test_what_may_not_update_changes_nothing_and_is_held_with_its_reason(asked: Asked, held: Held) -> None:
    """E2, E3, E5, E7"""
    sender = held.by()
    before = len(asked.gateway.triage_of(sender.address)), len(asked.answers_to(sender))
    for _time in range(2):  # not the same bytes: two mails with other Message-IDs
        asked.takes(held.mail(sender, asked))
    assert asked.is_as_it_was()
    entries = asked.gateway.triage_of(sender.address)[before[0] :]
    assert [entry["reason"] for entry in entries] == [held.reason] * 2
    assert [entry["case_number"] for entry in entries] == [asked.number if held.names_the_case else None] * 2
    assert all(entry["words"] for entry in entries)
    assert len(asked.answers_to(sender)) - before[1] == held.answers


def test_an_answer_to_a_sender_says_how_it_is_done_and_asks_for_no_answer(asked: Asked) -> None:
    """E3, RFC 3834"""
    sender = a_stranger()
    mail = sender.writes(WORDS)
    asked.takes(mail)
    answer = asked.gateway.sink.wait_for(sender.address, "mail-not-linked")
    assert "To update a case, reply to one of its mails." in answer.one_line
    assert "A mail does not open a case." in answer.one_line
    assert str(answer.mail["Auto-Submitted"]) == "auto-replied"
    assert str(answer.mail["In-Reply-To"]) == str(mail["Message-ID"])


def test_a_machine_gets_no_answer(asked: Asked) -> None:
    """E7, RFC 5321 4.5.5"""
    machine, null_sender = a_stranger(), a_stranger()
    automatic = machine.writes("The disk is full.")
    automatic["Auto-Submitted"] = "auto-generated"
    asked.takes(automatic)
    asked.takes(null_sender.writes(WORDS), sender="")
    assert asked.answers_to(machine) + asked.answers_to(null_sender) == []
    assert [entry["reason"] for entry in asked.gateway.triage_of(machine.address)] == ["automatic"]


def test_a_mail_opens_no_case(asked: Asked) -> None:
    """E1"""
    before = {case["number"] for case in asked.gateway.read("case", "list")}
    asked.takes(ALICE.writes("Please open a case: the other switch is down too.", "New problem"))
    assert {case["number"] for case in asked.gateway.read("case", "list")} == before


def test_the_reference_ids_of_two_cases_update_neither(asked: Asked, shared_gateway: Gateway) -> None:
    """E2"""
    other = ask(shared_gateway)
    mail = ALICE.writes(f"{WORDS}\n{asked.notice.reference}\n\n{other.notice.reference}")
    asked.takes(mail)
    assert asked.is_as_it_was()
    assert other.is_as_it_was()
    last = asked.gateway.triage_of(ALICE.address)[-1]
    assert (last["reason"], last["case_number"]) == ("conflicting-references", None)


def test_a_mail_with_two_authors_updates_nothing(asked: Asked) -> None:
    """E5"""
    asked.takes(_with_two_authors(ALICE, asked), sender=ALICE.address)
    assert asked.is_as_it_was()
    assert [entry["reason"] for entry in asked.waiting_mails()] == ["sender-unclear"]


def test_an_old_case_mail_that_is_attached_does_not_link(asked: Asked) -> None:
    """E2"""
    sender = a_stranger()
    mail = sender.writes("Is this real?")
    mail.add_attachment(asked.notice.mail)
    asked.takes(mail)
    assert asked.is_as_it_was()
    assert [entry["reason"] for entry in asked.gateway.triage_of(sender.address)] == ["no-reference"]


def test_a_mail_to_a_closed_case_changes_nothing_and_says_how_to_reopen(shared_gateway: Gateway) -> None:
    """E6, C9"""
    asked = ask(shared_gateway)
    shared_gateway.intake("case", "close", asked.number, "It had no power.")
    before = len(asked.answers_to(ALICE))
    for words in ("It is down again.", "Hello?"):
        asked.takes(ALICE.replies(asked.notice, words))
    now = asked.told
    assert (now["status"], now["history"][-1]["kind"]) == (CLOSED, "closed")
    assert [entry["reason"] for entry in asked.waiting_mails()] == ["case-closed"] * 2
    [answer] = asked.answers_to(ALICE)[before:]
    assert answer.kind == "mail-to-closed-case"
    assert asked.number in str(answer.mail["Subject"])
    assert "can be reopened until" in answer.one_line
    assert "+1 415-555-0100" in answer.one_line


def test_a_contact_whose_contract_has_ended_can_no_longer_update_their_own_case(
    shared_gateway: Gateway,
) -> None:
    """A9: the contract ends while the case waits; nothing else is done to the grant."""
    gateway = shared_gateway
    leaving = Customer("Lea Leaving", "lea@leaving.example")
    _bring_in(gateway, leaving, ends="2030-01-01")
    asked = ask(gateway, leaving)
    _bring_in(gateway, leaving, ends="2026-01-01")
    asked.takes(leaving.replies(asked.notice, WORDS))
    assert asked.is_as_it_was()
    assert [entry["reason"] for entry in asked.waiting_mails()] == ["no-live-contract"]


def _bring_in(gateway: Gateway, person: Customer, ends: str) -> None:
    first, last = person.name.split()
    file = gateway.folder / "more.yaml"
    file.write_text(
        f"""
accounts: [Leaving]
contracts: [{{number: L-1, sold_to: Leaving, care_level: Business Care, starts: 2020-01-01, ends: {ends}}}]
contacts:
  - {{email: {person.address}, first_name: {first}, last_name: {last}, employer: Leaving, country: US,
     terms_accepted: 2025-01-01, approver: Nora North,
     grants: [{{sold_to: Leaving, access: Read-Write}}]}}
""",
        encoding="utf-8",
    )
    gateway.intake("directory", "import", str(file))


# --- what people do about it ------------------------------------------------------------------------------------


def test_an_analyst_links_a_held_mail_to_its_case(asked: Asked) -> None:
    """E3, E5"""
    mail = BOB.replies(asked.notice, WORDS)
    mail.add_attachment(b"a trace", maintype="text", subtype="plain", filename="trace.txt")
    asked.takes(mail)
    [entry] = asked.waiting_mails()
    told = asked.gateway.intake("triage", "link", str(entry["id"]), "--by", "ada@support.example")
    assert told == f"Linked to case {asked.number}.\n"
    assert asked.told["status"] == OPEN
    [line] = asked.gateway.updates(asked.number)
    assert line["text"].strip() == WORDS
    assert line["actor"] == "bob@northwind.example, accepted by Ada"
    assert [file["name"] for file in line["attachments"]] == ["trace.txt"]
    assert asked.waiting_mails() == []
    again = asked.gateway.run("triage", "link", str(entry["id"]))
    assert (again.code, "already linked by Ada" in again.err) == (1, True)
    assert len(asked.gateway.updates(asked.number)) == 1


def test_an_analyst_links_a_mail_that_names_no_case(asked: Asked) -> None:
    """E3"""
    sender = a_stranger()
    asked.takes(sender.writes(WORDS))
    [entry] = asked.gateway.triage_of(sender.address)
    without = asked.gateway.run("triage", "link", str(entry["id"]))
    assert without.code == 2
    asked.gateway.intake("triage", "link", str(entry["id"]), asked.number)
    assert [line["text"].strip() for line in asked.gateway.updates(asked.number)] == [WORDS]


def test_a_discarded_mail_is_off_the_list_and_still_kept(asked: Asked) -> None:
    """E3"""
    asked.takes(BOB.replies(asked.notice, WORDS))
    [entry] = asked.waiting_mails()
    asked.gateway.intake("triage", "discard", str(entry["id"]), "--by", "grace@support.example")
    assert asked.is_as_it_was()
    assert asked.waiting_mails() == []
    settled = asked.gateway.read("triage", "show", str(entry["id"]))
    assert (settled["state"], settled["settled_by"]) == ("discarded", "Grace")
    assert WORDS in asked.gateway.intake("inbox", "show", str(entry["inbox_id"]), "--raw")


def test_a_bounce_marks_its_notice_and_tells_the_owner(asked: Asked) -> None:
    """E7, RFC 3464"""
    report = (
        f"From: MAILER-DAEMON@mx.northwind.example\r\nTo: {asked.notice.sender}\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI am sorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.northwind.example\r\n\r\n"
        f"Final-Recipient: rfc822; {ALICE.address}\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--\r\n"
    )
    assert deliver(asked.gateway.smtp_port, report.encode(), "", [asked.notice.sender])
    asked.gateway.wait_until_done()
    rows = asked.gateway.read("outbox", "list")
    [row] = [row for row in rows if row["message_id"] == asked.notice.message_id]
    assert (row["state"], row["bounce"], row["bounce_status"]) == ("bounced", "hard", "5.1.1")
    assert asked.gateway.read("contact", "show", ALICE.address)["out_of_reach"] is None  # one is not enough
    now = asked.told
    assert (now["status"], now["history"][-1]["kind"]) == (AWAITING, "notice failed")
    assert asked.gateway.sink.to("ada@support.example", "notice-failed-for-owner", asked.number)


def test_mail_for_others_is_refused(asked: Asked) -> None:
    """No relay."""
    assert not asked.gateway.takes(ALICE.writes(WORDS, to="somebody@elsewhere.example"))
    assert asked.gateway.takes(ALICE.writes(WORDS, to=SUPPORT.upper()))
    asked.gateway.wait_until_done()
