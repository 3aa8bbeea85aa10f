"""Reports that a sending service writes as JSON for programs: Amazon SES over its notification service.

PURE. Mail wraps and escapes the JSON, so its few fields are picked out of the text; nothing of it is parsed whole.
"""

import re

from email_in.bounces.facts import Entry
from email_in.message import InboundMail

_LOOKED_AT = 50_000  # characters
_MOST_ENTRIES = 100

_TYPE = re.compile(r'"(?:notification|event)Type" ?: ?"(Bounce|Complaint|Delivery|DeliveryDelay)"')
_ACTIONS = {"Bounce": "failed", "Delivery": "delivered", "DeliveryDelay": "delayed"}
_RECIPIENT = re.compile(r'"emailAddress" ?: ?"([^"]{3,254})"([^}]{0,2000})')
_SAYS = re.compile(r'"(action|status|diagnosticCode)" ?: ?"([^"]{0,1000})"')
_DELIVERED = re.compile(r'"recipients" ?: ?\["([^"]{3,254})"')


def is_one(mail: InboundMail) -> bool:
    """Say whether a mail is a notification: the service's header names it."""
    return bool(mail.headers.first("X-Amz-Sns-Message-Id").strip())


def kind(text: str) -> str:
    """Return what a notification is about: Bounce, Complaint, Delivery, DeliveryDelay; '' for any other text."""
    found = _TYPE.search(_plain(text))
    return found[1] if found else ""


def entries(text: str) -> tuple[Entry, ...]:
    """Return what a notification says of each recipient; nothing when the text is none, or a complaint."""
    action = _ACTIONS.get(kind(text), "")
    if not action:
        return ()
    plain = _plain(text)
    if action == "delivered":
        return tuple(Entry(found[1], action) for found in list(_DELIVERED.finditer(plain))[:1])
    named = tuple(_entry(found, action) for found in list(_RECIPIENT.finditer(plain))[:_MOST_ENTRIES])
    return named or (Entry("", action),)


def recipients(text: str) -> tuple[str, ...]:
    """Return whom a notification names."""
    return tuple(dict.fromkeys(found[1] for found in _RECIPIENT.finditer(_plain(text))))


def _entry(found: re.Match[str], action: str) -> Entry:
    says = dict(_SAYS.findall(found[2]))
    return Entry(found[1], action, says.get("status", ""), says.get("diagnosticCode", ""))


def _plain(text: str) -> str:
    """Undo what mail does to JSON: the folding of long lines, and a second layer of quotes."""
    return text[:_LOOKED_AT].replace("!\n ", "").replace("\n", "").replace('\\"', '"')
