"""What routes get: the house, the person who calls, and a desk opened for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer

from ui.desks.desk import Desk
from ui.entrance import PERSON
from ui.errors import ErrorBody
from ui.house import House
from ui.person import Person

D = TypeVar("D", bound=Desk)

KEY = HTTPBearer(auto_error=False, description="an API key, or the token in server.json in the data directory")
COOKIE = APIKeyCookie(name="midas_session", auto_error=False, description="the session of a browser that is signed in")
SECURED = [Depends(KEY), Depends(COOKIE)]
"""For the description only: the doorkeeper has let the person in."""
REFUSALS: dict[int | str, dict[str, type[ErrorBody]]] = {status: {"model": ErrorBody} for status in (400, 401, 403, 404)}


def house_of(request: Request) -> House:
    house: House = request.app.state.house
    return house


def person_of(request: Request) -> Person:
    person: Person = request.scope[PERSON]
    return person


def at(desk: type[D]) -> Callable[[Request], D]:
    """A dependency that opens the desk for the person who calls."""

    def opened(request: Request) -> D:
        return desk(house_of(request), person_of(request))

    return opened


TheHouse = Annotated[House, Depends(house_of)]
ThePerson = Annotated[Person, Depends(person_of)]
