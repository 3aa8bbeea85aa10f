"""The people of the tests, brought in through the product's own directory document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
_YEARS = {"starts": datetime(2025, 1, 1, tzinfo=UTC), "ends": datetime(2030, 1, 1, tzinfo=UTC)}
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
        "grants": list(grants),
    }


def _grant(access: str, sold_to: str, end_user: str | None = None) -> dict[str, str]:
    return {"access": access, "sold_to": sold_to, "end_user": end_user or sold_to}


DIRECTORY: dict[str, Any] = {
    "accounts": ["Northwind", "Harbour Partners", "Island Clinic", "Eastgate", "Cloudline", "Lapsed"],
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
    ],
    "analysts": [
        {"email": "ada@support.example", "name": "Ada", "phone": "+14155550141", "shifts": [{"rung": 1}]},
        {"email": "grace@support.example", "name": "Grace", "phone": "+14155550142", "shifts": [{"rung": 2}]},
    ],
}
