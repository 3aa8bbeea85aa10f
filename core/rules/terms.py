"""The words of the rules: every value that a case, a contract or an act can have.

Each enum's value is what people read and what the database keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum, StrEnum


class CaseType(StrEnum):
    """What kind of work a case is (C2)."""

    SUPPORT = "Support"
    ADMIN = "Admin"
    FEATURE_REQUEST = "Feature Request"
    SERVICE_REQUEST = "Service Request"


SUB_TYPES: dict[CaseType, tuple[str, ...]] = {
    CaseType.SUPPORT: ("Question", "Problem"),  # C2
    CaseType.ADMIN: (  # C15
        "Access To A Combination",
        "Contact Changes",
        "Access Level",
        "Account",
        "Licences",
        "Portal Fault",
        "Product Missing",
        "Transfer Fault",
        "Empty PIN",
    ),
    CaseType.FEATURE_REQUEST: (),
    CaseType.SERVICE_REQUEST: ("Move", "Add", "Change", "Delete"),  # C2
}
"""What a case of each type may be about; where it is not said, it is empty."""


class Stage(StrEnum):
    """Where the products run that a case is about (C5)."""

    PRODUCTION = "Production"
    UAT = "UAT"


class Status(StrEnum):
    """Where a case stands (C6, C13, C14)."""

    OPEN = "Open"
    AWAITING_INFORMATION = "Awaiting Information"
    SOLUTION_PROPOSED = "Solution Proposed"
    CLOSED = "Closed"
    CUSTOMER_CARE = "Open - Customer Care"
    PRODUCT_MANAGEMENT = "Open - Product Management"


class SubStatus(StrEnum):
    """Where in its status a case stands (C6, C13, C14). Which belongs to which is in core.rules.lifecycle."""

    NEW = "New"
    INVESTIGATION = "Investigation"
    ENGINEERING_REQUEST = "Engineering Request"
    MAINTENANCE_REVIEW = "Maintenance Review"
    THIRD_PARTY_PENDING = "Third Party Pending"
    INFORMATION_REQUIRED = "Information Required From Customer"
    REPLIED = "Replied"
    FIXED = "Fixed - Software Provided"
    RESOLVED = "Resolved"
    CANCELLED = "Cancelled"
    # Feature Requests (C13)
    UNDER_CONSIDERATION = "Under Consideration"
    INFO_REQUIRED = "Info Required from Customer"
    PLANNED = "Planned on Roadmap"
    COMMITTED = "Committed in Development"
    IMPLEMENTED = "Implemented"
    WILL_NOT_IMPLEMENT = "Will Not Implement"
    DUPLICATE = "Duplicate"
    CANCELED = "Canceled"
    OTHER_RESOLUTION = "Other Resolution"
    # Service Requests (C14)
    ACKNOWLEDGED = "Acknowledged"
    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    COMPLETED = "Completed"


class Priority(IntEnum):
    """How urgent a case is (C3); 1 is the most urgent."""

    CRITICAL = 1
    HIGH = 2
    MEDIUM = 3
    LOW = 4

    @property
    def label(self) -> str:
        """The priority as it is shown: `1-Critical` (C3)."""
        return f"{int(self)}-{self.name.capitalize()}"


class Access(StrEnum):
    """What a contact may do for one combination (A3). Read-Write is a Designated Contact."""

    BASIC = "Basic"
    READ_ONLY = "Read-Only"
    READ_WRITE = "Read-Write"


class CareLevel(StrEnum):
    """What a service contract entitles to (P5, P6)."""

    BUSINESS_CARE = "Business Care"
    BUSINESS_CARE_PLUS = "Business Care Plus"
    PREMIUM_CARE = "Premium Care"
    CARE_FOR_CLOUD = "Care for Cloud"
    BUSINESS_CARE_FOR_CLOUD = "Business Care for Cloud"


class ContractStatus(StrEnum):
    """Whether a contract was ended before its end date."""

    ACTIVE = "Active"
    TERMINATED = "Terminated"


class Channel(StrEnum):
    """The way an act came in."""

    MAIL = "mail"
    PHONE = "phone"
    CONSOLE = "console"
    TIMER = "timer"


class Role(StrEnum):
    """Who acts."""

    CUSTOMER = "customer"
    ANALYST = "analyst"
    TIMER = "timer"


class EscalationGround(StrEnum):
    """Why somebody escalates a case (C11)."""

    NO_PROGRESS = "No Progress"
    ANSWER = "Unsatisfactory Answer"
    COMMUNICATION = "Communication"
    URGENCY = "Urgency"  # refused: that is a change of priority


class EscalationState(StrEnum):
    """What became of an escalation (C11). Asked and Granted are open."""

    ASKED = "Asked"
    GRANTED = "Granted"
    REFUSED = "Refused"
    ENDED = "Ended"


class EventKind(StrEnum):
    """What happened to a case: the kinds of its history."""

    OPENED = "opened"
    CUSTOMER_UPDATE = "customer update"
    POST = "post"
    NOTE = "note"
    INFORMATION_ASKED = "information asked"
    SOLUTION_PROPOSED = "solution proposed"
    STATUS_CHANGED = "status changed"
    PRIORITY_CHANGED = "priority changed"
    REMINDER_1 = "reminder 1"
    REMINDER_2 = "reminder 2"
    CLOSED = "closed"
    CLOSED_BY_TIMER = "closed by timer"
    CLOSING_POSTPONED = "closing postponed"
    REOPENED = "reopened"
    CRITICAL_CALL_TAKEN = "critical call taken"
    CRITICAL_CALL_MESSAGE = "critical call message"
    NOTICE_FAILED = "notice failed"
    FIELDS_CHANGED = "fields changed"
    ASSIGNED = "assigned"
    ESCALATION_ASKED = "escalation asked"
    ESCALATION_GRANTED = "escalation granted"
    ESCALATION_REFUSED = "escalation refused"
    ESCALATION_NEWS = "escalation news"
    ESCALATION_ENDED = "escalation ended"
    PURGED = "attachments removed"
    UPDATE_WITHDRAWN = "update withdrawn"


Minutes = tuple[int, int, int, int]
"""A target for each priority, Critical to Low, in minutes."""


class BounceKind(StrEnum):
    """Whether the reason for which a mail came back will pass (E7)."""

    HARD = "hard"  # the address or its host is not there
    SOFT = "soft"  # a full mailbox, a filter, an outage


@dataclass(frozen=True)
class Rulebook:
    """The figures of the rules that a site may set. Days are of 24 hours, but those called business days."""

    followup_days: tuple[int, int, int] = (2, 5, 10)  # N1: reminder 1, reminder 2, closing
    followup_grace: timedelta = timedelta(days=1)  # I11: a firing this late is not an outage
    reopen_days: int = 30  # C9, and C10: one figure, so that the two windows never overlap
    feature_request_days: int = 365  # C13: how long a closed one is still seen
    escalation_pause: timedelta = timedelta(hours=24)  # C11: without an update, for a High case
    # P6, D: the sources give no figures. Business Care Plus and Premium Care halve them, see core.rules.targets.
    response_minutes: Minutes = (60, 240, 480, 1440)
    # For the care levels that differ.
    response_minutes_of: Mapping[CareLevel, Minutes] = field(default_factory=dict)
    acknowledge_business_days: int = 1  # C14
    decide_business_days: int = 2  # C14
    time_zone: str = "UTC"  # whose midnight begins a business day
    holidays: frozenset[date] = frozenset()  # no business days, besides Saturday and Sunday
    # E7: so many mails in a row that come back for good, within so many days, and a contact counts as out of reach.
    hard_bounces: int = 3
    hard_bounce_days: int = 30
