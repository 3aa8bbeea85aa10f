"""May a person answer this mail from triage? PURE.

REFUSALS is the table, asked from the top; what no row refuses may be answered, to the one address of its From
and to nobody else. A machine's mail gets no answer, whoever writes it: two machines would talk to each other
for ever (E7, RFC 3834 2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.addresses import is_plain_address
from core.rules.policy import Denied
from email_in.machine import Author, Kind


@dataclass(frozen=True)
class Writer:
    """Who wrote the mail, as far as it says: `address` is that of its From, None where that is not one and clear."""

    author: Author
    address: str | None
    envelope_sender: str
    is_ours: bool


@dataclass(frozen=True)
class Refusal:
    """A row of the table: when it applies, what it answers."""

    denied: Denied
    applies: Callable[[Writer], bool]


def _row(reason: str, rule: str, words: str, applies: Callable[[Writer], bool]) -> Refusal:
    return Refusal(Denied(reason, rule, words), applies)


REFUSALS: tuple[Refusal, ...] = (
    _row(
        "own-mail",
        "E7",
        "It is a mail of this gateway that came back; it is not answered.",
        lambda writer: writer.author.kind is Kind.OWN,
    ),
    _row(
        "bounce",
        "E7",
        "It is a delivery report; nobody would read an answer.",
        lambda writer: writer.author.kind is Kind.BOUNCE,
    ),
    _row(
        "automatic",
        "E7",
        "It is an automatic mail; a machine gets no answer.",
        lambda writer: writer.author.kind is not Kind.PERSON,
    ),
    # RFC 5321 4.5.5: whoever sends so asks for no answer of any kind.
    _row(
        "null-sender",
        "E7",
        "It came from the null sender, which is never answered.",
        lambda writer: writer.envelope_sender.strip() in ("", "<>"),
    ),
    _row(
        "sender-unclear",
        "E5",
        "It does not say clearly who wrote it, so an answer could reach anybody.",
        lambda writer: writer.address is None,
    ),
    _row(
        "our-own-address",
        "E7",
        "Its sender is an address of ours, and an answer would come back.",
        lambda writer: writer.is_ours,
    ),
    # What leaves is for every mail host, so an address that needs SMTPUTF8 (RFC 6531) cannot be written to.
    _row(
        "address-unusable",
        "N6",
        "Its sender's address is not one that every mail host takes; please reach the sender another way.",
        lambda writer: writer.address is not None and not is_plain_address(writer.address),
    ),
)


def why_not(writer: Writer) -> Denied | None:
    """Return why the mail may not be answered, or None when it may."""
    return next((row.denied for row in REFUSALS if row.applies(writer)), None)
