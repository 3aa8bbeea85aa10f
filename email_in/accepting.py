"""One thread that makes accepted mail durable, together with whatever waits beside it (group commit).

While one transaction is being committed the next mails gather, and go into the next one: each sender is
answered only after its commit, and a hundred senders cost little more than one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import structlog

from core.store import inbox
from core.store.database import is_unavailable
from core.store.inbox import ReceivedMail
from core.unit_of_work import Core

MOST_IN_A_GROUP = 100

log = structlog.get_logger()


@dataclass(frozen=True)
class _Waiting:
    mail: ReceivedMail
    kept: asyncio.Future[int]


class Accepting:
    """Commits mails to the inbox in the order in which one event loop submits them."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._waiting: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="intake-accepting", daemon=True)

    def start(self) -> None:
        """Begin to commit."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Commit what was submitted, or give up after so many seconds. Nothing may be submitted afterwards."""
        self._waiting.put(None)
        self._thread.join(seconds)

    def submit(self, mail: ReceivedMail) -> asyncio.Future[int]:
        """Return the mail's inbox id to come; it is there when the mail is committed.

        The future raises whatever the transaction raised, and then nothing of the mail was kept.
        """
        kept: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.put(_Waiting(mail, kept))
        return kept

    def _work(self) -> None:
        while first := self._waiting.get():
            group = [first, *self._others(MOST_IN_A_GROUP - 1)]
            try:
                self._commit(group)
            except Exception as error:  # the next mail still needs this thread
                _answer(group, error)
                with suppress(Exception):
                    log.error("accepting.unexpected", error=type(error).__name__)

    def _others(self, most: int) -> list[_Waiting]:
        """Return those that wait, without waiting for more."""
        others: list[_Waiting] = []
        while len(others) < most:
            try:
                other = self._waiting.get_nowait()
            except Empty:
                break
            if other is None:
                self._waiting.put(None)  # the sign to stop is for the next round
                break
            others.append(other)
        return others

    def _commit(self, group: list[_Waiting]) -> None:
        outcome: Sequence[int] | Exception
        try:
            outcome = self._core.write(
                lambda uow: inbox.accept_all(uow.connection, [waiting.mail for waiting in group], uow.now),
                mark="inbox.accept",
            )
        except Exception as error:
            outcome = error
            if is_unavailable(error):  # who came meanwhile would wait as long again for the same answer
                group += self._others(self._waiting.qsize())
            elif len(group) > 1:  # the fault of one of them is not to be that of all
                for waiting in group:
                    self._commit([waiting])
                return
        _answer(group, outcome)


def _answer(group: Sequence[_Waiting], outcome: Sequence[int] | Exception) -> None:
    with suppress(RuntimeError):  # the loop was closed: nobody waits any more
        group[0].kept.get_loop().call_soon_threadsafe(_tell, group, outcome)


def _tell(group: Sequence[_Waiting], outcome: Sequence[int] | Exception) -> None:
    """Answer a group in the event loop, which is woken once for all."""
    for number, waiting in enumerate(group):
        if waiting.kept.done():  # cancelled with its loop
            continue
        if isinstance(outcome, Exception):
            waiting.kept.set_exception(outcome)
        else:
            waiting.kept.set_result(outcome[number])
