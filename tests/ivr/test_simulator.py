"""The simulator performs TwiML as the provider documents it, against a real HTTP server.

The server holds one document for each path, refuses what is not signed, and keeps what it received.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest
from twilio.request_validator import RequestValidator

from ivr.phone import Ending, Faults, PhoneLine, ScriptedCaller, ScriptMistaken, place_call
from ivr.simulator import errors

INCOMING, STATUS = "/voice/twilio/incoming", "/voice/twilio/status"
ACCOUNT, TOKEN = "AC" + "0" * 32, "a token of the tests"
CALLER, NUMBER, ANN, BOB = "+4930901820", "+18005550199", "+4989210001", "+4989210002"


@dataclass(frozen=True)
class Received:
    """One request as the server saw it."""

    method: str
    path: str
    params: dict[str, str]
    token: str


class Server(ThreadingHTTPServer):
    """Serves one document for each path; a list is served one by one, its last for ever."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answers = {}
        self.received = []

    def at(self, path):
        """Return the requests that came to a path."""
        return [request for request in self.received if request.path == path]

    def one(self, path):
        """Return the parameters of the only request that came to a path."""
        (request,) = self.at(path)
        return request.params


class Handler(BaseHTTPRequestHandler):
    """Answers 403 to what is not signed, 404 to an unknown path, 204 to a status callback."""

    def do_POST(self):
        self.turn(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

    def do_GET(self):
        self.turn("")

    def turn(self, form):
        url = self.server.url + self.path
        params = dict(parse_qsl(form, keep_blank_values=True))
        if not RequestValidator(TOKEN).validate(url, params, self.headers.get("X-Twilio-Signature", "")):
            return self.answer(403, "forged")
        params |= dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        path = urlsplit(self.path).path
        token = self.headers["I-Twilio-Idempotency-Token"]
        self.server.received.append(Received(self.command, path, params, token))
        return self.answer(*self.choose(path))

    def choose(self, path):
        """Return status and content for a path."""
        known = self.server.answers.get(path, 204 if "status" in path else 404)
        if isinstance(known, list):
            known = known.pop(0) if len(known) > 1 else known[0]
        if isinstance(known, int):
            return known, ""
        return 200, known if known.startswith("<?") else f"<Response>{known}</Response>"

    def answer(self, status, content):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if "plain" in content else "text/xml; charset=utf-8")
        body = content.encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        """The transcript says enough."""


@pytest.fixture
def server():
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def call(server):
    """Place a call to a gateway that answers with these documents."""

    def place(incoming, keys="", analysts="", *, faults=Faults(), token=TOKEN, **paths):  # noqa: B008
        server.answers = {INCOMING: incoming} | {f"/{name}": answer for name, answer in paths.items()}
        line = PhoneLine(server.url, ACCOUNT, token, NUMBER)
        caller = ScriptedCaller.from_script(keys, analysts)
        return place_call(line, CALLER, caller, lambda _line: None, faults=faults)

    return place


# -- the call ------------------------------------------------------------------------------------------


def test_the_first_webhook_carries_what_the_provider_sends(call, server):
    result = call("<Say>Hello.</Say>")
    params = server.one(INCOMING)
    assert re.fullmatch("CA[0-9a-f]{32}", params["CallSid"])
    assert params["CallSid"] == result.call_sid
    assert (params["From"], params["Caller"], params["FromCountry"]) == (CALLER, CALLER, "DE")
    assert (params["To"], params["Called"]) == (NUMBER, NUMBER)
    assert params["AccountSid"] == ACCOUNT
    assert (params["CallStatus"], params["Direction"]) == ("ringing", "inbound")
    assert params["ApiVersion"] == "2010-04-01"


def test_a_withheld_number_has_no_country(server):
    server.answers = {INCOMING: "<Hangup/>"}
    line = PhoneLine(server.url + "/", ACCOUNT, TOKEN, NUMBER)
    place_call(line, "anonymous", ScriptedCaller(), lambda _line: None)
    assert (server.one(INCOMING)["From"], server.one(INCOMING)["FromCountry"]) == ("anonymous", "")


def test_the_call_ends_with_its_status_callback(call, server):
    result = call('<Pause length="61"/>')
    params = server.one(STATUS)
    assert (params["CallSid"], params["CallStatus"]) == (result.call_sid, "completed")
    assert (params["CallDuration"], params["Duration"]) == ("61", "2")


def test_a_document_that_ends_hangs_up(call):
    assert call("<Say>Good bye.</Say>").ending is Ending.DOCUMENT_ENDED


def test_later_turns_are_in_progress(call, server):
    call("<Redirect>/next</Redirect>", next="<Hangup/>")
    assert server.one("/next")["CallStatus"] == "in-progress"


def test_the_result_names_no_token():
    assert TOKEN not in repr(PhoneLine("http://x", ACCOUNT, TOKEN, NUMBER))


def test_each_line_is_shown_as_it_comes_about(server):
    server.answers = {INCOMING: "<Say>Hello.</Say>"}
    shown = []
    result = place_call(PhoneLine(server.url, ACCOUNT, TOKEN, NUMBER), CALLER, ScriptedCaller(), shown.append)
    assert tuple(shown) == result.transcript


def test_a_transcript_is_a_pleasure_to_read(call):
    result = call(
        '<Gather action="/pin"><Say>Welcome. Please key your PIN, then the hash key.</Say></Gather>',
        "123412341234# 1",
        "accept",
        pin='<Gather action="/ann" numDigits="1"><Say>Press 1 for an analyst.</Say></Gather>',
        ann=f'<Dial action="/done"><Number url="/whisper">{ANN}</Number></Dial>',
        whisper='<Gather numDigits="1" action="/yes"><Say>A critical case. Press 1.</Say></Gather><Hangup/>',
        yes="<Say>Thank you.</Say>",
        done="<Hangup/>",
    )
    assert "\n".join(result.transcript) == (
        f"""\
   0 s  caller    {CALLER} calls {NUMBER}
   0 s  http      POST /voice/twilio/incoming -> 200
   0 s  gateway   Welcome. Please key your PIN, then the hash key.
  11 s  caller    keys ************#
  11 s  http      POST /pin -> 200
  11 s  gateway   Press 1 for an analyst.
  14 s  caller    keys 1
  14 s  http      POST /ann -> 200
  14 s  analyst   {ANN} rings
  18 s  analyst   {ANN} answers
  18 s  http      POST /whisper -> 200
  18 s  analyst   {ANN} hears: A critical case. Press 1.
  21 s  analyst   {ANN} keys 1
  21 s  http      POST /yes -> 200
  21 s  analyst   {ANN} hears: Thank you.
  22 s  provider  the caller and {ANN} are connected
  52 s  provider  they talk for 30 s, and both hang up
  52 s  analyst   {ANN} is off the line
  52 s  http      POST /done -> 200
  52 s  http      POST /voice/twilio/status -> 204
  52 s  provider  the call is over: caller and analyst hung up after their conversation"""
    )


# -- what the server may get wrong ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ("<Play>x.mp3</Play>", errors.UnknownVerb),
        ("<Gather><Record/></Gather>", errors.UnknownVerb),
        ("<Say><break/></Say>", errors.UnknownVerb),
        ("<Dial><Client>ann</Client></Dial>", errors.UnknownVerb),
        ('<Say lang="de">x</Say>', errors.UnknownAttribute),
        ('<Hangup reason="busy"/>', errors.UnknownAttribute),
        ('<Say loop="0">x</Say>', errors.UnusableValue),
        ('<Pause length="soon"/>', errors.UnusableValue),
        ('<Gather input="speech"/>', errors.UnusableValue),
        ('<Gather numDigits="0"/>', errors.UnusableValue),
        ('<Gather finishOnKey="##"/>', errors.UnusableValue),
        ('<Gather method="PUT"/>', errors.UnusableValue),
        ('<Record maxLength="1"/>', errors.UnusableValue),
        ('<Reject reason="bored"/>', errors.UnusableValue),
        ('<Dial timeout="4"><Number>+1</Number></Dial>', errors.UnusableValue),
        ('<Dial><Number statusCallbackEvent="ring">+1</Number></Dial>', errors.UnusableValue),
        ("<Gather>Press 1.</Gather>", errors.UnexpectedText),
        ("Hello", errors.UnexpectedText),
        ("<Dial/>", errors.NobodyToDial),
        ("<Dial>" + "<Number>+1</Number>" * 11 + "</Dial>", errors.NobodyToDial),
        ("<Say>x</Say><Reject/>", errors.RejectedTooLate),
        ("<Redirect/>", errors.NeverEnds),
        ("<Say>", errors.NotTwiml),
        ("<?xml version='1.0'?><Reply/>", errors.NotTwiml),
        ("<Say>plain</Say>", errors.NotTwiml),  # served as text/plain
        ("<Say>" + "x" * 65536 + "</Say>", errors.NotTwiml),
        (500, errors.RequestRefused),
        (404, errors.RequestRefused),
        (302, errors.RequestRefused),
    ],
)
def test_what_the_provider_cannot_use_is_an_application_error(call, server, document, fault):
    result = call(document)
    assert type(result.fault) is fault
    assert (result.ok, result.ending) == (False, Ending.APPLICATION_ERROR)
    assert any("application error has occurred" in line for line in result.transcript)
    assert server.one(STATUS)["CallStatus"] == "completed"


def test_a_wrong_signature_is_refused(call):
    assert str(call("<Hangup/>", token="another").fault) == "POST /voice/twilio/incoming was answered 403"


def test_a_server_that_is_not_there_is_an_application_error():
    line = PhoneLine("http://127.0.0.1:9", ACCOUNT, TOKEN, NUMBER)
    result = place_call(line, CALLER, ScriptedCaller(), lambda _line: None)
    assert type(result.fault) is errors.ServerUnreachable


def test_a_refused_status_callback_is_a_fault_but_does_not_disturb_the_call(call, server):
    server_answers = {"voice/twilio/status": 500}
    result = call("<Hangup/>", **server_answers)
    assert (result.ending, str(result.fault)) == (
        Ending.GATEWAY_HUNG_UP,
        "POST /voice/twilio/status was answered 500",
    )


def test_a_mistake_in_the_script_is_raised_and_the_call_is_ended(call, server):
    with pytest.raises(ScriptMistaken):
        call("<Gather/>", "say:hello")
    assert server.one(STATUS)["CallStatus"] == "completed"


def test_every_webhook_may_come_twice_with_one_token(call, server):  # phone case 3
    result = call("<Redirect>/next</Redirect>", faults=Faults(duplicate_every_webhook=True), next="<Hangup/>")
    assert result.ok
    assert [request.path for request in server.received] == [INCOMING] * 2 + ["/next"] * 2 + [STATUS] * 2
    first, again = server.at("/next")
    assert first == again


def test_two_answers_to_one_webhook_are_a_fault(call):  # phone case 3
    result = call(["<Say>one</Say>", "<Say>two</Say>"], faults=Faults(duplicate_every_webhook=True))
    assert type(result.fault) is errors.AnswersDiffer


# -- Say, Pause, Redirect, Hangup, Reject --------------------------------------------------------------


def test_say_is_heard(call):
    assert call('<Say language="en-GB" voice="Polly.Amy">Good\n  morning.</Say>').spoken == "Good morning."


def test_say_loops(call):
    assert call('<Say loop="2">Hello.</Say>').spoken == "Hello.\nHello."


def test_saying_takes_time(call):
    assert call("<Say>One two three four five.</Say>").seconds == 2


@pytest.mark.parametrize(("pause", "seconds"), [("<Pause/>", 1), ('<Pause length="7"/>', 7)])
def test_pause_lasts_its_length_and_one_second_unless_told(call, pause, seconds):
    assert call(pause).seconds == seconds


def test_redirect_leaves_the_document(call):
    result = call("<Redirect>/next</Redirect><Say>Unreachable.</Say>", next="<Say>Here.</Say>")
    assert result.spoken == "Here."


def test_a_relative_url_is_resolved_against_the_document(call, server):
    call("<Redirect>turn/2</Redirect>")
    assert server.at("/voice/twilio/turn/2")


def test_a_redirect_by_get_has_its_parameters_in_the_query(call, server):
    call('<Redirect method="GET">/next</Redirect>', next="<Hangup/>")
    (request,) = server.at("/next")
    assert (request.method, request.params["From"]) == ("GET", CALLER)


def test_hangup_hangs_up(call):
    result = call("<Hangup/><Say>Unreachable.</Say>")
    assert (result.ending, result.spoken) == (Ending.GATEWAY_HUNG_UP, "")


@pytest.mark.parametrize(
    ("reject", "ending", "status"),
    [
        ("<Reject/>", Ending.REJECTED, "no-answer"),
        ('<Reject reason="rejected"/>', Ending.REJECTED, "no-answer"),
        ('<Reject reason="busy"/>', Ending.BUSY, "busy"),
    ],
)
def test_reject_ends_a_call_that_was_never_answered(call, server, reject, ending, status):
    assert call(reject).ending is ending
    assert server.one(STATUS)["CallStatus"] == status


# -- Gather --------------------------------------------------------------------------------------------


def test_gather_posts_its_digits_without_the_finish_key(call, server):
    call('<Gather action="/next"/>', "12345#", next="<Hangup/>")
    assert server.one("/next")["Digits"] == "12345"


def test_gather_plays_what_is_inside_it(call):
    result = call('<Gather><Say>Press 1.</Say><Pause length="2"/><Say>Or 2.</Say></Gather>', "hangup")
    assert result.spoken == "Press 1.\nOr 2."


def test_gather_ends_at_its_number_of_digits(call, server):
    result = call('<Gather numDigits="1" action="/next"/>', "1", next="<Hangup/>")
    assert server.one("/next")["Digits"] == "1"
    assert result.seconds == 1


def test_later_keys_leak_into_the_next_gather(call, server):
    result = call(
        '<Gather numDigits="1" action="/two"/>',
        "12 3",
        two='<Gather numDigits="1" action="/three"><Say>Cut short.</Say></Gather>',
        three='<Gather numDigits="1" action="/four"/>',
        four="<Hangup/>",
    )
    assert [server.one(path)["Digits"] for path in ("/two", "/three", "/four")] == ["1", "2", "3"]
    assert result.spoken == ""


def test_leaked_keys_come_before_those_keyed_next(call, server):
    call(
        '<Gather numDigits="1" action="/two"/>', "12 34#", two='<Gather action="/three"/>', three="<Hangup/>"
    )
    assert server.one("/three")["Digits"] == "234"


def test_a_finish_key_typed_too_late_empties_the_next_gather(call, server):  # phone case 9
    result = call(
        '<Gather numDigits="4" action="/two"/>',
        "1234#",
        two='<Gather action="/three"/><Say>Nothing.</Say>',
    )
    assert (result.spoken, server.at("/three")) == ("Nothing.", [])


def test_without_the_finish_key_the_gather_waits_for_its_timeout(call, server):
    result = call('<Gather action="/next" timeout="9"/>', "1234", next="<Hangup/>")
    assert server.one("/next")["Digits"] == "1234"
    assert result.seconds == 2 + 9


def test_an_empty_gather_falls_through_after_five_seconds(call):
    result = call('<Gather action="/next"/><Say>Nothing.</Say>', "-")
    assert (result.spoken, result.seconds) == ("Nothing.", 5 + 1)


def test_a_lone_finish_key_is_an_empty_result(call):  # phone case 6
    assert call('<Gather action="/next"/><Say>Nothing.</Say>', "#").spoken == "Nothing."


@pytest.mark.parametrize("keys", ["-", "#"])
def test_an_empty_gather_may_ask_its_action_all_the_same(call, server, keys):
    call('<Gather action="/next" actionOnEmptyResult="true"/>', keys, next="<Hangup/>")
    assert server.one("/next")["Digits"] == ""


def test_another_key_may_finish(call, server):
    call('<Gather finishOnKey="*" action="/next"/>', "12#*", next="<Hangup/>")
    assert server.one("/next")["Digits"] == "12#"


def test_without_a_finish_key_every_key_is_a_digit(call, server):
    call('<Gather finishOnKey="" numDigits="3" action="/next"/>', "*0#", next="<Hangup/>")
    assert server.one("/next")["Digits"] == "*0#"


def test_without_an_action_the_document_itself_is_asked(call, server):
    call(['<Gather input="dtmf" numDigits="1"/>', "<Hangup/>"], "1")
    assert [request.params.get("Digits") for request in server.at(INCOMING)] == [None, "1"]


def test_gather_may_use_get(call, server):
    call('<Gather method="GET" numDigits="1" action="/next"/>', "1", next="<Hangup/>")
    (request,) = server.at("/next")
    assert (request.method, request.params["Digits"]) == ("GET", "1")


def test_a_silent_caller_hangs_up_at_the_fourth_prompt(call):
    result = call("<Gather><Say>Hello?</Say></Gather><Redirect/>")
    assert (result.spoken.count("Hello?"), result.ending) == (4, Ending.PERSON_HUNG_UP)


def test_a_caller_who_hangs_up_asks_for_nothing_more(call, server):  # phone case 1
    result = call('<Gather action="/next"/><Say>Unheard.</Say>', "hangup")
    assert (result.ending, result.spoken, server.at("/next")) == (Ending.PERSON_HUNG_UP, "", [])


# -- Record --------------------------------------------------------------------------------------------


def test_record_posts_the_recording(call, server):
    call('<Record action="/next"/>', "say:all_our_lines_are_down", next="<Hangup/>")
    params = server.one("/next")
    assert re.fullmatch("RE[0-9a-f]{32}", params["RecordingSid"])
    api = "https://api.twilio.com/2010-04-01"
    assert params["RecordingUrl"] == f"{api}/Accounts/{ACCOUNT}/Recordings/{params['RecordingSid']}"
    assert (params["RecordingDuration"], params["Digits"]) == ("2", "#")


def test_a_message_nobody_scripted_lasts_five_seconds(call, server):
    result = call('<Record action="/next"/>', next="<Hangup/>")
    assert server.one("/next")["RecordingDuration"] == "5"
    assert result.seconds == 5


@pytest.mark.parametrize(("keys", "seconds"), [("#", 0), ("say:", 7)])
def test_an_empty_recording_falls_through(call, server, keys, seconds):
    result = call('<Record action="/next" timeout="7"/><Pause/>', keys)
    assert (server.at("/next"), result.seconds) == ([], seconds + 1)


def test_a_recording_is_cut_off_at_its_greatest_length(call, server):
    call('<Record action="/next" maxLength="3"/>', next="<Hangup/>")
    params = server.one("/next")
    assert (params["RecordingDuration"], "Digits" in params) == ("3", False)


def test_where_no_key_ends_a_recording_silence_does(call, server):
    result = call('<Record action="/next" finishOnKey="" timeout="4"/>', next="<Hangup/>")
    assert ("Digits" in server.one("/next"), result.seconds) == (False, 5 + 4)


@pytest.mark.parametrize(("beep", "heard"), [("", "(beep)"), (' playBeep="false"', "")])
def test_a_recording_begins_with_a_beep_unless_told(call, beep, heard):
    assert call(f'<Record action="/next"{beep}/>', next="<Hangup/>").spoken == heard


def test_record_may_use_get(call, server):
    call('<Record method="GET" action="/next"/>', next="<Hangup/>")
    assert server.at("/next")[0].method == "GET"


def test_the_recording_is_reported_after_its_action(call, server):
    call('<Record action="/next" recordingStatusCallback="/status/rec"/>', next="<Hangup/>")
    paths = [request.path for request in server.received]
    assert paths == [INCOMING, "/next", "/status/rec", STATUS]
    params = server.one("/status/rec")
    assert (params["RecordingStatus"], params["RecordingDuration"]) == ("completed", "5")
    assert params["RecordingSid"] == server.one("/next")["RecordingSid"]


@pytest.mark.parametrize(
    ("keys", "statuses"), [("say:hello", ["in-progress", "completed"]), ("#", ["in-progress", "absent"])]
)
def test_a_recording_is_reported_by_the_events_asked_for(call, server, keys, statuses):
    callback = 'recordingStatusCallback="/status/rec" recordingStatusCallbackMethod="GET"'
    events = 'recordingStatusCallbackEvent="in-progress completed absent"'
    call(f'<Record action="/next" trim="do-not-trim" {callback} {events}/>', keys, next="<Hangup/>")
    told = [(request.method, request.params["RecordingStatus"]) for request in server.at("/status/rec")]
    assert told == [("GET", status) for status in statuses]


# -- Dial ----------------------------------------------------------------------------------------------

WHISPER = '<Gather numDigits="1" action="/yes"><Say>Press 1.</Say></Gather><Hangup/>'


def dial(*numbers, attributes=""):
    """Return a Dial that whispers to each number and reports its every step."""
    noun = '<Number url="/whisper" statusCallback="/status/leg" statusCallbackEvent="{}">{}</Number>'
    events = "initiated ringing answered completed"
    nouns = "".join(noun.format(events, number) for number in numbers)
    return f'<Dial action="/done" {attributes}>{nouns}</Dial>'


def legs(server):
    """Return what the status callbacks told, in the order they came."""
    return [(request.params["To"], request.params["CallStatus"]) for request in server.at("/status/leg")]


@pytest.fixture
def ring(call):
    """Dial some numbers and let each analyst react."""

    def place(analysts, *numbers, attributes="", **paths):
        paths = {"whisper": WHISPER, "yes": "<Say>Thank you.</Say>", "done": "<Say>Go on.</Say>"} | paths
        return call(dial(*numbers or [ANN], attributes=attributes), "", analysts, **paths)

    return place


def test_an_analyst_who_accepts_is_joined_to_the_caller(ring, server):
    result = ring("accept")
    assert (result.bridged, result.bridged_to, result.ending) == (True, ANN, Ending.TALKED)
    params = server.one("/done")
    assert (params["DialCallStatus"], params["DialBridged"]) == ("completed", "true")
    assert int(params["DialCallDuration"]) >= 30
    assert params["CallSid"] == result.call_sid


def test_after_the_conversation_nobody_hears_the_rest(ring, server):
    result = ring("accept")
    assert (server.one("/done")["CallStatus"], "Go on." in result.spoken) == ("completed", False)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("busy", "busy"),
        ("no-answer", "no-answer"),
        ("failed", "failed"),
        ("decline", "completed"),
        ("ignore", "completed"),
        ("voicemail", "completed"),
    ],
)
def test_an_analyst_who_does_not_accept_leaves_the_caller_on_the_line(ring, server, outcome, status):
    result = ring(outcome)
    params = server.one("/done")
    assert (params["DialCallStatus"], params["DialBridged"]) == (status, "false")
    assert (params["CallStatus"], result.bridged_to, result.spoken) == ("in-progress", None, "Go on.")


@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed"])
def test_a_leg_that_was_not_answered_has_no_duration(ring, server, outcome):
    ring(outcome)
    assert "DialCallDuration" not in server.one("/done")


def test_a_whisper_is_asked_for_the_analysts_own_leg(ring, server):
    result = ring("accept")
    params = server.one("/whisper")
    assert params["CallSid"] == server.one("/done")["DialCallSid"] != result.call_sid
    assert (params["ParentCallSid"], params["Direction"]) == (result.call_sid, "outbound-dial")
    assert (params["From"], params["To"], params["CallStatus"]) == (CALLER, ANN, "in-progress")


def test_the_key_an_analyst_presses_belongs_to_the_leg(ring, server):
    ring("accept")
    assert server.one("/yes")["Digits"] == "1"
    assert server.one("/yes")["CallSid"] == server.one("/whisper")["CallSid"]


def test_an_analyst_accepts_in_vain_where_the_gateway_hangs_up(ring, server):  # phone case 19
    result = ring("accept", yes="<Say>Somebody else has it.</Say><Hangup/>")
    assert (result.bridged, server.one("/done")["DialBridged"]) == (False, "false")


def test_a_whisper_that_ends_joins_even_a_machine(ring):  # phone case 20
    assert ring("voicemail", whisper="<Say>A call for you.</Say>").bridged_to == ANN


def test_an_analyst_who_declines_is_not_joined_by_a_whisper_that_ends(ring):
    assert not ring("decline", whisper="<Say>A call for you.</Say>").bridged


@pytest.mark.parametrize("verb", ["<Dial><Number>+1</Number></Dial>", "<Record/>", "<Reject/>"])
def test_a_whisper_may_not_dial_nor_record_nor_reject(ring, verb):
    assert type(ring("accept", whisper=verb).fault) is errors.ForbiddenInWhisper


def test_without_a_whisper_the_answer_joins(call):
    assert call(f"<Dial><Number>{ANN}</Number></Dial>", "", "accept").bridged_to == ANN


def test_a_whisper_may_be_asked_by_get(call, server):
    call(f'<Dial><Number url="/whisper" method="GET">{ANN}</Number></Dial>', "", "accept", whisper="<Pause/>")
    assert server.at("/whisper")[0].method == "GET"


def test_without_an_action_dial_falls_through(call):
    assert call(f"<Dial><Number>{ANN}</Number></Dial><Say>Nobody.</Say>", "", "busy").spoken == "Nobody."


def test_dial_may_ask_its_action_by_get(ring, server):
    ring("busy", attributes='method="GET"')
    assert server.at("/done")[0].method == "GET"


def test_a_phone_rings_for_the_timeout_and_thirty_seconds_unless_told(ring):
    assert ring("no-answer").seconds == 30 + 1
    assert ring("no-answer", attributes='timeout="20"').seconds == 20 + 1


def test_the_time_limit_parts_them_and_the_caller_stays(ring, server):
    result = ring("accept", attributes='timeLimit="10"')
    assert (result.bridged_to, result.spoken) == (ANN, "Go on.")
    assert server.one("/done")["CallStatus"] == "in-progress"


def test_the_analyst_sees_the_caller_id_of_the_dial(ring, server):
    ring("accept", attributes=f'callerId="{NUMBER}" answerOnBridge="true" hangupOnStar="true"')
    assert server.one("/whisper")["From"] == NUMBER


def test_all_numbers_ring_at_once_and_the_first_to_accept_wins(ring, server):
    result = ring("no-answer,accept", ANN, BOB)
    assert result.bridged_to == BOB
    assert legs(server) == [
        (ANN, "initiated"),
        (ANN, "ringing"),
        (BOB, "initiated"),
        (BOB, "ringing"),
        (BOB, "in-progress"),
        (ANN, "canceled"),
        (BOB, "completed"),
    ]


def test_when_one_declines_the_next_may_accept(ring, server):
    assert ring("decline,accept", ANN, BOB).bridged_to == BOB
    assert [request.params["To"] for request in server.at("/whisper")] == [ANN, BOB]


def test_the_others_are_not_answered_once_one_has_accepted(ring, server):
    assert ring("accept,accept", ANN, BOB).bridged_to == ANN
    assert [request.params["To"] for request in server.at("/whisper")] == [ANN]


def test_where_nobody_accepts_the_leg_that_ended_last_speaks_for_the_dial(ring, server):
    ring("no-answer,busy", ANN, BOB)
    assert server.one("/done")["DialCallStatus"] == "no-answer"


@pytest.mark.parametrize(
    ("outcome", "statuses"),
    [
        ("accept", ["initiated", "ringing", "in-progress", "completed"]),
        ("no-answer", ["initiated", "ringing", "no-answer"]),
        ("busy", ["initiated", "busy"]),
        ("failed", ["initiated", "failed"]),
    ],
)
def test_each_step_of_a_leg_is_reported(ring, server, outcome, statuses):
    result = ring(outcome)
    reports = [request.params for request in server.at("/status/leg")]
    assert [report["CallStatus"] for report in reports] == statuses
    assert [report["SequenceNumber"] for report in reports] == [str(n) for n in range(len(statuses))]
    assert {report["CallbackSource"] for report in reports} == {"call-progress-events"}
    assert {report["ParentCallSid"] for report in reports} == {result.call_sid}


@pytest.mark.parametrize(
    ("events", "statuses"),
    [("", ["completed"]), ('statusCallbackEvent="answered ringing"', ["ringing", "in-progress"])],
)
def test_only_the_events_asked_for_are_reported_and_the_end_unless_told(call, server, events, statuses):
    number = f'<Number statusCallback="/status/leg" statusCallbackMethod="GET" {events}>{ANN}</Number>'
    call(f"<Dial>{number}</Dial>", "", "accept")
    assert [(request.method, request.params["CallStatus"]) for request in server.at("/status/leg")] == [
        ("GET", status) for status in statuses
    ]


def test_a_caller_may_be_gone_before_the_analyst_accepts(ring, server):  # phone case 2
    result = ring("caller-gone,no-answer", ANN, BOB, yes="<Say>The caller has hung up.</Say>")
    assert (result.ending, result.bridged, result.spoken) == (Ending.PERSON_HUNG_UP, False, "")
    order = [request.path for request in server.received if "leg" not in request.path]
    assert order == [INCOMING, "/whisper", STATUS, "/yes", "/done"]
    assert server.one("/done")["CallStatus"] == "completed"
    assert legs(server)[-2:] == [(ANN, "completed"), (BOB, "canceled")]
