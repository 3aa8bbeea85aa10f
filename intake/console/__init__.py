"""The analysts' console: for now one page that says what waits, behind one password.

Signing in is HTTP Basic with the site's console password; without one in the settings there is no console.
"""

from __future__ import annotations

import hmac

import sqlalchemy as sa
from flask import Blueprint, Response, render_template, request

from core import triage
from core.enrolment.findings import short_of_contacts
from core.rules.terms import Priority
from core.store import cases as rows
from core.store import schema
from core.store.cases import Condition
from core.store.schema import cases
from core.unit_of_work import Core

_ACTIVE = schema.ACTIVE
_MOST_URGENT_FIRST = (cases.c.priority, cases.c.id)  # among equals, who has waited longest


def blueprint(core: Core, password: str, *, most_rows: int = 100) -> Blueprint:
    """Return the routes of the console. `most_rows`: how many cases, and how many mails, the page shows."""
    routes = Blueprint("console", __name__, url_prefix="/console", template_folder="templates")

    @routes.before_request
    def sign_in() -> Response | None:
        given = request.authorization.password if request.authorization else None
        if given is not None and hmac.compare_digest(given.encode(), password.encode()):
            return None
        words = "Sign in with any name and the console password.\n"
        return Response(words, 401, {"WWW-Authenticate": 'Basic realm="console", charset="UTF-8"'})

    @routes.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; frame-ancestors 'none'"
        )
        response.headers["Cache-Control"] = "no-store"
        return response

    @routes.get("/style.css")
    def style() -> Response:
        return Response(render_template("console/style.css"), content_type="text/css; charset=utf-8")

    @routes.get("/")
    def now() -> str:
        with core.reading() as uow:
            active = rows.listed(uow.connection, _ACTIVE, order=_MOST_URGENT_FIRST, limit=most_rows)
            active_count = _count(uow.connection, cases, _ACTIVE)
            entries = triage.listed(uow, limit=most_rows)
            entries_count = _count(uow.connection, schema.triage, schema.IS_OPEN_ENTRY)
            short = short_of_contacts(uow)
            late = {row["number"]: rows.targets_of(row).overdue(uow.now) for row in active}
        return render_template(
            "console/now.html",
            cases=active,
            cases_count=active_count,
            entries=entries,
            entries_count=entries_count,
            short=short,
            late=late,
            label=lambda priority: Priority(priority).label,
        )

    return routes


def _count(connection: sa.Connection, table: sa.Table, condition: Condition) -> int:
    """Return how many rows of the table meet the condition."""
    return connection.execute(sa.select(sa.func.count()).select_from(table).where(condition)).scalar_one()
