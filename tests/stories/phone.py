"""The telephone provider's side of a call, turn by turn: signed requests over a real connection.

The simulator makes whole calls; here a test decides which request is made when, and makes it again.
"""

from __future__ import annotations

import http.client
import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import urlencode, urlsplit

from ivr.simulator.signing import SIGNATURE_HEADER, sign
from tests.stories.gateway import ACCOUNT, HOST, PUBLIC_URL, Customer, Gateway

_ACTION = re.compile(r'\b(?:action|url)="([^"]+/t/[^"]+)"')


@dataclass(frozen=True)
class Request:
    """One webhook request: its path and what it posts."""

    path: str
    parameters: dict[str, str]


@dataclass
class Call:
    """A call to a gateway that listens on its present port; `answer` is the last TwiML."""

    gateway: Gateway
    from_number: str = "+14155550132"
    call_id: str = field(default_factory=lambda: f"CA{secrets.token_hex(16)}")
    answer: str = ""

    def arrives(self) -> None:
        """The call comes in."""
        self.answer = self.makes(self.request("/voice/twilio/incoming", CallStatus="ringing"))

    def keys(self, *entries: str) -> None:
        """Each entry is keyed as the answer to a question."""
        for entry in entries:
            self.answer = self.makes(self.keyed(entry))

    def keyed(self, digits: str) -> Request:
        """Return the request that keying these digits now would cause."""
        found = _ACTION.search(self.answer)
        assert found, self.answer
        return self.request(urlsplit(unescape(found.group(1))).path, CallStatus="in-progress", Digits=digits)

    def request(self, path: str, **more: str) -> Request:
        """Return a request of this call."""
        same = {
            "AccountSid": ACCOUNT,
            "CallSid": self.call_id,
            "From": self.from_number,
            "To": "+14155550100",
        }
        return Request(path, same | {"Direction": "inbound"} | more)

    def makes(self, request: Request) -> str:
        """Make a request and return the TwiML that it is answered with. Raises OSError, HTTPException."""
        signature = sign(PUBLIC_URL + request.path, request.parameters, self.gateway.auth_token)
        fields = {"Content-Type": "application/x-www-form-urlencoded", SIGNATURE_HEADER: signature}
        connection = http.client.HTTPConnection(HOST, self.gateway.web_port, timeout=20)
        try:
            connection.request("POST", request.path, urlencode(request.parameters), fields)
            answer = connection.getresponse()
            said = answer.read().decode()
        finally:
            connection.close()
        assert answer.status == 200, f"{answer.status} {said}"
        return said

    def identifies(self, caller: Customer) -> None:
        """The call comes in, and the caller keys the PIN."""
        pin = "".join(self.gateway.intake("contact", "pin", caller.address, "--reissue").split())
        self.arrives()
        self.keys(pin)


def raise_to_critical(call: Call, number: str) -> Request:
    """Key all but the last digit of "case NUMBER is critical, production is down"; return the request for that."""
    call.keys("1", "1", number, "1")  # critical; an existing case; its number; the call-back number is right
    return call.keyed("1")
