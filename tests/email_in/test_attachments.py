"""The files of an update: kept once, or refused, named and told. On both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa

from core import cases, retention, telling
from core.rules.files import FileRules
from core.rules.notices import NoticeKind
from core.rules.terms import SubStatus
from core.store import cases as rows
from core.store import inbox
from core.store.inbox import ReceivedMail
from core.store.schema import outbox
from email_in.sender import SenderRules
from email_in.worker import apply_some
from tests.people import NOW

ALICE, SUPPORT = "alice@northwind.example", "support@support.example"
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(120)
PICTURE = b"\x89PNG\r\n\x1a\n a picture"


class Asked:
    """A case of Alice's, and mails of hers to it."""

    def __init__(self, core, people):
        self.core, self.people, self.case = core, people, people.case().case
        self.reference = core.write(lambda uow: telling.reference_for(uow, self.case.id, ALICE))

    def sends(self, *files, envelope=ALICE):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = ALICE, SUPPORT, f"Re: [{self.reference}]"
        mail.set_content("Please see.")
        for name, media_type, content in files:
            main, _, sub = media_type.partition("/")
            mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
        received = ReceivedMail(envelope, (SUPPORT,), "192.0.2.1", mail.as_bytes())
        self.core.write(lambda uow: inbox.accept(uow.connection, received, uow.now))
        while apply_some(self.core, SenderRules()):
            pass

    def files(self):
        with self.core.reading() as uow:
            return rows.files_of(uow.connection, self.case.id)

    def told(self):
        asked = sa.select(outbox.c.recipient, outbox.c.event_id).where(
            outbox.c.notice == NoticeKind.ATTACHMENT_REFUSED
        )
        with self.core.reading() as uow:
            return [tuple(row) for row in uow.connection.execute(asked)]

    def blobs(self):
        return {digest for _, digests in self.core.blobs.shelves() for digest in digests}


@pytest.fixture
def asked(core, people):
    return Asked(core, people)


def test_a_program_that_is_called_a_pdf_is_named_with_the_reason_and_never_kept(asked):
    """E4."""
    asked.sends(("report.pdf", "application/pdf", PROGRAM), ("trace.log", "text/plain", b"INVITE"))
    refused, kept = asked.files()
    assert (refused["name"], refused["digest"], refused["size"]) == ("report.pdf", "", len(PROGRAM))
    assert refused["refused"] == "its bytes are a program of Windows, whatever its name says"
    assert refused["content_type"] == "application/vnd.microsoft.portable-executable"
    assert kept["refused"] == ""
    assert asked.blobs() == {kept["digest"]}


def test_the_sender_is_told_once_a_day_what_was_refused(asked):
    """E4, E3: each address, reason and day once."""
    asked.sends(("setup.exe", "application/octet-stream", b"x"))
    asked.sends(("again.exe", "application/octet-stream", b"x"))
    [refused, _again] = asked.files()
    assert asked.told() == [(ALICE, refused["event_id"])]


def test_a_sender_whose_return_path_is_another_is_not_told(asked):
    """E4, RFC 3834 4: an answer goes to the writer and nobody else."""
    asked.sends(("setup.exe", "application/octet-stream", b"x"), envelope="bounces@list.example")
    assert len(asked.files()) == 1
    assert asked.told() == []


def test_what_is_kept_is_no_news(asked):
    asked.sends(("a.png", "image/png", PICTURE))
    assert asked.told() == []


def test_the_same_file_resent_twenty_times_is_kept_once(asked):
    asked.sends(*((f"{number}.png", "image/png", PICTURE) for number in range(20)))
    assert len(asked.files()) == 20
    assert len(asked.blobs()) == 1


def test_the_largest_file_is_the_sites_to_set(asked):
    house = replace(asked.core.house, file_rules=FileRules(max_bytes=5))
    asked.core = replace(asked.core, house=house)
    asked.sends(
        ("a.bin", "application/octet-stream", b"123456"), ("b.bin", "application/octet-stream", b"12345")
    )
    assert [file["refused"] for file in asked.files()] == ["it is larger than 5 bytes", ""]


def test_of_a_refused_file_nothing_is_removed(asked, clock):
    """C10, E4: the purge counts what was kept, and why a file was refused stays."""
    asked.sends(("setup.exe", "application/octet-stream", b"x"), ("a.png", "image/png", PICTURE))
    closing = asked.people.analyst()

    def close(uow):
        case = rows.by_id(uow.connection, asked.case.id)
        return cases.close(uow, closing, case, SubStatus.RESOLVED, "Done")

    asked.core.write(close)
    clock.move_to(NOW + timedelta(days=31))
    [purged] = retention.purge(asked.core)
    assert purged.removed.attachments == 1
    refused, removed = asked.files()
    assert refused["purged_at"] is None
    assert removed["purged_at"] is not None
