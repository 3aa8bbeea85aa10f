"""What the doctor says of settings that name places."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.doctor import examine
from intake.settings import load

SECRETS = {"SECRET_KEY": "a long random text", "PIN_KEY": "another long random text"}


@pytest.mark.parametrize(
    ("given", "ok", "words"),
    [
        ({}, True, "no port or socket is set, so LMTP is not spoken"),
        ({"LMTP_PORT": "2424"}, True, "LMTP is spoken on port 2424 of 127.0.0.1"),
        ({"LMTP_SOCKET": "lmtp"}, True, "LMTP is spoken on lmtp"),
        ({"LMTP_SOCKET": "nowhere/lmtp"}, False, "no socket can be made in nowhere"),
    ],
)
def test_where_lmtp_is_spoken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], ok: bool, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (SECRETS | {"SMARTHOST_URL": "smtp://127.0.0.1:1"} | given).items():
        monkeypatch.setenv(f"INTAKE_{name}", value)
    [found] = [finding for finding in examine(load()) if finding.check == "lmtp"]
    assert (found.ok, found.words) == (ok, words)
