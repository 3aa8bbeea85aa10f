"""From facts to words: what a mail says, as text and as HTML. PURE.

Each notice has one template, `templates/<notice>.j2`, in plain text with paragraphs parted by blank lines. It
sets `subject` (what it is about), `ask` (what is asked of the reader) and `answer` (how to answer), and where
somebody's words are repeated, `heading` and `told`. The two layouts put these under each other, so that no
sentence is written twice. What a template does not know raises: no mail leaves with a gap.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from notifier.cleaning import many_lines, one_line
from notifier.facts import FOR_STAFF, NoticeFacts, Said
from notifier.settings import MailSettings

LONGEST_TOLD = 64 * 1024  # characters of somebody's words: whole logs are too large for a smart host
_MOST_FILES = 30  # named in one mail; a hostile one has a thousand
_THE_REST = "The rest is in the case."
_COLUMNS = 76
_BLANK_LINES = re.compile(r"\n\s*\n")
_TOGETHER = "\u00a0"  # stands between words that one line holds; what leaves has a usual space there


@dataclass(frozen=True)
class Words:
    """What a mail says: the first part of its subject, its text, its HTML."""

    subject: str
    text: str
    html: str


def words_of(facts: NoticeFacts, settings: MailSettings) -> Words:
    """Return what the notice says. Raises jinja2.TemplateError for a template that asks for what is not there."""
    said = vars(_TEMPLATES.get_template(f"{facts.kind}.j2").make_module(_values(facts, settings)))
    page: dict[str, Any] = {
        "reference": facts.reference,
        "subject": one_line(said["subject"]),
        "ask": _paragraphs(said["ask"]),
        "heading": one_line(said.get("heading", "")),
        "told": many_lines(said.get("told", "")),
        "files": _some(facts.files),
        "refused": _some(facts.refused),
        "answer": _paragraphs(said["answer"]),
        "case": _cleaned(facts.case) if facts.case else None,
        "for_staff": facts.kind in FOR_STAFF,
        "link": settings.link_to(facts.case.number) if facts.case else "",
    }
    return Words(
        page["subject"],
        _TEMPLATES.get_template("layout.txt").render(page),
        _TEMPLATES.get_template("layout.html").render(page),
    )


def _values(facts: NoticeFacts, settings: MailSettings) -> dict[str, Any]:
    return {
        "case": _cleaned(facts.case) if facts.case else None,
        "event": _cleaned_saying(facts.event),
        "asked": _cleaned_saying(facts.asked),
        "still_waits": facts.still_waits,
        "plan": facts.plan,
        "answered": _cleaned(facts.answered) if facts.answered else None,
        "words": facts.words,
        "call": _cleaned(facts.call) if facts.call else None,
        "support_number": _kept_together(one_line(settings.support_number)),
    }


def _cleaned(value: Any) -> Any:
    """Return the dataclass with each of its texts as one clean line."""
    texts = {field.name: getattr(value, field.name) for field in fields(value)}
    return replace(value, **{name: one_line(text) for name, text in texts.items() if type(text) is str})


def _cleaned_saying(said: Said | None) -> Said | None:
    if said is None:
        return None
    wordless: Said = _cleaned(replace(said, text=""))
    return replace(wordless, text=_beginning(said.text))


def _beginning(text: str) -> str:
    """Return as much of the text as a mail tells, and where the rest is. What is not told is not walked."""
    told = many_lines(text[:LONGEST_TOLD])
    return told if len(text) <= LONGEST_TOLD else f"{told}\n\n{_THE_REST}"


def _some(lines: Sequence[str]) -> list[str]:
    """Return as many of the lines as a mail shows, and how many more there are."""
    more = [f"and {len(lines) - _MOST_FILES} more"] if len(lines) > _MOST_FILES else []
    return [one_line(line) for line in lines[:_MOST_FILES]] + more


def _paragraphs(text: str) -> list[str]:
    paragraphs = (re.sub("[ \t\n]+", " ", paragraph).strip(" ") for paragraph in _BLANK_LINES.split(text))
    return [paragraph for paragraph in paragraphs if paragraph]


def _kept_together(text: str) -> str:
    return text.replace(" ", _TOGETHER)


def _unwrapped(paragraph: str) -> str:
    return paragraph.replace(_TOGETHER, " ")


def _wrapped(paragraph: str) -> str:
    # textwrap, unlike str.split, breaks no line at a no-break space.
    filled = textwrap.fill(paragraph, _COLUMNS, break_long_words=False, break_on_hyphens=False)
    return filled.replace(_TOGETHER, " ")


def _in_utc(at: datetime) -> str:
    """Return the time as it is read: `21 December 2026, 09:00 UTC`. Seconds are dropped, so no limit is late."""
    return _kept_together(f"{at.day} {at:%B %Y, %H:%M} UTC")


def _begins(words: str) -> str:
    """Return the words as they begin a line: `Support desk`."""
    return words[:1].upper() + words[1:]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("notifier"),
        undefined=StrictUndefined,
        autoescape=select_autoescape(("html",), default_for_string=False),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"wrapped": _wrapped, "unwrapped": _unwrapped, "utc": _in_utc, "begins": _begins}
    return environment


_TEMPLATES = _environment()
