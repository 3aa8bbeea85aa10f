"""Fuzzing of the reader of mail: no exception escapes, and no bound of time or memory breaks.

    .venv/bin/python -m pip install atheris          # not in the lock: it has no wheel for every Python
    .venv/bin/python bench/fuzz_reader.py CORPUS [SEEDS ...] -max_total_time=3600 -timeout=2 -rss_limit_mb=600

libFuzzer's options follow the folders; what it finds to be interesting is kept in CORPUS. An input that fails is
written to the working folder: make it small, and put it into tests/email_in/test_hostile_mail.py. Each input is
read, parted, searched for Reference IDs and judged, as the worker does it.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["email_in"]):
    from email_in.machine import written_by
    from email_in.message import read_mail
    from email_in.quoting import own_words
    from email_in.references import found_references
    from email_in.sender import one_sender, proof_of

from core.identifiers import ReferenceMint

MINT = ReferenceMint("01", b"a key for fuzzing")


def one_input(raw: bytes) -> None:
    """Read a mail as the worker does, and check what is promised of every reading."""
    mail = read_mail(raw)
    parted = own_words(mail.text)
    if parted.own.split() + parted.quoted.split() != mail.text.split():
        raise AssertionError("a word was lost")
    found_references(mail, ("support@support.example",), MINT.find)
    written_by(mail, "somebody@example.com", "01")
    proof_of(one_sender(mail) or "", mail.headers.raw("Authentication-Results"), "mx.example")
    for text in (mail.text, mail.html, mail.subject, *(file.name for file in mail.attachments)):
        text.encode()  # a lone surrogate would stop the database
        if "\0" in text:
            raise AssertionError("a NUL is left in the text")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
