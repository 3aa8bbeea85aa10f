"""What a site sets for the mail that leaves."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parseaddr
from functools import cached_property

from core.errors import BadInput

_NUMBER = "{number}"


@dataclass(frozen=True)
class MailSettings:
    """Who our mail is from, and what it points at.

    `mail_from`: the From field, as `Northwind Support <support@support.example>`; `mail_domain`: where our
    bounce addresses and Message-IDs live; `case_url`: the link to a case, with `{number}` in it;
    `installation`: the two characters that name this installation; `support_number`: what customers call,
    empty where mails shall name none. Raises BadInput.
    """

    mail_from: str
    mail_domain: str
    case_url: str
    installation: str
    support_number: str = ""

    def __post_init__(self) -> None:
        """Refuse what no mail could be sent with."""
        if "@" not in self.from_address:
            raise BadInput(
                "mail_from", self.mail_from, "an address, such as Support <support@support.example>"
            )
        if _NUMBER not in self.case_url:
            raise BadInput("case_url", self.case_url, f"a link with {_NUMBER} where the case number stands")

    @cached_property
    def from_name(self) -> str:
        """The display name of the From field; may be empty."""
        return parseaddr(self.mail_from)[0]

    @cached_property
    def from_address(self) -> str:
        """The address of the From field."""
        return parseaddr(self.mail_from)[1]

    def link_to(self, case_number: str) -> str:
        """Return the link to a case."""
        return self.case_url.replace(_NUMBER, case_number)
