"""`intake directory import|export|check` and `intake contact show`, through the real command line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.people import DIRECTORY
from tests.stories.program import Ended, parsed, run

SECRETS = {"INTAKE_SECRET_KEY": "a long random text", "INTAKE_PIN_KEY": "another long random text"}
NORA = "nora@northwind.example"


class Site:
    """A gateway's command line over a database with people in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = SECRETS | {"INTAKE_DATABASE_URL": f"sqlite:///{folder}/intake.db"}

    def run(self, *words: str) -> Ended:
        return run(words, self.environment, self.folder)

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def exported(self) -> str:
        ended = self.run("directory", "export")
        assert ended.code == 0, ended.err
        return ended.out


@pytest.fixture
def site(tmp_path: Path) -> Site:
    own = Site(tmp_path)
    own.write("people.yaml", yaml.safe_dump(DIRECTORY))
    for words in (("migrate",), ("directory", "import", "people.yaml")):
        ended = own.run(*words)
        assert ended.code == 0, ended.err
    return own


def contact(**fields: str) -> str:
    """Return a file with one contact, its first line being 2."""
    given = {
        "email": NORA,
        "first_name": "Nora",
        "last_name": "North",
        "employer": "Northwind",
        "country": "US",
    }
    lines = "\n    ".join(f"{name}: {value}" for name, value in (given | fields).items())
    return f"contacts:\n  - {lines}\n"


def test_an_import_counts_what_it_did(site: Site) -> None:
    """And a second one finds everything as it is."""
    file = site.write("more.yaml", contact())
    first, second = (site.run("directory", "import", file).out for _ in range(2))
    assert "contacts: 1 added, 0 changed, 0 unchanged" in first
    assert "contacts: 0 added, 0 changed, 1 unchanged" in second


def test_a_dry_run_says_what_would_change_and_changes_nothing(site: Site) -> None:
    """From what to what."""
    before = site.exported()
    row = "contact,alice@northwind.example,Alice,Bowman,Northwind,US\n"
    file = site.write("more.csv", f"section,email,first_name,last_name,employer,country\n{row}")
    ended = site.run("directory", "import", file, "--dry-run")
    assert "contact alice@northwind.example changed: last_name: Archer -> Bowman" in ended.out
    assert "nothing was changed" in ended.out
    told = parsed(site.run("directory", "check", file, "--json"))
    assert told["changes"] == [
        {
            "section": "contact",
            "line": 2,
            "name": "alice@northwind.example",
            "act": "changed",
            "fields": {"last_name": {"from": "Archer", "to": "Bowman"}},
        }
    ]
    assert site.exported() == before


def test_every_refused_line_is_printed_with_its_rule(site: Site) -> None:
    """A6, A7: exit 1, one line each, and nothing of the file is there."""
    before = site.exported()
    grant = "{sold_to: Northwind, access: Read-Write}"
    file = site.write(
        "wrong.yaml",
        contact(email="bob@gmail.com")
        + f"  - {{email: {NORA}, first_name: Nora, last_name: North, employer: Northwind, country: Nowhere}}\n"
        + "  - {email: zoe@northwind.example, first_name: Zoe, last_name: Z, employer: Northwind,\n"
        + f"     country: US, grants: [{grant}]}}\n",
    )
    ended = site.run("directory", "import", file)
    assert (ended.code, ended.out) == (1, "")
    first, second, third, last = ended.err.splitlines()
    assert first.startswith("line 2, contact bob@gmail.com: email is 'bob@gmail.com' (A6): ")
    assert second.startswith(f"line 7, contact {NORA}: country is 'Nowhere' (A7): ")
    assert third.startswith(
        "line 9, grant zoe@northwind.example for Northwind: terms_accepted is missing (A5): "
    )
    assert last == "intake: 3 refused; nothing was brought in"
    assert site.exported() == before


def test_the_free_mail_domains_are_a_setting(site: Site) -> None:
    """A6."""
    site.environment["INTAKE_FREE_MAIL_DOMAINS"] = "northwind.example, web.de"
    ended = site.run("directory", "import", site.write("more.yaml", contact()))
    assert (ended.code, "(A6)" in ended.err) == (1, True)


def test_a_file_of_refused_lines_is_cut_with_a_count(site: Site) -> None:
    """Two hundred are enough to see what is wrong."""
    rows = "".join(f"contact,p{number}@gmail.com,A,B,Northwind,US\n" for number in range(250))
    file = site.write("wrong.csv", f"section,email,first_name,last_name,employer,country\n{rows}")
    ended = site.run("directory", "check", file)
    assert ended.code == 1
    assert ended.err.splitlines()[-2:] == ["and 50 more", "intake: 250 refused; nothing was brought in"]


def test_refused_lines_as_json(site: Site) -> None:
    ended = site.run("directory", "import", site.write("wrong.yaml", contact(country="XX")), "--json")
    assert ended.code == 1
    assert '"rule": "A7"' in ended.out


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.yaml", "accounts: ["), ("a.txt", ""), ("a.csv", "name\n"), ("a.yaml", "people: []")],
    ids=["broken YAML", "another ending", "no section", "an unknown list"],
)
def test_what_is_no_directory_file_is_a_usage_error(site: Site, name: str, text: str) -> None:
    """2, as every value of the wrong form."""
    ended = site.run("directory", "import", site.write(name, text))
    assert (ended.code, "Traceback" in ended.err) == (2, False)


@pytest.mark.parametrize("name", ["all.yaml", "all.csv"])
def test_what_was_exported_into_a_file_is_imported_without_a_change(site: Site, name: str) -> None:
    assert site.run("directory", "export", name).code == 0
    told = parsed(site.run("directory", "import", name, "--json"))
    assert told["changes"] == []
    assert told["counts"]["contact"]["unchanged"] == len(DIRECTORY["contacts"])


def test_an_export_into_a_folder_that_is_not_there_names_what_was_given(site: Site) -> None:
    """2, and no word of a file that nobody named."""
    ended = site.run("directory", "export", "no/such/folder/out.yaml")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "intake: file is 'no/such/folder/out.yaml'; it must be one that can be written: "
        "No such file or directory\n"
    )


def test_an_export_that_fails_leaves_nothing_behind(site: Site) -> None:
    """The name is that of a folder by then."""
    (site.folder / ".out.yaml.part").mkdir()
    ended = site.run("directory", "export", "out.yaml")
    assert (ended.code, "Traceback" in ended.err, ".part" in ended.err) == (2, False, False)
    assert not (site.folder / "out.yaml").exists()


@pytest.mark.parametrize("address", ["carla at caretakers", "a@b", "12", "a@x.example, b@x.example"])
@pytest.mark.parametrize("form", ["yaml", "csv"])
def test_an_address_that_is_none_is_a_refused_line(site: Site, form: str, address: str) -> None:
    """A7: with its line, and its grants are not refused for it."""
    text = {
        "yaml": contact(email=f'"{address}"') + "    grants: [{sold_to: Northwind, access: Basic}]\n",
        "csv": "section,email,first_name,last_name,employer,country,sold_to,access\n"
        f'contact,"{address}",Nora,North,Northwind,US,,\ngrant,"{address}",,,,,Northwind,Basic\n',
    }
    ended = site.run("directory", "import", site.write(f"wrong.{form}", text[form]))
    assert ended.code == 1
    first, last = ended.err.splitlines()
    assert first.startswith(f"line 2, contact {address}: email is {address!r} (A7): must be an address")
    assert last == "intake: 1 refused; nothing was brought in"


def test_a_field_that_is_missing_is_said_to_be(site: Site) -> None:
    """A7."""
    ended = site.run("directory", "import", site.write("wrong.yaml", contact(first_name="")))
    assert ended.err.splitlines()[0] == f"line 2, contact {NORA}: first_name is missing (A7)"


def test_an_export_goes_to_standard_output_in_either_format(site: Site) -> None:
    assert site.run("directory", "export").out.startswith("accounts:\n  - name: Northwind\n")
    assert site.run("directory", "export", "--format", "csv").out.startswith("section,name,")


def test_a_check_names_what_should_not_be_so_and_exits_1(site: Site) -> None:
    """A8, A9, A10."""
    ended = site.run("directory", "check")
    assert ended.code == 1
    assert "A8 Eastgate: " in ended.out
    assert "A9 erin@lapsed.example: " in ended.out
    assert "A10 alice@northwind.example: " in ended.out
    assert '"rule": "A8"' in site.run("directory", "check", "--json").out


def test_a_check_that_finds_nothing_exits_0(tmp_path: Path) -> None:
    own = Site(tmp_path)
    assert own.run("migrate").code == 0
    ended = own.run("directory", "check")
    assert (ended.code, ended.out) == (0, "Every rule of the directory is kept.\n")


def test_the_doctor_tells_of_what_the_rules_report(site: Site) -> None:
    """A8: reported, and not blocked, so it is not wrong with the gateway."""
    found = {one["check"]: one for one in _json(site.run("doctor", "--json"))}
    assert found["directory"]["ok"]
    assert (
        "2 Sold Tos with fewer than two Designated Contacts (A8): Cloudline, Eastgate"
        in (found["directory"]["words"])
    )


def test_a_contact_is_shown_with_why_a_grant_does_not_hold(site: Site) -> None:
    """A4, A5."""
    site.write("sold.yaml", "accounts:\n  - {name: Northwind Labs, part_of: }\n")
    assert site.run("directory", "import", "sold.yaml").code == 0
    shown = site.run("contact", "show", "lena@labs.example").out
    assert "Lena Lab <lena@labs.example>, Northwind Labs, no phone" in shown
    assert "terms accepted 2025-01-02 10:30 UTC" in shown
    assert "Designated Approver: The approver of Northwind" in shown
    assert "approved by Northwind on 2025-01-03" in shown
    assert "does not hold: Where a partner sold the support" in shown
    told = parsed(site.run("contact", "show", "lena@labs.example", "--json"))
    assert (told["employer"], told["language"], told["time_zone"]) == ("Northwind Labs", "en", "UTC")
    assert told["grants"][0]["groundless"].endswith("(A4)")


def test_progress_is_told_on_a_large_file(site: Site) -> None:
    """On standard error, in tenths, where there is no terminal."""
    rows = "".join(f"account,Company {number}\n" for number in range(6_000))
    ended = site.run("directory", "import", site.write("large.csv", f"section,name\n{rows}"))
    assert ended.code == 0
    assert "reading lines: " in ended.err
    assert ended.err.splitlines()[-1] == "writing rows: 12,000 of 12,000"


def _json(ended: Ended) -> list[dict[str, object]]:
    return parsed(Ended(0, ended.out, ended.err))
