"""`intake triage …` at the real command line: what it prints, what it refuses, with which exit code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.gateway import ALICE, BOB, SUPPORT, Customer, Gateway, Sink, a_stranger, prepared
from tests.stories.program import Ended, run

ADA = ("--by", "ada@support.example")


class Site:
    """A gateway's command line, and a way for mails to come in."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.number = gateway.open_case(ALICE)

    def receives(self, sender: Customer, words: str, subject: str = "Help", *, envelope: str = "") -> str:
        """Take a mail in, let it be decided, and return the id of its entry."""
        mail = sender.writes(words, subject)
        mail.add_attachment(b"a trace", maintype="text", subtype="plain", filename="trace\x1b[31m.txt")
        self.run("receive", "--sender", envelope or sender.address, SUPPORT, given=mail.as_bytes())
        self.run("worker", "--once")
        return str(self.gateway.read("triage", "list")[-1]["id"])

    def run(self, *words: str, given: bytes = b"") -> Ended:
        return run(words, self.gateway.environment, self.gateway.folder, given)

    def show(self, entry: str) -> str:
        return self.gateway.intake("triage", "show", entry)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("site")
    with prepared(folder, f"sqlite:///{folder}/intake.db", Sink()) as gateway:
        yield Site(gateway)


def test_an_entry_is_shown_with_its_reason_its_words_its_files_and_the_cases_it_may_belong_to(
    site: Site,
) -> None:
    """E3: and nothing of it can steer the terminal."""
    text = "It is \x1b[2Jdown.\n\nOn Monday, Ada <ada@support.example> wrote:\n> It was up."
    entry = site.receives(BOB, text, f"Re: The switch is down, {site.number}")
    told = site.show(entry)
    for words in (
        f"{entry}  no-reference  open",
        "from bob@northwind.example, at 20",
        "Decided by the row 'no-reference' (E2)",
        "No Reference ID was found in it.",
        "[2Jdown.",
        " quoted lines]",
        "(text/plain, 7 bytes)",
        f"{site.number}  Open / New  Northwind  The switch is down",
        "its number stands in the subject",
    ):
        assert words in told
    assert "\x1b" not in told


def test_the_same_is_shown_to_programs(site: Site) -> None:
    """DESIGN 6."""
    entry = site.receives(ALICE, "It is down.", "AW: The switch is down")
    told = site.gateway.read("triage", "show", entry)
    assert told["mail"]["text"].strip() == "It is down."
    assert [file["size"] for file in told["mail"]["attachments"]] == [7]
    [candidate] = told["candidates"]
    assert candidate["number"] == site.number
    assert candidate["because"] == [
        "the sender's case has the same subject",
        "it is an open case of the sender's",
    ]
    assert (told["answer"], told["not_to_be_answered"]) == (None, "")


def test_the_list_takes_filters_and_a_limit(site: Site) -> None:
    """E3."""
    stranger = a_stranger()
    entry = site.receives(stranger, "Hello")
    site.receives(stranger, "Hello again")
    domain = f"@{stranger.address.partition('@')[2]}"
    assert [
        str(row["id"]) for row in site.gateway.read("triage", "list", "--sender", domain, "--limit", "1")
    ] == [entry]
    assert site.gateway.read("triage", "list", "--reason", "case-closed") == []
    assert site.gateway.read("triage", "list", "--case", site.number) == []
    assert site.run("triage", "list", "--case", "12").code == 2
    assert site.run("triage", "list", "--limit", "0").code == 2
    assert stranger.address in site.gateway.intake("triage", "list", "--all")


def test_a_link_is_undone_and_the_case_shows_both(site: Site) -> None:
    """E3: the words stay in the history, withdrawn."""
    entry = site.receives(a_stranger(), "Not for this case.")
    site.gateway.intake("triage", "link", entry, site.number, *ADA)
    told = site.gateway.intake("triage", "undo", entry, "--because", "Wrong company.", *ADA)
    assert (
        told
        == f"Taken out of case {site.number}, which is Open / New as before. Entry {entry} waits again.\n"
    )
    story = site.gateway.intake("case", "show", site.number)
    assert "withdrawn by Ada at 20" in story
    assert "(text/plain, 7 bytes) (withheld)" in story
    update = site.gateway.updates(site.number)[-1]
    assert (update["withdrawn"]["by"], update["withdrawn"]["why"]) == ("Ada", "Wrong company.")
    again = site.run("triage", "undo", entry)
    assert (again.code, "nothing to undo" in again.err) == (1, True)


def test_an_answer_is_read_from_standard_input(site: Site) -> None:
    """E3."""
    stranger = a_stranger()
    entry = site.receives(stranger, "How do I open a case?")
    given = "Please call us.\n\nÄda\n".encode()
    answered = site.run("triage", "answer", entry, *ADA, given=given)
    assert (answered.code, answered.out) == (0, f"The answer to {stranger.address} leaves now.\n")
    told = site.show(entry)
    assert "answered by Ada" in told
    assert "Please call us.\n\nÄda" in told
    undone = site.gateway.intake("triage", "undo", entry)
    assert undone == f"Entry {entry} waits again. Its answer had not left, and does not.\n"


def test_a_machine_is_not_answered_and_people_see_why(site: Site) -> None:
    """E7."""
    entry = site.receives(a_stranger(), "The disk is full.", envelope="<>")
    refused = site.run("triage", "answer", entry, "--text", "Thank you.")
    assert (refused.code, "a machine gets no answer" in refused.err) == (1, True)
    assert "It cannot be answered: It is an automatic mail" in site.show(entry)


@pytest.mark.parametrize("words", [(), ("--text", " "), ("--text", "x" * 20_001)])
def test_an_answer_without_words_or_without_end_is_refused(site: Site, words: tuple[str, ...]) -> None:
    """I17."""
    entry = site.receives(a_stranger(), "Hello?")
    refused = site.run("triage", "answer", entry, *words)
    assert refused.code == 2
    assert "Traceback" not in refused.err
    assert "text is " in refused.err


@pytest.mark.parametrize("entry", ["0", "-1", "99999999999999999999", "one"])
def test_an_entry_of_another_form_is_refused(site: Site, entry: str) -> None:
    assert site.run("triage", "show", entry).code == 2


def test_a_mail_that_cannot_be_shown_says_why(site: Site) -> None:
    """C10, E3: the entry and its reason stay."""
    entry = site.receives(a_stranger(), "Hello?")
    site.gateway.intake("triage", "discard", entry)
    site.gateway.intake("purge", "--as-of", "2099-01-01")
    told = site.show(entry)
    assert "was removed when its time was over" in told
    assert site.run("triage", "answer", entry, "--text", "Too late.").code == 1
