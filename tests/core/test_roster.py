"""Who is on call: days, hours over midnight, clock changes, products, order."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.rules.roster import OnCall, Shift, ladder

ADA = OnCall(1, "Ada", "ada@support.example", "+14155550141")
GRACE = OnCall(2, "Grace", "grace@support.example", "+14155550142")
MONDAY, SATURDAY = 1, 6
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(shift, zone, day):
    """Return how many hours of a local calendar day the shift covers, counted in quarters of an hour."""
    begin = datetime.combine(day, time(0), ZoneInfo(zone)).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(zone)).astimezone(UTC)
    quarters = range(int((end - begin) / timedelta(minutes=15)))
    return sum(shift.holds(begin + timedelta(minutes=15 * quarter), "") for quarter in quarters) / 4


def test_a_shift_without_hours_holds_at_any_time():
    shift = Shift(ADA, 1)
    assert all(shift.holds(utc("2026-03-02T00:00") + timedelta(hours=hour), "") for hour in range(24 * 8))


def test_a_shift_begins_at_its_first_instant_and_ends_before_its_last():
    shift = Shift(ADA, 1, starts=time(8), ends=time(18))
    told = {
        at: shift.holds(utc(f"2026-03-02T{at}"), "")
        for at in ("07:59:59", "08:00:00", "17:59:59", "18:00:00")
    }
    assert list(told.values()) == [False, True, True, False]


def test_a_shift_holds_only_on_its_days():
    shift = Shift(ADA, 1, days=frozenset({MONDAY}), starts=time(8), ends=time(18))
    assert shift.holds(utc("2026-03-02T09:00"), "")
    assert not shift.holds(utc("2026-03-03T09:00"), "")


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        ("2026-03-07T21:59", False),
        ("2026-03-07T22:00", True),
        ("2026-03-08T05:59", True),  # Sunday morning belongs to the shift that began on Saturday
        ("2026-03-08T06:00", False),
        ("2026-03-07T05:59", False),  # no shift began on Friday
        ("2026-03-08T22:00", False),
    ],
)
def test_a_shift_over_midnight_belongs_to_the_day_on_which_it_begins(at, holds):
    shift = Shift(ADA, 1, days=frozenset({SATURDAY}), starts=time(22), ends=time(6))
    assert shift.holds(utc(at), "") is holds


def test_a_shift_from_midnight_to_midnight_is_that_one_day():
    shift = Shift(ADA, 1, days=frozenset({MONDAY}))
    told = [shift.holds(utc(at), "") for at in ("2026-03-01T23:59", "2026-03-02T00:00", "2026-03-02T23:59")]
    assert told == [False, True, True]
    assert not shift.holds(utc("2026-03-03T00:00"), "")


def test_the_week_goes_over_sunday_to_monday():
    shift = Shift(ADA, 1, days=frozenset({7}), starts=time(20), ends=time(4))
    assert shift.holds(utc("2026-03-02T03:59"), "")
    assert not shift.holds(utc("2026-03-02T04:00"), "")


def test_the_day_is_the_one_of_the_shifts_own_zone():
    """It is Monday morning in Berlin while it is still Sunday in New York."""
    now = utc("2026-03-02T02:00")
    assert Shift(ADA, 1, days=frozenset({1}), time_zone=BERLIN).holds(now, "")
    assert Shift(ADA, 1, days=frozenset({7}), time_zone=NEW_YORK).holds(now, "")


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        (BERLIN, "2026-03-28T07:00", "2026-03-29T06:00"),
        (BERLIN, "2026-10-24T06:00", "2026-10-25T07:00"),
        (NEW_YORK, "2026-03-07T13:00", "2026-03-08T12:00"),
        (NEW_YORK, "2026-10-31T12:00", "2026-11-01T13:00"),
    ],
    ids=["Berlin, spring", "Berlin, autumn", "New York, spring", "New York, autumn"],
)
def test_a_shift_keeps_its_local_hours_over_a_clock_change(zone, before, after):
    """Case 27: 8 o'clock stays 8 o'clock."""
    shift = Shift(ADA, 1, starts=time(8), ends=time(18), time_zone=zone)
    for at in (before, after):
        assert not shift.holds(utc(at) - timedelta(seconds=1), "")
        assert shift.holds(utc(at), "")


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        (BERLIN, "2026-03-29", 23),
        (BERLIN, "2026-10-25", 25),
        (NEW_YORK, "2026-03-08", 23),
        (NEW_YORK, "2026-11-01", 25),
    ],
    ids=["Berlin, spring", "Berlin, autumn", "New York, spring", "New York, autumn"],
)
def test_two_shifts_leave_no_gap_and_no_overlap_on_the_day_of_a_clock_change(zone, day, length):
    """Case 27: day and night together are the whole day, however long it is."""
    date = datetime.fromisoformat(day).date()
    by_day = Shift(ADA, 1, starts=time(6), ends=time(22), time_zone=zone)
    by_night = Shift(GRACE, 1, starts=time(22), ends=time(6), time_zone=zone)
    assert hours(by_day, zone, date) + hours(by_night, zone, date) == length
    assert hours(by_day, zone, date) == 16


def test_a_night_shift_of_saturday_holds_through_the_hour_that_comes_twice():
    """Case 27: 2:30 comes twice on the Sunday on which summer time ends in Berlin."""
    shift = Shift(ADA, 1, days=frozenset({SATURDAY}), starts=time(22), ends=time(3), time_zone=BERLIN)
    assert shift.holds(utc("2026-10-25T00:30"), "")
    assert shift.holds(utc("2026-10-25T01:30"), "")
    assert not shift.holds(utc("2026-10-25T02:00"), "")


def test_a_shift_without_products_is_for_all_and_one_with_products_for_those():
    now = utc("2026-03-02T09:00")
    assert Shift(ADA, 1).holds(now, "Recorder")
    assert Shift(ADA, 1, products=frozenset({"Recorder"})).holds(now, "Recorder")
    assert not Shift(ADA, 1, products=frozenset({"Recorder"})).holds(now, "Dialer")


def test_any_shift_covers_a_product_that_is_not_known():
    """P4: a case opened by phone names none, and never rings nobody for that."""
    assert Shift(ADA, 1, products=frozenset({"Recorder"})).holds(utc("2026-03-02T09:00"), "")


def test_the_ladder_goes_by_rung_then_by_analyst():
    """P4: whatever the order of the shifts."""
    now = utc("2026-03-02T09:00")
    assert ladder((Shift(GRACE, 1), Shift(ADA, 2)), now, "") == (GRACE, ADA)
    assert ladder((Shift(GRACE, 1), Shift(ADA, 1)), now, "") == (ADA, GRACE)


def test_who_has_two_shifts_stands_once_on_the_lower_rung():
    now = utc("2026-03-02T09:00")
    assert ladder((Shift(ADA, 3), Shift(GRACE, 2), Shift(ADA, 1)), now, "") == (ADA, GRACE)


def test_nobody_whose_shift_does_not_hold_is_in_the_ladder():
    now = utc("2026-03-02T09:00")
    off = Shift(ADA, 1, starts=time(10), ends=time(12))
    assert ladder((off, Shift(GRACE, 2)), now, "") == (GRACE,)
    assert ladder((off,), now, "") == ()
