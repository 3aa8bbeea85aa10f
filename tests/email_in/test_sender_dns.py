"""The resolver on real name servers: what it asks, what it remembers, and what trouble it tells of."""

from __future__ import annotations

import time

import pytest

from email_in.proof.dns import DnsResolver
from email_in.proof.questions import NameServersAreSilent, NoAnswerYet, Questions, TooManyQuestions
from email_in.proof.servers import name_server as read_server
from tests.email_in.name_server import name_server, quoted

LONG = "v=DKIM1; p=" + "A" * 5_000
RECORDS = {
    (".", "NS"): ["ns.example."],
    ("northwind.example", "TXT"): ['"v=spf1 " "-all"', quoted("caf\\233")],
    ("northwind.example", "MX"): ["20 second.example.", "10 First.example."],
    ("northwind.example", "A"): ["11.22.33.44"],
    ("northwind.example", "AAAA"): ["2001:db8::1"],
    ("44.33.22.11.in-addr.arpa", "PTR"): ["mail.northwind.example."],
    ("long.example", "TXT"): [quoted(LONG)],
    ("alias.example", "CNAME"): ["northwind.example."],
}


@pytest.fixture
def server():
    with name_server(RECORDS) as server:
        yield server


@pytest.fixture
def resolver(server):
    return DnsResolver([server.address])


@pytest.mark.parametrize(
    ("name", "kind", "found"),
    [
        ("northwind.example", "TXT", ("v=spf1 -all", "café")),
        ("northwind.example", "MX", ("first.example", "second.example")),
        ("northwind.example", "A", ("11.22.33.44",)),
        ("northwind.example", "AAAA", ("2001:db8::1",)),
        ("44.33.22.11.in-addr.arpa", "PTR", ("mail.northwind.example",)),
        ("long.example", "TXT", (LONG,)),
        ("long.example", "A", ()),
        ("nobody.example", "TXT", ()),
    ],
    ids=[
        "texts",
        "exchanges",
        "address",
        "address of IPv6",
        "name",
        "over TCP",
        "no such record",
        "no such name",
    ],
)
def test_records_are_read_as_the_checks_need_them(resolver, name, kind, found):
    """E5."""
    assert resolver.ask(name, kind, 3) == found or set(resolver.ask(name, kind, 3)) == set(found)


def test_an_answer_is_remembered_also_that_there_is_none(server, resolver):
    """I17: a flood of mail is no flood of questions."""
    for _mail in range(3):
        resolver.ask("northwind.example", "A", 3)
        resolver.ask("long.example", "A", 3)
    assert sorted(server.asked) == ["long.example A", "northwind.example A"]


def test_mail_of_an_owner_with_trouble_rests_for_a_minute(server):
    """I17: whoever controls a domain cannot hold up a worker with each mail."""
    now = [0.0]
    resolver = DnsResolver([server.address], monotonic=lambda: now[0])
    server.broken = {"a.slow.example"}
    with pytest.raises(NoAnswerYet):
        Questions.within(8, resolver, "a.slow.example").ask("a.slow.example", "TXT")
    with pytest.raises(NoAnswerYet):
        Questions.within(8, resolver, "b.slow.example").begin()
    Questions.within(8, resolver, "northwind.example").begin()
    now[0] = 61.0
    Questions.within(8, resolver, "b.slow.example").begin()


def test_a_question_ends_in_time(server, resolver):
    """I17."""
    server.silent = {"slow.example"}
    started = time.monotonic()
    with pytest.raises(NoAnswerYet):
        resolver.ask("slow.example", "TXT", 0.2)
    assert time.monotonic() - started < 1


def test_servers_that_answer_nothing_are_told_from_a_domain_that_has_trouble(server, resolver):
    """E5: and they are left alone for a while, so that a queue of mails does not wait for each."""
    server.silent = {"everything"}
    with pytest.raises(NameServersAreSilent):
        resolver.ask("northwind.example", "TXT", 0.1)
    asked = len(server.asked)
    with pytest.raises(NameServersAreSilent):
        resolver.ask("northwind.example", "A", 0.1)
    assert len(server.asked) == asked


def test_silence_ends(server):
    """E5, I18."""
    now = [0.0]
    resolver = DnsResolver([server.address], monotonic=lambda: now[0])
    server.silent = {"everything"}
    with pytest.raises(NameServersAreSilent):
        resolver.ask("northwind.example", "A", 0.1)
    server.silent, now[0] = set(), 16.0
    assert resolver.ask("northwind.example", "A", 3) == ("11.22.33.44",)


def test_a_server_that_is_not_there_is_silent():
    """E5."""
    with name_server(RECORDS) as gone:
        pass
    assert not DnsResolver([gone.address]).is_answering(0.3)


@pytest.mark.parametrize("broken", [set(), {"."}], ids=["the root", "an error"])
def test_a_server_that_answers_anything_is_answering(server, resolver, broken):
    """E5."""
    server.broken = broken
    assert resolver.is_answering()


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "a..b",
        "a" * 64 + ".example",
        "a b.example",
        "x\x00.example",
        "\u2603\u200d.example",
        "a." * 130 + "b",
        "-a.b",
    ],
)
def test_what_is_no_name_is_not_asked(server, resolver, name):
    """I17: names come from strangers."""
    assert Questions.within(8, resolver, "northwind.example").ask(name, "TXT") == ()
    assert server.asked == []


def test_one_mail_may_not_ask_for_ever(resolver):
    """I17."""
    questions = Questions.within(8, resolver, "northwind.example")
    for _question in range(questions.most):
        questions.ask("northwind.example", "A")
    with pytest.raises(TooManyQuestions):
        questions.ask("northwind.example", "A")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_a_name_server_is_written_as_an_address_with_or_without_a_port(written, read):
    """The setting INTAKE_DNS_SERVERS."""
    assert read_server(written) == read


@pytest.mark.parametrize(
    "written", ["dns.example", "192.0.2.53:0", "192.0.2.53:x", "[2001:db8::53", "", "1.2.3.4:99999"]
)
def test_what_is_no_address_of_a_name_server_is_refused(written):
    """The setting INTAKE_DNS_SERVERS."""
    with pytest.raises(ValueError, match=r"."):
        read_server(written)
