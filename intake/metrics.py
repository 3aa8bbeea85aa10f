"""Prometheus metrics, read from the database when they are asked for, so that every process tells the same."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from core import pins
from core.rules.terms import Status
from core.store.schema import cases, inbox, outbox, triage
from core.unit_of_work import Core, UnitOfWork

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FAILURES = "pin_failures"
_HELP = {
    "pins": "Contacts by the key that their PIN was derived with",
    _FAILURES: "PINs that were not right: since the last right one by contact, for a day by number, "
    "this hour in the system",
}


def exposition(core: Core) -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Queues(core))
    return generate_latest(registry)


def counts(core: Core) -> dict[str, dict[str, int]]:
    """Return how many rows of each queue stand in which state; PINs by their key, and their failures by scope."""
    questions = {
        "inbox": inbox.c.state,
        "outbox": outbox.c.state,
        "triage": triage.c.state,
        "cases": cases.c.status,
    }
    with core.reading() as uow:
        queues = {name: _count(uow, column) for name, column in questions.items()}
        return queues | {"pins": pins.by_key(uow), _FAILURES: pins.counted(uow)}


def _count(uow: UnitOfWork, column: sa.ColumnElement[str]) -> dict[str, int]:
    rows = uow.connection.execute(sa.select(column, sa.func.count()).group_by(column))
    return {state: count for state, count in rows}  # noqa: C416 - dict() does not take SQLAlchemy's rows


class _Queues(Collector):
    def __init__(self, core: Core) -> None:
        self._core = core

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, states in counts(self._core).items():
            label = "scope" if name == _FAILURES else "state"
            gauge = GaugeMetricFamily(
                f"intake_{name}", _HELP.get(name, f"Rows of {name} by state"), labels=[label]
            )
            shown = {str(status): 0 for status in Status} | states if name == "cases" else states
            for state, count in shown.items():
                gauge.add_metric([state], count)
            yield gauge
