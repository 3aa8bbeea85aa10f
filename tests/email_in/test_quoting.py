"""The sender's own words, and the history quoted with them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_in.quoting import REPLY_MARKER, OwnWords, own_words

INTRODUCTIONS = [
    'On Mon, Feb 1, 2016 at 4:58 AM -0800, "Some One" <a@example.com> wrote:',
    "On Thu, Jun 20, 2013 at 4:18 PM, a very long name via the forum <\na@example.com> wrote:",
    "On 28 Jan 2016, at 19:04, Some One wrote:",
    "Some One <a@example.com> wrote:",
    "Am 03.02.2016 3:35 nachm. schrieb Max Muster <a@example.com>:",
    "Max Muster <a@example.com> schrieb am Di., 16. Aug. 2016\num 12:52 Uhr:",
    'Le 4 janv. 2016 19:03, "Anne"\n<a@example.com>\na écrit :',
    "El jueves, 21 de noviembre de 2013, ana escribió:",
    "Il giorno 26 marzo 2016 alle 13.16 Sam <a@example.com> ha scritto:",
    "Em 2 de fevereiro de 2015 10:58, ana <\na@example.com> escreveu:",
    "Op 2 feb. 2015 om 05:28 heeft Jan <a@example.com> het volgende geschreven:",
    "Den 15. jun. 2016 kl. 20.42 skrev Jan <a@example.com>:",
    '23 mar 2017 21:25 "Jan" <a@example.com> napisał(a):',
    "понедельник, 6 октября 2014 г. пользователь jan написал:",
    '30 серп. 2016 р. 20:45 "Jan" <a@example.com> пише:',
    "2017-02-05 13:29 GMT+02:00 Jan <\na@example.com>:",
    "2016年2月2日(火) 5:28 Jan <a@example.com>:",
    "Jan <a@example.com> 于2016年2月2日周二 上午5:28写道：",
    "-----Original Message-----",
    "-----Ursprüngliche Nachricht-----",
    "-------- Message d'origine --------",
    "-----Mensaje original-----",
    "---------- Forwarded message ----------",
    "________________________________\nFrom: Ann <a@example.com>\nSent: Monday\nTo: Bob\nSubject: Case",
    "*From:* Ann\n*Sent:* Monday\n*To:* Bob\n*Subject:* Case",
    "Von: Ann\nGesendet: Montag\nAn: Bob\nBetreff: Fall",
    "De : Ann\nEnvoyé : lundi\nÀ : Bob\nObjet : Cas",
    "差出人: Ann\n送信日時: 2016\n宛先: Bob\n件名: x",
    "> any earlier line",
    REPLY_MARKER,
    "> > " + REPLY_MARKER,
    "Reference ID: R01, please keep this line",
    "> Reference ID: R01",
]


@pytest.mark.parametrize("introduction", INTRODUCTIONS)
def test_history_is_parted_from_the_answer(introduction):
    text = f"It works now.\n\nThanks, Ann\n\n{introduction}\n\n> old words\n"
    assert own_words(text).own == "It works now.\n\nThanks, Ann"


def test_the_introduction_above_our_own_line_is_history_too():
    text = f"Done.\n\nAnn said to us on Monday:\n> {REPLY_MARKER}\n> Reference ID: R01"
    assert own_words(text).own == "Done.\n\nAnn said to us on Monday:"
    text = f"Done.\n\nOn 1 Feb 2016, Ann <a@example.com> wrote:\n> {REPLY_MARKER}\n> Reference ID: R01"
    assert own_words(text).own == "Done."


def test_our_own_line_counts_more_than_what_resembles_an_introduction():
    text = f"On 3 May 2024 at 10:32 the server wrote:\n\nERROR 5\n\nPlease help.\n\n{REPLY_MARKER}\nold"
    assert own_words(text) == OwnWords(text.split("\n\n--")[0], f"\n{REPLY_MARKER}\nold")


def test_a_history_without_marks_may_hold_marked_lines():
    text = "Done.\n\nFrom: Ann\nSent: Monday\nTo: Bob\nSubject: Case\n\nDear Bob,\n> older\nRegards"
    assert own_words(text).own == "Done."


def test_a_signature_below_the_quote_is_no_answer():
    text = "Done.\n\n> old words\n\n--\nAnn\nCustomer Ltd"
    assert own_words(text).own == "Done."


SHOWN_WHOLE = [
    ("no history", "It works now."),
    ("nothing", ""),
    ("only a quote", "> old words"),
    ("an answer below the quote", "On 1 Feb 2016, Ann <a@example.com> wrote:\n> Does it work?\n\nYes."),
    (
        "answers between the quotes",
        "See below.\n\nOn 1 Feb 2016, Ann <a@example.com> wrote:\n> One?\nYes.\n> Two?\nNo.",
    ),
    ("answers among quotes without introduction", "> One?\nYes.\n> Two?"),
    ("only a forwarded mail", "---------- Forwarded message ----------\nFrom: Ann\n\nlook at this"),
    ("the marker on top", f"{REPLY_MARKER}\nReference ID: R01, please keep this line\nmy answer is here"),
    ("a Reference ID that the sender typed", "Hello,\nReference ID: R01\nthe disk is full"),
    ("a log with a time", "At 10:32 the server wrote:\nERROR 5"),
    ("a sentence with the verb", "As I wrote in point 3:\nno dial tone"),
    ("a trace of a call", 'Trace:\nFrom: "1" <sip:1@example.com>;tag=5\nDate: today\nSubject: x\n'),
    ("a colon line far from a date", "On this day\n\nI wrote something\n\nwhich was interesting:"),
]


@pytest.mark.parametrize("text", [row[1] for row in SHOWN_WHOLE], ids=[row[0] for row in SHOWN_WHOLE])
def test_in_doubt_everything_is_shown(text):
    assert own_words(text) == OwnWords(text, "")


PIECES = st.sampled_from(
    [
        *INTRODUCTIONS,
        "",
        "> quoted",
        "words of mine",
        "--",
        "________________",
        "On 1 Feb 2016",
        "wrote:",
        "\x0b \x85x",
    ]
)


@given(st.lists(PIECES | st.text(max_size=20), max_size=12).map("\n".join))
def test_no_word_is_lost(text):
    parted = own_words(text)
    assert parted.own.split() + parted.quoted.split() == text.split()


@pytest.mark.parametrize(
    "text",
    [
        ">" * 200_000,
        "> " * 500_000,
        ">\n" * 200_000,
        "\n" * 1_000_000,
        "x" * 1_000_000,
        "x y " * 250_000,
        "On 2016 <a@b\n" * 70_000,
        "On x:\n" * 150_000,
        "From: x\n" * 120_000,
        "-" * 1_000_000,
        ("_" * 20 + "\n") * 45_000,
        "Reference ID:\n" * 70_000,
        "\t " * 500_000,
        ("x" * 99 + ":\n") * 10_000,
        "> " + REPLY_MARKER + "\n" + "a\n> b\n" * 150_000,
    ],
    ids=lambda text: repr(text[:14]),
)
def test_hostile_text_takes_linear_time(text):
    begin = time.process_time()
    own_words(text)
    assert time.process_time() - begin < 2
