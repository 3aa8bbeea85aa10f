"""Where settings come from, and that a wrong one stops the start with its name, its value and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake.settings import Settings, SettingsAreWrong, load
from tests.stories.program import parsed, run

SECRETS = {"INTAKE_SECRET_KEY": "a long random text", "INTAKE_PIN_KEY": "another long random text"}

WRONG = {
    "a port beyond the last": ("SMTP_PORT", "70000", "less than or equal to 65535"),
    "an LMTP port that is no number": ("LMTP_PORT", "lmtp", "valid integer"),
    "a socket with too long a path": ("LMTP_SOCKET", f"/{'x' * 107}", "of 107 bytes at most"),
    "a port that is no number": ("WEB_PORT", "http", "valid integer"),
    "a size of nothing": ("SMTP_MAX_BYTES", "0", "greater than 0"),
    "an installation of three characters": (
        "INSTALLATION",
        "ABC",
        "two characters of 0123456789ABCDEFGHJKMNPQRSTVWXYZ",
    ),
    "an installation in lower case": (
        "INSTALLATION",
        "ab",
        "two characters of 0123456789ABCDEFGHJKMNPQRSTVWXYZ",
    ),
    "a sender that is no address": (
        "MAIL_FROM",
        "Support",
        "an address such as Support <support@support.example>",
    ),
    "an unknown sender check": ("SENDER_CHECK", "maybe", "'off', 'hold-failing' or 'require-pass'"),
    "a name server that is a name": ("DNS_SERVERS", "dns.example", "addresses such as 192.0.2.53"),
    "no time for the DNS": ("DNS_SECONDS", "0", "greater than 0"),
    "days that do not rise": ("FOLLOWUP_DAYS", "[5,2,10]", "three numbers that rise, such as 2,5,10"),
    "no days to reopen": ("REOPEN_DAYS", "0", "greater than 0"),
    "three response targets": ("RESPONSE_MINUTES", "[60,240,480]", "four numbers above 0, Critical to Low"),
    "a response before the question": ("RESPONSE_MINUTES", "[0,240,480,1440]", "four numbers above 0"),
    "targets of no care level": ("RESPONSE_MINUTES_OF", '{"Gold": [1,2,3,4]}', "'Business Care'"),
    "targets that are no JSON": ("RESPONSE_MINUTES_OF", "Gold", "JSON such as"),
    "more days than anybody lives": ("REOPEN_DAYS", "9999999", "less than or equal to 3650"),
    "a time zone that is none": ("TIME_ZONE", "Berlin", "a time zone such as Europe/Berlin"),
    "a holiday that is no date": ("HOLIDAYS", "Easter", "dates such as 2026-12-25"),
    "a database that is no URL": ("DATABASE_URL", "intake.db", "sqlite:///"),
    "a database that is not known": ("DATABASE_URL", "oracle://x/y", "sqlite:///"),
    "a smart host without a scheme": ("SMARTHOST_URL", "mail.example:25", "smtp://"),
    "a password in the clear": ("SMARTHOST_URL", "smtp://me:hidden@mail.example", "smtps://"),
    "a link without a number": ("CASE_URL", "https://portal.example/", "{number}"),
    "an attachment that is no ending": ("ATTACHMENT_BLOCKED", "exe, a program", "endings such as exe"),
    "attachments of nothing": ("ATTACHMENT_MAX_BYTES", "0", "greater than 0"),
    "a crash point that is none": ("CRASH_AT", "somewhere", "inbox.accept.committed"),
}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of whoever runs the tests."""
    for name in Settings.model_fields:
        for variable in (f"INTAKE_{name.upper()}", f"INTAKE_{name.upper()}_FILE", "INTAKE_CONFIG"):
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("name", "value", "allowed"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_stops_the_start(tmp_path: Path, name: str, value: str, allowed: str) -> None:
    environment = SECRETS | {"INTAKE_DATABASE_URL": f"sqlite:///{tmp_path}/intake.db"}
    ended = run(("run",), environment | {f"INTAKE_{name}": value}, tmp_path)
    assert ended.code == 2, ended.err
    assert "Traceback" not in ended.err
    assert f"INTAKE_{name}" in ended.err
    assert allowed in ended.err
    assert "hidden" not in ended.err
    if "hidden" not in value and not value.startswith(("[", "{")):
        assert value in ended.err


def test_every_wrong_value_is_named_at_once(tmp_path: Path) -> None:
    wrong = {"INTAKE_SMTP_PORT": "mail", "INTAKE_INSTALLATION": "?"}
    ended = run(("migrate",), SECRETS | wrong, tmp_path)
    assert ended.code == 2
    assert all(name in ended.err for name in wrong)


@pytest.mark.parametrize("missing", SECRETS)
def test_a_missing_secret_stops_the_start(tmp_path: Path, missing: str) -> None:
    ended = run(("migrate",), {name: text for name, text in SECRETS.items() if name != missing}, tmp_path)
    assert ended.code == 2
    assert ended.err == f"intake: {missing} is not set: set it, or {missing}_FILE, to a long random text\n"
    assert not (tmp_path / "intake.db").exists()


def test_each_secret_is_read_from_a_file(tmp_path: Path) -> None:
    environment = {}
    for name, text in SECRETS.items():
        file = tmp_path / name
        file.write_text(f"{text}\n", encoding="utf-8")
        environment[f"{name}_FILE"] = str(file)
    assert run(("migrate",), environment, tmp_path).code == 0
    shown = {
        row["setting"]: row["value"] for row in parsed(run(("settings", "--json"), environment, tmp_path))
    }
    assert {shown[name] for name in SECRETS} == {"set"}


def test_a_secret_from_a_file_is_the_same_as_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("a token\n", encoding="utf-8")
    monkeypatch.setenv("INTAKE_TWILIO_AUTH_TOKEN_FILE", str(file))
    assert load().twilio_auth_token.get_secret_value() == "a token"


def test_a_secret_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = run(("migrate",), SECRETS | {"INTAKE_PIN_KEY_FILE": "/nowhere/pin"}, tmp_path)
    assert ended.code == 2
    assert (
        ended.err == "intake: INTAKE_PIN_KEY_FILE: /nowhere/pin cannot be read: No such file or directory\n"
    )


def test_no_secret_is_shown(tmp_path: Path) -> None:
    ended = run(("settings",), SECRETS | {"INTAKE_CONSOLE_PASSWORD": "open sesame"}, tmp_path)
    assert ended.code == 0
    for secret in (*SECRETS.values(), "open sesame"):
        assert secret not in ended.out


def test_a_toml_file_is_read_and_the_environment_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "intake.toml"
    file.write_text(
        'mail_domain = "mail.example"\nsmtp_port = 2600\nfollowup_days = [1, 2, 3]\nsecret_key = "of the file"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("INTAKE_CONFIG", str(file))
    monkeypatch.setenv("INTAKE_SMTP_PORT", "2700")
    settings = load()
    assert (settings.mail_domain, settings.smtp_port) == ("mail.example", 2700)
    assert settings.rulebook.followup_days == (1, 2, 3)
    assert settings.secret_key.get_secret_value() == "of the file"


@pytest.mark.parametrize(
    ("text", "named"),
    [('smtp_port = "mail"', "SMTP_PORT"), ("smtp_port = ", "INTAKE_CONFIG"), (None, "INTAKE_CONFIG")],
    ids=["a wrong value", "no TOML", "no file"],
)
def test_a_wrong_toml_file_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, named: str
) -> None:
    file = tmp_path / "intake.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("INTAKE_CONFIG", str(file))
    with pytest.raises(SettingsAreWrong, match=named):
        load()


def test_a_misspelt_key_of_the_toml_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "intake.toml"
    file.write_text("smpt_port = 25\n", encoding="utf-8")
    monkeypatch.setenv("INTAKE_CONFIG", str(file))
    with pytest.raises(SettingsAreWrong, match="smpt_port"):
        load()


def test_the_database_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_DATABASE_URL", "postgresql+psycopg://me:hidden@db/intake")
    shown = str(load().listed())
    assert "hidden" not in shown
    assert "postgresql+psycopg://me:***@db/intake" in shown


def test_the_smart_host_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_SMARTHOST_URL", "smtps://me:hidden@mail.example")
    assert "hidden" not in str(load().listed())


def test_an_account_without_its_token_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty key would sign, and check, anybody's webhook."""
    monkeypatch.setenv("INTAKE_TWILIO_ACCOUNT_SID", "AC1")
    with pytest.raises(SettingsAreWrong, match="INTAKE_TWILIO_AUTH_TOKEN is not set"):
        load()


def test_a_password_among_the_parameters_of_a_url_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be shown with them."""
    monkeypatch.setenv("INTAKE_DATABASE_URL", "postgresql+psycopg://host/db?user=u&password=hunter2")
    with pytest.raises(SettingsAreWrong, match="INTAKE_DATABASE_URL") as wrong:
        load()
    assert "hunter2" not in str(wrong.value)
