"""HTML as somebody reads it: lines of text.

The standard library's parser takes quadratic time on tags that never end (60 kB
of `<a ` took 22 seconds), so the tags are found here, each looked at once; what
is inside a tag is capped. Nothing nests on the interpreter's stack: the depth
of quotes is a number. Scripts, styles, the head and comments are not text.

Links keep their target beside their words, and the lines of a blockquote begin
with `> `, so that `quoting` sees what the sender quoted.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_LONGEST_TAG = 8_192  # characters; a longer one is skipped like any other, its attributes unread
_DEEPEST_QUOTE = 20  # how many `>` a line gets at most

# A run of text or of stray "<", a comment's begin, a tag's begin, or a stray "<": one of them matches at any place.
_TEXT = re.compile(r"[^<]+|<+(?=<)")
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9:-]{0,40})")
_VALUE_OR_END = re.compile(r">|=\s*([\"'])")
_HREF = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{7,});?")
_SPACE = re.compile(r"[ \t\r\n\f]+")

_UNSEEN = frozenset({"script", "style", "title"})
_OF_THE_HEAD = frozenset({"head", "meta", "link", "base", "noscript", *_UNSEEN})
# fmt: off
_BLOCKS = frozenset({
    "address", "article", "aside", "body", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "li", "main", "nav", "ol", "p", "pre", "section", "table",
    "tbody", "thead", "tr", "ul",
})
# fmt: on
_SPACED = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "ul", "ol", "table"})
_RULE = "_" * 32  # how mail programs write <hr> as text


def readable(source: str) -> str:
    """Return the text of an HTML part, in linear time and for any input."""
    return _Reader(source).read()


def _one_blank_line_at_most(lines: list[str]) -> Iterator[str]:
    was_blank = False
    for line in lines:
        is_blank = not line.strip("> ")
        if not (is_blank and was_blank):
            yield line.rstrip()
        was_blank = is_blank


@dataclass(slots=True)
class _Reader:
    source: str
    position: int = 0
    line: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    quotes: int = 0
    preformatted: int = 0
    in_head: bool = False
    href: str = ""
    link_words: list[str] | None = None
    never_found: set[str] = field(default_factory=set)

    def read(self) -> str:
        while self.position < len(self.source):
            self.step()
        self.end_link()
        self.end_line()
        return "\n".join(_one_blank_line_at_most(self.lines)).strip("\n")

    def step(self) -> None:
        """Read one run of text, one comment or one tag."""
        text = _TEXT.match(self.source, self.position)
        if text:
            self.position = text.end()
            self.add(text[0])
            return
        if self.source.startswith("<!--", self.position):
            self.skip_behind("-->", 4)
        elif self.source.startswith(("<!", "<?"), self.position):
            self.skip_behind(">", 2)
        else:
            self.tag_or_sign()

    def skip_behind(self, end: str, opening: int) -> None:
        """Skip to behind `end`; where it never comes, skip the opening only."""
        found = self.find(end, self.position + opening)
        self.position = found + len(end) if found >= 0 else self.position + opening

    def find(self, wanted: str, start: int) -> int:
        """Find text further on; what was missing once is not looked for again."""
        if wanted in self.never_found:
            return -1
        found = self.source.find(wanted, start)
        if found < 0:
            self.never_found.add(wanted)
        return found

    def tag_or_sign(self) -> None:
        tag = _TAG.match(self.source, self.position)
        if tag is None:
            self.add("<")
            self.position += 1
            return
        end = self.tag_end(tag.end())
        if end < 0:
            self.position = tag.end()  # a tag that never ends: its name is dropped, its rest is text
            return
        closing = self.source[self.position + 1] == "/"
        attributes = self.source[tag.end() : min(end, tag.end() + _LONGEST_TAG)]
        self.position = end + 1
        self.tag(tag[1].lower(), closing, attributes)

    def tag_end(self, start: int) -> int:
        """Find the `>` of a tag, outside of quoted values; what was looked at here is never seen again."""
        if ">" in self.never_found:
            return -1
        place, limit = start, start + _LONGEST_TAG
        while sign := _VALUE_OR_END.search(self.source, place, limit):
            if sign[0] == ">":
                return sign.start()
            closing = self.source.find(sign[1], sign.end(), limit)
            if closing < 0:
                return self.find(">", sign.end())
            place = closing + 1
        return self.find(">", min(limit, len(self.source)))

    def tag(self, name: str, closing: bool, attributes: str) -> None:
        if self.in_head and (name not in _OF_THE_HEAD or (closing and name == "head")):
            self.in_head = False
        if name in _UNSEEN:
            if not closing:
                self.skip_element(name)
        elif name in _TAGS:
            _TAGS[name](self, closing, attributes)
        elif name in _BLOCKS:
            self.block(name, closing)

    def skip_element(self, name: str) -> None:
        """Skip to the end of a script or style; one that never ends hides only its own tag."""
        ending = re.compile(rf"</{name}[^<>]{{0,100}}>", re.IGNORECASE)
        if name in self.never_found:
            return
        found = ending.search(self.source, self.position)
        if found:
            self.position = found.end()
        else:
            self.never_found.add(name)

    def add(self, source: str) -> None:
        if self.in_head:
            return
        text = html.unescape(_LONG_REFERENCE.sub("\ufffd", source))  # int() refuses 5,000 digits
        if self.preformatted:
            self.add_lines(text)
            return
        text = _SPACE.sub(" ", text)
        if text == " " and not self.line:
            return
        at_word_end = bool(self.line) and not self.line[-1].endswith(" ")
        self.words(text if at_word_end else text.lstrip(" "))

    def add_lines(self, text: str) -> None:
        first, *others = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.words(first)
        for other in others:
            self.end_line()
            self.words(other)

    def words(self, text: str) -> None:
        if text:
            self.line.append(text)
            if self.link_words is not None:
                self.link_words.append(text)

    def end_line(self) -> None:
        mark = "> " * min(self.quotes, _DEEPEST_QUOTE)
        self.lines.append(mark + "".join(self.line).replace("\xa0", " "))
        self.line = []

    def block(self, name: str, closing: bool) -> None:
        """Begin or end a block; paragraphs and their like stand apart by an empty line."""
        if self.line:
            self.end_line()
        if name in _SPACED and closing:
            self.end_line()
        if name == "pre":
            self.preformatted = max(0, self.preformatted + (-1 if closing else 1))
        if name == "li" and not closing:
            self.line.append("- ")

    def blockquote(self, closing: bool, _: str) -> None:
        if self.line:
            self.end_line()
        self.quotes = max(0, self.quotes + (-1 if closing else 1))

    def line_break(self, _closing: bool, _: str) -> None:
        self.end_line()

    def rule(self, _closing: bool, _: str) -> None:
        if self.line:
            self.end_line()
        self.words(_RULE)
        self.end_line()

    def cell(self, closing: bool, _: str) -> None:
        if closing and self.line:
            self.words(" ")

    def head(self, closing: bool, _: str) -> None:
        self.in_head = not closing

    def link(self, closing: bool, attributes: str) -> None:
        self.end_link()
        target = None if closing else _HREF.search(attributes)
        if target:
            self.href = html.unescape(_LONG_REFERENCE.sub("", target[1] or target[2] or target[3] or ""))
            self.link_words = []

    def end_link(self) -> None:
        """Put the target behind the words of a link, unless they say it themselves."""
        if self.link_words is None:
            return
        shown = "".join(self.link_words).strip()
        self.link_words = None
        target = self.href.strip()
        if target.lower().startswith(("http://", "https://", "mailto:")):
            bare = target.removeprefix("mailto:")
            if bare.rstrip("/") != shown.rstrip("/"):
                self.words(f" <{bare}>" if shown else f"<{bare}>")


_TAGS: dict[str, Callable[[_Reader, bool, str], None]] = {
    "a": _Reader.link,
    "blockquote": _Reader.blockquote,
    "br": _Reader.line_break,
    "head": _Reader.head,
    "hr": _Reader.rule,
    "td": _Reader.cell,
    "th": _Reader.cell,
}
