"""Where in a mail a Reference ID may stand, and which ones stand there (E2).

PURE. Looked at: the mail's own text and HTML, its subject, its recipients, and
the threading fields, which a reply repeats (RFC 5322 3.6.4). Never an attached
mail or an attachment: an old case mail sent along must not link. What a
Reference ID looks like, and whether its check characters are right, is known to
the core, whose reader is passed in.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from email_in.message import InboundMail


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
    mail out of another server's pipe has lost its envelope.
    """
    yield Place.TEXT, mail.text
    yield Place.HTML, mail.html
    yield Place.SUBJECT, mail.subject
    for recipient in (*recipients, *mail.headers.every("To"), *mail.headers.every("Cc")):
        yield Place.RECIPIENT, recipient
    yield Place.IN_REPLY_TO, mail.in_reply_to
    yield Place.REFERENCES, mail.references


def found_references(
    mail: InboundMail, recipients: Iterable[str], read: Callable[[str], Iterable[str]]
) -> tuple[Found, ...]:
    """Return each Reference ID that `read` finds, once, in the order of the places."""
    places: dict[str, list[Place]] = {}
    for place, text in candidate_places(mail, recipients):
        for token in read(text) if text else ():
            seen = places.setdefault(token, [])
            if place not in seen:
                seen.append(place)
    return tuple(Found(token, tuple(seen)) for token, seen in places.items())
