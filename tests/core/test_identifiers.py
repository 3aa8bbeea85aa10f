"""Case numbers and Reference IDs."""

from __future__ import annotations

import html
import random
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import BadInput
from core.identifiers import CROCKFORD, REFERENCE_LENGTH, ReferenceMint, case_number, parse_case_number

MINT = ReferenceMint("D1", b"a key")
seeds = st.integers(0, 2**32).map(random.Random)


def found(text, mint=MINT):
    return list(dict.fromkeys(mint.find(text)))


@given(seeds)
def test_a_reference_id_has_its_form_and_is_found(chance):
    """DESIGN 4: R, the installation, 16 random and 3 check characters, never ten digits in a row."""
    token = MINT.mint(chance)
    assert len(token) == REFERENCE_LENGTH
    assert token.startswith("RD1")
    assert set(token) <= set(CROCKFORD)
    assert re.search(r"\d{10}", token) is None
    assert found(f"Reference ID: {token}, please keep this line") == [token]


DAMAGE = {
    "as it was": lambda token: token,
    "in lower case": str.lower,
    "with hyphens": lambda token: "-".join(re.findall("..?", token)),
    "with spaces": lambda token: " ".join(token),
    "broken over lines and quoted": lambda token: f"> > {token[:9]}\r\n> > {token[9:]}",
    "with a soft line break": lambda token: f"{token[:7]}\n{token[7:]}",
    "with tags inside": lambda token: f"{token[:5]}<wbr>{token[5:12]}</b><b class='x'>{token[12:]}",
    "as entities": lambda token: "".join(f"&#{ord(letter)};" for letter in token),
    "with zero-width characters": lambda token: "\u200b".join(token) + "\ufeff",
    "in full width": lambda token: "".join(chr(ord(letter) + 0xFEE0) for letter in token),
    "with its look-alikes": lambda token: token.replace("1", "l").replace("0", "O"),
    "glued to words": lambda token: f"see{token}please",
    "inside a link": lambda token: f"https://x.example/?u=support%2B{token}%40y",
    "escaped once more": lambda token: html.escape(f"<b>{token}</b>"),
    "with tags inside, escaped": lambda token: html.escape(f"{token[:9]}<wbr>{token[9:]}"),
    "with entities that were escaped twice": lambda token: "&amp;amp;shy;".join(token),
    "with escapes of a link inside": lambda token: f"mailto%3Asupport%2B{'%C2%AD'.join(token)}%40x",
    "in a link inside a link": lambda token: "%252D".join(token),
    "in a link of Proofpoint's": lambda token: (
        f"https://urldefense.proofpoint.com/v2/url?u={'-2D'.join(token)}-40x"
    ),
    "in quoted-printable that nobody decoded": lambda token: (
        f"{token[:5]}=C2=AD{token[5:9]}=20=\n{token[9:]}"
    ),
    "quoted with initials": lambda token: f"AA> {token[:5]}\nAA> {token[5:]}",
    "with the halves of broken signs": lambda token: "\u00cc\u00b2".join(token),
    "in circles": lambda token: "".join(
        chr(0x24B6 + ord(sign) - 65) if sign > "9" else chr(0x245F + int(sign)) if sign > "0" else "\u24ea"
        for sign in token
    ),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@given(seeds)
@example(random.Random(0))
def test_a_damaged_one_is_still_found(damage, chance):
    """E2: whatever mail programs do to it."""
    token = MINT.mint(chance)
    assert found(damage(token)) == [token]


@given(seeds, st.integers(3, REFERENCE_LENGTH - 1), st.sampled_from(CROCKFORD))
def test_a_mistyped_one_is_not_found(chance, place, letter):
    """E2: the check characters are keyed, so a guess passes once in 32,768."""
    token = MINT.mint(chance)
    mistyped = token[:place] + letter + token[place + 1 :]
    expected = MINT._check(mistyped[:-3]) == mistyped[-3:]
    assert found(mistyped) == ([mistyped] if expected else [])


@given(seeds)
def test_one_of_another_installation_or_key_is_not_found(chance):
    """E2."""
    assert found(ReferenceMint("D2", b"a key").mint(chance)) == []
    token = ReferenceMint("D1", b"another key").mint(chance)
    assert MINT._check(token[:-3]) == token[-3:] or found(token) == []


@given(st.text(max_size=2000))
def test_any_text_can_be_searched(text):
    """No text raises."""
    assert isinstance(found(text), list)


def test_a_case_number_is_no_reference():
    """E2: a bare case number does not link."""
    assert found("Re: case 0003256109") == []


@pytest.mark.parametrize("bomb", ["<" * 200_000, "&#" + "9" * 200_000 + ";", "RD1" * 70_000, "&lt;" * 50_000])
@pytest.mark.timeout(5)
def test_no_text_takes_long(bomb):
    """A hostile mail costs bounded time."""
    assert found(bomb) == []


BOMBS = [
    "R01",
    "<",
    "\ufdfa",
    "\u0301\u0327",
    "\uff21",
    "&lt;",
    "&amp;",
    "&",
    "<a ",
    "%25",
    "=3D",
    "\n>",
    "\n   ",
]


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.timeout(3)
def test_no_mail_takes_long(bomb):
    """A hostile mail of 25 MiB costs bounded time."""
    assert found(bomb * (25 * 2**20 // len(bomb)), ReferenceMint("01", b"a key")) == []


@pytest.mark.timeout(3)
def test_near_misses_in_any_number_cost_bounded_time():
    """E2, I17: 100,000 that have the form; of 2,000 that are checked, one in 32,768 is right by chance."""
    near = "\n".join(f"RD1{number:019d}" for number in range(100_000))
    assert len(found(near)) < 5


@pytest.mark.parametrize("place", ["{0}{1}", "{1}{0}"], ids=["above", "below"])
def test_words_that_resemble_the_prefix_do_not_hide_it(place):
    """E2: `Control` begins a candidate for the installation 01, and so a log may hold thousands of them."""
    mint = ReferenceMint("01", b"a key")
    token = mint.mint(random.Random(1))
    assert found(place.format("Control lost, patrol sent.\n" * 8_000, token), mint) == [token]


@given(seeds, st.integers(1, 21))
def test_what_is_torn_apart_by_words_is_not_joined(chance, at):
    """E2: only what is no letter and no digit is passed over. No token has a U, with which the words begin."""
    token = MINT.mint(chance)
    assert token not in found(f"{token[:at]} unless then {token[at:]}")


def test_in_the_middle_of_a_long_text_it_is_found_as_it_stands():
    """E2: a long log above a quote, and a long history below it."""
    token = MINT.mint(random.Random(1))
    log = "error 7 in the log, again and again\n" * 50_000
    assert found(f"{log}> {token[:9].lower()}\n> {token[9:]}\n{log}") == [token]


@pytest.mark.parametrize("place", ["{} {}", "{1} {0}"], ids=["at the top", "at the bottom"])
def test_in_a_long_text_both_ends_are_searched(place):
    """E2: own words stand at the top, what they answer at the bottom."""
    token = MINT.mint(random.Random(1))
    assert found(place.format(token, "and so on " * 500_000)) == [token]


def test_forged_ones_do_not_hide_a_right_one_at_the_other_end():
    """E2: candidates are counted at each end."""
    token = MINT.mint(random.Random(1))
    assert found("RD1" * 500_000 + " and so on " * 50_000 + token) == [token]


@pytest.mark.parametrize("installation", ["", "D", "DD1", "d1", "I1", "D!"])
def test_an_installation_is_two_characters(installation):
    """A code that could not be found again is refused at the start."""
    with pytest.raises(BadInput, match="installation"):
        ReferenceMint(installation, b"key")


def test_a_case_number_has_ten_digits():
    """C1."""
    assert case_number(3256109) == "0003256109"
    assert parse_case_number("0003256109") == "0003256109"


@pytest.mark.parametrize(
    "text", ["", "3256109", "00032561099", "000325610x", " 0003256109", "٠٠٠٣٢٥٦١٠٩", "0003256109\n"]
)
def test_what_is_no_case_number_is_named(text):
    """C1: the error names the value and the form."""
    with pytest.raises(BadInput, match="exactly 10 digits"):
        parse_case_number(text)
