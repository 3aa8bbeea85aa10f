"""How senders are checked, as settings have it, and what the doctor says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_in.proof.dns import DnsResolver
from email_in.sender import SenderCheck
from intake.assembly import sender_rules
from intake.doctor import Finding, examine
from intake.settings import Settings
from tests.email_in.name_server import name_server


def finding(tmp_path: Path, **given: object) -> Finding:
    """Return what the doctor says of the sender check of a site."""
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/intake.db", blob_url=str(tmp_path / "blobs"), **given
    )
    [found] = [one for one in examine(settings) if one.check == "senders"]
    return found


def test_the_doctor_warns_where_anybody_can_write_in_a_contacts_name(tmp_path: Path) -> None:
    """E5: it is the site's own decision, and should be seen."""
    found = finding(tmp_path)
    assert found.ok
    assert "INTAKE_SENDER_CHECK is off" in found.words


def test_the_doctor_asks_the_name_servers_that_the_check_needs(tmp_path: Path) -> None:
    """E5."""
    with name_server({(".", "NS"): ["ns.example."]}) as server:
        answering = finding(tmp_path, sender_check="require-pass", dns_servers=server.address)
        server.silent = {"everything"}
        silent = finding(tmp_path, sender_check="require-pass", dns_servers=server.address)
    assert (answering.ok, answering.words) == (True, "the name servers answer")
    assert (silent.ok, silent.words) == (False, "no name server answers: see INTAKE_DNS_SERVERS")


def test_the_doctor_names_who_is_believed(tmp_path: Path) -> None:
    """E5."""
    found = finding(
        tmp_path, sender_check="require-pass", trusted_authserv_ids="MX2.support.example, unnamed"
    )
    assert (found.ok, found.words) == (True, "believed are the results of mx2.support.example, unnamed")


@pytest.mark.parametrize(
    ("given", "asks"),
    [
        ({}, False),
        ({"sender_check": "hold-failing"}, True),
        ({"sender_check": "require-pass", "dns_servers": "192.0.2.53, [2001:db8::53]:5353"}, True),
        ({"sender_check": "require-pass", "trusted_authserv_ids": "mx.support.example"}, False),
        ({"sender_check": "require-pass", "trusted_authserv_ids": " , "}, True),
    ],
)
def test_a_resolver_is_there_only_where_the_check_is_our_own(given: dict[str, str], asks: bool) -> None:
    """E5: with the check off, or a server in front, nothing is asked of the DNS."""
    rules = sender_rules(Settings(**given))
    assert isinstance(rules.resolver, DnsResolver) is asks
    assert rules.check is SenderCheck(given.get("sender_check", "off"))
