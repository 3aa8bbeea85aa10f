"""Our own notices, answered by the world's mail programs and damaged on the way (E2)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bench.planting.answers import SENDER, plant
from bench.planting.judging import verdict
from bench.planting.near_misses import ROWS, near_miss
from bench.planting.notices import NOTICES, token_of
from core.store import inbox
from core.store.inbox import ReceivedMail
from core.store.schema import references
from email_in.sender import SenderRules
from email_in.worker import apply_some

SEEDS = 300


def test_each_answer_links_to_its_case():
    """E2: whatever carriers are left, and however they were damaged; the same seeds make the same mails."""
    planted = [plant(seed) for seed in range(SEEDS)]
    wrong = [one for one in planted if verdict(one.raw, one.recipients) != one.case]
    assert [(one.client, one.damages) for one in wrong] == []


@pytest.mark.parametrize("row", range(len(ROWS)), ids=list(ROWS))
def test_what_only_looks_like_an_answer_does_not(row):
    """E2, E5: each row says what must become of it."""
    misses = [near_miss(row + turn * len(ROWS)) for turn in range(3)]
    assert [verdict(miss.raw, miss.recipients) for miss in misses] == [miss.expected for miss in misses]


@pytest.fixture
def case_ids(core, people):
    """Some cases of Alice's, to which the Reference IDs of all planted notices were given out."""
    ids = [people.case(subject=f"Case {number}").case.id for number in range(10)]

    def give_out(uow):
        rows = [
            {
                "token": token_of(n),
                "case_id": ids[n // 2 % 10],
                "recipient": f"{n}@x.example",
                "made_at": uow.now,
            }
            for n in range(NOTICES)
        ]
        uow.connection.execute(sa.insert(references), rows)

    core.write(give_out)
    return ids


def test_planted_answers_update_their_cases(core, case_ids):
    """E2, E4, I1: from bytes to an update of the right case; public mails have senders of their own."""
    planted = [plant(seed) for seed in range(200)]
    mails = [ReceivedMail(SENDER, one.recipients, "192.0.2.1", one.raw) for one in planted]
    ids = core.write(lambda uow: [inbox.accept(uow.connection, mail, uow.now) for mail in mails])
    while apply_some(core, SenderRules()):
        pass
    with core.reading() as uow:
        rows = [inbox.find(uow.connection, inbox_id) for inbox_id in ids]
    assert {row["case_id"] == case_ids[one.case % 10] for row, one in zip(rows, planted, strict=True)} == {
        True
    }
    own = [row["outcome"] for row, one in zip(rows, planted, strict=True) if one.carrier == "own"]
    assert (set(own), len(own) > 150) == ({"update"}, True)
