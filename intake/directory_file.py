"""The directory in a file: YAML or CSV, told apart by its ending, read and written as entries of core.enrolment.

YAML is the nested form of docs/directory.yaml, CSV that of docs/directory.csv: one row an entry, its section in the
column `section`, a list in one cell with semicolons between. Every value is read as text, so that NO is Norway and
20:00 a time. A file is UTF-8, with or without a byte order mark. BadInput is raised for what is no such file; its
message has the line.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

import yaml
from yaml.composer import Composer
from yaml.constructor import ConstructorError, SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from core.enrolment.entries import LISTS, NESTED, Entry, Located, Section, entries_under, section_of_list
from core.enrolment.forms import FORMS, ONLY_GIVEN
from core.enrolment.plan import as_text
from core.errors import BadInput

Progress = Callable[[int, int], None]


class Form(StrEnum):
    """What a file is written in."""

    YAML = "yaml"
    CSV = "csv"


class NoDirectoryFile(BadInput):
    """A file cannot be read as a directory; the message says where and why."""

    def __init__(self, file: Path, words: str) -> None:
        super().__init__("file", str(file), words)
        self.args = (f"{file}: {words}",)


_ENDINGS = {".yaml": Form.YAML, ".yml": Form.YAML, ".csv": Form.CSV}


def form_of(file: Path) -> Form:
    """Return what a file of this name is written in. Raises BadInput."""
    ending = file.suffix.lower()
    if ending not in _ENDINGS:
        raise BadInput("file", str(file), f"a name that ends in {', '.join(_ENDINGS)}")
    return _ENDINGS[ending]


def read_entries(file: Path, progress: Progress = lambda _done, _total: None) -> Iterator[Entry]:
    """Yield the entries of a file. `progress` is told at which line of how many it is. Raises BadInput."""
    read = {Form.YAML: _read_yaml, Form.CSV: _read_csv}[form_of(file)]
    text = _text_of(file)
    lines = text.count("\n") + 1
    try:
        for line, entry in read(text):
            progress(line, lines)
            yield entry
    except _Unreadable as unreadable:
        raise NoDirectoryFile(file, str(unreadable)) from None
    except (yaml.YAMLError, csv.Error, RecursionError) as error:
        raise BadInput("file", str(file), f"{form_of(file).upper()}: {error}") from None


class _Unreadable(Exception):
    """Why a text is no directory."""


_EMPTY = "the file is empty"


def _text_of(file: Path) -> str:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        words = f"line {line} is not UTF-8; from a spreadsheet, save as CSV UTF-8"
        raise NoDirectoryFile(file, words) from None
    if not text.strip():
        raise NoDirectoryFile(file, _EMPTY)
    return text


# --- YAML ---------------------------------------------------------------------------------------------------

if yaml.__with_libyaml__:
    from yaml.cyaml import CParser as _Events  # type: ignore[attr-defined]
else:  # the same, slower

    class _Events(Reader, Scanner, Parser):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)


_NULL, _MERGE = "tag:yaml.org,2002:null", "tag:yaml.org,2002:merge"


class _Loader(Composer, _Events, SafeConstructor, Resolver):
    """Composes one entry at a time: the nodes of a large file would not fit into memory together."""

    # A country NO, a time 20:00 and a name Null are text; nothing, ~, null and a merge key are not.
    yaml_implicit_resolvers = {  # noqa: RUF012 - the library's own form
        "": [(_NULL, re.compile(r"$"))],
        "~": [(_NULL, re.compile(r"~$"))],
        "n": [(_NULL, re.compile(r"null$"))],  # as programs write it
        "<": [(_MERGE, re.compile(r"<<$"))],
    }

    def __init__(self, text: str) -> None:
        _Events.__init__(self, text)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that is given twice, of which the library keeps the last."""
        keys = [key.value for key, _value in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise ConstructorError(
                    "in an entry", node.start_mark, f"{key!r} is given twice", node.start_mark
                )
        made: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return made

    def located(self, node: yaml.MappingNode) -> Iterator[Located]:
        """Construct a mapping that knows its line."""
        made = Located()
        made.line = node.start_mark.line + 1
        yield made
        made.update(self.construct_mapping(node))

    def next_node(self) -> yaml.Node:
        """Return what comes next, composed."""
        node = self.compose_node(None, 0)
        assert node is not None
        return node

    def next_value(self) -> Any:
        """Return what comes next, as Python data."""
        return self.construct_document(self.next_node())


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.located)  # type: ignore[type-var]


def _read_yaml(text: str) -> Iterator[tuple[int, Entry]]:
    loader = _Loader(text)
    loader.get_event()
    if loader.check_event(yaml.DocumentStartEvent):
        loader.get_event()
    if loader.check_event(yaml.StreamEndEvent):
        raise _Unreadable(_EMPTY)
    if not loader.check_event(yaml.MappingStartEvent):
        raise BadInput("file", text[:60], f"a YAML mapping of {', '.join(LISTS)}")
    loader.get_event()
    while not loader.check_event(yaml.MappingEndEvent):
        name = loader.next_value()
        section = section_of_list(str(name))
        if loader.check_event(yaml.SequenceStartEvent):
            yield from _yaml_list(loader, section)
        elif (value := loader.next_value()) is not None:
            raise BadInput(str(name), value, "a list")
    loader.get_event()
    loader.get_event()
    if not loader.check_event(yaml.StreamEndEvent):
        raise BadInput("file", "---", "one YAML document")


def _yaml_list(loader: _Loader, section: Section) -> Iterator[tuple[int, Entry]]:
    loader.get_event()
    while not loader.check_event(yaml.SequenceEndEvent):
        node = loader.next_node()
        line = node.start_mark.line + 1
        for entry in entries_under(section, loader.construct_document(node), line):
            yield line, entry
    loader.get_event()


# --- CSV ----------------------------------------------------------------------------------------------------

_SECTION = "section"
COLUMNS = tuple(
    dict.fromkeys(
        [
            _SECTION,
            *(name for form in FORMS.values() for name in form.names),
            *(field.name for fields in ONLY_GIVEN.values() for field in fields),
        ]
    )
)
"""The columns of a CSV file: the section, and the fields of all sections."""


def _read_csv(text: str) -> Iterator[tuple[int, Entry]]:
    _refuse_other_separators(text)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = [name.strip() for name in next(rows, [])]
    if _SECTION not in header:
        raise BadInput("header", ",".join(header), f"columns with commas between, {_SECTION} among them")
    for name in header:
        if name not in COLUMNS or header.count(name) > 1:
            raise BadInput("column", name, f"one of {', '.join(COLUMNS)}, each once")
    before = rows.line_num
    for row in rows:
        line, before = before + 1, rows.line_num
        if any(cell.strip() for cell in row):
            yield line, _csv_entry(header, row, line)


def _refuse_other_separators(text: str) -> None:
    first = text.lstrip().partition("\n")[0]
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        cells = [cell.strip().strip('"') for cell in first.split(separator)]
        if len(cells) > 1 and _SECTION in cells:
            raise _Unreadable(f"this file separates its columns by {name}; save it with commas")


def _csv_entry(header: list[str], row: list[str], line: int) -> Entry:
    if len(row) != len(header):
        found = "1 cell" if len(row) == 1 else f"{len(row)} cells"
        raise _Unreadable(f"line {line} has {found} and the header {len(header)}")
    cells = dict(zip(header, row, strict=True))
    written = cells.pop(_SECTION).strip()
    if written not in list(Section):
        raise BadInput(f"{_SECTION} on line {line}", written, f"one of {', '.join(Section)}")
    section = Section(written)
    known = _known(section)
    # A column that is another section's is only there when something stands in it; then it is refused by name.
    return Entry(section, line, {name: cell for name, cell in cells.items() if name in known or cell.strip()})


def _known(section: Section) -> frozenset[str]:
    return frozenset(FORMS[section].names) | {field.name for field in ONLY_GIVEN.get(section, ())}


# --- writing ------------------------------------------------------------------------------------------------


def write_entries(entries: Iterable[Entry], to: TextIO, form: Form) -> None:
    """Write entries as a file that reads as the same; a contact's grants follow it, an analyst's shifts too."""
    write = {Form.YAML: _write_yaml, Form.CSV: _write_csv}[form]
    write(entries, to)


def _write_csv(entries: Iterable[Entry], to: TextIO) -> None:
    rows = csv.writer(to, lineterminator="\n")
    rows.writerow(COLUMNS)
    for entry in entries:
        values = {_SECTION: str(entry.section), **{name: as_text(one) for name, one in entry.fields.items()}}
        rows.writerow([values.get(name, "") for name in COLUMNS])


_LIST_OF = {section: name for name, section in LISTS.items()}
_ABOVE = {below: name for name, below in NESTED.values()}


def _write_yaml(entries: Iterable[Entry], to: TextIO) -> None:
    current: Section | None = None
    heading: Section | None = None
    for entry in entries:
        if entry.section in _ABOVE:
            if current is not entry.section:
                to.write(f"    {_ABOVE[entry.section]}:\n")
            fields = {name: one for name, one in entry.fields.items() if name != "email"}
            _write_fields(fields, to, "      ")
        else:
            if heading is not entry.section:
                to.write(f"{_LIST_OF[entry.section]}:\n")
                heading = entry.section
            _write_fields(entry.fields, to, "  ")
            if entry.is_bare and entry.section is Section.ANALYST:  # what is left out would stay
                to.write("    shifts: []\n")
        current = entry.section


def _write_fields(fields: Mapping[str, Any], to: TextIO, indent: str) -> None:
    begin = "- "
    for name, value in fields.items():
        written = _written(value)
        to.write(f"{indent}{begin}{name}:{' ' if written else ''}{written}\n")
        begin = "  "


_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_@./-]*(?: [A-Za-z0-9_@./-]+)*|\d{4}-\d\d-\d\d|\d{1,2}")
_OTHERWISE_READ = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_ASCII = re.compile(r"[ -~]*")


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    text = as_text(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _OTHERWISE_READ:
        return text
    if _ASCII.fullmatch(text):  # then JSON's quotes are YAML's
        return json.dumps(text)
    return yaml.dump(text, default_style='"', allow_unicode=True, width=10**6).rstrip("\n")
