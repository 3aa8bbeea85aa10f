"""The mail that came back with a report: as a part of it, as an attached mail, or below a line in plain text.

PURE. Only its Message-ID is read, which says which mail of ours it was. Everything else in it is its sender's word.
"""

import re
from collections.abc import Iterator

from email_in.bounces import prose
from email_in.message import InboundMail

_HEADERS_LOOKED_AT = 20_000  # characters
_MOST_IDS = 5
MAIL_TYPES = ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers")

_OF_A_MAIL = re.compile(r"^(?:received|return-path|from|message-id|subject):", re.IGNORECASE | re.MULTILINE)
_MESSAGE_ID = re.compile(r"^[ \t]{0,8}message-id:\s{0,8}(<[^<>\s]{3,200}>)", re.IGNORECASE | re.MULTILINE)


def is_mail(part: str) -> bool:
    """Say whether a part of a report is a mail or its header, and not what a mail system says of it."""
    return bool(_OF_A_MAIL.search(_header(part)))


def returned_ids(mail: InboundMail) -> tuple[str, ...]:
    """Return the Message-IDs of what came back, with their angle brackets, each once, at most five."""
    found = (match[1] for text in _returned(mail) if (match := _MESSAGE_ID.search(text)))
    return tuple(dict.fromkeys(found))[:_MOST_IDS]


def _returned(mail: InboundMail) -> Iterator[str]:
    yield from (_header(part) for part in mail.report_parts if is_mail(part))
    for file in mail.attachments:
        if file.content_type in MAIL_TYPES:
            yield _header(file.content[:_HEADERS_LOOKED_AT].decode("utf-8", "replace"))
    yield prose.returned(mail.text)[:_HEADERS_LOOKED_AT]


def _header(part: str) -> str:
    head = part[:_HEADERS_LOOKED_AT].replace("\r\n", "\n").lstrip("\n")
    return head.partition("\n\n")[0]
