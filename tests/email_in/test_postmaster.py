"""The addresses that every domain has: mail to them is always taken, and people read it."""

from __future__ import annotations

import pytest

from email_in.sender import SenderRules
from email_in.worker import apply_some
from tests.email_in.smtp_client import MAIL, Client, dotted, kept, serving
from tests.email_in.test_worker import entries

MACHINE = b"Auto-Submitted: auto-generated\r\n" + MAIL


@pytest.mark.parametrize("address", ["postmaster", "POSTMASTER@support.example", "Abuse@Support.Example"])
@pytest.mark.parametrize(("sender", "mail"), [("", MACHINE), ("joe@elsewhere.example", MAIL)])
def test_mail_to_them_is_taken_and_waits_for_people(core, address, sender, mail):
    """RFC 5321, 4.5.1; RFC 2142, 4: also from a machine."""
    with serving(core) as server, Client(server) as client:
        client.envelope(sender, address)
        client.send(dotted(mail))
        assert client.reply().startswith("250")
    assert kept(core)[0]["recipients"] == [address]
    assert apply_some(core, SenderRules())
    assert len(entries(core)) == 1
