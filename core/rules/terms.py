"""The words of the rules: every value that a case, a contract or an act can have.

Each enum's value is what people read and what the database keeps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import IntEnum, StrEnum


class CaseType(StrEnum):
    """What kind of work a case is (C2)."""

    SUPPORT = "Support"
    ADMIN = "Admin"


class Status(StrEnum):
    """Where a case stands (C6)."""

    OPEN = "Open"
    AWAITING_INFORMATION = "Awaiting Information"
    SOLUTION_PROPOSED = "Solution Proposed"
    CLOSED = "Closed"


class SubStatus(StrEnum):
    """Where in its status a case stands (C6)."""

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


@dataclass(frozen=True)
class Rulebook:
    """The figures of the rules that a site may set. Each is a length of time, counted in 24-hour days."""

    followup_days: tuple[int, int, int] = (2, 5, 10)  # N1: reminder 1, reminder 2, closing
    followup_grace: timedelta = field(default=timedelta(days=1))  # I11: a firing this late is not an outage
    reopen_days: int = 30  # C9
