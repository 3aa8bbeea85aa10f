"""The whole program, built by plain constructors from settings. Production, demo and tests call the same ones."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from core import crashpoints
from core.clock import Clock, SystemClock
from core.identifiers import ReferenceMint
from core.pins import PinKeys
from core.store.blobs import BlobStore, FolderBlobs
from core.store.database import Database
from core.unit_of_work import Core, House
from email_in.proof.questions import Resolver
from email_in.sender import SenderCheck, SenderRules
from email_in.smtp_tls import TlsFiles
from intake.settings import Settings, SettingsAreWrong


def build_core(settings: Settings, clock: Clock | None = None) -> Core:
    """Return the case core. Raises SettingsAreWrong when a secret is missing."""
    if settings.crash_at:
        crashpoints.arm(settings.crash_at)
    for name in ("secret_key", "pin_key"):
        if not getattr(settings, name).get_secret_value():
            wanted = f"INTAKE_{name.upper()}"
            raise SettingsAreWrong(f"{wanted} is not set: set it, or {wanted}_FILE, to a long random text")
    clock = clock or SystemClock()
    return Core(Database(settings.database_url), _blobs(settings), clock, _house(settings))


def _blobs(settings: Settings) -> BlobStore:
    # The machine's clock, whatever the time is held at: a gateway beside us puts files by it.
    return FolderBlobs(Path(settings.blob_url.removeprefix("file://")), SystemClock())


def _house(settings: Settings) -> House:
    return House(
        mint=ReferenceMint(settings.installation, settings.secret_key.get_secret_value().encode()),
        pin_keys=_pin_keys(settings),
        chance=secrets.SystemRandom(),
        mail_domain=settings.mail_domain,
        rulebook=settings.rulebook,
        address_rules=settings.address_rules,
        file_rules=settings.file_rules,
    )


def _pin_keys(settings: Settings) -> PinKeys:
    given = [settings.pin_key.get_secret_value(), settings.pin_key_previous.get_secret_value()]
    keys = {_key_id(key): key.encode() for key in given if key}
    return PinKeys(_key_id(given[0]), keys)


def _key_id(key: str) -> str:
    return hashlib.sha256(b"pin key id:" + key.encode()).hexdigest()[:16]


def tls_files(settings: Settings) -> TlsFiles | None:
    """Return where the certificate of the SMTP server is, None where there is none."""
    certificate, key = settings.smtp_tls_certificate, settings.smtp_tls_key
    return TlsFiles(Path(certificate), Path(key or certificate)) if certificate else None


def sender_rules(settings: Settings) -> SenderRules:
    """Return how senders are checked, with a resolver where that takes one."""
    check, trusted = SenderCheck(settings.sender_check), frozenset(settings.trusted_authserv_ids)
    is_ours = check is not SenderCheck.OFF and not trusted
    resolver = _resolver(settings) if is_ours else None
    return SenderRules(check, trusted, resolver, settings.dns_seconds)


def _resolver(settings: Settings) -> Resolver:
    # Here, because importing it would cost each command a tenth of a second.
    from email_in.proof.dns import DnsResolver

    return DnsResolver(settings.dns_servers)
