"""What the caller hears: one module a language, each with every prompt of PROMPTS.

A prompt is a text with gaps in braces. The most urgent comes first, and what a key does is said before
the key.
"""

from __future__ import annotations

from dataclasses import dataclass

from ivr.conversation import Line
from ivr.prompts import english


@dataclass(frozen=True)
class Language:
    """A language of the menu: its code for the provider's voice, and its texts by prompt."""

    code: str
    texts: dict[str, str]


ENGLISH = Language("en-US", english.TEXTS)
LANGUAGES = (ENGLISH,)


def spoken(line: Line, language: Language = ENGLISH) -> str:
    """Return a line as it is said. Raises KeyError for a prompt or a gap that the language does not know."""
    return language.texts[line.prompt].format_map(line.gaps)
