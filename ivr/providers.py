"""What differs between telephone providers: how a request is signed and what its parameters are called.

Twilio: https://www.twilio.com/docs/usage/security#validating-requests and
https://www.twilio.com/docs/voice/twiml#request-parameters. The signature covers the configured public URL with
the raw path, never what the framework takes the URL to be.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from ivr.calls import Identity
from ivr.conversation import Input, Keyed, RingingEnded, Spoken

SIGNATURE_HEADER = "X-Twilio-Signature"
# The signature has no delimiters, so an id could hide another parameter; no parameter's name is hexadecimal.
_CALL_ID = re.compile(r"CA[0-9a-fA-F]{1,64}")
_RECORDING_ID = re.compile(r"RE[0-9a-fA-F]{1,64}")
_KEYS = re.compile(r"[0-9*#]{0,64}")
_LONGEST_VALUE = 4096


class NotFromProvider(Exception):
    """The request was not made by the provider for this account and call; `cause` says how that was seen."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True)
class WebhookRequest:
    """A request as it came: its full public URL, its form, its signature (empty when there is none)."""

    url: str
    form: MultiDict[str, str]
    signature: str


@dataclass(frozen=True)
class Twilio:
    """Twilio's side of a webhook. `auth_token` signs, `account_sid` is the only account that is served."""

    account_sid: str
    auth_token: str = field(repr=False)
    name: str = "twilio"

    def authenticate(self, request: WebhookRequest) -> Mapping[str, str]:
        """Return the parameters of a genuine request. Raises NotFromProvider, whatever was wrong."""
        if not self._is_signed(request):
            raise NotFromProvider("signature")
        form = request.form
        # The signature has no delimiters between parameters, so only parameters of the right form count.
        if any(len(values) != 1 or len(values[0]) > _LONGEST_VALUE for _name, values in form.lists()):
            raise NotFromProvider("repeated or oversized parameter")
        if form.get("AccountSid") != self.account_sid:
            raise NotFromProvider("account")
        if _CALL_ID.fullmatch(form.get("CallSid", "")) is None:
            raise NotFromProvider("call id")
        return form.to_dict()

    def identity(self, parameters: Mapping[str, str]) -> Identity:
        """Return how the provider knows the call. A withheld caller is `anonymous` or empty."""
        return Identity(self.name, parameters["CallSid"], parameters.get("From", ""))

    def read_input(self, parameters: Mapping[str, str]) -> Input:
        """Return what the caller did, by the parameters that are there."""
        if "DialCallStatus" in parameters:
            return RingingEnded()
        recording_id = parameters.get("RecordingSid", "")
        if _RECORDING_ID.fullmatch(recording_id):
            return Spoken(recording_id, parameters.get("RecordingUrl", "")[:500], _seconds(parameters))
        keys = parameters.get("Digits", "")
        return Keyed(keys if _KEYS.fullmatch(keys) else "")

    def _is_signed(self, request: WebhookRequest) -> bool:
        try:
            validator = RequestValidator(self.auth_token)
            return bool(validator.validate(request.url, request.form, request.signature))
        except Exception:
            # The validator raises on odd input; whatever it raises, the request is not genuine.
            return False


def _seconds(parameters: Mapping[str, str]) -> int:
    text = parameters.get("RecordingDuration", "")
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0
