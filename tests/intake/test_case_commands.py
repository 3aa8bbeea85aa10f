"""Cases at the real command line: named in the words of the rules, and no list is cut in silence."""

from __future__ import annotations

import pytest
import yaml

from tests.intake.test_exit_codes import Site
from tests.stories.program import parsed

PAM = "pam@clinic.example"
TWO_WAYS = {  # the clinic buys for itself, and through a partner
    "accounts": ["Clinic", "Partner"],
    "contracts": [
        {"number": "D-1", "sold_to": "Clinic", "care_level": "Care for Cloud"},
        {"number": "D-2", "sold_to": "Partner", "end_user": "Clinic", "care_level": "Business Care"},
    ],
    "contacts": [
        {
            "email": PAM,
            "first_name": "Pam",
            "last_name": "Pill",
            "employer": "Clinic",
            "country": "DE",
            "terms_accepted": "2026-01-01",
            "approver": "The approver",
            "grants": [
                {"sold_to": "Clinic", "access": "Read-Write"},
                {
                    "sold_to": "Partner",
                    "end_user": "Clinic",
                    "access": "Read-Write",
                    "approved_by": "Partner",
                    "approved_on": "2026-01-01",
                },
            ],
        }
    ],
}
OPEN = ("case", "open", "--contact", PAM, "--subject", "It is down")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A gateway with one contact who may open cases in two ways."""
    own = Site(tmp_path_factory.mktemp("cases"))
    for contract in TWO_WAYS["contracts"]:
        contract |= {"starts": "2025-01-01", "ends": "2099-01-01"}
    file = own.folder / "two-ways.yaml"
    file.write_text(yaml.safe_dump(TWO_WAYS), encoding="utf-8")
    for words in (
        ("migrate",),
        ("directory", "import", str(file)),
        (*OPEN, "--company", "clinic"),
        (*OPEN, "--company", "Clinic through Partner"),
    ):
        ended = own.run(*words)
        assert ended.code == 0, ended.err
    return own


def test_a_company_that_is_bought_for_in_two_ways_is_named_with_its_sold_to(site: Site) -> None:
    """A3: a grant, and a case, is for a combination and not for an End User."""
    asked = site.run(*OPEN)
    assert "one of: Clinic, Clinic through Partner" in asked.err
    newest_first = parsed(site.run("case", "list", "--json"))
    assert [case["combination"]["sold_to"] for case in newest_first] == ["Partner", "Clinic"]


def test_a_ground_is_given_in_the_words_that_are_shown(site: Site) -> None:
    """C11."""
    asked = site.run("case", "escalate", "0000000001", "No.", "--ground", "unsatisfactory answer")
    assert asked.code == 0, asked.err
    told = parsed(site.run("case", "show", "0000000001", "--json"))
    assert told["escalations"][0]["ground"] == "Unsatisfactory Answer"


@pytest.mark.parametrize("read", [("case", "list"), ("audit",)])
def test_a_list_that_is_cut_says_so(site: Site, read: tuple[str, ...]) -> None:
    """Whoever reads must know whether it is all of it."""
    cut = site.run(*read, "--json", "--limit", "1")
    whole = site.run(*read, "--json")
    assert (len(parsed(cut)), "--limit shows more" in cut.err) == (1, True)
    assert (len(parsed(whole)) > 1, whole.err) == (True, "")
