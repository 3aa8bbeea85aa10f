"""One mail that only looks like an answer to a notice, and what must become of it. Each row says why.

`Expected.NOTHING`: no case; `CONFLICT` and `TOO_MANY`: triage, because it is not clear which; a number: that case,
whatever else the mail holds.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from bench.planting import carriers
from bench.planting.answers import SENDER, SUPPORT
from bench.planting.notices import MINT, NOTICES, Notice, notice, token_of, with_token
from bench.planting.shells import Letter, as_bytes
from core.identifiers import CROCKFORD, ReferenceMint
from email_in.references import MOST_REFERENCES


class Expected(Enum):
    """What must become of a near miss that names no one case."""

    NOTHING = "nothing"
    CONFLICT = "conflict"
    TOO_MANY = "too many"


@dataclass(frozen=True)
class NearMiss:
    """A mail, its envelope's recipients, and what must become of it."""

    raw: bytes
    recipients: tuple[str, ...]
    expected: Expected | int
    name: str


# Crockford has no U, so it stands for what is lost; else the next word could begin with just the lost letter.
_NO_LETTER = "U"

Made = tuple[Letter, Expected | int]


def near_miss(seed: int) -> NearMiss:
    """Return the mail that this seed makes, the same each time."""
    chance = random.Random(f"near miss {seed}")
    name = list(ROWS)[seed % len(ROWS)]
    letter, expected = ROWS[name](notice(chance.randrange(NOTICES)), chance)
    recipient = next((value for field, value in letter.fields if field == "To"), SUPPORT)
    return NearMiss(as_bytes(letter, chance), (recipient,), expected, name)


def _letter(text: str = "See above.", html: str = "", subject: str = "Re: broken", **fields: str) -> Letter:
    given = {"From": SENDER, "To": SUPPORT, "Subject": subject} | {
        k.replace("_", "-"): v for k, v in fields.items()
    }
    return Letter(list(given.items()), text, html)


def _in_text(told: Notice, shown: str) -> Made:
    return _letter(
        "\n".join(f"> {line}" for line in told.text.replace(told.token, shown).split("\n"))
    ), Expected.NOTHING


def _in_html(told: Notice, form: str) -> Made:
    return _letter(text="", html=f"<p>See above.</p>{form.format(told.token)}"), Expected.NOTHING


def _attached(kind: str, name: str) -> Callable[[Notice, random.Random], Made]:
    def made(told: Notice, _chance: random.Random) -> Made:
        letter = _letter("The old mail is attached.")
        old = f"From: {SUPPORT}\r\nSubject: {told.subject[-30:]}\r\nMessage-ID: {told.message_id}\r\n\r\n{told.text}"
        letter.files.append((kind, name, old.encode()))
        return letter, Expected.NOTHING

    return made


def _with_one_letter(told: Notice, chance: random.Random) -> Made:
    """Mistype: the check characters tell all but one in 32,768, and those were never given out."""
    at = chance.randint(3, len(told.token) - 1)
    other = chance.choice(CROCKFORD.replace(told.token[at], ""))
    return _in_text(told, told.token[:at] + other + told.token[at + 1 :])


def _with_lost_letter(told: Notice, chance: random.Random) -> Made:
    at = chance.randint(0, len(told.token) - 1)
    return _in_text(told, f"{told.token[:at]}{told.token[at + 1 :]}{_NO_LETTER}")


def _with_swapped_letters(told: Notice, chance: random.Random) -> Made:
    token = told.token
    at = chance.choice([at for at in range(3, len(token) - 1) if token[at] != token[at + 1]])
    return _in_text(told, token[:at] + token[at + 1] + token[at] + token[at + 2 :])


def _with_other_lookalikes(told: Notice, _chance: random.Random) -> Made:
    """Read 8, 5 and 2 as people do, and as Crockford does not: they are letters of their own."""
    read = told.token[:3] + told.token[3:].translate(str.maketrans("852", "BSZ"))
    return _in_text(told, read if read != told.token else read[:-1] + _NO_LETTER)


def _of(mint: ReferenceMint) -> Callable[[Notice, random.Random], Made]:
    return lambda told, chance: _in_text(told, mint.mint(chance))


def _never_given_out(told: Notice, chance: random.Random) -> Made:
    """Ours by its check characters, but of no row: never given out, or revoked since."""
    return _in_text(told, MINT.mint(chance))


def _case_number(told: Notice, _chance: random.Random) -> Made:
    number = f"{told.case + 1:010d}"
    letter = _letter(f"Case {number}", subject=f"Re: case [{number}]", To=f"support+{number}@support.example")
    return letter, Expected.NOTHING


def _random_letters(_told: Notice, chance: random.Random) -> Made:
    words = ["".join(chance.choices(CROCKFORD, k=22)) for _word in range(50)]
    return _letter("\n".join([*words, *(f"RT1{word[3:]}" for word in words)])), Expected.NOTHING


def _other(told: Notice, chance: random.Random) -> Notice:
    return notice((2 * told.case + 2 * chance.randint(1, NOTICES // 2 - 1)) % NOTICES)


def _two_cases(told: Notice, chance: random.Random) -> Made:
    other = _other(told, chance)
    letter, _nothing = _in_text(told, told.token)
    if chance.random() < 0.5:
        letter.text += f"\n> > {other.text}"
    else:
        letter.fields.append(("References", f"{other.message_id} {told.message_id}"))
    return letter, Expected.CONFLICT


def _two_of_one_case(told: Notice, _chance: random.Random) -> Made:
    letter, _nothing = _in_text(told, told.token)
    letter.text += notice(2 * told.case + 1).text + notice(2 * told.case).text
    return letter, told.case


def _too_many(_told: Notice, chance: random.Random) -> Made:
    some = chance.sample(range(NOTICES), MOST_REFERENCES + chance.randint(1, 200))
    return _letter("\n".join(token_of(number) for number in some)), Expected.TOO_MANY


def _many_of_one(told: Notice, _chance: random.Random) -> Made:
    return _letter(f"{told.token}\n" * 2_000), told.case


def _halves(told: Notice, chance: random.Random) -> Made:
    at = chance.randint(5, 17)
    return _letter(
        f"{told.token[at:]} is what the subject says", subject=f"Re: {told.token[:at]}"
    ), Expected.NOTHING


def _words_between(told: Notice, chance: random.Random) -> Made:
    at = chance.randint(5, 17)
    return _in_text(told, f"{told.token[:at]}\nand then\n{told.token[at:]}")


def _opaque_link(told: Notice, _chance: random.Random) -> Made:
    link = base64.b64encode(f"mailto:{told.reply_to}".encode()).decode()
    return _in_text(told, f"https://eu-west-1.protection.sophos.com?d=support.example&u={link}")


def _attached_and_own(told: Notice, chance: random.Random) -> Made:
    letter, _nothing = _attached("message/rfc822", "")(_other(told, chance), chance)
    letter.text += f"\n> {told.text}"
    return letter, told.case


def _only_words(_told: Notice, chance: random.Random) -> Made:
    texts = carriers.replies() or ("The control panel is in order, or it is not.",)
    return _letter("\n\n".join(chance.choices(texts, k=5))), Expected.NOTHING


ROWS: dict[str, Callable[[Notice, random.Random], Made]] = {
    # What is no Reference ID that was given out: the check characters, or else the database.
    "one letter mistyped": _with_one_letter,
    "one letter lost": _with_lost_letter,
    "two letters swapped": _with_swapped_letters,
    "read as B, S and Z": _with_other_lookalikes,
    "backwards": lambda told, _: _in_text(told, told.token[::-1]),
    "of another installation": _of(ReferenceMint("T2", b"test reference key")),
    "of a stranger's key": _of(ReferenceMint("T1", b"another key")),
    "never given out, or revoked": _never_given_out,
    "a bare case number": _case_number,
    "22 letters by chance": _random_letters,
    "only words": _only_words,
    # What was torn apart: pieces are joined within one text, and only over what is no letter and no digit.
    "halves in two places": _halves,
    "words between": _words_between,
    "a link that tells nothing": _opaque_link,
    # What somebody sends along is not what they answer.
    "an attached case mail": _attached("message/rfc822", ""),
    "an attached .eml": _attached("application/octet-stream", "old.eml"),
    "an attached text": _attached("text/plain", "old.txt"),
    "an attached page": _attached("text/html", "old.html"),
    "the name of a file": lambda told, chance: _attached("text/plain", f"{told.token}.txt")(
        with_token("none", 0), chance
    ),
    "an attached case mail, and an answer": _attached_and_own,
    # What no reader has before them, or what no reply repeats.
    "a comment": lambda told, _: _in_html(told, "<!-- {} -->"),
    "a style": lambda told, _: _in_html(told, "<style>.{} {{ }}</style>"),
    "a script": lambda told, _: _in_html(told, '<script type="text/x">{}</script>'),
    "the sender's name": lambda told, _: (_letter(From=f'"{told.token}" <{SENDER}>'), Expected.NOTHING),
    "their own Message-ID": lambda told, _: (_letter(Message_ID=told.message_id), Expected.NOTHING),
    "Reply-To": lambda told, _: (_letter(Reply_To=told.reply_to), Expected.NOTHING),
    "another field": lambda told, _: (_letter(X_Old=told.message_id, Comments=told.token), Expected.NOTHING),
    # Hidden is not absent: programs fold the quote away, and a Reference ID authorises nobody (E5).
    "display: none": lambda told, _: (_in_html(told, '<div style="display:none">{}</div>')[0], told.case),
    # Which of them is for people to say.
    "of two cases": _two_cases,
    "two of one case": _two_of_one_case,
    "too many": _too_many,
    "one, many times": _many_of_one,
}
