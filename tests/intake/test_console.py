"""The console page as an analyst's browser gets it. On both databases."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import cases, escalations, triage
from core.rules.terms import Channel, EscalationGround, SubStatus
from core.store import inbox
from core.store.inbox import ReceivedMail
from core.triage import Aside
from core.unit_of_work import Core
from intake.console import blueprint

PASSWORD = "correct horse"
HOSTILE = '<script>alert(1)</script>" onload="x'


def browsing(core: Core, **limits: int) -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(blueprint(core, PASSWORD, **limits))
    return app.test_client()


def page_of(browser: FlaskClient) -> str:
    """Return the page as who is signed in gets it."""
    return browser.get("/console/", auth=("ada", PASSWORD)).get_data(as_text=True)


@pytest.fixture
def browser(core) -> FlaskClient:
    return browsing(core)


@pytest.fixture
def page(browser):
    """Return the page as it is now."""
    return lambda: page_of(browser)


def numbers_in(page: str) -> list[str]:
    return re.findall(r"<td>(\d{10})</td>", page)


def raise_to_critical(core, people, case):
    alice = people.customer("alice", Channel.PHONE)
    core.write(lambda uow: cases.raise_to_critical(uow, alice, case, callback_number="+14155550132"))


def put_aside(core, subject):
    def aside(uow):
        mail = ReceivedMail("eve@elsewhere.example", (), "192.0.2.1", b"\r\nHello")
        inbox_id = inbox.accept(uow.connection, mail, uow.now)
        triage.put_aside(uow, Aside(inbox_id, "no-reference", HOSTILE, HOSTILE, subject))

    core.write(aside)


@pytest.mark.parametrize("path", ["/console/", "/console/style.css"])
@pytest.mark.parametrize(
    "signed_in",
    [{}, {"auth": ("ada", "wrong")}, {"auth": ("ada", "")}, {"headers": {"Authorization": "Bearer x"}}],
    ids=["nobody", "wrong password", "empty password", "another scheme"],
)
def test_without_the_password_there_is_nothing_to_see(browser, people, path, signed_in):
    people.case()
    answer = browser.get(path, **signed_in)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert "The switch is down" not in answer.get_data(as_text=True)


def test_with_the_password_the_page_shows_what_waits(core, browser, people, page):
    people.case()
    put_aside(core, "Where is my case?")
    assert browser.get("/console/", auth=("anybody", PASSWORD)).status_code == 200
    assert browser.get("/console/style.css", auth=("ada", PASSWORD)).content_type.startswith("text/css")
    for shown in (
        "The switch is down",
        "Alice Archer",
        "Where is my case?",
        "Active cases (1)",
        "Triage (1)",
    ):
        assert shown in page()


def test_with_nothing_waiting_the_page_says_so(page):
    assert "No case is active." in page()
    assert "No mail waits for a person." in page()


def test_a_closed_case_is_not_on_the_page(core, people, page):
    case = people.case().case
    core.write(lambda uow: cases.close(uow, people.analyst(), case, SubStatus.RESOLVED, "It runs."))
    assert numbers_in(page()) == []
    assert "Active cases (0)" in page()


def test_what_strangers_wrote_is_shown_and_never_run(core, people, page):
    people.case(subject=HOSTILE)
    put_aside(core, HOSTILE)
    assert "<script" not in page()
    assert 'onload="x' not in page()
    assert page().count("&lt;script&gt;alert(1)&lt;/script&gt;") == 4


@pytest.mark.parametrize("signed_in", [{}, {"auth": ("ada", PASSWORD)}], ids=["nobody", "an analyst"])
def test_a_browser_may_run_nothing_frame_nothing_and_keep_nothing(browser, signed_in):
    headers = browser.get("/console/", **signed_in).headers
    policy = headers["Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
    assert headers["Cache-Control"] == "no-store"


def test_the_most_urgent_comes_first_and_then_who_has_waited_longest(core, people, page):
    first, second, third = (people.case(subject=f"Case {number}").case for number in range(3))
    raise_to_critical(core, people, third)
    assert numbers_in(page()) == [third.number, first.number, second.number]
    assert page().index('class="critical"') < page().index(third.number)


def test_an_old_critical_case_is_on_the_page_however_many_are_newer(core, people):
    """And the headings say how many there are, not how many are shown."""
    oldest = people.case().case
    raise_to_critical(core, people, oldest)
    later = [people.case(subject=f"Case {number}").case.number for number in range(3)]
    for number in range(3):
        put_aside(core, f"Mail {number}")
    page = page_of(browsing(core, most_rows=2))
    assert numbers_in(page) == [oldest.number, later[0]]
    assert "Active cases (4, the 2 most urgent are shown)" in page
    assert "Triage (3, the 2 oldest are shown)" in page
    assert "Mail 0" in page
    assert "Mail 2" not in page


def test_what_is_late_or_escalated_says_so_on_the_page(core, people, clock, page):
    """P6 C11."""
    case = people.case().case
    wanted = EscalationGround.NO_PROGRESS
    core.write(lambda uow: escalations.escalate(uow, people.analyst(), case, wanted, "Nobody writes"))
    assert "3-Medium, escalated" in page()
    assert "overdue" not in page()
    clock.advance(timedelta(hours=4))
    assert "Open / New, first response overdue" in page()


def test_companies_with_too_few_designated_contacts_are_on_the_page(core, page):
    """A8: reported, and nobody is stopped; who has two is not named, nor who has no live contract."""
    shown = page()[page().index("fewer than two Designated Contacts") :]
    assert "<li>Eastgate: one</li>" in shown
    assert "<li>Northwind:" not in shown
    assert "<li>Lapsed:" not in shown
