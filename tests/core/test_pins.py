"""PINs: issued, checked, counted, locked; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from core import directory, pins
from core.pins import PinAccepted, PinKeys, PinMistyped, PinRefused
from core.store.schema import audit, metadata

digits = st.text("0123456789", min_size=11, max_size=11)


@given(digits, st.integers(0, 10), st.sampled_from("123456789"))
def test_a_wrong_digit_is_found(body, place, by):
    """DESIGN 5: one mistyped digit never passes for another PIN."""
    pin = body + pins.check_digit(body)
    changed = str((int(body[place]) + int(by)) % 10)
    assert pins.check_digit(body[:place] + changed + body[place + 1 :]) != pin[-1]


@given(digits, st.integers(0, 9))
def test_two_swapped_digits_are_found(body, place):
    """DESIGN 5."""
    swapped = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
    assert swapped == body or pins.check_digit(swapped) != pins.check_digit(body)


@pytest.fixture
def alice(core):
    with core.reading() as uow:
        return directory.contact_by_email(uow, "alice@northwind.example").id


def issued(core, contact_id):
    return core.write(lambda uow: pins.issue(uow, contact_id, by="test"))


def check(core, pin, number="+14155550132", **expected):
    return core.write(lambda uow: pins.check(uow, pin, calling_number=number, **expected))


def failures_of(core, contact_id):
    """Return how many failures are counted for a contact."""
    table = metadata.tables["pin_failures"]
    mine = (table.c.scope == "contact", table.c.key == str(contact_id))
    with core.reading() as uow:
        return uow.connection.scalar(sa.select(table.c.failures).where(*mine)) or 0


def wrong(pin):
    """Return another PIN of the same contact, with a right check digit."""
    secret = f"{(int(pin[5:11]) + 1) % 10**6:06d}"
    return pin[:5] + secret + pins.check_digit(pin[:5] + secret)


def test_a_pin_names_its_owner(core, alice):
    """A10, P1."""
    pin = issued(core, alice)
    assert len(pin) == 12
    assert check(core, pin) == PinAccepted(alice)
    assert core.write(lambda uow: pins.reveal(uow, alice, by="test")) == pin


def test_a_pin_that_is_issued_again_voids_the_old_one(core, alice):
    """A10."""
    old, new = issued(core, alice), issued(core, alice)
    assert check(core, old) == PinRefused()
    assert check(core, new) == PinAccepted(alice)


def test_a_blank_pin_is_as_good_as_a_wrong_one(core, alice):
    """A10: it sounds the same."""
    pin = issued(core, alice)
    core.write(lambda uow: pins.blank(uow, alice, by="test"))
    assert check(core, pin) == PinRefused()


@pytest.mark.parametrize("typed", ["", "1", "12345678901", "1234567890123", "12345678901x", "١٢٣٤٥٦٧٨٩٠١٢"])
def test_what_is_no_pin_is_asked_again_and_not_counted(core, alice, typed):
    """DESIGN 5."""
    assert check(core, typed) == PinMistyped()
    with core.reading() as uow:
        assert uow.connection.execute(sa.select(metadata.tables["pin_failures"])).first() is None


def test_five_failures_lock_and_the_right_pin_stays_locked_until_the_lock_ends(core, alice, clock):
    """DESIGN 5, phone case 13."""
    pin = issued(core, alice)
    for _failure in range(5):
        assert check(core, wrong(pin)) == PinRefused()
    assert check(core, pin) == PinRefused()
    clock.advance(timedelta(minutes=15) - timedelta(seconds=1))
    assert check(core, pin) == PinRefused(), "trying does not lengthen the lock, nor shorten it"
    clock.advance(timedelta(seconds=1))
    assert check(core, pin) == PinAccepted(alice)


def test_each_further_lock_lasts_twice_as_long_up_to_a_day(core, alice, clock):
    """DESIGN 5."""
    pin = issued(core, alice)
    for minutes in (15, 30, 60, 120, 240, 480, 960, 1440, 1440):
        for _failure in range(5):
            check(core, wrong(pin))
        clock.advance(timedelta(minutes=minutes) - timedelta(seconds=1))
        assert check(core, pin) == PinRefused(), minutes
        clock.advance(timedelta(seconds=1))
    assert check(core, pin) == PinAccepted(alice)


def test_a_right_pin_clears_the_count(core, alice):
    """Phone case 13."""
    pin = issued(core, alice)
    for _round in range(3):
        for _failure in range(4):
            check(core, wrong(pin))
        assert check(core, pin) == PinAccepted(alice)


def test_failures_are_counted_for_the_calling_number_too(core, alice):
    """DESIGN 5: an attacker who tries many PINs is seen."""
    pin = issued(core, alice)
    check(core, wrong(pin), "+14155550199")
    failures = metadata.tables["pin_failures"]
    with core.reading() as uow:
        counted = uow.connection.execute(
            sa.select(failures.c.scope, failures.c.key, failures.c.failures)
        ).all()
    assert ("number", "+14155550199", 1) in [tuple(row) for row in counted]


def test_a_pin_of_the_key_before_still_works_after_rotation(core, alice):
    """DESIGN 5."""
    pin = issued(core, alice)
    rotated = replace(
        core, house=replace(core.house, pin_keys=PinKeys("k2", {"k2": b"new", "k1": b"test pin key"}))
    )
    assert check(rotated, pin) == PinAccepted(alice)
    new = issued(rotated, alice)
    assert check(rotated, new) == PinAccepted(alice)
    assert check(rotated, pin) == PinRefused()


def test_a_pin_of_a_retired_key_is_refused_by_the_same_steps(core, alice):
    """DESIGN 5: as good as unknown, and never a fault."""
    pin = issued(core, alice)
    retired = replace(core, house=replace(core.house, pin_keys=PinKeys("k2", {"k2": b"new"})))
    assert check(retired, pin) == PinRefused()
    assert failures_of(core, 0) == 1
    assert check(retired, issued(retired, alice)) == PinAccepted(alice)


def test_the_right_pin_of_somebody_else_is_a_failure_of_who_was_expected(core, people, alice):
    """A10, P7: it opens nothing, clears nothing, and locks after five."""
    charlie = people.customer("charlie").contact_id
    pin, other = issued(core, alice), issued(core, charlie)
    check(core, wrong(other))
    for failures in range(1, 6):
        assert check(core, other, expected=alice) == PinRefused()
        assert (failures_of(core, alice), failures_of(core, charlie)) == (failures, 1)
    assert check(core, pin, expected=alice) == PinRefused(), "locked by now"
    assert check(core, other, expected=charlie) == PinAccepted(charlie)


def test_the_right_pin_of_who_is_expected_is_accepted(core, alice):
    """P7."""
    pin = issued(core, alice)
    assert check(core, wrong(pin), expected=alice) == PinRefused()
    assert check(core, pin, expected=alice) == PinAccepted(alice)
    assert failures_of(core, alice) == 0


def test_showing_a_pin_is_recorded_and_the_record_has_no_pin(core, alice):
    """A10, I14."""
    pin = issued(core, alice)
    core.write(lambda uow: pins.reveal(uow, alice, by="the tester"))
    with core.reading() as uow:
        lines = [dict(row) for row in uow.connection.execute(sa.select(audit)).mappings()]
    assert [(line["act"], line["actor"]) for line in lines] == [
        ("PIN issued", "test"),
        ("PIN shown", "the tester"),
    ]
    assert pin not in str(lines)


def test_no_table_holds_a_pin_or_its_secret(core, alice):
    """A10, I14: only the five digits that name the contact are kept."""
    pin = issued(core, alice)
    check(core, pin)
    check(core, wrong(pin))
    with core.reading() as uow:
        everything = [str(uow.connection.execute(sa.select(table)).all()) for table in metadata.sorted_tables]
    assert pin not in "".join(everything)
    assert pin[5:11] not in "".join(everything)


def test_a_new_pin_lifts_the_lock_of_the_old_one(core, alice):
    """DESIGN 5: who names a contact can lock it, so its owner has a way back."""
    pin = issued(core, alice)
    for _failure in range(5):
        check(core, wrong(pin))
    assert check(core, pin) == PinRefused()
    assert check(core, issued(core, alice)) == PinAccepted(alice)
