"""Back ends and the state of the data directory, for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from ingest.doctor import Finding
from ui.api.context import REFUSALS, SECURED, at
from ui.backends import BackendCheck
from ui.desks.operating import Operating
from ui.views import BackendView

operation = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["operation"])
AtOperating = Annotated[Operating, Depends(at(Operating))]


class DoctorRequest(BaseModel):
    repair: bool = False


@operation.get("/backends")
def backends(desk: AtOperating) -> list[BackendView]:
    """The configured back ends with address, fallbacks and last error."""
    return desk.backends()


@operation.post("/backends/{backend}/check")
def check_backend(backend: str, desk: AtOperating) -> BackendCheck:
    """Tries a back end: whether it answers, what it can do, how fast it is. Costs some forty tokens."""
    return desk.check_backend(backend)


@operation.post("/doctor")
def doctor(body: DoctorRequest, desk: AtOperating) -> list[Finding]:
    """Checks the data directory; with `repair` mends what it finds."""
    return desk.doctor(repair=body.repair)
