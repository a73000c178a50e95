"""Back ends, what they would answer from, and the state of server and data directory, for admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from assistant.prompts import Language
from ingest.doctor import Finding
from ui.api.context import REFUSALS, SECURED, at
from ui.backends import BackendCheck, KindView, SectionView
from ui.desks.operating import Change, Operating
from ui.evidence import EvidenceView
from ui.health import HealthView
from ui.openai_format import QUESTION_CHARS
from ui.service import Question
from ui.views import BackendView

operation = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["operation"])
AtOperating = Annotated[Operating, Depends(at(Operating))]

Name = Annotated[str, Field(min_length=1, max_length=63)]
Text = Annotated[str, Field(max_length=1000)]


class DoctorRequest(BaseModel):
    repair: bool = False


class SectionRequest(BaseModel):
    """The section of a back end. `options` are texts by key, `a.b` for a key of a table; the key of a server is never among
    them, `api_key_env` names the environment variable that holds it. With `tried`, what does not work is not written."""

    kind: Name
    options: dict[Name, Text] = Field({}, max_length=50)
    tried: bool = True


class NewBackend(SectionRequest):
    name: Name


class DefaultRequest(BaseModel):
    backend: Name


class EvidenceRequest(BaseModel):
    """A question as an employee would ask it."""

    question: str = Field(max_length=QUESTION_CHARS)
    collections: list[Name] | None = Field(None, max_length=1000)
    backend: Name | None = None
    language: Language | None = None


@operation.get("/backends")
def backends(desk: AtOperating) -> list[BackendView]:
    """The configured back ends with address, fallbacks and last error."""
    return desk.backends()


@operation.post("/backends", status_code=201)
def add_backend(body: NewBackend, desk: AtOperating) -> Change:
    """Writes a section for a back end into midas.toml, after trying it: some forty tokens."""
    return desk.add_backend(body.name, body.kind, body.options, tried=body.tried)


@operation.get("/backends/{backend}")
def section(backend: str, desk: AtOperating) -> SectionView:
    """The section of a back end."""
    return desk.section(backend)


@operation.put("/backends/{backend}")
def change_backend(backend: str, body: SectionRequest, desk: AtOperating) -> Change:
    """Makes the section of a back end say this, after trying it. Other lines and comments of midas.toml stay."""
    return desk.change_backend(backend, body.kind, body.options, tried=body.tried)


@operation.delete("/backends/{backend}")
def remove_backend(backend: str, desk: AtOperating) -> Change:
    """Takes the section of a back end out of midas.toml."""
    return desk.remove_backend(backend)


@operation.put("/default-backend")
def set_default(body: DefaultRequest, desk: AtOperating) -> Change:
    """Who answers when nobody is named."""
    return desk.set_default(body.backend)


@operation.get("/backend-kinds")
def kinds(desk: AtOperating) -> list[KindView]:
    """The kinds of back ends, with the options of their sections."""
    return desk.kinds()


@operation.post("/backends/{backend}/check")
def check_backend(backend: str, desk: AtOperating) -> BackendCheck:
    """Tries a back end: whether it answers, what it can do, how fast it is. Costs some forty tokens."""
    return desk.check_backend(backend)


@operation.post("/evidence")
async def evidence(body: EvidenceRequest, desk: AtOperating) -> EvidenceView:
    """What a question would be answered from, with its tokens. No model is asked."""
    chosen = None if body.collections is None else tuple(body.collections)
    return await desk.evidence(Question(body.question, collections=chosen, backend=body.backend, language=body.language))


@operation.get("/health")
def health(desk: AtOperating) -> HealthView:
    """Disk, memory, models, queues and versions, each with a verdict."""
    return desk.health()


@operation.post("/doctor")
def doctor(body: DoctorRequest, desk: AtOperating) -> list[Finding]:
    """Checks the data directory; with `repair` mends what it finds."""
    return desk.doctor(repair=body.repair)
