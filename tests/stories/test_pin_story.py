"""A PIN's life at a site: issued, its key rotated, issued anew, taken away; and what the trail says of it."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from core import pins
from tests.stories.gateway import ALICE, BOB, CHARLIE, Gateway
from tests.stories.phone import Call


def pin_of(gateway: Gateway, email: str, *options: str) -> str:
    return "".join(gateway.intake("contact", "pin", email, *options).split())


def is_accepted(gateway: Gateway, email: str, pin: str) -> bool:
    """Say whether an analyst is told that the PIN is right."""
    return gateway.run("contact", "verify-pin", email, "--pin", pin).code == 0


def lets_in(gateway: Gateway, pin: str) -> bool:
    """Say whether the phone menu knows the caller by this PIN; the web process is started with today's keys."""
    gateway.start("web")
    call = Call(gateway)
    call.arrives()
    call.keys(pin)
    gateway.stop()
    assert ("If your case is critical" in call.answer) != ("This PIN was not accepted" in call.answer)
    return "If your case is critical" in call.answer


def failures(gateway: Gateway) -> dict[str, int]:
    counted: dict[str, int] = gateway.read("stats")["pin_failures"]
    return counted


def outdated(gateway: Gateway) -> list[tuple[str, str]]:
    return [(row["email"], row["key"]) for row in gateway.read("contact", "outdated-pins")]


def acts(gateway: Gateway, *words: str) -> list[Any]:
    return [(line["act"], line["detail"]) for line in gateway.read("audit", *words)]


def test_the_key_is_rotated_and_every_pin_works_until_its_key_is_gone(gateway: Gateway) -> None:
    """A10, P1, P7, DESIGN 5."""
    alice, bob = pin_of(gateway, ALICE.address, "--reissue"), pin_of(gateway, BOB.address, "--reissue")
    assert outdated(gateway) == []

    first = gateway.environment["INTAKE_PIN_KEY"]
    gateway.environment |= {"INTAKE_PIN_KEY": secrets.token_hex(32), "INTAKE_PIN_KEY_PREVIOUS": first}
    assert outdated(gateway) == [(ALICE.address, "previous key"), (BOB.address, "previous key")]
    assert is_accepted(gateway, ALICE.address, alice)
    assert lets_in(gateway, alice)
    assert pin_of(gateway, ALICE.address) == alice

    new = pin_of(gateway, ALICE.address, "--reissue")
    assert (lets_in(gateway, new), lets_in(gateway, alice)) == (True, False)
    assert outdated(gateway) == [(BOB.address, "previous key")]

    del gateway.environment["INTAKE_PIN_KEY_PREVIOUS"]
    assert outdated(gateway) == [(BOB.address, "key is gone")]
    assert is_accepted(gateway, ALICE.address, new)
    before = failures(gateway)
    assert not is_accepted(gateway, BOB.address, bob)
    assert failures(gateway) == before | {name: before[name] + 1 for name in ("contact", "number", "system")}
    told = gateway.run("contact", "pin", BOB.address)
    assert (told.code, told.out) == (1, "")
    assert "not configured any more; give a new one with --reissue" in told.err
    assert acts(gateway, "--of", BOB.address)[0] == ("PIN not shown", "its key is gone")
    assert is_accepted(gateway, BOB.address, pin_of(gateway, BOB.address, "--reissue"))
    assert outdated(gateway) == []


def test_what_is_done_with_pins_is_in_the_audit_trail_with_who_did_it(gateway: Gateway) -> None:
    """A10, P7, I14."""
    pin = pin_of(gateway, CHARLIE.address, "--reissue", "--by", "ada@support.example")
    mistyped = pin[:-1] + str((int(pin[-1]) + 1) % 10)
    assert (
        "It was not counted" in gateway.run("contact", "verify-pin", CHARLIE.address, "--pin", mistyped).err
    )
    assert is_accepted(gateway, CHARLIE.address, pins.spoken(pin).replace(" ", "-"))
    gateway.intake("contact", "pin", CHARLIE.address, "--blank")
    assert gateway.intake("contact", "pin", CHARLIE.address) == "no PIN is on file\n"
    about_pins = [act for act in acts(gateway, "--of", CHARLIE.address.upper()) if act[0].startswith("PIN")]
    assert about_pins == [
        ("PIN not shown", "none is on file"),
        ("PIN blanked", ""),
        ("PIN verified", ""),
        ("PIN not verified", "mistyped"),
        ("PIN issued", ""),
    ]
    lines = gateway.read("audit", "--of", CHARLIE.address)
    assert {line["actor"] for line in lines if line["act"] == "PIN issued"} == {"Ada"}
    assert {line["actor"] for line in lines if line["act"] == "PIN blanked"} == {"support desk"}
    assert failures(gateway) == dict.fromkeys(("contact", "locked", "number", "system"), 0)


def test_an_analyst_sees_that_a_pin_is_locked_and_until_when(gateway: Gateway) -> None:
    """A10, P7: and the trail says when it began."""
    pin = pin_of(gateway, BOB.address, "--reissue")
    wrong = pin[:5] + f"{(int(pin[5:11]) + 1) % 10**6:06d}"
    assert gateway.read("contact", "show", BOB.address)["pin_locked_until"] is None
    for _failure in range(5):
        assert not is_accepted(gateway, BOB.address, wrong + pins.check_digit(wrong))
    told = gateway.read("contact", "show", BOB.address)["pin_locked_until"]
    until = f"{datetime.fromisoformat(told):%Y-%m-%d %H:%M} UTC"
    assert f"the PIN is locked until {until}" in gateway.intake("contact", "show", BOB.address)
    assert ("PIN locked", f"until {until}") in acts(gateway, "--of", BOB.address)
    assert "was not accepted" in gateway.run("contact", "verify-pin", BOB.address, "--pin", pin).err


def test_a_case_has_its_events_in_the_trail(gateway: Gateway) -> None:
    """I14: who, what, when, over which channel."""
    number = gateway.open_case()
    gateway.intake("case", "post", number, "We look into it.")
    lines = gateway.read("audit", "--of", number)
    assert [(line["act"], line["actor"], line["channel"], line["subject"]) for line in lines] == [
        ("post", "support desk", "console", number),
        ("opened", "support desk", "console", number),
    ]
    assert {line["detail"] for line in lines} == {"Open / New"}
    assert gateway.run("audit", "--of", "0000000099").code == 1
    assert gateway.run("audit", "--of", "somebody").code == 2
    assert number in gateway.intake("audit", "--of", number)
