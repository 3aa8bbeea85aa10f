"""Sends webhooks to the gateway, over HTTP, signed, as the telephone provider does.

`ask` is a turn of a call: its answer must be TwiML. `tell` is a status callback: its answer is only a
success or not, and a failure does not disturb the call; it is kept in `refused`. With the fault
`duplicate_every_webhook` each request goes out twice in a row, as after a lost answer, and both answers
must be the same bytes (phone case 3).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit

import requests

from ivr.simulator.document import Document, read_document
from ivr.simulator.errors import (
    AnswersDiffer,
    CallFault,
    NeverEnds,
    NotTwiml,
    RequestRefused,
    ServerUnreachable,
)
from ivr.simulator.signing import SIGNATURE_HEADER, sign
from ivr.simulator.transcript import Transcript

TIMEOUTS = (5.0, 15.0)
"""Seconds to connect and to read: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides."""

MAX_TURNS = 500
"""More turns than any call has; a server that redirects in a circle is found out."""

XML_TYPES = frozenset({"text/xml", "application/xml"})


@dataclass(frozen=True)
class Faults:
    """What goes wrong on the way, for tests."""

    duplicate_every_webhook: bool = False


class Webhooks:
    """The provider's HTTP client, for one call. Use it as a context manager."""

    def __init__(self, auth_token: str, transcript: Transcript, faults: Faults) -> None:
        self.refused: list[CallFault] = []
        self._auth_token = auth_token
        self._transcript = transcript
        self._faults = faults
        self._turns = 0
        self._session = requests.Session()
        # A proxy or a .netrc of the tester's own machine is no part of the provider's network.
        self._session.trust_env = False

    def __enter__(self) -> Webhooks:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def ask(self, url: str, params: Mapping[str, str], method: str = "POST") -> Document:
        """Send one turn and return the TwiML it is answered with. Raises a `CallFault`."""
        self._turns += 1
        if self._turns > MAX_TURNS:
            raise NeverEnds(MAX_TURNS)
        answer = self._send(method, url, params)
        kind = answer.headers.get("Content-Type", "no type").partition(";")[0].strip().lower()
        if kind not in XML_TYPES:
            raise NotTwiml(url, f"its content type is {kind}")
        return read_document(url, answer.content)

    def tell(self, url: str, params: Mapping[str, str], method: str = "POST") -> None:
        """Send a status callback; a failure is kept in `refused`."""
        try:
            self._send(method, url, params)
        except CallFault as fault:
            self.refused.append(fault)
            self._transcript.note("fault", str(fault))

    def _send(self, method: str, url: str, params: Mapping[str, str]) -> requests.Response:
        """Send a request, twice if so told, and return the first answer."""
        request = self._signed(method, url, params)
        answer = self._exchange(request)
        if self._faults.duplicate_every_webhook:
            again = self._exchange(request)
            if (answer.status_code, answer.content) != (again.status_code, again.content):
                raise AnswersDiffer(_name(request), _summary(answer), _summary(again))
        if not 200 <= answer.status_code < 300:
            raise RequestRefused(_name(request), answer.status_code)
        return answer

    def _signed(self, method: str, url: str, params: Mapping[str, str]) -> requests.PreparedRequest:
        query, form = (params, {}) if method == "GET" else ({}, params)
        request = requests.Request(method, url, params=query, data=form)
        request.headers["User-Agent"] = "TwilioProxy/1.1"
        # Documented to be the same on every retry of one webhook, and different between webhooks.
        request.headers["I-Twilio-Idempotency-Token"] = secrets.token_hex(16)
        prepared = self._session.prepare_request(request)
        prepared.headers[SIGNATURE_HEADER] = sign(prepared.url or url, form, self._auth_token)
        return prepared

    def _exchange(self, request: requests.PreparedRequest) -> requests.Response:
        try:
            answer = self._session.send(request, timeout=TIMEOUTS, allow_redirects=False)
        except requests.RequestException as error:
            self._transcript.note("http", f"{_name(request)} -> no answer")
            raise ServerUnreachable(_name(request), type(error).__name__) from error
        self._transcript.note("http", f"{_name(request)} -> {answer.status_code}")
        return answer


def _name(request: requests.PreparedRequest) -> str:
    """Return method and path: a query holds what was keyed, so it stays out (A10)."""
    return f"{request.method} {urlsplit(request.url or '').path!s}"


def _summary(answer: requests.Response) -> str:
    return f"{answer.status_code} {answer.text[:200]!r}"
