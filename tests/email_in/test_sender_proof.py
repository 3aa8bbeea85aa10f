"""Our own check of a sender: what proves the From domain, and what an attacker would like to have taken for it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_in.message import read_mail
from email_in.proof import dkim, own
from email_in.proof.evidence import Evidence, Transfer
from email_in.proof.proven import Proof
from email_in.proof.questions import NameServersAreSilent
from tests.email_in import signing
from tests.email_in.signing import ALICE, DOMAIN, ED25519, ELSEWHERE, EVIL, HOST, SHORT, letter, signed, zone

NOW = datetime.now(UTC)  # dkimpy signs with the time that it is


def proven(
    raw, zone, peer=ELSEWHERE, sender="bounces@mailer.example", domain=DOMAIN, helo="", at=NOW, seconds=8.0
):
    evidence = Evidence(raw, read_mail(raw).headers, Transfer(sender, peer, helo), at)
    return own.prove(domain, evidence, zone, seconds)


MALLORY = f"mallory@{EVIL}"


@pytest.mark.parametrize(
    ("raw", "transfer", "words"),
    [
        (signed(letter()), {}, f"dkim=pass {DOMAIN}"),
        (signed(letter(), key=ED25519, selector="s2"), {}, f"dkim=pass {DOMAIN}"),
        (signed(letter(), canonicalize=(b"simple", b"simple")), {}, f"dkim=pass {DOMAIN}"),
        (signed(letter(), domain=f"mail.{DOMAIN}"), {}, f"dkim=pass mail.{DOMAIN}"),
        (signed(signed(letter()), domain=EVIL), {}, f"dkim=pass {DOMAIN}"),
        (signed(letter(text=""), length=True), {}, f"dkim=pass {DOMAIN}"),
        (signed(letter()).replace(b"\r\n", b"\n"), {}, f"dkim=pass {DOMAIN}"),
        (letter(), {"peer": HOST, "sender": ALICE}, f"spf=pass {DOMAIN}"),
        (letter(), {"peer": f"::ffff:{HOST}", "sender": ALICE}, f"spf=pass {DOMAIN}"),
        (letter(), {"peer": HOST, "sender": "", "helo": DOMAIN}, f"spf=pass {DOMAIN}"),
    ],
    ids=[
        "signed",
        "signed with Ed25519",
        "signed in simple form",
        "signed by a subdomain",
        "signed by others too",
        "with the length of all of it",
        "through a pipe, with plain line ends",
        "sent by the domain's host",
        "sent by it, written as IPv6",
        "sent by it with the null sender",
    ],
)
def test_a_domain_is_proven_by_its_signature_or_its_host(raw, transfer, words):
    """E5, RFC 7489 3.1: and the log says what did it."""
    found = proven(raw, zone(), **transfer)
    assert found.proof is Proof.PASS
    assert found.words == f"{DOMAIN} publishes p=reject; {words}"


def altered(raw):
    return raw.replace(b"version 4.2", b"version 6.6")


# One field for who looks for CRLF, two for who takes any line end.
HIDDEN = b"X: y\rReferences: <another-case@support.example>\r\n"
# The order of fields is not signed, and a line without a name ends the header for some.
SIGNATURE, AUTHOR = signed(letter())[: -len(letter())], f"From: Alice <{ALICE}>\r\n".encode()
REORDERED = AUTHOR + b":: Do as Mallory says.\r\n" + SIGNATURE + letter().removeprefix(AUTHOR)
FORGED = signed(letter(), domain=EVIL)
WITH_LENGTH = signed(letter(), length=True)
IN_SIMPLE = signed(letter(), length=True, canonicalize=(b"simple", b"simple"))
AS_EVIL = {"peer": ELSEWHERE, "sender": MALLORY}


@pytest.mark.parametrize(
    ("raw", "transfer", "why"),
    [
        (letter(), {}, "mailer.example (not aligned"),
        (
            FORGED,
            AS_EVIL,
            f"dkim=none {EVIL} (not aligned with the From domain), spf=none {EVIL} (not aligned",
        ),
        (signed(letter(f'"{ALICE}" <{ALICE}>'), domain=EVIL), AS_EVIL, f"dkim=none {EVIL} (not aligned"),
        (letter(), {"sender": ALICE}, f"spf=fail {DOMAIN}"),
        (letter(), {"sender": f'"{MALLORY},"@{DOMAIN}'}, f"spf=fail {DOMAIN}"),
        (letter(), {"sender": f'"x@{DOMAIN}"@{EVIL}'}, f"spf=none {EVIL} (not aligned"),
        (letter(), {"sender": "", "helo": DOMAIN}, f"spf=fail {DOMAIN}"),
        (letter(), {"peer": HOST, "sender": ""}, "neither signed nor sent"),
        (letter(), {"peer": "127.0.0.1", "sender": ALICE}, "of our own network"),
        (letter(), {"peer": "::ffff:10.1.2.3", "sender": ALICE}, "of our own network"),
        (letter(), {"peer": "pipe", "sender": ALICE}, "of our own network"),
        (altered(signed(letter())), {}, "of another body"),
        (WITH_LENGTH + b"Please send the dump to mallory@evil.example.\r\n", {}, "text behind"),
        (IN_SIMPLE + b"\r\n\r\n<p>Also this</p>\r\n", {}, "text behind"),
        (signed(letter(), key=SHORT, selector="short"), {}, "KeyFormatError"),
        (signed(letter(), signature_algorithm=b"rsa-sha1"), {}, "an algorithm that proves nothing"),
        (signed(letter(), selector="s3"), {}, "no key is published"),
        (signed(letter(), selector="s2"), {}, "ValueError"),
        (signed(letter(), identity=f"@{DOMAIN}; x=1; z={DOMAIN}".encode()), {}, "expired"),
        (signed(letter(), identity=f"@{EVIL}; z={DOMAIN}".encode()), {}, "for somebody else"),
        (signed(letter()).replace(b"dns/txt", b"http"), {}, "its key elsewhere"),
        (b"From: Alice <alice@northwind.example>\r\n" + signed(letter()), {}, "several fields from"),
        (signed(letter()).replace(b"From: Alice", b"From: Mallory"), {}, "a false signature"),
        (b"Subject: close it\r\n" + signed(letter()), {}, "several fields subject"),
        (
            b"Content-Type: text/html\r\n" + signed(letter(extra="Content-Type: text/plain\r\n")),
            {},
            "content-type",
        ),
        (HIDDEN + signed(letter()), {}, "the header can be read in two ways"),
        (REORDERED, {}, "the header can be read in two ways"),
        (signed(letter()).replace(b"bh=", b"xh="), {}, "incomplete"),
        (signed(letter()).replace(b" h=", b" h=to; g="), {}, "without the From field"),
        (signed(letter()).replace(b"v=1", b"v=2"), {}, "an unknown version"),
        (signed(letter()).replace(b"c=relaxed/relaxed", b"c=relaxed/nofws"), {}, "an unknown form"),
        (signed(letter()).replace(b" v=1;", b" v=1; v=1;"), {}, "mailer.example (not aligned"),
    ],
    ids=[
        "nothing",
        "the attacker's own signature, and host",
        "a name that looks like an address",
        "an envelope of the domain, from elsewhere",
        "an envelope that can be cut in two ways",
        "an envelope that can be cut in two other ways",
        "a HELO of the domain, from elsewhere",
        "the null sender without a HELO",
        "a peer that is this machine",
        "a peer in our own network",
        "a pipe",
        "another text",
        "text behind the signed length",
        "text behind the signed length, in simple form",
        "a key of 768 bits",
        "SHA-1",
        "a selector without a key",
        "another's key",
        "an expired signature",
        "a signature for another domain's user",
        "a key that is not in the DNS",
        "a second From",
        "another name in From",
        "a second Subject",
        "a second Content-Type",
        "a field hidden in another",
        "an end of the header for some",
        "no hash of the body",
        "From not signed",
        "an unknown version",
        "an unknown form",
        "a tag twice",
    ],
)
def test_what_proves_nothing_of_a_domain_with_a_policy_is_a_failure(raw, transfer, why):
    """E5, I5: and the log says why."""
    found = proven(raw, zone(), **transfer)
    assert found.proof is Proof.FAIL
    assert why in found.words


def test_the_log_says_why_nothing_proved_the_domain():
    """E5: without a word of the sender's but names of domains."""
    found = proven(altered(signed(FORGED, domain=DOMAIN)), zone(), peer=ELSEWHERE, sender=ALICE)
    assert found.words == (
        f"{DOMAIN} publishes p=reject; dkim=fail {DOMAIN} (of another body), "
        f"dkim=none {EVIL} (not aligned with the From domain), spf=fail {DOMAIN}"
    )


@pytest.mark.parametrize(
    ("dmarc", "signer", "author", "proof"),
    [
        ("v=DMARC1; p=none", DOMAIN, f"mail.{DOMAIN}", Proof.PASS),
        ("v=DMARC1; p=none", f"mail.{DOMAIN}", DOMAIN, Proof.PASS),
        ("v=DMARC1; p=none; adkim=s", f"mail.{DOMAIN}", DOMAIN, Proof.FAIL),
        ("v=DMARC1; p=none; adkim=s", DOMAIN, DOMAIN, Proof.PASS),
        ("v=DMARC1; p=none; aspf=s", f"mail.{DOMAIN}", DOMAIN, Proof.PASS),
        ("v=DMARC1; p=none; adkim=x", f"mail.{DOMAIN}", DOMAIN, Proof.PASS),
        ("", DOMAIN, DOMAIN, Proof.PASS),
        ("", EVIL, DOMAIN, Proof.NONE),
        ("v=DMARC1; p=none", EVIL, DOMAIN, Proof.FAIL),
        ("v=DMARC1; p=reject; pct=0", EVIL, DOMAIN, Proof.FAIL),
        ("v=DMARC1; p=reject; sp=none", EVIL, f"mail.{DOMAIN}", Proof.FAIL),
        ("v=DMARC1; p=nonsense", EVIL, DOMAIN, Proof.NONE),
        ("v=DMARC1; rua=mailto:x@x.example", EVIL, DOMAIN, Proof.FAIL),
        ("v=DMARC1", EVIL, DOMAIN, Proof.NONE),
        ("v=DMARC10; p=reject", EVIL, DOMAIN, Proof.NONE),
        ("p=reject; v=DMARC1", EVIL, DOMAIN, Proof.NONE),
        ("v=DMARC1; p=reject; x=" + "x" * 60_000, EVIL, DOMAIN, Proof.NONE),
        ("v=DMARC1;" + "=;" * 2_000, EVIL, DOMAIN, Proof.NONE),
    ],
    ids=[
        "relaxed, from above",
        "relaxed, from below",
        "strict, from below",
        "strict, the very same",
        "strict for SPF only",
        "a mode that does not exist",
        "no record, but aligned",
        "no record, unaligned",
        "a policy of none",
        "a policy for no share of the mail",
        "another policy for subdomains",
        "no policy",
        "no policy, but reports are wanted",
        "nothing but a version",
        "another version",
        "the version not first",
        "huge",
        "malformed",
    ],
)
def test_what_the_record_of_the_domain_makes_of_a_signature(dmarc, signer, author, proof):
    """E5, RFC 7489 6.3, 6.6.3: the domain first, then its organisational one."""
    raw = signed(letter(f"Alice <alice@{author}>"), domain=signer)
    assert proven(raw, zone(dmarc), domain=author).proof is proof


def test_several_records_are_none():
    """E5, RFC 7489 6.6.3."""
    there = zone(**{f"_dmarc.{DOMAIN}": ["v=DMARC1; p=reject", "v=DMARC1; p=none"]})
    assert proven(FORGED, there).proof is Proof.NONE


def test_neighbours_under_a_public_suffix_are_not_of_one_owner():
    """E5, RFC 7489 3.2."""
    there = zone(**{"s1._domainkey.evil.co.uk": [signing.RSA_RECORD]})
    raw = signed(letter("Alice <alice@northwind.co.uk>"), domain="evil.co.uk")
    assert proven(raw, there, domain="northwind.co.uk").proof is Proof.NONE


def test_a_domain_beyond_ascii_is_asked_for_in_its_own_spelling():
    """E5, RFC 5891: straße.example is not strasse.example."""
    there = zone(**{"s1._domainkey.xn--strae-oqa.example": [signing.RSA_RECORD]})
    raw = signed(letter("Alice <alice@straße.example>"), domain="xn--strae-oqa.example")
    assert proven(raw, there, domain="straße.example").proof is Proof.PASS
    raw = signed(letter("Alice <alice@straße.example>"), domain="strasse.example")
    assert proven(raw, there, domain="straße.example").proof is Proof.NONE


@pytest.mark.parametrize(
    "name", [f"_dmarc.{DOMAIN}", f"s1._domainkey.{DOMAIN}", DOMAIN], ids=["policy", "key", "hosts"]
)
def test_trouble_of_the_domains_name_servers_is_neither_pass_nor_fail(name):
    """E5."""
    there = zone()
    there.failing.add(name)
    raw = letter() if name == DOMAIN else signed(letter())
    assert proven(raw, there, peer=HOST, sender=ALICE if name == DOMAIN else MALLORY).proof is Proof.TEMPERROR


def test_trouble_with_one_thing_does_not_matter_where_another_proves_the_domain():
    """E5."""
    there = zone()
    there.failing.add(f"s1._domainkey.{DOMAIN}")
    assert proven(signed(letter()), there, peer=HOST, sender=ALICE).proof is Proof.PASS


def test_an_outage_of_our_own_name_servers_says_nothing_about_a_mail():
    """E5."""
    there = zone()
    there.is_silent = True
    with pytest.raises(NameServersAreSilent):
        proven(signed(letter()), there)


def test_an_expired_signature_was_good_when_the_mail_came():
    """E5, RFC 6376 3.5: a mail that waits for us does not grow old."""
    until = int((NOW - timedelta(days=2)).timestamp())
    raw = signed(letter(), identity=f"@{DOMAIN}; x={until}; z={DOMAIN}".encode())
    assert proven(raw, zone(), at=NOW - timedelta(days=3)).proof is Proof.PASS
    assert proven(raw, zone()).proof is Proof.FAIL


# --- bounds -----------------------------------------------------------------------------------------------------


def many(count, domain):
    one = signed(letter(), domain=domain)[: -len(letter())]
    return b"".join(one.replace(b"s=s1", b"s=n%d" % number) for number in range(count))


def test_ten_thousand_signatures_cost_no_more_than_a_few():
    """I17: those of others are not looked at, and of the domain's own a handful."""
    there = zone()
    started = time.process_time()
    assert proven(many(10_000, EVIL) + letter(), there).proof is Proof.FAIL
    assert proven(many(150, DOMAIN) + signed(letter()), there).proof is Proof.FAIL
    assert time.process_time() - started < 2
    assert len(there.asked) <= 2 * (1 + dkim.MOST_TRIED)


HOSTILE = {
    "spaces": b" " * 3_000_000 + b"x\r\n",
    "spaces in lines": (b" " * 999 + b"x\r\n") * 3_000,
    "empty lines": b"\r\n" * 3_000_000 + b"x\r\n" + b"\r\n" * 3_000_000,
    "carriage returns": b"\r" * 3_000_000,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("form", ["simple", "relaxed"])
def test_a_hostile_body_is_made_canonical_in_bounded_time(body, form):
    """I17: dkimpy alone takes minutes for the first."""
    field = signed(letter(), canonicalize=(b"relaxed", form.encode()))[: -len(letter())]
    head = letter().partition(b"\r\n\r\n")[0]
    started = time.process_time()
    assert proven(field + head + b"\r\n\r\n" + body, zone()).proof is Proof.FAIL
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "field",
    [
        b"DKIM-Signature: v=1; d=northwind.example; b=" + b"\r\n " * 1_300 + b"!\r\n",
        b"DKIM-Signature: " + b"a=b; " * 20_000 + b"\r\n",
        b"DKIM-Signature: v=1; d=northwind.example; h=" + b"from:" * 4_000 + b"\r\n",
        b"X: " + b"\r\n " * 30_000 + b"x\r\n",
        b"X: y\r\n" * 20_000,
        b"no field\r\n",
        b" folded into nothing\r\n",
        b"DKIM-Signature: \xff\x00; d=\xff\r\n",
        b"DKIM-Signature:\r\n",
    ],
)
def test_a_hostile_header_ends_without_a_proof(field):
    """I17: in bounded time, and without an exception."""
    started = time.process_time()
    assert proven(field + letter(), zone()).proof is Proof.FAIL
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    "record",
    [
        f"v=spf1 redirect={DOMAIN}",
        f"v=spf1 include:{DOMAIN}",
        "v=spf1 include:%{d}.x.example include:a.x.example include:b.x.example include:c.x.example +all",
        "v=spf1 " + " ".join(f"a:h{number}.x.example" for number in range(40)) + " +all",
        "v=spf1 a:" + ("a" * 2_000) + " +all",
        "v=spf1 " + "ip4:1.2.3.4 " * 4_000 + "+all",
        "v=spf1 exists:%{l}.%{s}.%{p}.%{i}.x.example -all",
        "v=spf1 %{",
        "v=spf1 ip4:1.2.3.4/999 +all",
        "v=spf1 +all\xff",
    ],
)
def test_a_hostile_spf_record_proves_nothing_and_asks_little(record):
    """I17, RFC 7208 4.6.4."""
    there = zone(spf=record)
    started = time.process_time()
    assert proven(letter(), there, sender=ALICE).proof is Proof.FAIL
    assert time.process_time() - started < 2
    assert len(there.asked) <= 82


def test_an_spf_record_is_followed_through_includes_and_hosts():
    """E5, RFC 7208 5."""
    there = zone(spf="v=spf1 include:hosts.example -all")
    there.texts["hosts.example"] = ["v=spf1 mx a:mail.hosts.example ~all"]
    there.addresses = {"hosts.example": ["mx.hosts.example"], "mx.hosts.example": [HOST]}
    assert proven(letter(), there, peer=HOST, sender=ALICE).proof is Proof.PASS


def test_the_time_for_all_questions_of_a_mail_ends():
    """I17: what could not be asked any more is no failure."""
    there = zone()
    assert proven(signed(letter()), there, seconds=0.0).proof is Proof.TEMPERROR
    assert there.asked == []


def test_trouble_is_held_against_whose_mail_it_is_and_not_against_who_was_asked():
    """I17: with an SPF record of their own a stranger has us ask for anybody's names."""
    there = zone()
    there.texts[EVIL] = [f"v=spf1 include:broken.{DOMAIN} -all"]
    there.failing.add(f"broken.{DOMAIN}")
    raw = letter(f"mallory@mail.{EVIL}")
    assert proven(raw, there, sender=MALLORY, domain=f"mail.{EVIL}").proof is Proof.TEMPERROR
    assert there.troubled == {EVIL}


LINES = st.lists(
    st.sampled_from([b"", b" ", b"\t", b"a", b"a ", b" a\t b", b"\r", b"a\rb", b".", b"\xff"]), max_size=8
)


@settings(max_examples=80, deadline=None)
@given(LINES, st.sampled_from([b"simple", b"relaxed"]))
def test_every_signed_body_is_proven_in_both_forms(lines, form):
    """E5, RFC 6376 3.4: what dkimpy signs, we find unaltered."""
    head = letter().partition(b"\r\n\r\n")[0]
    raw = head + b"\r\n\r\n" + b"".join(line + b"\r\n" for line in lines)
    wishes = {"key": ED25519, "selector": "s2", "canonicalize": (b"relaxed", form)}
    assert proven(signed(raw, **wishes), zone()).proof is Proof.PASS


PIECES = [
    b"\x0b\x0c\x1c",
    b"\r",
    b"\n",
    b"\r\n",
    b"\r\n\r\n",
    b" ",
    b"\x00",
    b"\xff",
    b":",
    b"x",
    b"From: m@evil.example",
    b"Subject: no",
]
ORIGINAL = signed(letter(), key=ED25519, selector="s2")


def as_read(raw):
    mail = read_mail(raw)
    return [one.address for one in mail.senders], mail.subject, mail.text.split()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), max_size=4).map(b"".join),
    st.integers(0, len(ORIGINAL)),
    st.integers(0, 9),
)
def test_a_damaged_mail_is_not_proven_unless_it_still_says_what_was_signed(damage, place, lost):
    """I1, I5: two readers of one mail do not see two mails, and neither of them raises."""
    damaged = ORIGINAL[:place] + damage + ORIGINAL[place + lost :]
    if proven(damaged, zone()).proof is Proof.PASS:
        assert as_read(damaged) == as_read(ORIGINAL)
