"""When a mail says that it was written (RFC 5322 3.6.1). PURE."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST_DATE = 200  # characters


def written_at(value: str, received_at: datetime) -> datetime | None:
    """Return the time of a Date field in UTC, never later than the mail was received; None where it says none."""
    try:
        said = parsedate_to_datetime(value[:_LONGEST_DATE])
        at = said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(at, received_at)
