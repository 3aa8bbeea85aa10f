"""Hard mails of other people, with what other readers see in them; skipped where the folder of them is absent."""

from __future__ import annotations

import pytest

from bench.corpora import folder_of_public_mail, mime
from email_in.message import read_mail
from email_in.quoting import own_words

FOLDER = folder_of_public_mail()
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the folder of public mail is absent: {FOLDER}")


def test_what_other_readers_see_otherwise_is_explained():
    """E4: headers, text and files are those of the golden files, but for a list with reasons, which has no others."""
    mails = mime.measured(FOLDER)
    differences = {one.where for mail in mails for one in mail.differences}
    assert len(mails) > 90
    assert differences == set(mime.EXPLAINED)


def test_every_public_mail_can_be_kept_and_shown():
    """I17, E4: no exception, and nothing that a database does not take."""
    paths = [path for path in FOLDER.rglob("*") if path.suffix in (".eml", ".msg")]
    assert len(paths) > 400
    for path in paths:
        mail = read_mail(path.read_bytes())
        parted = own_words(mail.text)
        told = "".join(
            (parted.own, parted.quoted, mail.html, mail.subject, *(f.name for f in mail.attachments))
        )
        assert "\0" not in told, path.name
        told.encode()
