"""Cases of every type, with all their fields: opened, moved, closed, late. On both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import cases, directory, pins
from core.cases import NewCase, open_case
from core.errors import BadInput, Refused
from core.rules.fields import CaseFields
from core.rules.followups import Step
from core.rules.terms import CaseType, Channel, EventKind, Priority, Status, SubStatus
from core.store import cases as rows
from core.store import schema
from core.store.schema import outbox
from tests.people import NOW

ALL_FIELDS = CaseFields(
    sub_type="Problem",
    product="Dialer",
    component="Recorder",
    deployment="Berlin",
    stage="Production",
    security_threat=True,
    business_impact="Nobody can call.",
    agents_affected=120,
    external_reference="INC-77",
)


@pytest.fixture
def opened(core, people):
    """Return a function that opens a case for a contact."""

    def open_one(contact="alice", **given):
        actor = given.pop("by", None) or people.analyst()
        contact_id = people.customer(contact).contact_id

        def act(uow):
            pair = directory.holdings(uow, contact_id)[0].combination.id
            new = {"subject": "A subject", "text": "A text"} | given
            return open_case(uow, actor, NewCase(contact_id, pair, **new))

        return core.write(act).case

    return open_one


def _notices(core):
    with core.reading() as uow:
        return list(uow.connection.scalars(sa.select(outbox.c.notice).order_by(outbox.c.id)))


def test_a_case_keeps_every_field_that_it_was_opened_with(core, opened):
    """C5."""
    case = opened(fields=ALL_FIELDS)
    with core.reading() as uow:
        assert rows.find(uow.connection, case.number).fields == ALL_FIELDS


@pytest.mark.parametrize(
    ("case_type", "fields", "named"),
    [
        (CaseType.SUPPORT, CaseFields(sub_type="Wish"), "sub-type is 'Wish'.*Question, Problem"),
        (CaseType.ADMIN, CaseFields(sub_type="Problem"), "sub-type is 'Problem'.*Empty PIN.*C15"),
        (CaseType.FEATURE_REQUEST, CaseFields(sub_type="Problem"), "sub-type is 'Problem'"),
        (CaseType.SUPPORT, CaseFields(stage="Test"), "stage is 'Test'.*Production, UAT"),
        (CaseType.SUPPORT, CaseFields(product="x" * 101), "product is 'x+'… \\(101 characters\\)"),
        (CaseType.SUPPORT, CaseFields(agents_affected=-1), "agents affected is -1"),
        (CaseType.SUPPORT, CaseFields(business_impact="x" * 10_001), "business impact"),
    ],
)
def test_a_field_of_a_wrong_form_is_named_and_nothing_is_opened(core, opened, case_type, fields, named):
    """C2, C5, C15."""
    with pytest.raises(BadInput, match=named):
        opened(type=case_type, fields=fields)
    with core.reading() as uow:
        assert rows.listed(uow.connection) == []


@pytest.mark.parametrize("subject", ["", "   ", "x" * 1001], ids=["empty", "blank", "1001 characters"])
def test_a_subject_has_one_to_a_thousand_characters(core, opened, subject):
    """C5."""
    with pytest.raises(BadInput, match=r"subject is .*1 to 1000 characters"):
        opened(subject=subject)
    assert len(opened(subject="x" * 1000).subject) == 1000


def test_a_changed_field_is_noted_for_colleagues_only(core, people, opened):
    """C5."""
    case = opened(fields=ALL_FIELDS)
    changed = core.write(
        lambda uow: cases.change_fields(uow, people.analyst(), case, stage="uat", subject="New name")
    ).case
    assert (changed.fields.stage, changed.fields.product, changed.subject) == ("UAT", "Dialer", "New name")
    with core.reading() as uow:
        last = rows.history(uow.connection, case.id)[-1]
    assert (last["kind"], last["public"]) == (EventKind.FIELDS_CHANGED, False)
    assert "stage: 'Production' -> 'UAT'" in last["text"]
    assert _notices(core) == ["case-opened"]


def test_a_change_that_changes_nothing_is_told(core, people, opened):
    """C5."""
    case = opened(fields=ALL_FIELDS)
    with pytest.raises(BadInput, match="at least one"):
        core.write(lambda uow: cases.change_fields(uow, people.analyst(), case, product="Dialer"))
    with pytest.raises(BadInput, match="one of sub_type, product"):
        core.write(lambda uow: cases.change_fields(uow, people.analyst(), case, status="Closed"))


def test_a_case_is_given_to_another_analyst(core, people, opened):
    """C5: the owner."""
    case = opened()
    grace = people.analyst("grace")
    given = core.write(lambda uow: cases.assign(uow, people.analyst(), case, grace.analyst_id)).case
    assert given.owner_id == grace.analyst_id


def test_a_feature_request_goes_its_own_way_and_each_change_is_mailed(core, people, opened):
    """C13."""
    case = opened(type=CaseType.FEATURE_REQUEST)
    assert (case.status, case.sub_status) == (Status.CUSTOMER_CARE, SubStatus.NEW)
    assert case.targets.response_due_at is None
    ada = people.analyst()
    for sub_status in (SubStatus.NEW, SubStatus.UNDER_CONSIDERATION, SubStatus.PLANNED, SubStatus.COMMITTED):
        case = core.write(lambda uow, to=sub_status, was=case: cases.set_status(uow, ada, was, to)).case
        assert (case.status, case.sub_status) == (Status.PRODUCT_MANAGEMENT, sub_status)
    closed = core.write(lambda uow: cases.close(uow, ada, case, SubStatus.IMPLEMENTED, "In release 9")).case
    assert (closed.status, closed.sub_status) == (Status.CLOSED, SubStatus.IMPLEMENTED)
    assert _notices(core) == ["case-opened", *["status-changed"] * 4, "closed"]


def test_a_question_about_a_wish_starts_no_reminders_and_its_answer_is_news(core, people, opened):
    """C13, N1: the timer belongs to other statuses."""
    case = opened(type=CaseType.FEATURE_REQUEST)
    asked = core.write(lambda uow: cases.ask_information(uow, people.analyst(), case, "What for?")).case
    assert (asked.sub_status, asked.followup.step) == (SubStatus.INFO_REQUIRED, Step.NONE)
    answered = core.write(lambda uow: cases.update(uow, people.customer("alice"), asked, "For that.")).case
    assert answered.sub_status is SubStatus.UNDER_CONSIDERATION
    assert _notices(core)[-2:] == ["customer-update-for-owner", "status-changed"]


def test_who_wished_withdraws_the_wish_and_ends_it_in_no_other_way(core, people, opened):
    """C8, C13."""
    case = opened(type=CaseType.FEATURE_REQUEST)
    alice = people.customer("alice", Channel.CONSOLE)
    with pytest.raises(Refused) as refused:
        core.write(lambda uow: cases.close(uow, alice, case, SubStatus.IMPLEMENTED, "I think it is there"))
    assert refused.value.denied.rule == "C6"
    core.write(lambda uow: cases.close(uow, alice, case, SubStatus.CANCELED, "No longer needed"))


def test_a_service_request_is_acknowledged_accepted_and_completed(core, people, opened, clock):
    """C14, P6: what was owed, and when it was given."""
    case = opened("cleo", type=CaseType.SERVICE_REQUEST, fields=CaseFields(sub_type="add"))
    assert case.fields.sub_type == "Add"
    assert case.targets.response_due_at == NOW + timedelta(days=1)
    assert case.targets.decision_due_at == NOW + timedelta(days=2)
    ada = people.analyst()
    clock.move_to(NOW + timedelta(hours=5))
    case = core.write(lambda uow: cases.set_status(uow, ada, case, SubStatus.ACKNOWLEDGED)).case
    assert (case.targets.responded_at, case.targets.decided_at) == (NOW + timedelta(hours=5), None)
    clock.move_to(NOW + timedelta(hours=9))
    case = core.write(lambda uow: cases.set_status(uow, ada, case, SubStatus.ACCEPTED)).case
    assert case.targets.decided_at == NOW + timedelta(hours=9)
    done = core.write(lambda uow: cases.close(uow, ada, case, SubStatus.COMPLETED, "Two seats added.")).case
    assert (done.status, done.sub_status) == (Status.CLOSED, SubStatus.COMPLETED)
    assert _notices(core)[-1] == "closed"


def test_a_service_request_is_a_cloud_customers(opened):
    """C2."""
    with pytest.raises(Refused) as refused:
        opened("alice", type=CaseType.SERVICE_REQUEST)
    assert refused.value.denied.reason == "service-request-for-cloud"


def test_a_critical_case_is_not_opened_without_a_number(people, opened):
    """C12."""
    alice = people.customer("alice", Channel.PHONE)
    with pytest.raises(BadInput, match=r"call-back number is None.*C12"):
        opened(by=alice, priority=Priority.CRITICAL)
    kept = opened(by=alice, priority=Priority.CRITICAL, callback_number="+14155550132", production_down=True)
    assert (kept.callback_number, kept.production_down) == ("+14155550132", True)


@pytest.mark.parametrize(
    "number", ["", "4155550132", "+1415", "+870776123456", "+1" * 20, "sip:alice@x.example"]
)
def test_a_case_is_not_critical_with_a_number_that_nobody_can_dial(core, people, opened, number):
    """C12: a DC is reachable, whatever asked for the number."""
    alice = people.customer("alice", Channel.PHONE)
    with pytest.raises(BadInput, match="call-back number"):
        opened(by=alice, priority=Priority.CRITICAL, callback_number=number)
    case = opened(by=alice)
    with pytest.raises(BadInput, match="call-back number"):
        core.write(lambda uow: cases.raise_to_critical(uow, alice, case, callback_number=number))


def test_production_is_down_only_while_a_case_is_critical(core, people, opened):
    """C3: what is asked for in writing is High, and nothing is down; lowering it ends it."""
    asked = opened(priority=Priority.CRITICAL, production_down=True)
    assert (asked.priority, asked.production_down) == (Priority.HIGH, False)
    alice = people.customer("alice", Channel.PHONE)
    raised = core.write(
        lambda uow: cases.raise_to_critical(
            uow, alice, asked, callback_number="+14155550132", production_down=True
        )
    ).case
    assert raised.production_down
    lowered = core.write(lambda uow: cases.change_priority(uow, people.analyst(), raised, Priority.HIGH)).case
    assert not lowered.production_down


def test_what_is_owed_and_late_is_listed_with_what_is_late_for_longest_first(core, people, opened, clock):
    """P6: Premium Care halves four hours for High."""
    first, second = opened(priority=Priority.HIGH), opened(priority=Priority.HIGH)
    opened("charlie", priority=Priority.LOW)
    answered = opened(priority=Priority.HIGH)
    core.write(lambda uow: cases.post(uow, people.analyst(), answered, "We look into it"))

    def late():
        with core.reading() as uow:
            return [row["number"] for row in rows.overdue(uow.connection, uow.now)]

    clock.move_to(NOW + timedelta(hours=2) - timedelta(seconds=1))
    assert late() == []
    clock.move_to(NOW + timedelta(hours=2))
    assert late() == [first.number, second.number]
    core.write(lambda uow: cases.close(uow, people.analyst(), first, SubStatus.RESOLVED, "Done"))
    assert late() == [second.number]


def test_a_mail_that_an_analyst_links_is_no_response_of_ours(core, people, opened):
    """P6: it is the customer's, accepted by an analyst."""
    from dataclasses import replace

    case = opened()
    linked = replace(people.analyst(), channel=Channel.MAIL)
    updated = core.write(lambda uow: cases.update(uow, linked, case, "A customer's words")).case
    assert updated.targets.responded_at is None


def test_a_reopened_case_is_owed_a_response_again(core, people, opened, clock):
    """P6, C9."""
    case = opened(priority=Priority.HIGH)
    closed = core.write(lambda uow: cases.close(uow, people.analyst(), case, SubStatus.RESOLVED, "Done")).case
    clock.move_to(NOW + timedelta(days=1))
    alice = people.customer("alice", Channel.PHONE)
    again = core.write(lambda uow: cases.reopen(uow, alice, closed, "It is back")).case
    assert (again.targets.response_due_at, again.targets.responded_at) == (
        NOW + timedelta(days=1, hours=2),
        None,
    )


def test_what_a_customer_does_is_no_analysts_work(core, people, opened):
    """A3: a Designated Contact updates; posts and questions are ours."""
    case = opened()
    with pytest.raises(Refused) as refused:
        core.write(lambda uow: cases.post(uow, people.customer("alice", Channel.CONSOLE), case, "A post"))
    assert refused.value.denied.reason == "not-an-analyst"


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        (lambda uow, ada, case: cases.change_priority(uow, ada, case, Priority.MEDIUM), "3-Medium already"),
        (lambda uow, ada, case: cases.assign(uow, ada, case, case.owner_id), "assigned to ada.* already"),
        (
            lambda uow, ada, case: cases.set_status(uow, ada, case, SubStatus.INVESTIGATION),
            "Investigation already",
        ),
    ],
    ids=["a priority", "an owner", "a status"],
)
def test_what_is_so_already_is_not_told_again(core, people, opened, verb, words):
    """C4 C5 C6: no event and no mail about nothing."""
    case = opened()
    core.write(lambda uow: cases.set_status(uow, people.analyst(), case, SubStatus.INVESTIGATION))
    with core.reading() as uow:
        case = rows.find(uow.connection, case.number)
    before = _notices(core)
    with pytest.raises(Refused, match=words):
        core.write(lambda uow: verb(uow, people.analyst(), case))
    assert _notices(core) == before


def test_who_may_not_change_it_does_not_learn_what_the_priority_is(core, people, opened):
    """A3: the refusal is about the right, whatever the priority."""
    case = opened()
    with pytest.raises(Refused) as refused:
        core.write(
            lambda uow: cases.change_priority(
                uow, people.customer("charlie", Channel.CONSOLE), case, Priority.MEDIUM
            )
        )
    assert refused.value.denied.reason == "no-access"


def test_asking_in_writing_for_critical_never_lowers_a_case(core, people, opened):
    """C3 C12 N4: what is Critical stays so, with what is down; what is High stays High, and the way is told."""
    alice = people.customer("alice", Channel.PHONE)
    case = opened()
    critical = core.write(
        lambda uow: cases.raise_to_critical(
            uow, alice, case, callback_number="+14155550132", production_down=True
        )
    ).case
    with pytest.raises(Refused, match="1-Critical already"):
        core.write(lambda uow: cases.change_priority(uow, people.analyst(), critical, Priority.CRITICAL))
    high = opened(priority=Priority.HIGH)
    with pytest.raises(Refused, match="by phone only"):
        core.write(lambda uow: cases.change_priority(uow, people.analyst(), high, Priority.CRITICAL))
    with core.reading() as uow:
        assert rows.find(uow.connection, case.number).production_down


@pytest.mark.parametrize("case_type", [CaseType.FEATURE_REQUEST, CaseType.SERVICE_REQUEST])
def test_who_asks_for_a_critical_request_is_not_sent_to_the_phone(opened, case_type):
    """C3: a call would not help."""
    with pytest.raises(Refused) as refused:
        opened("cleo", type=case_type, priority=Priority.CRITICAL)
    assert refused.value.denied.reason == "never-critical"


def test_a_lowered_case_that_was_reopened_is_owed_as_if_it_had_been_opened_then(core, people, opened, clock):
    """P6: Low is due a day after the reopening, not after the opening."""
    case, ada = opened(), people.analyst()
    closed = core.write(lambda uow: cases.close(uow, ada, case, SubStatus.RESOLVED, "Done")).case
    clock.move_to(NOW + timedelta(days=3))
    alice = people.customer("alice", Channel.PHONE)
    again = core.write(lambda uow: cases.reopen(uow, alice, closed, "It is back")).case
    lowered = core.write(lambda uow: cases.change_priority(uow, ada, again, Priority.LOW)).case
    assert lowered.targets.response_due_at == NOW + timedelta(days=4)


def test_a_spoken_message_is_an_answer_and_a_silent_one_is_none(core, people, opened):
    """C7 N3: whoever was told something, does not remind of it."""
    ada, alice = people.analyst(), people.customer("alice", Channel.PHONE)
    new = opened()
    case = core.write(lambda uow: cases.ask_information(uow, ada, new, "Which?")).case
    silent = core.write(lambda uow: cases.leave_message(uow, alice, case, "Hung up", is_spoken=False)).case
    assert (silent.status, silent.followup) == (Status.AWAITING_INFORMATION, case.followup)
    spoken = core.write(lambda uow: cases.leave_message(uow, alice, silent, "34 s", is_spoken=True)).case
    assert (spoken.status, spoken.followup.step) == (Status.OPEN, Step.NONE)
    assert _notices(core)[-1] == "status-changed"


def test_a_pin_in_a_field_or_in_a_file_name_is_removed(core, people, opened):
    """A10: both are told in mails and lists."""
    case = opened()
    pin = core.write(lambda uow: pins.issue(uow, case.contact_id, by="test"))
    changed = core.write(
        lambda uow: cases.change_fields(uow, people.analyst(), case, external_reference=f"REF {pin}")
    ).case
    assert pin not in changed.fields.external_reference
    file = rows.KeptFile("0" * 64, f"log {pin}.txt", "text/plain", 3)
    core.write(lambda uow: cases.update(uow, people.customer("alice"), changed, "See the file", [file]))
    with core.reading() as uow:
        assert pin not in rows.files_of(uow.connection, case.id)[0]["name"]


def test_what_is_late_is_listed_by_what_is_still_owed(core, people, opened, clock):
    """C14 P6: an acknowledged request is late since its decision was due, not since its acknowledgement was."""
    service = opened("cleo", type=CaseType.SERVICE_REQUEST)
    core.write(lambda uow: cases.set_status(uow, people.analyst(), service, SubStatus.ACKNOWLEDGED))
    clock.move_to(NOW + timedelta(days=1, hours=12))
    problem = opened("cleo", priority=Priority.HIGH)
    clock.move_to(NOW + timedelta(days=3))
    with core.reading() as uow:
        late = rows.overdue(uow.connection, uow.now)
        assert [row["number"] for row in late] == [problem.number, service.number]
        assert [row["number"] for row in rows.overdue(uow.connection, uow.now, limit=1)] == [problem.number]
        of_alice = schema.contacts.c.email == "alice@northwind.example"
        assert rows.overdue(uow.connection, uow.now, of_alice) == []


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT id FROM cases WHERE (closed_at IS NULL) ORDER BY priority, id LIMIT 9", "ix_cases_active"),
        ("SELECT count(*) FROM cases WHERE (closed_at IS NULL)", "ix_cases_active"),
        ("SELECT id FROM cases WHERE escalated ORDER BY id DESC LIMIT 9", "ix_cases_escalated"),
    ],
)
def test_a_list_reads_only_what_it_shows(core, statement, index):
    """TARGETS: the same among a million cases."""
    if not core.database.is_sqlite:
        pytest.skip("PostgreSQL plans by what is in the table")
    with core.reading() as uow:
        plan = uow.connection.execute(sa.text(f"EXPLAIN QUERY PLAN {statement}")).all()
    assert index in str(plan)
