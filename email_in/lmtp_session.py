"""One LMTP session (RFC 2033): the SMTP session of email_in.smtp_session, with one reply for each recipient.

For a mail server that hands mail over and keeps the queue itself. The greeting is LHLO, and HELO and EHLO are
not known. A mail to several addresses of ours is kept once, so the replies after its final dot are all alike;
what differs for each recipient was said at RCPT.
"""

from __future__ import annotations

from email_in import smtp_replies
from email_in.smtp_session import SmtpSession


class LmtpSession(SmtpSession):
    """The dialogue with one client that speaks LMTP."""

    protocol = "LMTP"
    not_greeted = smtp_replies.NOT_GREETED_LMTP

    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802
        """Greet, as EHLO does (RFC 2033, 4.1)."""
        await super().smtp_EHLO(arg)

    async def smtp_HELO(self, _arg: str) -> None:  # noqa: N802
        """Refuse the greeting of SMTP, so that nobody takes one protocol for the other (RFC 2033, 4.1)."""
        await self.push(smtp_replies.UNKNOWN_COMMAND)

    async def smtp_EHLO(self, _arg: str) -> None:  # noqa: N802
        """Refuse the greeting of ESMTP."""
        await self.push(smtp_replies.UNKNOWN_COMMAND)

    def _told(self, reply: str) -> str:
        """Return the reply once for each recipient that was taken, in their order (RFC 2033, 4.2)."""
        assert self.envelope is not None
        return "\r\n".join([reply] * len(self.envelope.rcpt_tos))
