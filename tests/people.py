"""The people of the tests, brought in through the product's own directory document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
_YEARS = {"starts": datetime(2025, 1, 1, tzinfo=UTC), "ends": datetime(2030, 1, 1, tzinfo=UTC)}
_TERMS = datetime(2025, 1, 2, 10, 30, tzinfo=UTC)
_LAPSED = {"starts": datetime(2024, 1, 1, tzinfo=UTC), "ends": NOW}


def _person(
    first: str, last: str, domain: str, employer: str, phone: str | None, *grants: dict[str, str]
) -> Any:
    return {
        "email": f"{first.lower()}@{domain}",
        "first_name": first,
        "last_name": last,
        "employer": employer,
        "country": "US",
        "phone": phone,
        "terms_accepted": _TERMS,
        "grants": list(grants),
    }


def _grant(access: str, sold_to: str, end_user: str | None = None) -> dict[str, str]:
    approver = {"approver": f"The approver of {sold_to}"} if access == "Read-Write" else {}  # A5
    return {"access": access, "sold_to": sold_to, "end_user": end_user or sold_to, **approver}


def _approved_by(account: str) -> dict[str, str]:
    return {"approved_by": account, "approved_on": "2025-01-03"}


DIRECTORY: dict[str, Any] = {
    "accounts": [
        "Northwind",
        "Harbour Partners",
        "Island Clinic",
        "Eastgate",
        "Cloudline",
        "Lapsed",
        {"name": "Northwind Labs", "part_of": "Northwind"},
        "Fieldcare",
        "Hill Hospital",
    ],
    "contracts": [
        {"number": "C-1", "sold_to": "Northwind", "care_level": "Premium Care", **_YEARS},
        {
            "number": "C-2",
            "sold_to": "Harbour Partners",
            "end_user": "Island Clinic",
            "care_level": "Business Care",
            **_YEARS,
        },
        {"number": "C-3", "sold_to": "Eastgate", "care_level": "Business Care Plus", **_YEARS},
        {"number": "C-4", "sold_to": "Cloudline", "care_level": "Care for Cloud", **_YEARS},
        {"number": "C-5", "sold_to": "Lapsed", "care_level": "Business Care", **_LAPSED},
        {  # for a division of its own
            "number": "C-6",
            "sold_to": "Northwind",
            "end_user": "Northwind Labs",
            "care_level": "Premium Care",
            **_YEARS,
        },
        {  # a third company deals with support
            "number": "C-7",
            "sold_to": "Harbour Partners",
            "end_user": "Hill Hospital",
            "support_owner": "Fieldcare",
            "care_level": "Business Care",
            **_YEARS,
        },
    ],
    "contacts": [
        _person(
            "Alice",
            "Archer",
            "northwind.example",
            "Northwind",
            "+14155550132",
            _grant("Read-Write", "Northwind"),
        ),
        _person(
            "Bob", "Baker", "northwind.example", "Northwind", "+14155550133", _grant("Read-Only", "Northwind")
        ),
        _person(
            "Charlie",
            "Cole",
            "eastgate.example",
            "Eastgate",
            "+14155550134",
            _grant("Read-Write", "Eastgate"),
        ),
        _person(
            "Petra",
            "Pohl",
            "harbour.example",
            "Harbour Partners",
            "+493012345678",
            _grant("Read-Write", "Harbour Partners", "Island Clinic"),
        ),
        _person("Cleo", "Cloud", "cloudline.example", "Cloudline", None, _grant("Read-Write", "Cloudline")),
        _person("Erin", "Ended", "lapsed.example", "Lapsed", None, _grant("Read-Write", "Lapsed")),
        _person(
            "Blanche", "Nopin", "northwind.example", "Northwind", None, _grant("Read-Write", "Northwind")
        ),
        _person(  # of a division, with its parent's approval
            "Lena",
            "Lab",
            "labs.example",
            "Northwind Labs",
            None,
            _grant("Read-Write", "Northwind", "Northwind Labs") | _approved_by("Northwind"),
        ),
        _person(  # of the third company that deals with support
            "Frida",
            "Field",
            "fieldcare.example",
            "Fieldcare",
            None,
            _grant("Read-Write", "Harbour Partners", "Hill Hospital"),
        ),
        _person(  # of a partner's End User, may read with the partner's approval
            "Hugo",
            "Hill",
            "hill.example",
            "Hill Hospital",
            None,
            _grant("Read-Only", "Harbour Partners", "Hill Hospital") | _approved_by("Harbour Partners"),
        ),
    ],
    "analysts": [
        {"email": "ada@support.example", "name": "Ada", "phone": "+14155550141", "shifts": [{"rung": 1}]},
        {"email": "grace@support.example", "name": "Grace", "phone": "+14155550142", "shifts": [{"rung": 2}]},
    ],
}
