"""Questions to begin with, and who knows more about a collection."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from assistant.prompts import Language
from ui.api.context import REFUSALS, SECURED, at
from ui.api.questions import AtAsking
from ui.desks.curating import Curating

curating = APIRouter(prefix="/v1", dependencies=SECURED, responses=REFUSALS, tags=["collections"])
AtCurating = Annotated[Curating, Depends(at(Curating))]


class SuggestionsRequest(BaseModel):
    language: Literal["es", "en"]
    questions: list[Annotated[str, Field(max_length=300)]] = Field(max_length=20)


class ContactRequest(BaseModel):
    contact: str = Field(max_length=300, description="a name, a team, an address; empty: nobody in particular")


@curating.get("/suggestions")
def suggestions(
    desk: AtAsking,
    language: Literal["es", "en"] = "es",
    collection: Annotated[list[str] | None, Query(max_length=100)] = None,
) -> list[str]:
    """A few questions to begin with, which the collections (absent: all that may be read) may answer."""
    return desk.suggestions(language, collection)


@curating.get("/collections/{name}/suggestions")
def written_suggestions(name: str, desk: AtCurating) -> dict[Language, list[str]]:
    """What admins wrote for a collection, by language."""
    return desk.suggestions(name)


@curating.put("/collections/{name}/suggestions", status_code=204)
def write_suggestions(name: str, body: SuggestionsRequest, desk: AtCurating) -> None:
    """Replaces what admins wrote for a collection in a language."""
    desk.suggest(name, body.language, body.questions)


@curating.put("/collections/{name}/contact", status_code=204)
def set_contact(name: str, body: ContactRequest, desk: AtCurating) -> None:
    """Tells who knows more about the documents of a collection."""
    desk.set_contact(name, body.contact)
