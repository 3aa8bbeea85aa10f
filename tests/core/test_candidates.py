"""Which cases a mail of triage may belong to: the order of the grounds, subjects, and the look-up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import cases, telling
from core.candidates import MOST_CANDIDATES, candidates, of_contacts
from core.rules.candidates import Candidate, Ground, Hints, bare_subject, has_subject, ranked
from core.rules.terms import SubStatus
from tests.people import NOW

ALICE = "alice@northwind.example"

SAME = [
    ("Re: The switch is down", "The switch is down"),
    ("AW: WG: the  SWITCH is down", "The switch is down"),
    ("Re[2]: Fwd: The switch is down [RT1ABCDEFGHJKMNPQRST1V]", "The switch is down"),
    ("SV: Case 0000000001 is open: The switch is down [rt1abc defghjkmnpqrst1v]", "The switch is down"),
    ("回复：交换机", "交换机"),
    ("Re : RE: ＲＥ: x", "X"),
]  # fmt: skip
OTHER = [
    ("", ""),
    ("Re:", "Re:"),
    ("The switch is down again", "The switch is down"),
    ("The switch: up", "up"),  # too short to stand behind words of ours
    ("The switch [of the hall]", "The switch"),
]


@pytest.mark.parametrize(("mail", "case"), SAME)
def test_a_subject_is_the_same_without_what_answering_put_around_it(mail, case):
    """E3."""
    assert has_subject(mail, case)


@pytest.mark.parametrize(("mail", "case"), OTHER)
def test_another_subject_is_another(mail, case):
    """E3."""
    assert not has_subject(mail, case)


@given(st.text(max_size=200))
def test_a_subject_is_bare_after_one_look(subject):
    """E3: whatever is in it."""
    answered = bare_subject(f"Re: {subject}")
    assert answered == bare_subject(subject)


GROUNDS = st.sets(st.sampled_from(Ground), min_size=1).map(lambda some: tuple(sorted(some)))
CANDIDATES = st.builds(
    lambda grounds, closed, hours: Candidate(
        "", "", "", "", "", "", closed, NOW + timedelta(hours=hours), grounds
    ),
    GROUNDS,
    st.booleans(),
    st.integers(0, 3),
)


@given(st.lists(CANDIDATES), st.integers(0, 5))
def test_the_strongest_ground_comes_first_then_the_most_grounds_then_what_is_open(some, most):
    """E3, I17."""
    found = ranked(some, most)
    order = [(one.grounds[0], -len(one.grounds), one.is_closed, NOW - one.updated_at) for one in some]
    told = [(one.grounds[0], -len(one.grounds), one.is_closed, NOW - one.updated_at) for one in found]
    assert told == sorted(order)[:most]


def told(core, hints, sender=ALICE, named=()):
    with core.reading() as uow:
        return [(one.number, one.grounds) for one in candidates(uow, hints, sender, named)]


def test_every_ground_is_looked_up(core, people):
    """E3: and what has several of them comes with all."""
    named, attached, numbered, of_bob, mine = (
        people.case(who, subject).case
        for who, subject in [
            ("charlie", "A"),
            ("petra", "B"),
            ("charlie", "C"),
            ("blanche", "The lamp"),
            ("alice", "The switch"),
        ]
    )
    token = core.write(lambda uow: telling.reference_for(uow, attached.id, "petra@harbour.example"))
    hints = Hints("Re: The lamp", (numbered.number, "4155550132"), (numbered.number,), (token, "R" * 22))
    assert told(core, hints, named=[named.id]) == [
        (named.number, (Ground.NAMED,)),
        (attached.number, (Ground.ATTACHED,)),
        (numbered.number, (Ground.NUMBER_IN_SUBJECT, Ground.NUMBER_IN_TEXT)),
        (of_bob.number, (Ground.SUBJECT_OF_COMPANY,)),
        (mine.number, (Ground.SENDER,)),
    ]


def test_a_closed_case_is_one_only_by_its_subject(core, people):
    """E3, E6: it has to be reopened first, and people see that."""
    case, other = people.case(subject="The switch").case, people.case(subject="The lamp").case
    for one in (case, other):
        core.write(lambda uow, it=one: cases.close(uow, people.analyst(), it, SubStatus.RESOLVED, "Done"))
    assert told(core, Hints("Re: The switch")) == [(case.number, (Ground.SUBJECT_OF_SENDER,))]


@pytest.mark.parametrize("sender", [None, "", "sam@elsewhere.example"])
def test_of_a_stranger_no_cases_are_known(core, people, sender):
    """E3, E5: an unclear sender is nobody's colleague."""
    people.case(subject="The switch")
    assert told(core, Hints("Re: The switch"), sender) == []


def test_only_so_many_are_told(core, people):
    """I17."""
    for number in range(MOST_CANDIDATES + 3):
        people.case(subject=f"Number {number}")
    assert len(told(core, Hints("Help"))) == MOST_CANDIDATES


def test_the_look_up_reads_the_cases_of_the_sender_only(core):
    """I17: the same among a million cases."""
    if not core.database.is_sqlite:
        pytest.skip("PostgreSQL plans by what is in the table")
    with core.reading() as uow:
        written = str(of_contacts([1, 2]).compile(uow.connection, compile_kwargs={"literal_binds": True}))
        plan = str(uow.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}").all())
    assert "ix_cases_contact_id" in plan
