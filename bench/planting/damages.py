"""What happens to a Reference ID on its way: every row is a damage that somebody's mail has done to somebody's.

All of them leave the letters, so all of them must be survived. A damage takes the Reference ID and chance, and
returns what stands in its place. Whatever loses or swaps letters is in near_misses.py.
"""

from __future__ import annotations

import base64
import html
import random
import re
from collections.abc import Callable

Damage = Callable[[str, random.Random], str]

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u180e\ufe0f"
_DIRECTIONS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2069"
_SPACES = " \u00a0\u2002\u2009\u202f\u3000\t"
_LOOKALIKES = {"0": "0Oo", "1": "1IiLl"}
_TAGS = (
    ("<wbr>",),
    ("<br>",),
    ("<b>", "</b>"),
    ('<span style="color:#1F497D">', "</span>"),
    ("<span class=SpellE>", "</span>"),
    ("<font face='Arial' size=2>", "</font>"),
    ("<o:p></o:p>",),
    ('<a href="https://support.example/cases/0000000001">', "</a>"),
    ("<!-- 12 -->",),
    ("<span style='display:none'></span>",),
)


def _joined(token: str, chance: random.Random, signs: str) -> str:
    """Put one of `signs`, or several, between some letters."""
    kept = [token[0]]
    for letter in token[1:]:
        if chance.random() < 0.3:
            kept.append(chance.choice(signs) * chance.randint(1, 2))
        kept.append(letter)
    return "".join(kept)


def _grouped(token: str, chance: random.Random, sign: str) -> str:
    return sign.join(re.findall(f".{{1,{chance.randint(2, 6)}}}", token))


def _parted(token: str, chance: random.Random, between: str) -> str:
    at = chance.randint(1, len(token) - 1)
    return token[:at] + between + token[at:]


def _each(token: str, form: Callable[[str], str]) -> str:
    return "".join(map(form, token))


def _mixed_case(token: str, chance: random.Random) -> str:
    return _each(token, lambda letter: chance.choice((letter.lower(), letter)))


def _lookalike(token: str, chance: random.Random) -> str:
    return _each(token, lambda letter: chance.choice(_LOOKALIKES.get(letter, letter)))


def _shifted(token: str, letters: int, digits: int) -> str:
    return _each(
        token, lambda sign: chr(digits + int(sign)) if sign.isdigit() else chr(letters + ord(sign) - ord("A"))
    )


def _circled(token: str, _chance: random.Random) -> str:
    return _each(
        token,
        lambda s: (
            "\u24ea" if s == "0" else chr(0x245F + int(s)) if s.isdigit() else chr(0x24B6 + ord(s) - 65)
        ),
    )


def _entities(token: str, chance: random.Random) -> str:
    form = chance.choice(("&#{};", "&#x{:x};", "&#X{:04X};", "&#0{};"))
    return _each(token, lambda letter: form.format(ord(letter)))


def _invisible_entities(token: str, chance: random.Random) -> str:
    entity = chance.choice(("&shy;", "&#8203;", "&#xAD;", "&zwnj;", "&nbsp;", "&#x200B;", "&ZeroWidthSpace;"))
    return _grouped(token, chance, entity)


def _escaped_again(token: str, chance: random.Random) -> str:
    once = html.escape(_invisible_entities(token, chance))
    return html.escape(once) if chance.random() < 0.5 else once


def _tagged(token: str, chance: random.Random) -> str:
    tags = chance.choice(_TAGS)
    at, end = sorted(chance.sample(range(1, len(token)), 2))
    return token[:at] + tags[0] + token[at:end] + tags[-1 if len(tags) > 1 else 0] + token[end:]


def _link_behind_a_piece(token: str, chance: random.Random) -> str:
    return _parted(token, chance, f"<https://x.example/{chance.randrange(1000)}>")


def _odd_line_break(token: str, chance: random.Random) -> str:
    return _parted(
        token, chance, chance.choice(("\u2028", "\x0b", "\x0c", "\u0085", " \n", "\n ", "\n\t", "\n\n"))
    )


def _undecoded_qp(token: str, chance: random.Random) -> str:
    return _parted(token, chance, chance.choice(("=20", "=\n", "=C2=AD", "=E2=80=8B", "=20\n", "=3D20")))


def _percent(token: str, chance: random.Random) -> str:
    escape = chance.choice(("%20", "%2D", "%C2%AD", "%E2%80%8B", "%252D", "%2520", "%25252D"))
    return f"mailto%3Asupport%2B{_grouped(token, chance, escape)}%40support.example"


def _all_percent(token: str, chance: random.Random) -> str:
    sign = chance.choice(("%", "%25"))
    return _each(token, lambda letter: f"{sign}{ord(letter):02X}")


IN_TEXT: dict[str, Damage] = {
    "none": lambda token, _chance: token,
    "lower case": lambda token, _chance: token.lower(),
    "mixed case": _mixed_case,
    "hyphens": lambda token, chance: _grouped(token, chance, chance.choice("-‐‑–—")),
    "spaces": lambda token, chance: _grouped(token, chance, chance.choice(_SPACES)),
    "dots and rules": lambda token, chance: _grouped(token, chance, chance.choice("._/·|,:'")),
    "stars": lambda token, chance: f"*{_parted(token, chance, '*')}*",
    "invisible signs": lambda token, chance: _joined(token, chance, _INVISIBLE),
    "directions": lambda token, chance: f"\u202b{_joined(token, chance, _DIRECTIONS)}\u202c",
    "accents below": lambda token, chance: _joined(token, chance, "\u0332\u0335\u0301"),
    "question marks": lambda token, chance: _joined(token, chance, "?\ufffd"),
    "mojibake": lambda token, chance: _parted(
        token, chance, chance.choice(("â€‹", "Â\u00ad", "Â\u00a0", "ï»¿"))
    ),
    "full width": lambda token, _chance: _shifted(token, 0xFF21, 0xFF10),
    "mathematical": lambda token, _chance: _shifted(token, 0x1D670, 0x1D7F6),
    "mathematical, bold": lambda token, _chance: _shifted(token, 0x1D400, 0x1D7CE),
    "in circles": _circled,
    "look-alikes": _lookalike,
    "glued to words": lambda token, chance: f"{chance.choice(('see', 'R', 'RT1', 'RT', 'ID'))}{token}please",
    "line break": lambda token, chance: _parted(token, chance, "\n"),
    "two line breaks": lambda token, chance: _parted(_parted(token, chance, "\n"), chance, "\n"),
    "odd line break": _odd_line_break,
    "undecoded quoted-printable": _undecoded_qp,
    "entities": _entities,
    "invisible entities": _invisible_entities,
    "escaped again": _escaped_again,
    "escaped tags": lambda token, chance: html.escape(_tagged(token, chance)),
    "tags": _tagged,
    "link behind a piece": _link_behind_a_piece,
    "percent-escapes": _percent,
    "all percent-escapes": _all_percent,
}

# What stands in HTML between other tags; a damage of a text is escaped first, as the program that shows it would.
IN_HTML: dict[str, Damage] = {
    "entities": _entities,
    "invisible entities": _invisible_entities,
    "escaped again": _escaped_again,
    "tags": _tagged,
    "tags and entities": lambda token, chance: _tagged(_parted(token, chance, "\n"), chance).replace(
        "\n", "&shy;"
    ),
    "in an attribute": lambda token, chance: f'<img alt="{chance.choice(("ref ", ""))}{token}" src="cid:1">',
}

IN_SUBJECT: dict[str, Damage] = {
    name: IN_TEXT[name]
    for name in (
        "none",
        "lower case",
        "mixed case",
        "hyphens",
        "spaces",
        "invisible signs",
        "directions",
        "full width",
        "mathematical",
        "look-alikes",
        "glued to words",
        "entities",
        "escaped again",
        "mojibake",
    )
}

IN_ADDRESS: dict[str, Damage] = {
    "none": lambda token, _chance: f"support+{token}@support.example",
    "lower case": lambda token, _chance: f"support+{token.lower()}@support.example",
    "plus stripped": lambda token, _chance: f"support{token}@support.example",
    "plus for another sign": lambda token, chance: f"support{chance.choice('-=_#.')}{token}@support.example",
    "plus escaped": lambda token, chance: (
        f"support{chance.choice(('%2B', '=2B', '%252B'))}{token}@support.example"
    ),
    "quoted": lambda token, _chance: f'"support+{token}"@support.example',
    "SRS": lambda token, _chance: f"SRS0=x7Zk=AB=support.example=support+{token}@forward.example",
    "SRS twice": lambda token, _chance: (
        f"SRS1=4c=f.example==x7Zk=AB=support.example=support+{token}@forward.example"
    ),
    "BATV": lambda token, _chance: f"prvs=0123ab4567=support+{token}@support.example",
    "BATV, its other form": lambda token, _chance: f"btv1==0123ab4567==support+{token}@support.example",
    "VERP": lambda token, _chance: f"bounces+12-ab-support+{token}=support.example@sender.example",
    "percent hack": lambda token, _chance: f"support+{token}%support.example@relay.example",
    "source route": lambda token, _chance: f"@relay.example:support+{token}@support.example",
    "X.500": lambda token, _chance: f"IMCEASMTP-support+2B{token}+40support+2Eexample@northwind.example",
    "hyphens": lambda token, chance: f"support+{_grouped(token, chance, '-')}@support.example",
}


def _encoded_word(token: str, _chance: random.Random) -> str:
    return f"=?utf-8?b?{base64.b64encode(f'<{token}.1@support.example>'.encode()).decode()}?="


def _encoded_in_pieces(token: str, chance: random.Random) -> str:
    pieces = [f"=?us-ascii?q?{piece}?=" for piece in re.findall(".{1,9}", f"<{token}.1@support.example>")]
    return chance.choice(("\r\n ", " ")).join(pieces)


IN_THREAD: dict[str, Damage] = {
    "none": lambda token, _chance: f"<{token}.thread@support.example>",
    "lower case": lambda token, _chance: f"<{token.lower()}.0123456789abcdef@support.example>",
    "without brackets": lambda token, _chance: f"{token}.0123456789abcdef@support.example",
    "folded inside": lambda token, chance: (
        f"<{_parted(token, chance, chr(13) + chr(10) + ' ')}.1@support.example>"
    ),
    "encoded word": _encoded_word,
    "encoded words": _encoded_in_pieces,
    "cut at its end": lambda token, _chance: f"<x@y.example> <{token}.0123",
    "behind others": lambda token, chance: " ".join(
        [*(f"<{chance.randrange(10**9)}@n.example>" for _other in range(40)), f"<{token}.1@support.example>"]
    ),
    "old style": lambda token, _chance: f'Your message of "Mon, 2 Mar 2026" <{token}.1@support.example>',
    "commas": lambda token, _chance: f"<a@b.example>,<{token}.1@support.example>,",
    "escaped": lambda token, _chance: f"<%3C{token}.thread%40support.example%3E@gateway.example>",
}
