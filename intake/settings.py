"""What a site sets: `INTAKE_*` variables, then a TOML file, then the defaults below.

Each secret can also be read from a file named by `INTAKE_<NAME>_FILE`. The TOML file is named by
`INTAKE_CONFIG`; its keys are the names below. A wrong value stops the start with its name, the value and what
is allowed; a password in a URL is never shown.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from datetime import date, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from core import crashpoints
from core.errors import BadInput, IntakeError
from core.identifiers import CROCKFORD
from core.numbers import dialable
from core.rules.contact_addresses import FREE_MAIL_DOMAINS, ROLE_ADDRESSES, AddressRules
from core.rules.files import BLOCKED, MAX_BYTES, FileRules
from core.rules.terms import CareLevel, Minutes, Priority, Rulebook
from email_in.proof.servers import name_server

PREFIX = "INTAKE_"
LONGEST_SOCKET = 107  # bytes of a path; the system takes no more
MOST_DAYS = 3650  # of any figure in days: ten years
_DATABASES = ("sqlite", "postgresql+psycopg")
_SMART_HOSTS = ("smtp", "smtps", "smtp+starttls")
_PASSWORD = re.compile(r"(?<=://)([^:/@]*):.*@", re.DOTALL)
_ENDING_OR_TYPE = re.compile(r"[a-z0-9_-]{1,20}|[a-z]+/[a-z0-9.+-]{1,80}")
_PASSWORD_PARAMETER = re.compile(r"(password=)[^&'\"\s]+")
_SECRETS = ("secret_key", "pin_key", "pin_key_previous", "twilio_auth_token", "console_password")


class SettingsAreWrong(IntakeError):
    """A setting has a value that it must not have; the message names each."""


def _installation(text: str) -> str:
    if len(text) != 2 or any(letter not in CROCKFORD for letter in text):
        raise ValueError(f"two characters of {CROCKFORD}")
    return text


def _address(text: str) -> str:
    if "@" not in parseaddr(text)[1]:
        raise ValueError("an address such as Support <support@support.example>")
    return text


def _number(text: str) -> str:
    try:
        return dialable(text) if text else ""
    except BadInput as error:
        raise ValueError(f"{error.allowed}, or empty") from None


def _no_slash(text: str) -> str:
    return text.rstrip("/")


def _database(text: str) -> str:
    try:
        url = make_url(text)
        # A password among the parameters would be shown with them.
        is_known = url.drivername in _DATABASES and "password" not in url.query
    except ArgumentError:
        is_known = False
    if not is_known:
        raise ValueError("sqlite:///path/of/file.db or postgresql+psycopg://user:password@host/name")
    return text


def _smart_host(text: str) -> str:
    # The transport has the last word; here a wrong one is named before anything runs.
    parts = urlsplit(text)
    in_the_clear = parts.scheme == "smtp" and parts.password
    if parts.scheme not in _SMART_HOSTS or not parts.hostname or in_the_clear:
        raise ValueError(
            "smtp://host:port, smtps://user:password@host or smtp+starttls://user:password@host; "
            "a password never over smtp://"
        )
    return text


def _none_if_empty(given: Any) -> Any:
    return None if given == "" else given


def _socket(path: str) -> str:
    if len(os.fsencode(path)) > LONGEST_SOCKET:
        raise ValueError(f"the path of a socket, of {LONGEST_SOCKET} bytes at most")
    return path


def _case_link(text: str) -> str:
    if "{number}" not in text:
        raise ValueError("a link with {number} where the case number stands")
    return text


def _rising(days: tuple[int, ...]) -> tuple[int, int, int]:
    if len(days) != 3 or not 0 < days[0] < days[1] < days[2] <= MOST_DAYS:
        raise ValueError("three numbers that rise, such as 2,5,10")
    first, second, third = days
    return first, second, third


def _minutes(figures: tuple[int, ...]) -> Minutes:
    if len(figures) != len(Priority) or min(figures) <= 0:
        raise ValueError("four numbers above 0, Critical to Low, such as 60,240,480,1440")
    critical, high, medium, low = figures
    return critical, high, medium, low


def _minutes_of(figures: dict[CareLevel, tuple[int, ...]]) -> dict[CareLevel, Minutes]:
    return {level: _minutes(minutes) for level, minutes in figures.items()}


def _time_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("a time zone such as Europe/Berlin") from None


def _split_at_commas(given: Any) -> Any:
    """Take a list as JSON or with commas between."""
    if not isinstance(given, str):
        return given
    if given.strip().startswith("["):
        return json.loads(given)
    return [one.strip() for one in given.split(",") if one.strip()]


def _as_json_object(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given or "{}")
    except ValueError:
        raise ValueError('JSON such as {"Premium Care": [60,240,480,1440]}') from None


def _as_dates(given: Any) -> Any:
    """Take dates with commas between; from a TOML file they come as dates."""
    try:
        return [date.fromisoformat(str(one)) for one in _split_at_commas(given)]
    except (TypeError, ValueError):
        raise ValueError("dates such as 2026-12-25, with commas between") from None


def _in_lower_case(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({text.strip().lower() for text in texts} - {""}))


def _name_servers(servers: tuple[str, ...]) -> tuple[str, ...]:
    try:
        for one in servers:
            name_server(one)
    except ValueError:
        raise ValueError("addresses such as 192.0.2.53 or [2001:db8::53]:5353, with commas between") from None
    return servers


def _endings_or_types(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Take endings with their dot or without; a type has a slash."""
    bare = tuple(text.lstrip("*.") for text in texts)
    if any(not _ENDING_OR_TYPE.fullmatch(text) for text in bare):
        raise ValueError(
            "endings such as exe and types such as application/x-executable, with commas between"
        )
    return tuple(sorted(bare))


def _crash_point(text: str) -> str:
    if text and text not in crashpoints.NAMES:
        raise ValueError(f"empty, or one of {', '.join(crashpoints.NAMES)}")
    return text


Figures = Annotated[tuple[int, ...], NoDecode, BeforeValidator(_split_at_commas)]
Texts = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_split_at_commas), AfterValidator(_in_lower_case)
]


class Settings(BaseSettings):
    """Every setting, with its default and what it means."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    database_url: Annotated[str, AfterValidator(_database)] = Field(
        "sqlite:///intake.db", description="SQLite or postgresql+psycopg, as SQLAlchemy writes it"
    )
    blob_url: str = Field("blobs", description="folder of attachments and recordings")
    public_url: Annotated[str, AfterValidator(_no_slash)] = Field(
        "http://127.0.0.1:8080", description="how the telephone provider reaches us"
    )
    smtp_host: str = Field("127.0.0.1", description="address on which mail is taken in")
    smtp_port: int = Field(
        2525, ge=0, le=65535, description="port on which mail is taken in; 0 finds a free one"
    )
    lmtp_host: str = Field("127.0.0.1", description="address on which LMTP is spoken, if it has a port")
    lmtp_port: Annotated[int | None, BeforeValidator(_none_if_empty)] = Field(
        None, ge=0, le=65535, description="port on which LMTP is spoken; 0 finds a free one, empty: none"
    )
    lmtp_socket: Annotated[str, AfterValidator(_socket)] = Field(
        "", description="Unix socket on which LMTP is spoken; empty: none"
    )
    smtp_tls_certificate: str = Field(
        "", description="file with the certificate for STARTTLS and its chain, in PEM; empty: not offered"
    )
    smtp_tls_key: str = Field("", description="file with its key, in PEM; empty: in the same file")
    smtp_max_bytes: int = Field(26_214_400, gt=0, description="largest mail, in bytes")
    attachment_max_bytes: int = Field(
        MAX_BYTES, gt=0, description="largest attachment that is kept, in bytes; a larger one is refused"
    )
    attachment_blocked: Annotated[Texts, AfterValidator(_endings_or_types)] = Field(
        tuple(sorted(BLOCKED)),
        description="endings (exe) and types (application/x-executable) of attachments that are refused, "
        "by name, by label or by their bytes, with commas between",
    )
    web_host: str = Field("127.0.0.1", description="address of webhooks and console")
    web_port: int = Field(
        8080, ge=0, le=65535, description="port of webhooks and console; 0 finds a free one"
    )
    mail_domain: str = Field("support.example", description="domain of our Message-IDs and bounce addresses")
    mail_from: Annotated[str, AfterValidator(_address)] = Field(
        "Technical Support <support@support.example>", description="who our mail is from, and is answered to"
    )
    smarthost_url: Annotated[str, AfterValidator(_smart_host)] = Field(
        "smtp://127.0.0.1:25",
        description="where mail leaves: smtp://, smtps:// or smtp+starttls://user:password@host",
    )
    case_url: Annotated[str, AfterValidator(_case_link)] = Field(
        "https://portal.support.example/cases/{number}",
        description="link to a case in mails; {number} is its number",
    )
    support_number: Annotated[str, AfterValidator(_number)] = Field(
        "", description="our telephone number, as mails print it and analysts see it; E.164"
    )
    fallback_number: Annotated[str, AfterValidator(_number)] = Field(
        "", description="who is rung when a turn of the phone menu fails; E.164"
    )
    installation: Annotated[str, AfterValidator(_installation)] = Field(
        "01", description="two characters in every Reference ID that tell this installation from others"
    )
    secret_key: SecretStr = Field(SecretStr(""), description="what Reference IDs are checked with")
    pin_key: SecretStr = Field(
        SecretStr(""), description="what PINs are derived with; keep it out of the backups"
    )
    pin_key_previous: SecretStr = Field(
        SecretStr(""), description="the PIN key before, while PINs are issued anew"
    )
    twilio_account_sid: str = Field(
        "", description="the only account whose webhooks are served; empty: no phone"
    )
    twilio_auth_token: SecretStr = Field(SecretStr(""), description="what webhooks are signed with")
    console_password: SecretStr = Field(
        SecretStr(""), description="password of the console; empty: no console"
    )
    sender_check: Literal["off", "hold-failing", "require-pass"] = Field(
        "off", description="what is asked of a sender before a mail may change a case"
    )
    trusted_authserv_ids: Texts = Field(
        (),
        description="names of our own mail servers in Authentication-Results, with commas between: they are believed "
        "instead of a check of our own; unnamed: fields without a name, as Microsoft 365 writes them",
    )
    dns_servers: Annotated[Texts, AfterValidator(_name_servers)] = Field(
        (),
        description="name servers that are asked about senders, with commas between, such as 192.0.2.53 or "
        "[2001:db8::53]:5353; empty: those of the system",
    )
    dns_seconds: float = Field(
        8.0,
        gt=0,
        le=20,
        description="seconds that all questions about the sender of one mail may take together",
    )
    followup_days: Annotated[Figures, AfterValidator(_rising)] = Field(
        (2, 5, 10), description="days of reminder 1, reminder 2 and closing"
    )
    reopen_days: int = Field(
        30,
        gt=0,
        le=MOST_DAYS,
        description="days in which a closed case can be reopened, and after which its files are removed",
    )
    feature_request_days: int = Field(
        365, gt=0, le=MOST_DAYS, description="days in which customers see a closed feature request"
    )
    escalation_hours: int = Field(
        24,
        ge=0,
        le=24 * MOST_DAYS,
        description="hours without an update after which a High case can be escalated",
    )
    response_minutes: Annotated[Figures, AfterValidator(_minutes)] = Field(
        (60, 240, 480, 1440),
        description="minutes to the first response for Critical, High, Medium and Low; "
        "Business Care Plus and Premium Care halve the first three",
    )
    response_minutes_of: Annotated[
        dict[CareLevel, tuple[int, ...]],
        NoDecode,
        BeforeValidator(_as_json_object),
        AfterValidator(_minutes_of),
    ] = Field(
        default_factory=dict,
        description='the same for the care levels that differ, as JSON: {"Premium Care": [60,240,480,1440]}',
    )
    acknowledge_business_days: int = Field(
        1, gt=0, le=MOST_DAYS, description="business days to the acknowledgement of a service request"
    )
    decide_business_days: int = Field(
        2, gt=0, le=MOST_DAYS, description="business days to the acceptance or rejection of a service request"
    )
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "UTC", description="whose midnight begins a business day"
    )
    holidays: Annotated[tuple[date, ...], NoDecode, BeforeValidator(_as_dates)] = Field(
        (), description="dates that are no business days, besides weekends, with commas between"
    )
    hard_bounces: int = Field(
        3,
        gt=0,
        le=50,
        description="mails in a row that come back for good until a contact counts as out of reach",
    )
    hard_bounce_days: int = Field(
        30, gt=0, le=MOST_DAYS, description="days that are looked back for mails that came back"
    )
    free_mail_domains: Texts = Field(
        tuple(sorted(FREE_MAIL_DOMAINS)),
        description="domains that no contact's main address may have, with commas between",
    )
    role_addresses: Texts = Field(
        tuple(sorted(ROLE_ADDRESSES)),
        description="what no contact's main address may have before the @, with commas between",
    )
    crash_at: Annotated[str, AfterValidator(_crash_point)] = Field(
        "", description="for tests: die at this crash point, as by kill -9"
    )

    @model_validator(mode="after")
    def _can_check_signatures(self) -> Self:
        if self.twilio_account_sid and not self.twilio_auth_token.get_secret_value():
            raise ValueError("INTAKE_TWILIO_AUTH_TOKEN is not set; without it anybody could sign a webhook")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the TOML file behind the environment; the library does not do so by itself."""
        config = os.environ.get(f"{PREFIX}CONFIG")
        if not config:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=Path(config))

    @property
    def mail_from_address(self) -> str:
        """The address of mail_from, without its name."""
        return parseaddr(self.mail_from)[1]

    @property
    def shown_database(self) -> str:
        """The database as messages show it, without a password."""
        return make_url(self.database_url).render_as_string(hide_password=True)

    @property
    def rulebook(self) -> Rulebook:
        """The figures of the rules."""
        return Rulebook(
            followup_days=_rising(self.followup_days),
            reopen_days=self.reopen_days,
            feature_request_days=self.feature_request_days,
            escalation_pause=timedelta(hours=self.escalation_hours),
            response_minutes=_minutes(self.response_minutes),
            response_minutes_of=_minutes_of(self.response_minutes_of),
            acknowledge_business_days=self.acknowledge_business_days,
            decide_business_days=self.decide_business_days,
            time_zone=self.time_zone,
            holidays=frozenset(self.holidays),
            hard_bounces=self.hard_bounces,
            hard_bounce_days=self.hard_bounce_days,
        )

    @property
    def address_rules(self) -> AddressRules:
        """Which main addresses a contact may have (A6)."""
        return AddressRules(frozenset(self.free_mail_domains), frozenset(self.role_addresses))

    @property
    def file_rules(self) -> FileRules:
        """Which attachments are kept (E4)."""
        return FileRules(self.attachment_max_bytes, frozenset(self.attachment_blocked))

    def listed(self) -> list[tuple[str, str, str]]:
        """Return (variable, value, meaning) of every setting; a secret as `set` or `not set`."""
        rows, as_json = [], self.model_dump(mode="json")
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            shown = (
                ("set" if value.get_secret_value() else "not set")
                if isinstance(value, SecretStr)
                else _without_password(_written(as_json[name]))
            )
            rows.append((PREFIX + name.upper(), shown, field.description or ""))
        return rows


def load() -> Settings:
    """Return the settings of this process. Raises SettingsAreWrong naming every wrong one."""
    _check_config()
    try:
        given: dict[str, Any] = dict(_secrets_from_files())
        return Settings(**given)
    except ValidationError as error:
        raise SettingsAreWrong("\n".join(dict.fromkeys(_told(one) for one in error.errors()))) from None
    except SettingsError as error:  # a list that is not written as JSON
        raise SettingsAreWrong(f"{error}; a list is written as [2,5,10]") from None


def _check_config() -> None:
    """Refuse a TOML file that is not there, is no TOML or holds a key that is no setting; all else is validated."""
    config = os.environ.get(f"{PREFIX}CONFIG")
    if not config:
        return
    try:
        keys = tomllib.loads(Path(config).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsAreWrong(f"{PREFIX}CONFIG: {config} cannot be read: {error.strerror}") from None
    except ValueError as error:  # no TOML, or not in UTF-8
        raise SettingsAreWrong(f"{PREFIX}CONFIG: {config} must be TOML: {error}") from None
    unknown = sorted(set(keys) - set(Settings.model_fields))
    if unknown:
        raise SettingsAreWrong(
            f"{PREFIX}CONFIG: {config} has keys that are no settings: {', '.join(unknown)}"
        )


def _secrets_from_files() -> dict[str, str]:
    secrets = {}
    for name in _SECRETS:
        path = os.environ.get(f"{PREFIX}{name.upper()}_FILE")
        if path:
            try:
                secrets[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsAreWrong(
                    f"{PREFIX}{name.upper()}_FILE: {path} cannot be read: {error.strerror}"
                ) from None
    return secrets


def _told(error: Any) -> str:
    words: str = error["msg"].removeprefix("Value error, ")
    if not error["loc"]:  # it is about several settings, and names them
        return words
    name = str(error["loc"][0])
    # The value of a secret is not repeated.
    value = "" if name in _SECRETS else f" is {_without_password(repr(error['input']))}"
    return f"{PREFIX}{name.upper()}{value}: {words}"


def _written(value: Any) -> str:
    """Return a value, as JSON has it, in the form in which a variable holds it."""
    if value is None or isinstance(value, str):
        return value or ""
    is_plain = isinstance(value, list) and all(isinstance(one, str | int) for one in value)
    return ", ".join(map(str, value)) if is_plain else json.dumps(value, ensure_ascii=False)


def _without_password(text: str) -> str:
    return _PASSWORD_PARAMETER.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))
