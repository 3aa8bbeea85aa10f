"""Takes one mail from an MTA's pipe into the inbox: `intake receive < mail`.

The MTA learns the outcome from the exit status (sysexits.h): whatever goes wrong with us is 75, on which it
keeps the mail and comes again; the other codes bounce it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

import structlog

from core.addresses import is_ours
from core.store import inbox
from core.store.inbox import ReceivedMail
from core.unit_of_work import Core
from email_in.smtp_envelope import NULL_SENDER, can_be_kept
from email_in.smtp_settings import SmtpSettings

ACCEPTED = os.EX_OK  # 0: committed
USAGE = os.EX_USAGE  # 64: no recipient was named
BAD_DATA = os.EX_DATAERR  # 65: the mail is empty or too large, or its sender is no address
NO_USER = os.EX_NOUSER  # 67: a recipient is not ours
TRY_AGAIN = os.EX_TEMPFAIL  # 75

PEER = "pipe"
"""What stands in the inbox for the sending host, which an MTA's pipe does not tell."""

_NULL_SENDERS = (
    "",
    NULL_SENDER,
    "MAILER-DAEMON",
)  # the last is what Postfix writes for it, unless told otherwise

log = structlog.get_logger()


def receive(
    core: Core, settings: SmtpSettings, envelope_sender: str, recipients: Sequence[str], raw: bytes
) -> int:
    """Keep the mail durably and return the exit status. `envelope_sender` is empty or `<>` for the null sender.

    One recipient that is not ours refuses the mail as a whole: an exit status cannot speak for each.
    """
    refusal = _refusal(settings, envelope_sender, recipients, raw)
    if refusal is not None:
        return refusal
    sender = "" if envelope_sender in _NULL_SENDERS else envelope_sender
    mail = ReceivedMail(sender, tuple(recipients), PEER, raw)
    try:
        core.write(lambda uow: inbox.accept(uow.connection, mail, uow.now), mark="inbox.accept")
    except Exception as error:
        with suppress(Exception):  # a log that cannot be written bounces no mail
            log.error("pipe.unexpected", error=type(error).__name__)
        return TRY_AGAIN
    return ACCEPTED


def _refusal(settings: SmtpSettings, sender: str, recipients: Sequence[str], raw: bytes) -> int | None:
    if not recipients:
        return USAGE
    if not all(_is_for_us(settings, address) for address in recipients):
        return NO_USER
    if not raw or len(raw) > settings.max_message_bytes or not can_be_kept(sender):
        return BAD_DATA
    return None


def _is_for_us(settings: SmtpSettings, address: str) -> bool:
    # What no database takes would be tried again for days, as if it were a fault of ours.
    return can_be_kept(address) and is_ours(address, settings.mail_from_address, settings.mail_domain)
