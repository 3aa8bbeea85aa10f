"""The fields of a delivery status (RFC 3464 2), wherever they stand: one entry for each recipient.

PURE. Fields are looked for in the part that is for them, in an attachment of its type, and in plain text, where
some systems write them out for people. Their order, their case and the empty lines between them vary.
"""

import re
from collections.abc import Iterator

from email_in.bounces.facts import Entry

_LOOKED_AT = 200_000  # characters
_MOST_LINES = 2_000
_LONGEST_LINE = 2_000
_MOST_ENTRIES = 100
_LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3

_FIELD = re.compile(
    r"(final-recipient|original-recipient|action|status|diagnostic-code)[ \t]{0,8}:[ \t]*(.*)", re.IGNORECASE
)
_RECIPIENTS = ("final-recipient", "original-recipient")
_ACTION = re.compile(r"(?:failed|delayed|delivered|relayed|expanded)\b", re.IGNORECASE)
_TYPE = re.compile(r"[ \t]*[\w-]{1,40}[ \t]*;[ \t]*")  # `rfc822;` of an address, `smtp;` of a diagnosis


def entries(text: str) -> tuple[Entry, ...]:
    """Return what a text in the form of a delivery status says; nothing when it has no such fields."""
    groups = (_entry(group) for group in _groups(text))
    return tuple(entry for entry in groups if entry is not None)[:_MOST_ENTRIES]


def _groups(text: str) -> Iterator[dict[str, str]]:
    """Yield the fields of each recipient: a group ends at an empty line or where a field comes again."""
    group: dict[str, str] = {}
    last = ""
    for line in text[:_LOOKED_AT].splitlines()[:_MOST_LINES]:
        field = _FIELD.match(line.strip() if not group else line, 0, _LONGEST_LINE)
        if field is None:
            last = _continued(group, last, line)
        if not line.strip() or (field is not None and field[1].lower() in group):
            yield group
            group = {}
        if field is not None:
            last = field[1].lower()
            group[last] = field[2].strip()[:_LONGEST_LINE]
    yield group


def _continued(group: dict[str, str], last: str, line: str) -> str:
    """Add a folded line to the field above it, and return the field that may be continued next."""
    if not last or last not in group or not line[:1].isspace() or not line.strip():
        return ""
    if len(group[last]) < _LONGEST_LINE:
        group[last] += f" {line.strip()[:_LONGEST_LINE]}"
    return last


def _entry(group: dict[str, str]) -> Entry | None:
    named = next((group[name] for name in _RECIPIENTS if group.get(name)), "")
    if not named and not _ACTION.match(group.get("action", "")):
        return None
    return Entry(
        recipient=_TYPE.sub("", named, count=1).strip(" <>")[:_LONGEST_ADDRESS],
        action=group.get("action", "").lower(),
        status=group.get("status", ""),
        words=_TYPE.sub("", group.get("diagnostic-code", ""), count=1),
    )
