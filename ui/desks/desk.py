"""`Desk`: what every desk is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ui.person import NotAllowed, Person, Role

if TYPE_CHECKING:
    from ui.house import House


class Desk:
    """Opened for one person. Raises NotAllowed when their role does not reach `least`, or they came with a key for asking and
    this is not a desk for that (`for_asking`); what they may read of it, each method sees to."""

    least: ClassVar[Role] = "employee"
    for_asking: ClassVar[bool] = False

    def __init__(self, house: House, person: Person) -> None:
        person.require(self.least)
        if person.scope == "ask" and not self.for_asking:
            raise NotAllowed("This key is for asking only: use one that may do everything its owner may.")
        self.house = house
        self.person = person
