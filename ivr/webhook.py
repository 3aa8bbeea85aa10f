"""The provider's requests over HTTP: only POST, only genuine, and a genuine voice turn never gets a 5xx.

A report that the database could not take is answered 503, so that the provider may send it again.

POST <prefix>/incoming                      a call comes in
POST <prefix>/t/<call>/<turn>               what the caller did
POST <prefix>/leg/<leg>/<turn>              what the analyst did
POST <prefix>/status, status/<call>/<leg>   how a call or a leg stands
POST <prefix>/recording/<call>              a recording is ready
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog
from flask import Blueprint, Response, request

from core.store.database import is_unavailable
from ivr import twiml
from ivr.providers import SIGNATURE_HEADER, NotFromProvider, WebhookRequest
from ivr.turns import Voice

log = structlog.get_logger()

Act = Callable[[Mapping[str, str]], str]
Note = Callable[[Mapping[str, str]], None]


def blueprint(voice: Voice) -> Blueprint:
    """Return the routes of the webhooks. A request that is not genuine gets 403 and changes nothing."""
    routes = Blueprint(f"voice_{voice.provider.name}", __name__, url_prefix=voice.prefix)
    links, fallback = voice.links, voice.settings.fallback_number

    @routes.post("/incoming")
    def incoming() -> Response:
        return _answered(voice, voice.incoming, twiml.of_apology(f"{links.base}/incoming", fallback))

    @routes.post("/t/<key>/<int(max=9999):number>")
    def turn(key: str, number: int) -> Response:
        apology = twiml.of_apology(links.turn(key, number), fallback)
        return _answered(voice, lambda given: voice.turn(given, key, number), apology)

    @routes.post("/leg/<key>/<int(min=1, max=2):number>")
    def leg(key: str, number: int) -> Response:
        # The analyst's leg ends, and the caller goes on to the next rung.
        return _answered(voice, lambda given: voice.leg(given, key, number), twiml.of_goodbye())

    @routes.post("/status")
    def call_status() -> Response:
        return _noted(voice, voice.call_status)

    @routes.post("/status/<call_key>/<leg_key>")
    def leg_status(call_key: str, leg_key: str) -> Response:
        return _noted(voice, lambda given: voice.leg_status(given, call_key, leg_key))

    @routes.post("/recording/<call_key>")
    def recording(call_key: str) -> Response:
        return _noted(voice, lambda given: voice.recording(given, call_key))

    routes.register_error_handler(NotFromProvider, _not_genuine)
    return routes


def _answered(voice: Voice, act: Act, apology: str) -> Response:
    parameters = _authenticated(voice)
    try:
        answer = act(parameters)
    except NotFromProvider:
        raise
    except Exception:
        # The caller hears an apology and is not lost; the log, if it can be written, has what happened.
        with suppress(Exception):
            log.exception("turn failed", path=request.path)
        answer = apology
    return Response(answer, content_type="text/xml; charset=utf-8")


def _noted(voice: Voice, note: Note) -> Response:
    parameters = _authenticated(voice)
    try:
        note(parameters)
    except NotFromProvider:
        raise
    except Exception as error:
        # A page may hang on the report: it is asked for again where that helps, and never answered with more.
        with suppress(Exception):
            log.exception("report lost", path=request.path)
        return Response(status=503 if is_unavailable(error) else 204)
    return Response(status=204)


def _authenticated(voice: Voice) -> Mapping[str, str]:
    query = request.query_string.decode("latin-1")
    url = voice.settings.public_url + request.path + (f"?{query}" if query else "")
    signature = request.headers.get(SIGNATURE_HEADER, "")
    return voice.provider.authenticate(WebhookRequest(url, request.form, signature))


def _not_genuine(error: NotFromProvider) -> Response:
    with suppress(Exception):
        log.warning("webhook refused", cause=error.cause, path=request.path)
    return Response("This request is not genuine.\n", 403, content_type="text/plain")
