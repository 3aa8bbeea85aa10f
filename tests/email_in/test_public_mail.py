"""Real mail of other people, read as data; skipped where the folder of it is absent."""

import os
from pathlib import Path

import pytest

from email_in.headers import Headers
from email_in.machine import Kind, written_by
from email_in.message import read_mail
from email_in.quoting import own_words


def _folder_of_public_mail() -> Path:
    """Return INTAKE_TEST_MAIL, or a folder `mail` next to the checkout that has the public collections in it."""
    if given := os.environ.get("INTAKE_TEST_MAIL"):
        return Path(given)
    beside = Path(__file__).parents[3].glob("*/mail/bounces/expected.tsv")
    return next((file.parents[1] for file in beside), Path("mail"))


FOLDER = _folder_of_public_mail()
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the folder of public mail is absent: {FOLDER}")


def files(*below: str) -> list[Path]:
    return sorted(path for path in FOLDER.joinpath(*below).rglob("*") if path.is_file())


def envelope_sender(headers: Headers) -> str:
    """Return what the receiving server noted; where it noted nothing, an address, which proves nothing."""
    return (*headers.raw("Return-Path"), "unknown@example.com")[0].strip()


def kinds(*below: str) -> dict[str, Kind]:
    mails = {path.name: read_mail(path.read_bytes()) for path in files(*below)}
    return {name: written_by(mail, envelope_sender(mail.headers)).kind for name, mail in mails.items()}


def test_every_file_is_read():
    mails = [read_mail(path.read_bytes()) for path in files()]
    assert len(mails) > 500


def test_reports_and_vacation_notes_are_not_taken_for_people():
    found = kinds("bounces", "eml")
    people = [name for name, kind in found.items() if kind is Kind.PERSON]
    print(f"\nnot a person: {len(found) - len(people)} of {len(found)}; taken for people: {people}")  # noqa: T201
    assert len(people) <= 0.05 * len(found)


def test_what_only_looks_like_a_report_is_no_bounce():
    assert Kind.BOUNCE not in kinds("bounces", "not-bounces").values()


def test_vacation_notes_are_automatic():
    notes = {name: kind for name, kind in kinds("bounces", "eml").items() if name.startswith("rfc3834")}
    assert set(notes.values()) == {Kind.AUTOMATIC}


def test_no_reply_loses_a_word():
    for path in files("quotes", "emails"):
        text = path.read_text()
        parted = own_words(text)
        assert parted.own.split() + parted.quoted.split() == text.split(), path.name


def test_replies_show_at_least_the_senders_own_words():
    """A reply may show more than its sender wrote, never less."""
    exact, shorter = 0, []
    for path in files("quotes", "emails"):
        own = own_words(path.read_text()).own.split()
        wanted = (FOLDER / "quotes" / "trimmed" / path.name).read_text().split()
        exact += own == wanted
        if " ".join(wanted) not in " ".join(own):
            shorter.append(path.name)
    print(f"\nexactly the sender's own words: {exact} replies; shown less: {shorter}")  # noqa: T201
    assert shorter == []
