"""The desk of triage, as its tests sit at it: a mail comes, is put aside, and people do something about it."""

from __future__ import annotations

import sqlalchemy as sa

from core import telling, triage
from core.rules.terms import EventKind
from core.store import cases as rows
from core.store import claiming, inbox
from core.store.inbox import ReceivedMail
from core.store.schema import inbox as inbox_table
from core.store.schema import outbox
from core.triage import Aside
from core.undoing import undo
from email_in.answering import answer
from email_in.held import held_mail
from email_in.linking import link_by_hand, prepare
from email_in.sender import SenderRules
from email_in.worker import apply_some

SUPPORT = "support@support.example"
ALICE, BOB, STRANGER = "alice@northwind.example", "bob@northwind.example", "sam@elsewhere.example"
FILE = (
    b"\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee the log.\r\n--b\r\nContent-Type: application/octet-stream\r\n"
    b'Content-Disposition: attachment; filename="the.log"\r\n\r\nthe log\r\n--b--\r\n'
)


def letter(text="Version 4.2", sender=BOB, subject="Help", extra=""):
    """Return the bytes of a mail."""
    head = f"From: {sender}\r\nTo: {SUPPORT}\r\nSubject: {subject}\r\nMessage-ID: <1@x.example>\r\n{extra}"
    return f"{head}\r\n{text}\r\n".encode()


def letter_with_a_file(sender=BOB, subject="Help"):
    """Return the bytes of a mail with a file."""
    extra = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    return letter("", sender, subject, extra).removesuffix(b"\r\n") + FILE


class Desk:
    """What a person at the desk can do, in one word each."""

    def __init__(self, core, people):
        self.core, self.people, self.ada = core, people, people.analyst()

    def reference(self, case, recipient=ALICE):
        """Return the case's Reference ID for the recipient."""
        return self.core.write(lambda uow: telling.reference_for(uow, case.id, recipient))

    def receives(self, raw, sender=BOB, recipients=(SUPPORT,)):
        """Take a mail in and let it be decided; return the newest entry's id."""
        self._accepts(raw, sender, recipients)
        self.works()
        with self.core.reading() as uow:
            return triage.listed(uow, settled=True)[0]["id"]

    def works(self):
        """Let every mail that waits be decided."""
        while apply_some(self.core, SenderRules()):
            pass

    def parks(self, raw, sender=BOB):
        """Take a mail in that failed too often, and return its entry's id."""
        inbox_id = self._accepts(raw, sender, (SUPPORT,))

        def act(uow):
            row = claiming.claim(uow.connection, inbox_table, "a lease", uow.now)
            claiming.park(uow.connection, inbox_table, row, uow.now, "It failed.", outcome="parked")
            return triage.put_aside(uow, Aside(inbox_id, "failed-repeatedly", "It failed.", sender, ""))

        return self.core.write(act)

    def _accepts(self, raw, sender, recipients):
        mail = ReceivedMail(sender, tuple(recipients), "192.0.2.1", raw)
        return self.core.write(lambda uow: inbox.accept(uow.connection, mail, uow.now))

    def links(self, entry, case):
        """Link the entry to the case."""
        prepared = prepare(self.core, entry)
        return self.core.write(lambda uow: link_by_hand(uow, prepared, self.ada, self._now(uow, case))).case

    def undoes(self, entry, reason=""):
        """Undo what was done to the entry."""
        return self.core.write(lambda uow: undo(uow, entry, self.ada, reason))

    def answers(self, entry, text="Please call us."):
        """Answer the sender of the entry's mail; return the address."""
        held = held_mail(self.core, entry)
        return self.core.write(lambda uow: answer(uow, held, self.ada, text))

    def discards(self, entry):
        """Take the entry off the list."""
        discarded = triage.EntryState.DISCARDED
        self.core.write(lambda uow: triage.settle(uow, entry, discarded, by=self.ada.name))

    def entry(self, entry):
        """Return the entry as it is now."""
        with self.core.reading() as uow:
            return triage.find(uow, entry)

    def mail_of(self, entry):
        """Return the row of the entry's mail in the inbox."""
        with self.core.reading() as uow:
            return inbox.find(uow.connection, triage.find(uow, entry)["inbox_id"])

    def case(self, case):
        """Return the case as it is now."""
        with self.core.reading() as uow:
            return self._now(uow, case)

    def history(self, case):
        """Return the kinds of the case's events, oldest first."""
        with self.core.reading() as uow:
            return [EventKind(line["kind"]) for line in rows.history(uow.connection, case.id)]

    def notices(self, *columns):
        """Return these columns of all notices, oldest first."""
        with self.core.reading() as uow:
            asked = sa.select(*(outbox.c[name] for name in columns)).order_by(outbox.c.id)
            return [tuple(row) for row in uow.connection.execute(asked)]

    def _now(self, uow, case):
        return rows.by_id(uow.connection, case.id)
