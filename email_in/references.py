"""Where in a mail a Reference ID may stand, and which ones stand there (E2).

PURE. Looked at: the mail's own text and HTML, its subject, its recipients, and
the threading fields, which a reply repeats (RFC 5322 3.6.4). Never an attached
mail or an attachment: an old case mail sent along must not link. Never what a
reader of the HTML does not have before them: comments, styles, scripts; but what
is only hidden counts, because mail programs fold the quote of a reply away so.
What a Reference ID looks like, and whether its check characters are right, is
known to the core, whose reader is passed in.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from email_in.message import InboundMail

# A reply carries its case's Reference ID for its writer; a long conversation carries those of its other readers.
MOST_REFERENCES = 20

_MOST_REMOVED = 10_000  # comments and the like of one mail; who writes more of them hides nothing
# What begins, and what ends, that which is no text; in the two spellings that programs write.
_NO_TEXT = (
    ("<!--", "-->"),
    ("<style", "</style"),
    ("<STYLE", "</STYLE"),
    ("<script", "</script"),
    ("<SCRIPT", "</SCRIPT"),
)


class Place(Enum):
    """A place in a mail that may carry a Reference ID."""

    TEXT = "text"
    HTML = "html"
    SUBJECT = "subject"
    RECIPIENT = "recipient"
    IN_REPLY_TO = "in-reply-to"
    REFERENCES = "references"


@dataclass(frozen=True, slots=True)
class Found:
    """A Reference ID, and every place in which it stood."""

    token: str
    places: tuple[Place, ...]


def candidate_places(mail: InboundMail, recipients: Iterable[str]) -> Iterator[tuple[Place, str]]:
    """Yield each text that may hold a Reference ID.

    `recipients` are those of the envelope. The To and Cc fields follow them: a
    mail out of another server's pipe has lost its envelope. Exchange repeats the
    subject in Thread-Topic, where it stays when a person writes another one.
    """
    yield Place.TEXT, mail.text
    yield Place.HTML, _with_text_only(mail.html)
    yield Place.SUBJECT, mail.subject
    for topic in mail.headers.every("Thread-Topic"):
        yield Place.SUBJECT, topic
    for recipient in (*recipients, *mail.headers.every("To"), *mail.headers.every("Cc")):
        yield Place.RECIPIENT, recipient
    yield Place.IN_REPLY_TO, mail.in_reply_to
    yield Place.REFERENCES, mail.references


def found_references(
    mail: InboundMail, recipients: Iterable[str], read: Callable[[str], Iterable[str]]
) -> tuple[Found, ...]:
    """Return each Reference ID that `read` finds, once, in the order of the places.

    Of more than MOST_REFERENCES one more is returned and no others: so many are no
    answer to anything, and the database is not asked for all of them.
    """
    places: dict[str, list[Place]] = {}
    for place, token in _tokens(mail, recipients, read):
        seen = places.setdefault(token, [])
        if place not in seen:
            seen.append(place)
        if len(places) > MOST_REFERENCES:
            break
    return tuple(Found(token, tuple(seen)) for token, seen in places.items())


def _tokens(
    mail: InboundMail, recipients: Iterable[str], read: Callable[[str], Iterable[str]]
) -> Iterator[tuple[Place, str]]:
    for place, text in candidate_places(mail, recipients):
        for token in read(text) if text else ():
            yield place, token


def _with_text_only(html: str) -> str:
    for opening, closing in _NO_TEXT:
        html = _without(html, opening, closing)
    return html


def _without(text: str, opening: str, closing: str) -> str:
    """Remove what stands between two marks, each of them looked at once; what never ends is kept."""
    kept, at = [], 0
    for _removed in range(_MOST_REMOVED):
        start = text.find(opening, at)
        end = text.find(closing, start + len(opening)) if start >= 0 else -1
        if end < 0:
            break
        kept.append(text[at:start])
        at = end + len(closing)
    return "".join([*kept, text[at:]])
