"""One mail that must link: an answer to a notice of ours, in which some carriers are left, each of them damaged.

A carrier is a place that our notice put its Reference ID into. Of half of all mails only one is left.
"""

from __future__ import annotations

import html
import random
import re
from dataclasses import dataclass, field
from email.header import Header

from bench.planting import carriers, clients, damages, gateways
from bench.planting.clients import CLIENTS, LANGUAGES, Client, Language
from bench.planting.notices import NOTICES, Notice, notice
from bench.planting.shells import Letter, as_bytes

SUPPORT = "support@support.example"
SENDER = "alice@northwind.example"
_OWN = (
    "Version 4.2.",
    "Ja, seit Montag.\nViele Grüße",
    "Oui, merci !",
    "はい、お願いします。",
    "Да, спасибо.",
    "ok",
)
_PREFIXES = (
    "Re: ",
    "RE: ",
    "AW: ",
    "Antw: ",
    "SV: ",
    "RE: [External] ",
    "Re: Fwd: ",
    "回复: ",
    "TR: Re: ",
    "",
)
_FORMS = ("text", "text", "html", "both", "both")
_GONE = "[id]"  # what stands where a Reference ID was taken out


@dataclass
class Planted:
    """A mail, its envelope's recipients, and what it was made of; `case` is what it must link to."""

    raw: bytes
    recipients: tuple[str, ...]
    case: int
    token: str
    client: str
    carrier: str
    damages: dict[str, str] = field(default_factory=dict)  # by carrier


def plant(seed: int) -> Planted:
    """Return the mail that this seed makes, the same each time."""
    chance = random.Random(f"answer {seed}")
    told = notice(chance.randrange(NOTICES))
    kind = chance.random()
    if kind < 0.12 and carriers.mails():
        return _in_public_mail(told, chance)
    return _answer(told, chance)


def _carriers_left(possible: list[str], chance: random.Random) -> list[str]:
    most = 1 if chance.random() < 0.5 else len(possible)
    return chance.sample(possible, chance.randint(1, most))


def _answer(told: Notice, chance: random.Random) -> Planted:
    client, language = chance.choice(CLIENTS), chance.choice(list(LANGUAGES.values()))
    form = chance.choice(_FORMS) if client.html else "text"
    body = {"text": ["text"], "html": ["html", "html link"], "both": ["text", "html", "html link"]}[form]
    left = _carriers_left(
        [*body, "text link", "subject", "to", "envelope", "in-reply-to", "references"], chance
    )
    if form == "html":
        left = [name for name in left if name != "text link"] or ["html"]
    planted = Planted(b"", (SUPPORT,), told.case, told.token, client.name, "own")
    letter = Letter(_fields(told, left, planted, chance))
    own = _own_words(chance)
    if form != "html":
        letter.text = _text(told, client, language, own, left, planted, chance)
    if form != "text":
        letter.html = _html(told, client, language, own, left, planted, chance)
    if chance.random() < 0.1:
        letter.files.append(("text/plain", "log.txt", b"no such file"))
    planted.raw = as_bytes(letter, chance)
    return planted


def _own_words(chance: random.Random) -> str:
    if carriers.replies() and chance.random() < 0.15:
        return chance.choice(carriers.replies())
    return chance.choice(_OWN)


def _in_public_mail(told: Notice, chance: random.Random) -> Planted:
    planted = Planted(b"", (SUPPORT,), told.case, told.token, "none", "public")
    mail = chance.choice(carriers.mails())
    quote = _with_damage(told, "text", planted, chance)
    with_part = carriers.with_part(mail, quote) if chance.random() < 0.6 else None
    if with_part is None:
        planted.damages.clear()
        left = _carriers_left(["subject", "to", "envelope", "in-reply-to", "references"], chance)
        planted.raw = carriers.with_fields(mail, _fields(told, left, planted, chance))
    else:
        planted.raw = with_part
    return planted


# --- the header fields and the envelope -----------------------------------------------------------------------


def _fields(told: Notice, left: list[str], planted: Planted, chance: random.Random) -> list[tuple[str, str]]:
    fields = [
        ("From", f"Alice Archer <{SENDER}>"),
        ("Message-ID", f"<{chance.getrandbits(64):x}@northwind.example>"),
    ]
    fields.append(("Subject", _subject(told, "subject" in left, planted, chance)))
    fields.append(("To", _damaged("to", told.token, planted, chance) if "to" in left else SUPPORT))
    if "envelope" in left:
        planted.recipients = (SUPPORT, _damaged("envelope", told.token, planted, chance))
    for name, field_name in (("in-reply-to", "In-Reply-To"), ("references", "References")):
        if name in left:
            fields.append((field_name, _damaged(name, told.token, planted, chance)))
    return fields


_TABLES = {
    "text": damages.IN_TEXT,
    "html": damages.IN_HTML,
    "subject": damages.IN_SUBJECT,
    "to": damages.IN_ADDRESS,
    "envelope": damages.IN_ADDRESS,
    "in-reply-to": damages.IN_THREAD,
    "references": damages.IN_THREAD,
}


def _damaged(carrier: str, token: str, planted: Planted, chance: random.Random) -> str:
    name = chance.choice(list(_TABLES[carrier]))
    planted.damages[carrier] = name
    return _TABLES[carrier][name](token, chance)


def _subject(told: Notice, carries: bool, planted: Planted, chance: random.Random) -> str:
    """Return an encoded subject; one that does not carry was cut within the Reference ID, or changed."""
    about = chance.choice(_PREFIXES) + told.subject
    if not carries:
        cut = about.rindex(told.token) + chance.randint(0, len(told.token) - 1)
        return _encoded(chance.choice((about[:cut], "A new subject")), chance)
    shown = _damaged("subject", told.token, planted, chance)
    if chance.random() < 0.3:
        about = "…" + about[-40:]
    return _encoded(about.replace(told.token, shown), chance)


def _encoded(subject: str, chance: random.Random) -> str:
    """Encode as programs do: in words of any length, so also cut within the Reference ID; or not at all."""
    how = chance.choice(("utf-8", "utf-8", "raw"))
    line = re.sub(r"[\r\n\x0b\x0c\x85\u2028]", " ", subject)
    if how == "raw":
        return line
    return Header(line, "utf-8", maxlinelen=chance.randint(40, 76), header_name="Subject").encode(
        linesep="\r\n"
    )


# --- the text and the HTML ------------------------------------------------------------------------------------


def _with_damage(told: Notice, carrier: str, planted: Planted, chance: random.Random) -> str:
    return told.text.replace(told.token, _damaged(carrier, told.token, planted, chance))


def _text(
    told: Notice,
    client: Client,
    language: Language,
    own: str,
    left: list[str],
    planted: Planted,
    chance: random.Random,
) -> str:
    notice_text = (
        _with_damage(told, "text", planted, chance)
        if "text" in left
        else told.text.replace(told.token, _GONE)
    )
    lines = notice_text.split("\n")
    if "text link" in left:
        lines.insert(2, f"Reply-To: {SUPPORT} <{_link('text link', told.token, planted, chance)}>")
    if "text" in left and planted.damages["text"] == "none" and chance.random() < 0.7:
        planted.damages["text"] = "re-wrapped"
        lines = _rewrapped(lines, chance)
    subject = told.subject.replace(told.token, _GONE)
    text = clients.quoted_text(client, language, own, subject, lines, chance)
    return "\n".join(_rewrapped(text.split("\n"), chance)) if chance.random() < 0.2 else text


def _rewrapped(lines: list[str], chance: random.Random) -> list[str]:
    """Break lines at a width of 20 to 80 columns, wherever it falls.

    Before the lines are marked, each piece gets its mark; what is broken after that has a mark at the first only.
    """
    width = chance.randint(20, 80)
    return [piece for line in lines for piece in (re.findall(f".{{1,{width}}}", line) or [""])]


def _link(carrier: str, token: str, planted: Planted, chance: random.Random) -> str:
    name = chance.choice(list(gateways.REWRITINGS))
    planted.damages[carrier] = name
    return gateways.REWRITINGS[name](gateways.links(token, chance), chance)


def _html(
    told: Notice,
    client: Client,
    language: Language,
    own: str,
    left: list[str],
    planted: Planted,
    chance: random.Random,
) -> str:
    shown = _html_token(told.token, planted, chance) if "html" in left else _GONE
    body = told.html[told.html.index("<body") : told.html.index("</body>")].replace(told.token, shown)
    if "html link" in left:
        link = html.escape(_link("html link", told.token, planted, chance))
        body = (
            f'<a href="{link}">Reply</a>{body}'
            if chance.random() < 0.5
            else f"<a href='{link}'>here</a>{body}"
        )
    return clients.quoted_html(client, language, own, told.subject.replace(told.token, _GONE), body)


def _html_token(token: str, planted: Planted, chance: random.Random) -> str:
    """Damage the HTML itself, or a text that a program then writes as HTML."""
    if chance.random() < 0.6:
        return _damaged("html", token, planted, chance)
    name = chance.choice(list(damages.IN_TEXT))
    planted.damages["html"] = name
    return html.escape(damages.IN_TEXT[name](token, chance)).replace("\n", "<br>\n")
