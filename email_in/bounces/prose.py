"""Reports in plain text, for people: who was not reached, and what was said about it.

PURE. Nearly every second report is of this kind, and each mail system has its own words; what they share is a
line that begins with the address, or that names it after "could not be delivered to", and the reason in the
lines below. The mail that came back is cut off first, at the line by which every system announces it.
"""

import re

from email_in.bounces.facts import Entry

_LOOKED_AT = 100_000  # characters
_MOST_LINES = 400
_LONGEST_LINE = 500
_LONGEST_MARK = 120
_MOST_ENTRIES = 100
_MOST_WORDS = 2_000

_ADDRESS = r"([^\s<>\"'()\[\]:;,@]{1,64}@[^\s<>\"'()\[\]:;,@]{1,255}?)"
_AFTER = r"(?=[.,;:]*$|[>\"':(\[]|\.{2,3}|<mailto:|\s+(?:[<(\[]|on\b|error\b|invalid\b))"

# A line that is about one recipient begins with the address, in the signs that systems put around it …
_BEGINS = re.compile(rf"(?:>>>|\*|[45]\d\d[ -])?[ \t]*[<\"']?{_ADDRESS}{_AFTER}", re.IGNORECASE)
# … or says in so many words that this is who was not reached …
_NAMES = re.compile(
    r"(?:deliver(?:ed|ing)?(?: (?:the|your|this))?(?: (?:mail|message))?,? to|recipient(?: address)?|address|"
    rf"unknown user|undeliverable to|rcpt to):? ?[<\"']?{_ADDRESS}{_AFTER}",
    re.IGNORECASE,
)
# … or names it at its end, after what is wrong with it.
_ENDS_WITH = re.compile(rf"[^:]{{3,60}}: ?<{_ADDRESS}>[.,]?$")
_OF_THE_SENDER = re.compile(r"(?:sent by|\bfrom|contact)$", re.IGNORECASE)
_WHOLE = re.compile(r"[45]\d\d[ -]")  # a line of a transcript, which says all there is on its recipient

# Where the returned mail begins; nothing below is the mail system's.
_BACK = (
    r"\b(?:original[ -]?(?:message|mail|e-mail|nachricht)|(?:unsent|returned|undelivered) (?:message|mail)|"
    r"bounced e-?mail|(?:copy|headers?) of (?:the|your) (?:original )?(?:message|mail)|message headers)\b"
)
_LEADING = r"(?:(?:the|your|below|this|is|a|copy|of|following|line) ){0,8}"
_TRAILING = r"(?: (?:headers?|is|as|follow|following|follows|below)){0,3}[.: -]*$"
_RETURNED = re.compile(rf"[-=*_ ]{{2,}}.{{0,60}}?{_BACK}|{_LEADING}{_BACK}{_TRAILING}", re.IGNORECASE)
_DELAY = re.compile(
    r"(?:is|was|been) delayed|not yet been delivered|will be retried|still being retried|still undelivered|"
    r"temporary failure report|could not send message for past|warning message only",
    re.IGNORECASE,
)
_FINAL = re.compile(r"permanent|giv(?:en|ing) up|could not be delivered for \d", re.IGNORECASE)
_ENDS = re.compile(r"(?:received|return-path|dkim-signature|x-received):", re.IGNORECASE)
_HEADER = re.compile(
    r"(?:>>> ?)?(?:to|cc|bcc|from|subject|date|sender|reply-to|message-id|mail from):", re.IGNORECASE
)


def told(text: str) -> str:
    """Return what the mail system itself wrote: the text above the mail that came back, within bounds."""
    lines = text[:_LOOKED_AT].splitlines()[:_MOST_LINES]
    return "\n".join(line[:_LONGEST_LINE] for line in lines[: _end(lines)])


def returned(text: str) -> str:
    """Return what stands below the line that announces the returned mail; '' when there is none."""
    lines = text[:_LOOKED_AT].splitlines()[:_MOST_LINES]
    return "\n".join(line[:_LONGEST_LINE] for line in lines[_end(lines) :])


def is_delay(text: str) -> bool:
    """Say whether a report is only about a delay: the mail is still tried (RFC 3464 2.3.3).

    Its subject, and the header lines that it repeats, are not asked: they hold the words of whoever wrote the mail.
    """
    own = "\n".join(line for line in told(text).splitlines() if not _HEADER.match(line.strip()))
    return bool(_DELAY.search(own)) and not _FINAL.search(own)


def _end(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        line = line.strip()[:_LONGEST_MARK]
        if _ENDS.match(line) or (number and _RETURNED.match(line)):
            return number
    return len(lines)


def entries(text: str) -> tuple[Entry, ...]:
    """Return who a report says was not reached, each once, with the words below the name of each."""
    found: dict[str, list[str]] = {}
    words: list[str] = []
    above = ""
    for line in filter(None, map(str.strip, told(text).splitlines())):
        recipient = None if _OF_THE_SENDER.search(above) else _recipient(line)
        if recipient is not None and len(found) < _MOST_ENTRIES:
            words = found.setdefault(recipient.lower(), [])
        words.append(line)
        if recipient is not None and _WHOLE.match(line):
            words = []
        above = line
    return tuple(Entry(recipient, words=" ".join(said)[:_MOST_WORDS]) for recipient, said in found.items())


def _recipient(line: str) -> str | None:
    if _HEADER.match(line):
        return None
    named = _BEGINS.match(line) or _NAMES.search(line) or _ENDS_WITH.match(line)
    return named[1] if named else None
