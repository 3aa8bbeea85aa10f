"""Write a directory file of any size: python bench/directory.py FILE CONTACTS, and time what is done with it.

python bench/directory.py /tmp/big.yaml 100000
/usr/bin/time -v intake directory import /tmp/big.yaml
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from core.enrolment.entries import Entry, Section
from core.rules.terms import Access, CareLevel, ContractStatus
from intake.directory_file import form_of, write_entries

BEGIN, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
CONTACTS_OF_A_COMPANY = 20


def entries(count: int) -> Iterator[Entry]:
    """Yield companies with a contract each, and contacts with a grant each."""
    companies = [f"Company {number:05d}" for number in range(-(-count // CONTACTS_OF_A_COMPANY))]
    for name in companies:
        yield Entry(Section.ACCOUNT, None, {"name": name})
    for number, name in enumerate(companies):
        yield Entry(
            Section.CONTRACT,
            None,
            {
                "number": f"C-{number:06d}",
                "sold_to": name,
                "care_level": CareLevel.PREMIUM_CARE,
                "products": ("Dialer", "Recorder"),
                "starts": BEGIN,
                "ends": END,
                "status": ContractStatus.ACTIVE,
            },
        )
    for number in range(count):
        yield from contact(number, companies[number // CONTACTS_OF_A_COMPANY])


def contact(number: int, company: str) -> Iterator[Entry]:
    """Yield a contact and a grant."""
    email = f"person{number}@{company.lower().replace(' ', '')}.example"
    yield Entry(
        Section.CONTACT,
        None,
        {
            "email": email,
            "first_name": "Maria",
            "last_name": f"Müller {number}",
            "employer": company,
            "country": "US",
            "phone": f"+1415{5000000 + number % 999999:07d}" if number % 2 else "+4930901820",
            "language": "en",
            "time_zone": "America/New_York",
            "terms_accepted": BEGIN,
        },
    )
    access = (Access.READ_WRITE, Access.READ_ONLY)[number % 2]
    grant = {"email": email, "sold_to": company, "access": access, "approver": f"Approver of {company}"}
    yield Entry(Section.GRANT, None, grant)


if __name__ == "__main__":
    file = Path(sys.argv[1])
    with file.open("w", encoding="utf-8", newline="") as to:
        write_entries(entries(int(sys.argv[2])), to, form_of(file))
