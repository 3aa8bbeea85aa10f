"""What the SMTP server says, each with its enhanced status code (RFC 3463, RFC 2034).

The texts are fixed: no reply carries an error's text, an address or anything else that it was not given here.
A 5xx is final and bounces the mail, so each stands in this list for a fault of the client or of the mail;
whatever goes wrong with us is a 4xx.
"""

from __future__ import annotations

import re

SENDER_TAKEN = "250 2.1.0 Sender ok"
RECIPIENT_TAKEN = "250 2.1.5 Recipient ok"
GO_AHEAD = "354 End data with <CR><LF>.<CR><LF>"
NOT_VERIFIED = "252 2.5.0 Send some mail and see"

TRY_AGAIN = "451 4.3.0 Temporary failure here, please try again later"
NO_ROOM = "452 4.3.1 Too much mail at once, please try again later"
TOO_MANY_RECIPIENTS = "452 4.5.3 Too many recipients, please send to the others in another mail"

OUT_OF_STEP = "421 4.3.0 Temporary failure here, closing the connection"
SHUTTING_DOWN = "421 4.3.2 Shutting down, please try again later"
TOO_SLOW = "421 4.4.2 Nothing came for too long, closing the connection"
TOO_MANY_ERRORS = "421 4.7.0 Too many errors, closing the connection"
TOO_MANY_CONNECTIONS = "421 4.7.0 Too many connections, please try again later"

UNKNOWN_COMMAND = "500 5.5.1 Command not known"
NOT_OFFERED = "502 5.5.1 Command not offered"
NOT_GREETED = "503 5.5.1 Say HELO or EHLO first"
NOT_GREETED_LMTP = "503 5.5.1 Say LHLO first"
NO_RECIPIENT = "503 5.5.1 No recipient was accepted"
DATA_TAKES_NOTHING = "501 5.5.4 Syntax: DATA"
NOT_OUR_RECIPIENT = "550 5.1.1 There is no such recipient here"
NO_RELAY = "550 5.7.1 We take mail for our own addresses only"
TOO_LARGE = "552 5.3.4 The message is too large"
BAD_SENDER = "553 5.1.7 This sender address cannot be read"
BAD_RECIPIENT = "553 5.1.3 This recipient address cannot be read"
MAIL_LOOP = "554 5.4.6 Too many hops: this mail goes in a circle"


def kept_as(inbox_id: int) -> str:
    """Return the answer to a mail that is committed."""
    return f"250 2.0.0 kept as {inbox_id}"


_STATUS_OF_STOCK_REPLIES = (
    ("250 OK", "2.0.0"),
    ("250 Syntax", "2.0.0"),
    ("250 Supported", "2.0.0"),
    ("221 ", "2.0.0"),
    ("454 ", "4.7.0"),
    ("500 ", "5.5.2"),
    ("501 ", "5.5.4"),
    ("502 ", "5.5.1"),
    ("503 ", "5.5.1"),
    ("552 ", "5.3.4"),
    ("555 ", "5.5.4"),
)
_STOCK_UNKNOWN_COMMAND = "500 Error: command"
_HAS_STATUS = re.compile(r"\d{3} [245]\.\d{1,3}\.\d{1,3} ")


def with_status(reply: str) -> str:
    """Return a reply of aiosmtpd's with an enhanced status code, where it has none and takes one (RFC 2034, 4).

    The greeting and the answers to HELO and EHLO take none. What aiosmtpd says of a command that it does not know
    repeats the command, and so is replaced.
    """
    if reply.startswith(_STOCK_UNKNOWN_COMMAND):
        return UNKNOWN_COMMAND
    if _HAS_STATUS.match(reply):
        return reply
    for start, status in _STATUS_OF_STOCK_REPLIES:
        if reply.startswith(start):
            return f"{reply[:3]} {status} {reply[4:]}"
    return reply
