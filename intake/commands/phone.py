"""`intake phone`: call the running gateway from the terminal."""

from __future__ import annotations

import click

from core.errors import IntakeError
from intake.settings import SettingsAreWrong, load
from ivr.phone import InteractiveCaller, PhoneLine, ScriptedCaller, TranscriptLine, place_call
from ivr.simulator.errors import ScriptMistaken


class CallFailed(IntakeError):
    """The call did not go as a provider would have had it."""


@click.command()
@click.option(
    "--from", "from_number", default="+14155550132", show_default=True, help="The number that calls."
)
@click.option(
    "--keys", help='What is keyed at each question, such as "123412341234# 2 0003256109#"; "-" is silence.'
)
@click.option(
    "--analysts",
    default="",
    help="What each rung analyst does: accept, no-answer, busy, decline, voicemail …",
)
@click.option("--web-requests", is_flag=True, help="Also show each request to the gateway.")
def phone(from_number: str, keys: str | None, analysts: str, web_requests: bool) -> None:
    """Call the gateway; without --keys, from this keyboard."""
    settings = load()
    if not settings.twilio_account_sid:
        raise SettingsAreWrong("INTAKE_TWILIO_ACCOUNT_SID is not set: there is no telephone line to call")
    line = PhoneLine(
        settings.public_url,
        settings.twilio_account_sid,
        settings.twilio_auth_token.get_secret_value(),
        settings.support_number,
    )

    def show(line: TranscriptLine) -> None:
        if web_requests or not line.is_http:
            click.secho(line, dim=line.is_http)

    try:
        caller = (
            ScriptedCaller.from_script(keys, analysts)
            if keys is not None
            else InteractiveCaller(input, click.echo)
        )
        result = place_call(line, from_number, caller, show)
    except ScriptMistaken as error:
        raise click.UsageError(str(error)) from None
    if result.fault is not None:
        raise CallFailed(str(result.fault))
