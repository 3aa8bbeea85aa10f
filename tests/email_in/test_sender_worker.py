"""The sender check where it decides: from the inbox to an outcome, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import cases, telling
from core.store import inbox
from core.store.claiming import State
from core.store.inbox import ReceivedMail
from core.store.schema import inbox as inbox_table
from core.store.schema import triage
from email_in.proof.dns import DnsResolver
from email_in.sender import SenderCheck, SenderRules
from email_in.worker import apply_some
from tests.email_in.name_server import name_server, quoted
from tests.email_in.signing import ALICE, DOMAIN, ELSEWHERE, EVIL, HOST, Zone, letter, signed, zone

HOLD, REQUIRE = SenderCheck.HOLD_FAILING, SenderCheck.REQUIRE_PASS


@pytest.fixture
def reference(core, people):
    """The Reference ID that Alice was given for a case that waits for her."""
    case = people.case().case
    core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "Which version?"))
    return core.write(lambda uow: telling.reference_for(uow, case.id, ALICE))


def accept(core, raw, sender=ALICE, peer=HOST):
    mail = ReceivedMail(sender, ("support@support.example",), peer, raw, "mail.northwind.example")
    return core.write(lambda uow: inbox.accept(uow.connection, mail, uow.now))


def work(core, check, resolver, trusted=()):
    while apply_some(core, SenderRules(check, frozenset(trusted), resolver)):
        pass


def row(core, inbox_id):
    with core.reading() as uow:
        return inbox.find(uow.connection, inbox_id)


def decided(core, inbox_id):
    return row(core, inbox_id)["decision"]["decided"]


def reasons(core):
    with core.reading() as uow:
        return list(uow.connection.scalars(sa.select(triage.c.reason)))


def answer(reference):
    return letter(text=f"Version 4.2 {reference}")


NO_RECORD = Zone()


@pytest.mark.parametrize(
    ("check", "there", "peer", "proof", "outcome"),
    [
        (REQUIRE, zone(), HOST, "pass", "update"),
        (REQUIRE, zone(), ELSEWHERE, "fail", "sender-unproven"),
        (REQUIRE, NO_RECORD, HOST, "none", "sender-unproven"),
        (HOLD, zone(), ELSEWHERE, "fail", "sender-unproven"),
        (HOLD, zone(dmarc="v=DMARC1; p=none"), ELSEWHERE, "fail", "sender-unproven"),
        (HOLD, NO_RECORD, HOST, "none", "update"),
    ],
)
def test_what_the_check_asks_for_decides_over_the_update(core, reference, check, there, peer, proof, outcome):
    """E5, I5: and the decision log has the proof."""
    inbox_id = accept(core, answer(reference), peer=peer)
    work(core, check, there)
    decision = row(core, inbox_id)["decision"]
    assert (decision["proof"], decision["decided"]) == (proof, outcome)
    assert "DMARC" in decision["proof_found"] or DOMAIN in decision["proof_found"]


def test_an_attackers_own_valid_signature_updates_nothing(core, reference):
    """E5, I5: whoever knows a Reference ID and signs for a domain of their own."""
    inbox_id = accept(core, signed(answer(reference), domain=EVIL), f"mallory@{EVIL}", ELSEWHERE)
    work(core, HOLD, zone())
    assert decided(core, inbox_id) == "sender-unproven"


def test_a_mail_from_a_pipe_is_proven_by_its_signature(core, reference):
    """E5: no host is known, the signature holds wherever the mail has been."""
    inbox_id = accept(
        core, signed(answer(reference)).replace(b"\r\n", b"\n"), "bounce@forwarder.example", "pipe"
    )
    work(core, REQUIRE, zone())
    assert decided(core, inbox_id) == "update"


def test_with_the_check_off_nobody_is_asked(core, reference):
    """The setting INTAKE_SENDER_CHECK."""
    there = zone()
    accept(core, answer(reference))
    work(core, SenderCheck.OFF, there)
    assert there.asked == []


def test_with_a_trusted_server_in_front_nobody_is_asked(core, reference):
    """E5: its results are read instead."""
    there = zone()
    results = f"Authentication-Results: mx.example; dmarc=pass header.from={DOMAIN}\r\n"
    inbox_id = accept(core, letter(text=reference, extra=results), peer=ELSEWHERE)
    work(core, REQUIRE, there, trusted=["mx.example"])
    assert row(core, inbox_id)["decision"]["proof_found"] == f"mx.example says dmarc=pass of {DOMAIN}"
    assert decided(core, inbox_id) == "update"
    assert there.asked == []


def test_a_field_hidden_from_the_server_in_front_is_not_proven_by_its_results(core, reference):
    """I5: it saw one field where a stray carriage return makes us see two."""
    results = f"Authentication-Results: mx.example; dmarc=pass header.from={DOMAIN}\r\n".encode()
    hidden = f"X: y\rSubject: Close it {reference}\r\n".encode()
    inbox_id = accept(core, results + hidden + letter())
    work(core, REQUIRE, None, trusted=["mx.example"])
    assert decided(core, inbox_id) == "sender-unproven"


def test_what_a_machine_wrote_makes_nobody_ask(core):
    """E7: a bounce changes nothing, so a flood of them is no flood of questions."""
    there = zone()
    accept(core, letter(extra="Auto-Submitted: auto-replied\r\n"))
    work(core, REQUIRE, there)
    assert there.asked == []
    assert reasons(core) == ["automatic"]


def test_trouble_of_a_domains_name_servers_lets_its_mail_wait(core, clock, reference):
    """E5: once they answer, it is settled as any other."""
    there = zone()
    there.failing.add(f"_dmarc.{DOMAIN}")
    inbox_id = accept(core, answer(reference))
    work(core, REQUIRE, there)
    assert row(core, inbox_id)["state"] == State.WAITING
    there.failing.clear()
    clock.advance(timedelta(minutes=1))
    work(core, REQUIRE, there)
    assert decided(core, inbox_id) == "update"


@pytest.mark.parametrize("check", [HOLD, REQUIRE])
def test_trouble_that_stays_holds_the_mail_as_unproven(core, clock, reference, check):
    """E5, I18: not for ever, and without a failure of the mail's own."""
    there = zone()
    there.failing.add(f"_dmarc.{DOMAIN}")
    inbox_id = accept(core, answer(reference))
    for _try in range(6):
        work(core, check, there)
        clock.advance(timedelta(hours=1))
    assert (row(core, inbox_id)["decision"]["proof"], decided(core, inbox_id)) == (
        "temperror",
        "sender-unproven",
    )
    assert reasons(core) == ["sender-unproven"]


def test_an_outage_of_our_name_servers_is_no_fault_of_a_mails(core, clock, reference):
    """E5, I18: however many times it is tried."""
    there = zone()
    there.is_silent = True
    inbox_id = accept(core, answer(reference))
    for _try in range(20):
        work(core, REQUIRE, there)
        clock.advance(timedelta(hours=1))
    assert (row(core, inbox_id)["state"], row(core, inbox_id)["attempts"]) == (State.WAITING, 0)
    there.is_silent = False
    work(core, REQUIRE, there)
    assert decided(core, inbox_id) == "update"


def test_a_forged_sender_gets_no_answer(core):
    """E3, RFC 3834 4: what a stranger wrote in somebody's name is not told to them."""
    accept(core, letter(text="Help"), peer=ELSEWHERE)
    work(core, HOLD, zone())
    with core.reading() as uow:
        assert (
            uow.connection.scalar(sa.text("SELECT count(*) FROM outbox WHERE recipient = :to"), {"to": ALICE})
            == 0
        )


def test_no_question_is_asked_inside_a_transaction(core, reference):
    """I17: a slow name server holds no lock; the other mail is accepted meanwhile."""
    there = zone()
    asked_before, others = there.ask, []

    def ask(name, kind, seconds):
        others.append(accept(core, letter(text=f"another {len(others)}", extra="Auto-Submitted: yes\r\n")))
        return asked_before(name, kind, seconds)

    there.ask = ask
    inbox_id = accept(core, answer(reference))
    work(core, REQUIRE, there)
    assert others
    assert decided(core, inbox_id) == "update"


def test_a_signed_answer_is_proven_over_a_real_name_server(core, reference):
    """E5: over UDP, as in production."""
    records = {(name, "TXT"): [quoted(text) for text in texts] for name, texts in zone().texts.items()}
    with name_server(records) as server:
        inbox_id = accept(core, signed(answer(reference)), "bounce@forwarder.example", ELSEWHERE)
        forged = accept(
            core, signed(letter(text=f"Close it {reference}"), domain=EVIL), f"m@{EVIL}", ELSEWHERE
        )
        work(core, REQUIRE, DnsResolver([server.address]))
    assert [decided(core, one) for one in (inbox_id, forged)] == ["update", "sender-unproven"]
    assert f"s1._domainkey.{DOMAIN} TXT" in server.asked
    assert f"s1._domainkey.{EVIL} TXT" not in server.asked


def test_the_inbox_keeps_what_was_checked(core):
    """E5: the name that the peer gave itself is there for SPF (RFC 7208 2.4)."""
    inbox_id = accept(core, letter())
    with core.reading() as uow:
        kept = (
            uow.connection.execute(sa.select(inbox_table).where(inbox_table.c.id == inbox_id))
            .mappings()
            .one()
        )
    assert (kept["peer"], kept["helo"]) == (HOST, "mail.northwind.example")
