"""Turns: what the caller and the analyst did, answered once and then the same again.

A turn is: call row -> answered already? the same answer -> dialogue and errands -> one COMMIT with the case
change, the call's state and the answer (I13).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.identifiers import random_key
from core.unit_of_work import Core, UnitOfWork
from ivr import calls, errands, twiml, whisper
from ivr.calls import Call
from ivr.conversation import Began, CallState, Input, Line, Reply, Spoken
from ivr.dialogue import Event, converse
from ivr.errands import Turn
from ivr.providers import NotFromProvider, Twilio
from ivr.twiml import Links

_MOST_MOVES = 20  # dialogue and core answer each other a few times a turn; more is a fault


@dataclass(frozen=True)
class VoiceSettings:
    """How a provider reaches us, and which numbers are ours.

    `public_url` has no slash at its end. `shown_number` is what analysts see calling, `fallback_number` is rung
    when a turn fails inside; both in E.164, and empty where there is none.
    """

    public_url: str
    shown_number: str = ""
    fallback_number: str = ""


@dataclass(frozen=True)
class Voice:
    """The phone menu over one core, for the calls of one provider."""

    core: Core
    provider: Twilio
    settings: VoiceSettings

    @property
    def prefix(self) -> str:
        """The path of all its webhooks."""
        return f"/voice/{self.provider.name}"

    @property
    def links(self) -> Links:
        """Where the provider is sent next."""
        return Links(f"{self.settings.public_url}{self.prefix}", self.settings.shown_number)

    def incoming(self, parameters: Mapping[str, str]) -> str:
        """Answer a call that comes in; the same call again gets the same answer."""
        identity = self.provider.identity(parameters)

        def act(uow: UnitOfWork) -> str:
            call = calls.begin(uow, identity, random_key(uow.house.chance))
            return self._take_turn(uow, call, 0, Began())

        return self.core.write(act, mark="turn")

    def turn(self, parameters: Mapping[str, str], key: str, number: int) -> str:
        """Answer what the caller did."""
        event = self.provider.read_input(parameters)

        def act(uow: UnitOfWork) -> str:
            call = self._called(uow, parameters, key)
            return self._take_turn(uow, call, number, event) if call else twiml.of_goodbye(Line("goodbye"))

        return self.core.write(act, mark="turn")

    def _called(self, uow: UnitOfWork, parameters: Mapping[str, str], key: str) -> Call | None:
        """Return the call of a URL. Raises NotFromProvider when the request is of another call."""
        call = calls.find(uow, key)
        if call is not None and call.provider_call_id != self.provider.identity(parameters).call_id:
            raise NotFromProvider("another call")
        return call

    def _take_turn(self, uow: UnitOfWork, call: Call, number: int, event: Input) -> str:
        stored = calls.stored_answer(uow, call.key, number)
        if stored is not None:
            return stored
        if number != call.turn:
            # A turn that was never asked for: nothing is done, and the caller goes on where the call stands.
            return twiml.of_apology(self.links.turn(call.key, call.turn), "")
        state, reply = _converse(Turn(uow, call, call.state), event)
        had_pin = state.pin_entries > call.state.pin_entries
        pause = errands.delay(Turn(uow, call, state)) if had_pin else 0
        answer = twiml.of_reply(reply, self.links, call.key, number + 1, pause=pause)
        calls.advance(uow, call, state, number + 1)
        calls.keep_answer(uow, call.key, number, answer)
        return answer

    def leg(self, parameters: Mapping[str, str], key: str, number: int) -> str:
        """Whisper to an analyst (turn 1), and join the two when 1 is pressed (turn 2)."""
        event = self.provider.read_input(parameters)

        def act(uow: UnitOfWork) -> str:
            leg = calls.find_leg(uow, key)
            if leg is None:
                return twiml.of_goodbye()
            stored = calls.stored_answer(uow, key, number)
            if stored is not None:
                return stored
            asked = number == 1
            answer = whisper.ask(uow, leg, self.links) if asked else whisper.answer(uow, leg, event)
            calls.keep_answer(uow, key, number, answer)
            return answer

        return self.core.write(act, mark="turn")

    def call_status(self, parameters: Mapping[str, str]) -> None:
        """Note that a caller has hung up, and page everyone on call when nobody had answered."""
        identity = self.provider.identity(parameters)

        def act(uow: UnitOfWork) -> None:
            call = calls.end(uow, identity)
            if call is not None:
                errands.caller_left(Turn(uow, call, call.state))

        if parameters.get("CallStatus") in calls.OVER:
            self.core.write(act)

    def leg_status(self, parameters: Mapping[str, str], call_key: str, leg_key: str) -> None:
        """Note how a leg stands."""
        status = parameters.get("CallStatus", "")[:20]
        self.core.write(lambda uow: calls.note_leg_status(uow, call_key, leg_key, status))

    def recording(self, parameters: Mapping[str, str], call_key: str) -> None:
        """Note a recording that is ready, whether or not its turn came first."""
        event = self.provider.read_input(parameters)

        def act(uow: UnitOfWork) -> None:
            call = self._called(uow, parameters, call_key)
            if call is not None and isinstance(event, Spoken):
                calls.keep_recording(uow, call, event, None)

        self.core.write(act)


def _converse(turn: Turn, event: Event) -> tuple[CallState, Reply]:
    """Let the dialogue and the core answer each other until there is something to say."""
    state, answer = converse(turn.state, event)
    for _move in range(_MOST_MOVES):
        if isinstance(answer, Reply):
            return state, answer
        state, answer = converse(state, errands.run(Turn(turn.uow, turn.call, state), answer))
    raise RuntimeError(f"the dialogue did not come to an answer from step {turn.state.step}")
