"""Usage and the audit log."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse, Response

from ui.api.context import REFUSALS, SECURED, at
from ui.api.conversations import Limit
from ui.desks.ledger import Ledger
from ui.ledger.audit import Action, AuditFilter, AuditRow
from ui.ledger.report import UsageReport
from ui.ledger.usage import By, UsageFilter

ledger = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["ledger"])
AtLedger = Annotated[Ledger, Depends(at(Ledger))]


class Csv(PlainTextResponse):
    media_type = "text/csv"


def _filter(
    person: Annotated[str | None, Query(max_length=200, description="id or name")] = None,
    action: Action | None = None,
    first: date | None = None,
    last: date | None = None,
) -> AuditFilter:
    return AuditFilter(person, action, first, last)


Filtered = Annotated[AuditFilter, Depends(_filter)]


@ledger.get("/usage")
def usage(desk: AtLedger, by: By = "person", first: date | None = None, last: date | None = None) -> UsageReport:
    """Questions, tokens and cost per person, back end, collection or day, between two days."""
    return desk.usage(by, UsageFilter(first, last))


@ledger.get("/audit")
def audit(
    desk: AtLedger, filter: Filtered, limit: Limit = 100, before: Annotated[int | None, Query(ge=1, le=2**62)] = None
) -> list[AuditRow]:
    """The audit log, the latest first; `before` is the id of the last line of the page before."""
    return desk.audit(filter, limit=limit, before=before)


@ledger.get("/audit.csv", response_class=Csv)
def audit_file(desk: AtLedger, filter: Filtered) -> Response:
    """The audit log as a file."""
    attached = {"Content-Disposition": 'attachment; filename="midas-audit.csv"'}
    return Csv(desk.audit_csv(filter), headers=attached)
