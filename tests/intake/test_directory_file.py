"""A directory in a file: both formats say the same, know their lines, and come back as they went."""

from __future__ import annotations

import io
import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import pins
from core.enrolment import bring_in, enrol, planned, read_sheet
from core.enrolment.entries import Entry, Section
from core.enrolment.exporting import entries_on_record
from core.enrolment.forms import FORMS
from core.errors import BadInput
from core.store.database import Database
from core.store.migrations import migrate
from core.unit_of_work import Core
from intake.directory_file import Form, read_entries, write_entries
from tests.people import DIRECTORY

DOCS = Path(__file__).parents[2] / "docs"


def written(tmp_path, name, content):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def read(tmp_path, name, content):
    return list(read_entries(written(tmp_path, name, content)))


def sheets_values(entries):
    sheet = read_sheet(entries)
    assert sheet.refused == []
    records = {
        section: {key: dict(one.values) for key, one in of.items()} for section, of in sheet.records.items()
    }
    shifts = {email: [dict(one.values) for one in of] for email, of in sheet.shifts.items()}
    return records, shifts, sheet.approvers


def given_only(values):
    """Return what is not a default: in CSV every column is there."""
    records, shifts, approvers = values
    for section, of in records.items():
        defaults = FORMS[section].defaults
        for key, one in of.items():
            of[key] = {name: value for name, value in one.items() if value != defaults.get(name, one)}
    return records, shifts, approvers


def test_both_examples_of_the_documentation_say_the_same():
    """What one format can say, the other can."""
    yaml, csv = (given_only(sheets_values(read_entries(DOCS / f"directory.{form}"))) for form in Form)
    assert yaml == csv


def test_the_example_in_csv_changes_nothing_of_the_one_in_yaml(core):
    """A1, A9: its blank cells say what is on record."""
    core.write(lambda uow: bring_in(uow, read_sheet(read_entries(DOCS / "directory.yaml"))))
    with core.reading() as uow:
        assert planned(uow, read_sheet(read_entries(DOCS / "directory.csv"))).changes == ()


def test_each_entry_knows_its_line(tmp_path):
    """Nested ones their own."""
    companies = "accounts:\n  - One\n  - name: Two\n"
    text = f"{companies}contacts:\n  - email: a@b.example\n    grants:\n      - {{sold_to: One}}\n"
    assert [(one.section, one.line) for one in read(tmp_path, "a.yaml", text)] == [
        (Section.ACCOUNT, 2), (Section.ACCOUNT, 3), (Section.CONTACT, 5), (Section.GRANT, 7)]  # fmt: skip


def test_a_row_knows_its_line_behind_a_cell_of_two(tmp_path):
    text = 'section,name\naccount,"One\nand a half"\n\naccount,Two\n'
    assert [one.line for one in read(tmp_path, "a.csv", text)] == [2, 5]


def test_yaml_values_are_text(tmp_path):
    """NO is Norway, 20:00 a time, Null a name."""
    values = "phone: ~, first_name: , time_zone: null, starts: 20:00, ends: 2026-01-01"
    text = f"contacts:\n  - {{country: NO, last_name: Null, {values}}}\n"
    [entry] = read(tmp_path, "a.yml", text)
    assert entry.fields == {
        "country": "NO", "last_name": "Null", "phone": None, "first_name": None, "time_zone": None,
        "starts": "20:00",
        "ends": "2026-01-01"}  # fmt: skip


def test_anchors_and_merge_keys_are_understood(tmp_path):
    text = "contacts:\n  - &alice {country: US, employer: One}\n  - {<<: *alice, employer: Two}\n"
    assert [one.fields["country"] for one in read(tmp_path, "a.yaml", text)] == ["US", "US"]


@pytest.mark.parametrize("name", ["a.yaml", "a.csv"])
def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path, name):
    text = "accounts: [Ö]" if name == "a.yaml" else "section,name\naccount,Ö"
    [entry] = read(tmp_path, name, b"\xef\xbb\xbf" + text.encode())
    assert entry.fields == {"name": "Ö"}


BAD_FILES = {
    "another ending": ("a.txt", "accounts: []", ".yaml, .yml, .csv"),
    "another encoding": (
        "a.csv", b"\xef\xbb\xbf" + "section,name\naccount,One\naccount,Ö\n".encode("latin-1"),
        "line 3 is not UTF-8; from a spreadsheet, save as CSV UTF-8"),
    "an empty file": ("a.yaml", "", "the file is empty"),
    "an empty file of rows": ("a.csv", "\n", "the file is empty"),
    "remarks only": ("a.yaml", "# nothing\n", "the file is empty"),
    "a list": ("a.yaml", "- a", "mapping"),
    "broken YAML": ("a.yaml", "accounts: [a\n", "line 2"),
    "an unknown list": ("a.yaml", "people: []", "people"),
    "a mapping for a list": ("a.yaml", "accounts: {a: b}", "a list"),
    "a key that is given twice": (
        "a.yaml",
        "contacts:\n  - {email: a, email: b}\n",
        "'email' is given twice",
    ),
    "two documents": ("a.yaml", "accounts: []\n---\naccounts: []\n", "one YAML document"),
    "an object of Python": ("a.yaml", "accounts:\n  - !!python/object:os.system {}\n", "line 2"),
    "nesting without end": ("a.yaml", "accounts: " + "[" * 20_000, "YAML"),
    "a header without its section": ("a.csv", "name\nx\n", "section"),
    "semicolons for commas": (
        "a.csv", "section;name\naccount;x\n",
        "this file separates its columns by semicolons; save it with commas"),
    "semicolons between quotes": ("a.csv", '"name";"section"\n"x";"account"\n', "by semicolons; save it with commas"),
    "tabs for commas": ("a.csv", "section\tname\naccount\tx\n", "by tabs; save it with commas"),
    "an unknown column": ("a.csv", "section,telephone\n", "telephone"),
    "a column that is there twice": ("a.csv", "section,name,name\n", "name"),
    "an unknown section": ("a.csv", "section,name\naccount,x\nperson,y\n", "section on line 3 is 'person'"),
    "a row of another length": (
        "a.csv", "section,name\naccount,x\naccount,x,y\n", "line 3 has 3 cells and the header 2"),
    "a quote that does not end": ("a.csv", 'section,name\naccount,"x\n', "CSV"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_what_is_no_directory_file_is_bad_input(tmp_path, name, content, said):
    """Nothing in it can be trusted, so there is no list of refused lines."""
    with pytest.raises(BadInput, match=said):
        read(tmp_path, name, content)


def test_a_cell_of_another_section_is_refused_by_its_name(tmp_path):
    """A7: it is most likely in the wrong column."""
    [line] = read_sheet(read(tmp_path, "a.csv", "section,name,rung\naccount,One,2\n")).refused
    assert (line.line, line.field, line.value) == (2, "rung", "2")


# --- back and forth -----------------------------------------------------------------------------------------


def exported(core, form):
    to = io.StringIO()
    with core.reading() as uow:
        write_entries(entries_on_record(uow), to, form)
    return to.getvalue()


@pytest.mark.parametrize("form", Form)
def test_importing_what_was_exported_changes_nothing(core, tmp_path, form):
    """Nothing is lost on the way, in either format, on either database."""
    core.write(lambda uow: bring_in(uow, read_sheet(read_entries(DOCS / "directory.yaml"))))
    file = written(tmp_path, f"a.{form}", exported(core, form))
    with core.reading() as uow:
        plan = planned(uow, read_sheet(read_entries(file)))
    assert plan.changes == ()
    assert all(plan.unchanged.values())


@pytest.mark.parametrize("form", Form)
def test_an_export_fills_an_empty_database_with_the_same(core, tmp_path, form):
    """All of it is there, and in the same order."""
    file = written(tmp_path, f"a.{form}", exported(core, form))
    database = Database(f"sqlite:///{tmp_path}/other.db")
    migrate(database)
    other = Core(database, core.blobs, core.clock, core.house)
    other.write(lambda uow: bring_in(uow, read_sheet(read_entries(file))))
    assert exported(other, form) == file.read_text(encoding="utf-8")
    database.close()


def test_an_export_says_who_has_no_shifts(core, tmp_path):
    """P4: so that it brings back what was on record, also over another roster."""
    core.write(lambda uow: enrol(uow, {"analysts": [DIRECTORY["analysts"][0] | {"shifts": []}]}))
    text = exported(core, Form.YAML)
    assert text.count("    shifts: []\n") == 1
    core.write(lambda uow: enrol(uow, DIRECTORY))
    core.write(lambda uow: bring_in(uow, read_sheet(read_entries(written(tmp_path, "a.yaml", text)))))
    assert exported(core, Form.YAML) == text


@pytest.mark.parametrize("form", Form)
def test_no_pin_is_in_an_export(core, people, form):
    """A10: not even the five digits that name its owner."""
    pin = core.write(lambda uow: pins.issue(uow, people.customer("alice").contact_id, by="test"))
    assert pin[:5] not in exported(core, form)
    assert "pin" not in exported(core, form).splitlines()[0]


ANY_TEXT = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp")), min_size=1, max_size=60).map(
    lambda text: unicodedata.normalize("NFC", text).strip()
).filter(bool)  # fmt: skip
ANY_LIST = st.lists(ANY_TEXT.map(lambda text: text.replace(";", ",")), max_size=3).map(tuple)
ANY_TIME = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(ANY_TEXT, min_size=4, max_size=4), items=ANY_LIST, at=ANY_TIME)
@pytest.mark.parametrize("form", Form)
def test_whatever_is_written_reads_as_the_same(tmp_path, form, texts, items, at):
    """Quotes, colons, emoji, words that mean something to YAML."""
    contract = {"number": "C-1", "sold_to": texts[0], "end_user": texts[1], "support_owner": texts[2],
                "care_level": "Business Care", "products": items, "starts": at, "ends": at,
                "status": "Active"}  # fmt: skip
    to = io.StringIO()
    write_entries([Entry(Section.ACCOUNT, None, {"name": texts[3], "part_of": None}),
                   Entry(Section.CONTRACT, None, contract)], to, form)  # fmt: skip
    records, _shifts, _approvers = sheets_values(read_entries(written(tmp_path, f"a.{form}", to.getvalue())))
    assert records[Section.ACCOUNT] == {(texts[3],): {"name": texts[3], "part_of": None}}
    assert records[Section.CONTRACT][("C-1",)] == contract


def test_a_directory_of_people_is_read_alike_as_data_and_as_a_file(core, tmp_path):
    """`enrol` takes the document that the file is."""
    file = written(tmp_path, "a.yaml", exported(core, Form.YAML))
    before = core.write(lambda uow: enrol(uow, DIRECTORY))
    after = core.write(lambda uow: bring_in(uow, read_sheet(read_entries(file))))
    assert (before.changes, after.changes) == ((), ())
