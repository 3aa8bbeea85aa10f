"""Two answers to one question, one from the contact and one in her name: the real process asks a real name server."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from tests.email_in.name_server import name_server, quoted
from tests.email_in.signing import DOMAIN, EVIL, signed, zone
from tests.stories.gateway import ALICE, HOST, SUPPORT, Gateway, Sink, prepared

RECORDS = {(name, "TXT"): [quoted(text) for text in texts] for name, texts in zone().texts.items()}


def hand_in(gateway: Gateway, mail: EmailMessage, domain: str) -> None:
    """Send a mail, signed for a domain, over SMTP."""
    with smtplib.SMTP(HOST, gateway.smtp_port, timeout=20) as smtp:
        smtp.sendmail(f"bounces@{domain}", [SUPPORT], signed(mail.as_bytes(policy=SMTP), domain=domain))


def test_a_signed_answer_updates_the_case_and_one_in_its_name_is_held(tmp_path: Path, sink: Sink) -> None:
    """E5, I5: and `intake inbox show` says why."""
    with (
        name_server(RECORDS) as server,
        prepared(tmp_path, f"sqlite:///{tmp_path}/intake.db", sink) as gateway,
    ):
        gateway.environment |= {"INTAKE_SENDER_CHECK": "require-pass", "INTAKE_DNS_SERVERS": server.address}
        number = gateway.open_case()
        gateway.start()
        gateway.intake("case", "ask", number, "Which version do you run?", "--by", "ada@support.example")
        notice = sink.wait_for(ALICE.address, "information-asked", number)
        hand_in(gateway, ALICE.replies(notice, "Version 4.2."), DOMAIN)
        hand_in(gateway, ALICE.replies(notice, "Close it, please."), EVIL)
        gateway.wait_until_done()
        [update] = gateway.updates(number)
        [held] = gateway.triage_of(ALICE.address)
        shown = gateway.read("inbox", "show", str(held["inbox_id"]))["decision"]["proof_found"]
        gateway.stop()
    assert update["text"].strip() == "Version 4.2."
    assert held["reason"] == "sender-unproven"
    assert shown.startswith(
        f"{DOMAIN} publishes p=reject; dkim=none {EVIL} (not aligned with the From domain)"
    )
