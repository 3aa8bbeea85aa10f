"""Senders' domains for tests: a zone that answers, and mail that is signed for real.

The keys are for tests only and open nothing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import dkim
from nacl.signing import SigningKey

from email_in.proof.questions import NameServersAreSilent, NoAnswerYet

DOMAIN = "northwind.example"
ALICE = f"alice@{DOMAIN}"
EVIL = "evil.example"
HOST = "11.22.33.44"  # of Northwind's mail server
ELSEWHERE = "55.66.77.88"

_RSA = (
    "MIIEowIBAAKCAQEApMAv8pX/bkILBUl7Tt2SuBe8Ci5RRw73TJv2OLYQ5EnsG00ob0vflqJ6ePCNgRrfTatcvbwQRLUdOVyJ/syU"
    "HeB/OLcRXB0mQ9Xi888YzX9NsQP53F5TQG6QelsPuMHoT+r1bug4hlGThiETORizhp0ueLszP+LNrP+XRNCr2zfO2aNNexlUYoLs"
    "rcTb/yfzwAULU0EOiZW7XqOR2ub7bWHDy1KVpLpBXvuarHx251jWdbApgfvTPp5Vg2Epyd+z99Pbjn/PpiGx3tk3naDibFp5WphG"
    "Wdbnls7dIKk2T2mKwe0krBJS0mP2Q8SRivh/C3vmvj0DKMyxLJZoD7RN6QIDAQABAoIBAFAofAu1JILyWidX4cl07/JnBeQUNhJz"
    "OyqIhYuBNgXE275K074W9fH2Gs2mCMtEllpVYnmkO2wajN4AYtnYksZYmL2xAJ7HRftiYRqL7D7rzhKu4w5vzGTAhsYpcSRNIClm"
    "IcU08m+T2Em95Pr2RD7eUiKGvoA6ayTddK2UM9Gj9NwApdnijfx5OKOcLVKjRxplgCjunYTx07DxOWOK5fVft3TGNw1ohbpbGD56"
    "nqEOf7JkRQTiRQnAb+FUXrtI7pDPMNI033CbOMr/U/9wcHgX2OAyr2uJuqzliJPpQBVQF5U9j4ny9GnOl620JaO/hLq2iCiHBBME"
    "8vcQVDZjovsCgYEA2wcOduLsWDe0QQlsG+yYuBtmJ4kdclbgpI84g0Av7Vl7umFypK1V4R2LSmPBsv2e67WYn7l0rLa8TZ3a4x/I"
    "iqWl5rYsVmlP0Knb+VuXynIKxVpzWP9K5gMfV8TX70PW/MJxzK0c/Zb9rUdsNCKDKXLSqYVSczIW6t1zWDpEiAsCgYEAwI+j0QnZ"
    "AAt0VlESolYle+XGYaUATSIW9IOxvLIZhjSkLTFK7ySWegMPE2+JSfeQ+UddL5syY/fx0VpdbDJAipeTWuNFdnS0a4cgqjTp2gF2"
    "UPsiTQgBQ6yg4JAGJzIbleY7KW9I6A4Aov2XSxeHsAkGigKdQFdM6zpcZR5VFlsCgYEAp+rtB/BJSgjKxOG4ZGArZVp8IutYDATX"
    "DNJQfS+Eju7/kJCNF/tbz86ar1lzcwpGAGekry+7Z35hNxBCc8Y2NTVxz0LzEvyCGHNhFfdGlAqCf3Ms45o1jcnvCZb8BY95Dybz"
    "n/tIMpLDwUj0h7O94tUI9LYl0/Me5skIWSeyyqkCgYBg4ON+LAIs75ZcRvWlDspVB0lDnwwDwn7iDc/CK6iDyMBArGgS4MmEIT3Y"
    "fWkI+bDKeYj8hoxXl0rmFRyjbrTiBVhxhZ5Q9m4/GwDoIS72K34nR/H952UbcyKNWGiAF8mhJO/m7MI1XbYcSpFviisN+bx8esw6"
    "rrFYN0h850HPuQKBgBAeonayFlZ+OArPcYA54b+heosXOqqopNXbSUni/JinrnqoAxbKrTFR2bopZfRLmSxaNfg0+bB+8jmhpj+k"
    "+bt8QbWMEd/pzNNmf8PWZWY0MMOjT1Dro+jIoABc7Da+1JSTt2wbOg90FTSNjtQz09M7Wubn0PM/qUOc8kgucEEk"
)
_RSA_PUBLIC = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApMAv8pX/bkILBUl7Tt2SuBe8Ci5RRw73TJv2OLYQ5EnsG00ob0vflqJ6"
    "ePCNgRrfTatcvbwQRLUdOVyJ/syUHeB/OLcRXB0mQ9Xi888YzX9NsQP53F5TQG6QelsPuMHoT+r1bug4hlGThiETORizhp0ueLsz"
    "P+LNrP+XRNCr2zfO2aNNexlUYoLsrcTb/yfzwAULU0EOiZW7XqOR2ub7bWHDy1KVpLpBXvuarHx251jWdbApgfvTPp5Vg2Epyd+z"
    "99Pbjn/PpiGx3tk3naDibFp5WphGWdbnls7dIKk2T2mKwe0krBJS0mP2Q8SRivh/C3vmvj0DKMyxLJZoD7RN6QIDAQAB"
)
_SHORT = (
    "MIIBzAIBAAJhAOOOwkLxOKtz58EG+zpp1GWhZaFJsZG7fx8vHKsJLgf0piBkJVOOOIRgH7LpxZ5rYv98rnftoVB8rFcsKEPPRL8/"
    "+EzW4wsx3l0sbs7WtcZkGFOWO+vyMYkX7oYTsktEvQIDAQABAmEAjtpyDYBNaSTsGnt9f6AsXFjD6krPFIO2PCdhQeYTZZ8qIy97"
    "V0bzJ/cIL1MeYmNapZxyL645/qIHclZP73zlgEV3ese6kvUc0+dKnybTIiQir7fkwMxV8nG8sYthQXTBAjEA9f3HyJwyihOa7p4a"
    "SXvoSAF8wo+fV4Q/7zcYxjRVSOF90MwI/z/9Fooe74jhcrxpAjEA7ND5plfIEqiygLlZGGY4oVam2J9qEIrjFKRXuTQD+Gf6rApZ"
    "M0A07Y8ylxOwq8s1AjEA84SN+IyYg5Qw9jPRthlRs6a1SS5BAbRMTpXukphQLVv832x9I6LG+z80rNCGzryxAjAjFU522zhTs1RG"
    "h67wU2x+UmUDYJKJAtpjW3l3gYI5EcZsKFhQpGly7Cz1fsBEoyUCMQDEk+3gieree+L4XUMwQ1SPUJBPU+bcJEdRvgC/95oFqzGR"
    "doulhJmbHpC8wAyDojA="
)
_SHORT_PUBLIC = (
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAOOOwkLxOKtz58EG+zpp1GWhZaFJsZG7fx8vHKsJLgf0piBkJVOOOIRgH7LpxZ5rYv98"
    "rnftoVB8rFcsKEPPRL8/+EzW4wsx3l0sbs7WtcZkGFOWO+vyMYkX7oYTsktEvQIDAQAB"
)
_ED25519 = SigningKey(b"a key for tests, of 32 octets ..")
_BEGIN, _END = "-----BEGIN RSA PRIVATE KEY-----\n", "\n-----END RSA PRIVATE KEY-----\n"

RSA = f"{_BEGIN}{_RSA}{_END}".encode()
SHORT = f"{_BEGIN}{_SHORT}{_END}".encode()
ED25519 = b64encode(bytes(_ED25519))

RSA_RECORD = f"v=DKIM1; k=rsa; p={_RSA_PUBLIC}"
SHORT_RECORD = f"v=DKIM1; p={_SHORT_PUBLIC}"
ED25519_RECORD = f"v=DKIM1; k=ed25519; p={b64encode(bytes(_ED25519.verify_key)).decode()}"


def letter(sender: str = f"Alice <{ALICE}>", text: str = "We run version 4.2.", extra: str = "") -> bytes:
    """Return a mail as it leaves its writer."""
    head = f"From: {sender}\r\nTo: support@support.example\r\nSubject: Re: the switch\r\n{extra}"
    return f"{head}\r\n{text}\r\n".encode()


def signature(
    raw: bytes, domain: str = DOMAIN, selector: str = "s1", key: bytes = RSA, **wishes: Any
) -> bytes:
    """Return the signature field for a mail, by dkimpy."""
    wishes.setdefault("canonicalize", (b"relaxed", b"relaxed"))
    if key is ED25519:
        wishes["signature_algorithm"] = b"ed25519-sha256"
    signer = dkim.DKIM(raw, minkey=512)
    field: bytes = signer.sign(selector.encode(), domain.encode(), key, **wishes)
    return field


def signed(raw: bytes, domain: str = DOMAIN, selector: str = "s1", key: bytes = RSA, **wishes: Any) -> bytes:
    """Return the mail with its signature on top."""
    return signature(raw, domain, selector, key, **wishes) + raw


@dataclass
class Zone:
    """A Resolver over what a test says: texts by name, addresses by name; some names fail."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    troubled: set[str] = field(default_factory=set)
    is_silent: bool = False
    asked: list[str] = field(default_factory=list)

    def ask(self, name: str, kind: str, seconds: float) -> tuple[str, ...]:  # noqa: ARG002
        """Answer as a name server would."""
        self.asked.append(name)
        if self.is_silent:
            raise NameServersAreSilent("no name server answers")
        if name in self.failing:
            raise NoAnswerYet(f"{name} {kind}: Timeout")
        records = {"TXT": self.texts, "A": self.addresses, "MX": self.addresses}.get(kind, {})
        return tuple(records.get(name, ()))

    def let_rest(self, owner: str) -> None:
        """Note whose mail met with trouble."""
        self.troubled.add(owner)

    def rests(self, owner: str) -> bool:  # noqa: ARG002
        """Let nobody rest: here no time passes."""
        return False

    def is_answering(self) -> bool:
        """Say whether it answers."""
        return not self.is_silent


def zone(
    dmarc: str = "v=DMARC1; p=reject", spf: str = f"v=spf1 ip4:{HOST} -all", **others: Iterable[str]
) -> Zone:
    """Return Northwind's zone, and that of somebody evil who has everything right for a domain of their own."""
    texts = {
        f"_dmarc.{DOMAIN}": [dmarc],
        DOMAIN: ["a site verification", spf],
        f"s1._domainkey.{DOMAIN}": [RSA_RECORD],
        f"s2._domainkey.{DOMAIN}": [ED25519_RECORD],
        f"short._domainkey.{DOMAIN}": [SHORT_RECORD],
        f"s1._domainkey.mail.{DOMAIN}": [RSA_RECORD],
        f"s1._domainkey.{EVIL}": [RSA_RECORD],
        f"_dmarc.{EVIL}": ["v=DMARC1; p=reject"],
        EVIL: [f"v=spf1 ip4:{ELSEWHERE} -all"],
    }
    kept = {name: [text for text in records if text] for name, records in texts.items()}
    return Zone(kept | {name: list(records) for name, records in others.items()})
