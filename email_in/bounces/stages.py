"""At which command of SMTP a mail was refused, read from the words of a report.

PURE. It tells whom a refusal is about: at the greeting, the sending host; at MAIL FROM, the sender; at RCPT TO, the
recipient; after DATA, the mail. "User unknown" after DATA is what a filter says.
"""

import re

GREETING, MAIL, RCPT, DATA = "greeting", "mail", "rcpt", "data"

_STAGES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (stage, re.compile(words, re.IGNORECASE))
    for stage, words in (
        (MAIL, r"after mail from|>>> ?mail from|reply to mail from|\[mail_from\]|sender was rejected|our mail from"),
        (GREETING, r"after initial connection|>>> ?(?:he|eh)lo|reply to (?:he|eh)lo|my name was rejected"),
        (RCPT, r"after rcpt|>>> ?rcpt|reply to rcpt|\[rcpt_to\]|smtp:rcpt|rcpt to response|our rcpt to|"
               r"does not like recipient"),
        (DATA, r"after (?:end of )?data|>>> ?(?:data|\.$)|end of data|\[data\]|final data|text command|"
               r"after i sent the message|smtp command\s+data"),
    )
)  # fmt: skip


# Where commands are sent together, what was said of the recipient is only read after DATA.
_PIPELINED = re.compile(r"need rcpt|no valid recipients", re.IGNORECASE)


def stage(words: str) -> str:
    """Return the first stage that the words name; '' when they name none."""
    if _PIPELINED.search(words):
        return RCPT
    found = ((match.start(), name) for name, sign in _STAGES if (match := sign.search(words)))
    return min(found, default=(0, ""))[1]
