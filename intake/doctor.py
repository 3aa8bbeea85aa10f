"""What has to be right for the gateway to work, checked one by one."""

from __future__ import annotations

import importlib
import os
import smtplib
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core import directory
from core.enrolment.findings import findings as directory_findings
from core.store.migrations import is_current
from email_in.sender import SenderCheck
from email_in.smtp_tls import Certificate
from intake.assembly import build_core, sender_rules, tls_files
from intake.settings import PREFIX, Settings

_PACKAGES = ("core", "email_in", "ivr", "notifier", "intake")


_SHORTEST_KEY = 16  # characters


@dataclass(frozen=True)
class Finding:
    """One check: what it looked at, whether it is right, and what to do where it is not."""

    check: str
    ok: bool
    words: str


def examine(settings: Settings) -> list[Finding]:
    """Return every finding; nothing is changed."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _packages,
        _variables,
        _keys,
        _database,
        _blobs,
        _smart_host,
        _smtp_tls,
        _lmtp,
        _senders,
        _phone,
        _on_call,
        _directory,
    )
    return [finding for check in checks for finding in _guarded(check, settings)]


def _guarded(check: Callable[[Settings], Iterator[Finding]], settings: Settings) -> list[Finding]:
    name = check.__name__.strip("_").replace("_", " ")
    try:
        return list(check(settings))
    except Exception as error:
        return [Finding(name, ok=False, words=f"{type(error).__name__}: {error}")]


def _packages(_settings: Settings) -> Iterator[Finding]:
    # `intake` and `notifier` are also names of other people's distributions.
    homes = {str(Path(str(importlib.import_module(name).__file__)).parent.parent) for name in _PACKAGES}
    words = homes.pop() if len(homes) == 1 else f"imported from several places: {', '.join(sorted(homes))}"
    yield Finding("packages", not homes, words)


def _variables(settings: Settings) -> Iterator[Finding]:
    known = {name for name, _value, _meaning in settings.listed()} | {f"{PREFIX}CONFIG", f"{PREFIX}BY"}
    given = {name for name in os.environ if name.startswith(PREFIX)}
    unknown = sorted(name for name in given if name.removesuffix("_FILE") not in known)
    words = (
        f"no setting has the name {', '.join(unknown)}" if unknown else "every INTAKE_ variable is a setting"
    )
    yield Finding("variables", not unknown, words)


def _keys(settings: Settings) -> Iterator[Finding]:
    keys = {"INTAKE_SECRET_KEY": settings.secret_key, "INTAKE_PIN_KEY": settings.pin_key}
    short = [name for name, key in keys.items() if len(key.get_secret_value()) < _SHORTEST_KEY]
    words = f"shorter than {_SHORTEST_KEY} characters: {', '.join(short)}" if short else "long enough"
    yield Finding("keys", not short, words)


def _database(settings: Settings) -> Iterator[Finding]:
    database = build_core(settings).database
    try:
        migrated = is_current(database)
        yield Finding("database", migrated, settings.shown_database if migrated else "run intake migrate")
        findings = database.durability_findings()
        yield Finding(
            "durability", not findings, "; ".join(findings) or "what is accepted survives a power cut"
        )
    finally:
        database.close()


def _blobs(settings: Settings) -> Iterator[Finding]:
    folder = Path(settings.blob_url.removeprefix("file://"))
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder):
        yield Finding("blobs", ok=True, words=f"{folder.resolve()} can be written")


def _smart_host(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.smarthost_url)
    with smtplib.SMTP(parts.hostname or "", parts.port or 25, timeout=10) as host:
        code, _reply = host.noop()
        yield Finding("smart host", code == 250, f"{parts.hostname}:{parts.port or 25} answers {code}")


def _smtp_tls(settings: Settings) -> Iterator[Finding]:
    files = tls_files(settings)
    if files is None:
        yield Finding("smtp tls", ok=True, words="no certificate is set, so STARTTLS is not offered")
        return
    Certificate(files)
    yield Finding("smtp tls", ok=True, words=f"STARTTLS is offered with {files.certificate}")


def _lmtp(settings: Settings) -> Iterator[Finding]:
    port = f"port {settings.lmtp_port} of {settings.lmtp_host}" if settings.lmtp_port is not None else ""
    places = " and ".join(place for place in (port, settings.lmtp_socket) if place)
    folder = Path(settings.lmtp_socket).parent
    if settings.lmtp_socket and not os.access(folder, os.W_OK | os.X_OK):
        yield Finding("lmtp", ok=False, words=f"no socket can be made in {folder}")
    else:
        words = f"LMTP is spoken on {places}" if places else "no port or socket is set, so LMTP is not spoken"
        yield Finding("lmtp", ok=True, words=words)


def _senders(settings: Settings) -> Iterator[Finding]:
    rules = sender_rules(settings)
    if rules.check is SenderCheck.OFF:
        # The owner may want it so, and the demo does; that it is so should be seen.
        words = "INTAKE_SENDER_CHECK is off: whoever knows a Reference ID can write in a contact's name"
        yield Finding("senders", ok=True, words=words)
    elif rules.trusted:
        yield Finding(
            "senders", ok=True, words=f"believed are the results of {', '.join(sorted(rules.trusted))}"
        )
    elif rules.resolver is not None:
        answers = rules.resolver.is_answering()
        words = "the name servers answer" if answers else "no name server answers: see INTAKE_DNS_SERVERS"
        yield Finding("senders", answers, words)


def _phone(settings: Settings) -> Iterator[Finding]:
    if not settings.twilio_account_sid:
        yield Finding("phone", ok=True, words="no account is set, so there is no phone menu")
        return
    has_token = bool(settings.twilio_auth_token.get_secret_value())
    yield Finding(
        "phone",
        has_token,
        "account and token are set" if has_token else "INTAKE_TWILIO_AUTH_TOKEN is not set",
    )
    safe = settings.public_url.startswith("https://") or "127.0.0.1" in settings.public_url
    yield Finding("public url", safe, settings.public_url if safe else f"{settings.public_url} must be https")


def _on_call(settings: Settings) -> Iterator[Finding]:
    core = build_core(settings)
    try:
        with core.reading() as uow:
            names = [analyst.name for analyst in directory.on_call(uow, product="")]
        yield Finding(
            "on call", bool(names), ", then ".join(names) or "nobody is on call now: callers reach no human"
        )
    finally:
        core.database.close()


def _directory(settings: Settings) -> Iterator[Finding]:
    core = build_core(settings)
    try:
        with core.reading() as uow:
            found = directory_findings(uow)
    finally:
        core.database.close()
    # What the rules have reported and not blocked is the customers' affair, and not wrong with the gateway.
    few = [one.subject for one in found if one.rule == "A8"]
    words = "every Sold To has two Designated Contacts, every grant its ground"
    if found:
        named = f": {', '.join(few[:5])}{' and others' if len(few) > 5 else ''}" if few else ""
        words = (
            f"{len(few)} Sold Tos with fewer than two Designated Contacts (A8){named}; "
            f"{len(found)} findings in all, see intake directory check"
        )
    yield Finding("directory", ok=True, words=words)
