"""What a mail says that may name a case, for people who look for it. PURE.

Hints are read where nothing links (E2): rows of ten digits, and Reference IDs inside attached mails, attached
texts and what a report returns. The work is bounded: the beginning of each text, a few files, a few hints.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from core.rules.candidates import Hints
from email_in.message import Attachment, InboundMail, read_mail
from email_in.references import candidate_places

_TEXT_LOOKED_AT = 64 * 1024  # characters of a text, octets of a file
_MAIL_LOOKED_AT = 256 * 1024  # octets of an attached mail
_MOST_FILES, _MOST_HINTS = 8, 10
_NUMBER = re.compile(r"(?<![0-9])[0-9]{10}(?![0-9])")  # C1


def hints_of(mail: InboundMail, read: Callable[[str], Iterable[str]]) -> Hints:
    """Return the hints of a mail. `read` finds the Reference IDs in a text."""
    found = (token for text in _attached_texts(mail) for token in read(text[:_TEXT_LOOKED_AT]))
    return Hints(
        subject=mail.subject,
        numbers_in_subject=_numbers(mail.subject),
        numbers_in_text=_numbers(mail.text),
        attached=_first(found),
    )


def _numbers(text: str) -> tuple[str, ...]:
    return _first(found.group() for found in _NUMBER.finditer(text[:_TEXT_LOOKED_AT]))


def _first(hints: Iterable[str]) -> tuple[str, ...]:
    """Return the first few that differ."""
    return tuple(islice(dict.fromkeys(islice(hints, 10 * _MOST_HINTS)), _MOST_HINTS))


def _attached_texts(mail: InboundMail) -> Iterator[str]:
    yield from mail.report_parts[:_MOST_FILES]
    for file in mail.attachments[:_MOST_FILES]:
        if file.content_type == "message/rfc822" or file.name.lower().endswith(".eml"):
            yield from _texts_of_attached_mail(file)
        elif file.content_type.startswith("text/"):
            yield file.content[:_TEXT_LOOKED_AT].decode("utf-8", "replace")


def _texts_of_attached_mail(file: Attachment) -> Iterator[str]:
    inner = read_mail(file.content[:_MAIL_LOOKED_AT])
    yield inner.message_id
    yield inner.headers.first("Reply-To")
    for _place, text in candidate_places(inner, ()):
        yield text
