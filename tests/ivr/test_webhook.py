"""The webhooks over HTTP: only POST, only genuine, each once, never a 5xx to a caller."""

from __future__ import annotations

import io
import json
import re
from contextlib import contextmanager

import pytest
import requests
import sqlalchemy as sa
import structlog

from core.store.schema import calls, case_events, legs, pin_failures, recordings, turns
from ivr.simulator.signing import SIGNATURE_HEADER, sign
from tests.ivr.conftest import ACCOUNT, INCOMING, STATUS, TOKEN, at_once

UNKNOWN = "0" * 32
CALL = "CA" + UNKNOWN
SPOKEN = {
    "RecordingSid": "RE" + UNKNOWN,
    "RecordingUrl": "https://api.example/recording",
    "RecordingDuration": "5",
}
APOLOGY = "something went wrong on our side"


def at(key, turn):
    return f"/voice/twilio/t/{key}/{turn}"


def send(gateway, path, body, signature):
    """Post a body as it is, with a signature or without."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if signature is not None:
        headers[SIGNATURE_HEADER] = signature
    return requests.post(gateway.url + path, data=body, headers=headers, timeout=20)


# --- who is let in ------------------------------------------------------------------------------------------


ODD_SIGNATURES = {
    "missing": None,
    "empty": "",
    "short": "AAAA",
    "no base 64": "====",
    "not ASCII": "\xe4\xf6\xfc".encode("latin-1"),
    "long": "x" * 5000,
}


@pytest.mark.parametrize("path", [INCOMING, at(UNKNOWN, 1), f"/voice/twilio/leg/{UNKNOWN}/1", STATUS])
def test_what_is_not_signed_is_refused_and_changes_nothing(gateway, path):
    """Case 24."""
    for name, signature in ODD_SIGNATURES.items():
        answer = send(gateway, path, f"AccountSid={ACCOUNT}&CallSid={CALL}&CallStatus=completed", signature)
        assert answer.status_code == 403, name
        assert "Response" not in answer.text
    assert gateway.rows(calls) == []


def test_a_signature_of_another_secret_url_or_value_is_refused(gateway):
    """Case 24."""
    params = gateway.params()
    assert gateway.post(INCOMING, signed_by="another token", **params).status_code == 403
    for url, signed in ((gateway.url + STATUS, params), (gateway.url + INCOMING, params | {"From": "+1"})):
        headers = {SIGNATURE_HEADER: sign(url, signed, TOKEN)}
        assert (
            requests.post(gateway.url + INCOMING, data=params, headers=headers, timeout=20).status_code == 403
        )
    assert gateway.rows(calls) == []


def test_the_signature_covers_the_public_url_and_not_what_a_header_claims(gateway):
    """Case 24."""
    params = gateway.params()
    evil = "http://evil.example" + INCOMING
    headers = {
        SIGNATURE_HEADER: sign(evil, params, TOKEN),
        "X-Forwarded-Host": "evil.example",
        "Host": "evil.example",
    }
    assert requests.post(gateway.url + INCOMING, data=params, headers=headers, timeout=20).status_code == 403


def test_a_query_string_is_part_of_what_is_signed(gateway):
    """Case 24."""
    params = gateway.params()
    assert gateway.post(f"{INCOMING}?From=%2B1", **params).status_code == 200
    headers = {SIGNATURE_HEADER: sign(gateway.url + INCOMING, params, TOKEN)}
    url = f"{gateway.url}{INCOMING}?Digits=1"
    assert requests.post(url, data=params, headers=headers, timeout=20).status_code == 403


def test_another_account_is_refused(gateway):
    """Case 24."""
    assert gateway.post(INCOMING, **gateway.params(AccountSid="AC" + "1" * 32)).status_code == 403
    assert gateway.rows(calls) == []


@pytest.mark.parametrize(
    "call_sid", ["", "CA", "../1", CALL + "Digits1", "RE" + UNKNOWN, CALL[:-1] + "x", CALL * 3]
)
def test_an_odd_call_id_is_refused(gateway, call_sid):
    """Case 24."""
    assert gateway.post(INCOMING, **gateway.params(CallSid=call_sid)).status_code == 403


def test_parameters_that_come_twice_are_refused(gateway):
    """Case 24: a signature has no delimiters, so `Digits=1&Digits=2` could be signed as something else."""
    signed = gateway.url + INCOMING + f"AccountSid{ACCOUNT}CallSid{CALL}Digits1Digits2"
    signature = sign(signed, {}, TOKEN)
    body = f"AccountSid={ACCOUNT}&CallSid={CALL}&Digits=1&Digits=2"
    assert send(gateway, INCOMING, body, signature).status_code == 403
    assert gateway.rows(calls) == []


def test_a_signature_of_keys_is_not_one_of_a_longer_call_id(gateway):
    """Case 24: `CallSid=…Digits1` reads the same as `CallSid=…` and `Digits=1` to who signs."""
    params = gateway.params()
    merged = params | {"CallSid": params["CallSid"] + "Digits1"}
    assert gateway.post(INCOMING, **merged).status_code == 403
    assert gateway.rows(calls) == []


def test_a_turn_or_recording_of_another_call_is_refused_and_changes_nothing(gateway):
    """Case 24: a genuine request of one call does not act in another."""
    _params, key = gateway.begin()
    another = gateway.params()
    assert gateway.post(at(key, 1), **another, Digits=gateway.pin()).status_code == 403
    assert gateway.post(f"/voice/twilio/recording/{key}", **another, **SPOKEN).status_code == 403
    assert gateway.rows(calls)[0]["turn"] == 1
    assert gateway.rows(recordings) == []


def test_an_odd_recording_id_is_no_recording(gateway):
    """Case 24."""
    params, key = gateway.begin()
    odd = SPOKEN | {"RecordingSid": "REx"}
    assert gateway.post(f"/voice/twilio/recording/{key}", **params, **odd).status_code == 204
    assert gateway.rows(recordings) == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_is_served(gateway, method):
    """Case 24."""
    assert requests.request(method, gateway.url + INCOMING, timeout=20).status_code == 405


def test_a_body_over_64_kilobytes_is_refused(gateway):
    body = f"AccountSid={ACCOUNT}&CallSid={CALL}&Digits=" + "1" * 65_536
    assert send(gateway, INCOMING, body, "AAAA").status_code == 413
    assert gateway.rows(calls) == []


# --- each once ----------------------------------------------------------------------------------------------


def test_a_turn_sent_again_gets_the_same_bytes_and_has_one_effect(gateway):
    """Case 3: even when it is sent after later ones, or with something else keyed."""
    wrong = gateway.wrong(gateway.pin())
    params, key = gateway.begin()
    first = gateway.post(at(key, 1), **params, Digits=wrong)
    later = gateway.post(at(key, 2), **params, Digits="1")
    assert gateway.post(at(key, 1), **params, Digits=wrong).content == first.content
    assert gateway.post(at(key, 1), **params, Digits="5").content == first.content
    assert gateway.post(at(key, 2), **params, Digits=wrong).content == later.content
    assert {row["failures"] for row in gateway.rows(pin_failures)} == {1}
    assert gateway.rows(calls)[0]["turn"] == 3


def test_a_call_that_comes_in_twice_is_one_call(gateway):
    """Case 3."""
    params = gateway.params()
    assert gateway.post(INCOMING, **params).content == gateway.post(INCOMING, **params).content
    assert len(gateway.rows(calls)) == 1


def test_the_same_webhook_at_once_has_one_effect_and_the_same_answer(gateway, people):
    """Case 4: a call, a PIN, an update, each by four threads."""
    number = people.case().case.number
    wrong, pin = gateway.wrong(gateway.pin()), ""
    params = gateway.params()

    def same(path, **extra):
        answers = at_once(*[lambda: gateway.post(path, **params, **extra)] * 4)
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert APOLOGY not in answers[0].text
        return answers[0].text

    same(INCOMING)
    (call,) = gateway.rows(calls)
    same(at(call["key"], 1), Digits=wrong)
    assert {row["failures"] for row in gateway.rows(pin_failures)} == {1}
    pin = gateway.pin()
    same(at(call["key"], 2), Digits=pin)
    same(at(call["key"], 3), Digits="2")
    same(at(call["key"], 4), Digits=number)
    same(at(call["key"], 5), Digits="2")
    assert "Your update was added" in same(at(call["key"], 6), **SPOKEN)
    assert gateway.history(number) == ["opened", "customer update"]
    assert len(gateway.rows(recordings)) == 1
    same(at(call["key"], 7), Digits="0")
    assert len(gateway.rows(legs)) == 1


def test_a_turn_of_the_future_does_nothing_and_the_call_goes_on_where_it_stands(gateway):
    """Case 24."""
    params, key = gateway.begin()
    answer = gateway.post(at(key, 9), **params, Digits=gateway.pin())
    assert answer.status_code == 200
    assert at(key, 1) in answer.text
    assert gateway.rows(calls)[0]["contact_id"] is None
    assert [row["turn"] for row in gateway.rows(turns)] == [0]
    assert gateway.post(at(key, 10_000), **params).status_code == 404


def test_a_call_that_is_not_known_is_said_goodbye_to(gateway):
    answer = gateway.post(at(UNKNOWN, 1), **gateway.params(), Digits="1")
    assert answer.status_code == 200
    assert "Goodbye" in answer.text
    leg = gateway.post(f"/voice/twilio/leg/{UNKNOWN}/2", **gateway.params(), Digits="1")
    assert "<Hangup" in leg.text


@pytest.mark.parametrize("digits", ["1 ", "１２３", "٠١٢", "A", "1" * 65, "12\n", "<x>"])
def test_only_ascii_digits_star_and_hash_are_keys(gateway, digits):
    """Case 7: all else is asked about again, and is no failed PIN."""
    params, key = gateway.begin()
    assert "I did not get an answer." in gateway.post(at(key, 1), **params, Digits=digits).text
    assert gateway.rows(pin_failures) == []


def test_an_absent_parameter_is_silence(gateway):
    """Case 6."""
    params, key = gateway.begin()
    assert "I did not get an answer." in gateway.post(at(key, 1), **params).text


# --- reports ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [STATUS, f"{STATUS}/{UNKNOWN}/{UNKNOWN}", f"/voice/twilio/recording/{UNKNOWN}"]
)
def test_a_report_before_the_first_request_or_on_something_unknown_is_accepted(gateway, path):
    """Case 5."""
    assert (
        gateway.post(
            path, **gateway.params(CallStatus="completed", RecordingSid=SPOKEN["RecordingSid"])
        ).status_code
        == 204
    )
    assert gateway.rows(calls) == []


def test_the_end_of_a_call_or_leg_is_never_gone_back_on(gateway):
    """Case 5: reports out of order."""
    params, key = gateway.begin("0")
    (leg,) = gateway.rows(legs)
    path = f"{STATUS}/{key}/{leg['key']}"
    for status in ("ringing", "no-answer", "in-progress", "ringing"):
        assert gateway.post(path, **(params | {"CallStatus": status})).status_code == 204
    assert gateway.rows(legs)[0]["status"] == "no-answer"
    gateway.post(STATUS, **(params | {"CallStatus": "completed"}))
    ended_at = gateway.rows(calls)[0]["ended_at"]
    gateway.clock.advance(gateway.core.house.rulebook.followup_grace)
    for status in ("in-progress", "completed"):
        gateway.post(STATUS, **(params | {"CallStatus": status}))
    assert gateway.rows(calls)[0]["ended_at"] == ended_at


def test_who_hung_up_is_paged_for_once(gateway):
    """Case 5."""
    params, _key = gateway.begin("0")
    for _time in range(2):
        gateway.post(STATUS, **(params | {"CallStatus": "completed"}))
    assert gateway.mails("caller-message-for-on-call") == ["ada@support.example", "grace@support.example"]


def test_a_report_that_cannot_be_kept_disturbs_nothing(gateway):
    """A text that PostgreSQL cannot hold."""
    params, key = gateway.begin("0")
    (leg,) = gateway.rows(legs)
    answer = gateway.post(f"{STATUS}/{key}/{leg['key']}", **(params | {"CallStatus": "ring\0ing"}))
    assert answer.status_code == 204


def test_a_recording_is_noted_once_whichever_request_comes_first(gateway, people):
    """Case 30."""
    number = people.case().case.number
    params, key = gateway.begin(gateway.pin(), "2", number, "2")
    report = f"/voice/twilio/recording/{key}"
    assert gateway.post(report, **params, **SPOKEN, RecordingStatus="completed").status_code == 204
    assert gateway.rows(recordings)[0]["event_id"] is None
    gateway.post(at(key, 5), **params, **SPOKEN)
    assert gateway.post(report, **params, **SPOKEN, RecordingStatus="completed").status_code == 204
    (kept,) = gateway.rows(recordings)
    assert kept["event_id"] == gateway.rows(case_events)[-1]["id"]


# --- what goes wrong inside ---------------------------------------------------------------------------------


@contextmanager
def held_by_another(gateway):
    """Hold the database against every writer, from a connection of its own; ours waits a moment only."""
    url = gateway.core.database.url.render_as_string(hide_password=False)
    ours, other = gateway.core.database.engine, sa.create_engine(url, isolation_level="AUTOCOMMIT")
    is_sqlite = gateway.core.database.is_sqlite
    hold = "BEGIN IMMEDIATE" if is_sqlite else "BEGIN; LOCK TABLE calls IN ACCESS EXCLUSIVE MODE"
    impatience = "PRAGMA busy_timeout = 100" if is_sqlite else "SET lock_timeout = 100"

    def hurry(connection, _record, _proxy):
        connection.execute(impatience).close()

    sa.event.listen(ours, "checkout", hurry)
    with other.connect() as connection:
        connection.exec_driver_sql(hold)
        yield
        connection.exec_driver_sql("ROLLBACK")
    sa.event.remove(ours, "checkout", hurry)
    other.dispose()


def test_a_locked_database_is_apologised_for_and_the_call_goes_on(gateway):
    """Case 23."""
    pin = gateway.pin()
    params, key = gateway.begin()
    with held_by_another(gateway):
        answer = gateway.post(at(key, 1), **params, Digits=pin)
        assert answer.status_code == 200
        assert APOLOGY in answer.text
        assert at(key, 1) in answer.text
        assert pin not in answer.text
    assert "press 1" in gateway.post(at(key, 1), **params, Digits=pin).text


def test_a_report_that_a_locked_database_could_not_take_may_be_sent_again(gateway):
    """Case 23: the page that hangs on "the caller hung up" is not lost; only a voice turn never gets a 5xx."""
    params, _key = gateway.begin("0")
    hung_up = params | {"CallStatus": "completed"}
    with held_by_another(gateway):
        assert gateway.post(STATUS, **hung_up).status_code == 503
    assert gateway.post(STATUS, **hung_up).status_code == 204
    assert gateway.mails("caller-message-for-on-call") == ["ada@support.example", "grace@support.example"]


@pytest.fixture
def unwritable_log():
    """A log whose pipe is gone: every line raises."""
    before, gone = structlog.get_config(), io.StringIO()
    gone.close()
    renderer = structlog.processors.JSONRenderer()
    structlog.configure(processors=[renderer], logger_factory=structlog.PrintLoggerFactory(gone))
    yield
    structlog.configure(**before)


def test_a_log_that_cannot_be_written_changes_no_answer(gateway, unwritable_log):
    """Cases 23 and 24: the caller is apologised to, the report answered, the forger refused."""
    params, key = gateway.begin("0")
    (leg,) = gateway.rows(legs)
    with held_by_another(gateway):
        assert APOLOGY in gateway.post(at(key, 2), **params, Digits="1").text
    odd = params | {"CallStatus": "ring\0ing"}
    assert gateway.post(f"{STATUS}/{key}/{leg['key']}", **odd).status_code == 204
    assert gateway.post(INCOMING, signed_by="another token", **params).status_code == 403


@pytest.fixture
def logged():
    """What is logged, as the program writes it."""
    written = io.StringIO()
    written_so = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(processors=written_so, logger_factory=structlog.PrintLoggerFactory(written))
    yield written
    structlog.reset_defaults()


def test_a_failed_turn_is_logged_without_the_pin(gateway, logged):
    """A10."""
    pin = gateway.pin()
    params, key = gateway.begin()
    with held_by_another(gateway):
        gateway.post(at(key, 1), **params, Digits=pin)
    assert "turn failed" in logged.getvalue()
    assert "Traceback" in logged.getvalue()
    assert pin not in logged.getvalue()


def test_what_is_refused_is_logged_with_its_cause(gateway, logged):
    """Case 24: counted by cause."""
    gateway.post(INCOMING, signed_by="another token", **gateway.params())
    gateway.post(INCOMING, **gateway.params(AccountSid="AC1"))
    causes = [json.loads(line)["cause"] for line in logged.getvalue().splitlines()]
    assert causes == ["signature", "account"]


def test_no_answer_carries_a_query_string_or_a_pin(gateway, people):
    """A10: in whatever turn."""
    pin = gateway.pin()
    number = people.case().case.number
    gateway.call(f"{pin}# 2 {number}# 2 say:Well 9 1 1 {number}# 1# 1 say:Call_me", "no-answer,voicemail")
    answers = [row["answer"] for row in gateway.rows(turns)]
    urls = [url for answer in answers for url in re.findall(r"https?://[^\s\"<]+", answer)]
    assert len(answers) > 12
    assert urls
    for text in (*answers, *urls):
        assert pin not in text
    assert not any("?" in url for url in urls)
