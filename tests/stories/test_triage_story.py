"""A mail put aside is linked to a case, taken out again, linked elsewhere: the real program, on both databases."""

from __future__ import annotations

from tests.stories.gateway import ALICE, BOB, CHARLIE, Gateway

ADA = ("--by", "ada@support.example")


def test_a_mail_that_was_linked_to_the_wrong_case_ends_in_the_right_one(shared_gateway: Gateway) -> None:
    """E3, E5, I2, I10, N1, N3: nobody keeps believing what was taken back."""
    gateway = shared_gateway
    wrong, right = gateway.open_case(ALICE), gateway.open_case(CHARLIE, "The lamp is out")
    gateway.intake("case", "ask", wrong, "Which version do you run?", *ADA)
    gateway.sink.wait_for(ALICE.address, "information-asked", wrong)
    mail = BOB.writes("We replaced it.", "Re: The lamp is out")
    mail.add_attachment(b"a trace", maintype="text", subtype="plain", filename="trace.txt")
    assert gateway.takes(mail)
    gateway.wait_until_done()
    [entry] = [str(one["id"]) for one in gateway.triage_of(BOB.address)]

    gateway.intake("triage", "link", entry, wrong, *ADA)
    gateway.sink.wait_for("ada@support.example", "customer-update-for-owner", wrong)
    assert gateway.case(wrong)["status"] == "Open"

    undone = gateway.intake("triage", "undo", entry, "--because", "It is about a lamp.", *ADA)
    assert f"Taken out of case {wrong}, which is Awaiting Information" in undone
    now = gateway.case(wrong)
    assert (now["status"], now["followup_step"]) == ("Awaiting Information", "reminder 1")
    told = gateway.sink.wait_for("ada@support.example", "update-withdrawn-for-owner", wrong)
    assert "It is about a lamp." in told.one_line
    again = gateway.sink.wait_for(ALICE.address, "waits-again", wrong)
    assert "Which version do you run?" in again.one_line
    assert "lamp" not in again.one_line
    [update] = gateway.updates(wrong)
    assert update["withdrawn"]["why"] == "It is about a lamp."

    gateway.intake("triage", "link", entry, right, *ADA)
    [moved] = gateway.updates(right)
    assert (moved["withdrawn"], [file["name"] for file in moved["attachments"]]) == (None, ["trace.txt"])
    assert gateway.triage_of(BOB.address) == []
    acts = [(line["act"], line["actor"]) for line in gateway.read("audit", "--of", wrong)]
    assert ("update withdrawn", "Ada") in acts

    answer = ALICE.replies(again, "Version 4.2")
    assert gateway.takes(answer)
    gateway.wait_until_done()
    assert gateway.case(wrong)["status"] == "Open"


def test_a_persons_answer_leaves_and_the_answer_to_it_is_put_aside_again(shared_gateway: Gateway) -> None:
    """E3, N6."""
    gateway = shared_gateway
    assert gateway.takes(CHARLIE.writes("How is a case opened?", "A question"))
    gateway.wait_until_done()
    [entry] = [str(one["id"]) for one in gateway.triage_of(CHARLIE.address)]
    gateway.intake("triage", "answer", entry, "--text", "In the portal, please.", *ADA)
    answer = gateway.sink.wait_for(CHARLIE.address, "triage-answer")
    assert str(answer.mail["Subject"]) == "Re: A question"
    assert "In the portal, please." in answer.text
    assert "your reply does not reach a case by itself" in answer.one_line
    assert gateway.takes(CHARLIE.replies(answer, "Thank you."))
    gateway.wait_until_done()
    [again] = gateway.triage_of(CHARLIE.address)
    assert (str(again["id"]) != entry, again["reason"]) == (True, "no-reference")
