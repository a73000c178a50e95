"""`Desk`: what every desk is."""

from __future__ import annotations

from typing import ClassVar

from ui.house import House
from ui.person import Person, Role


class Desk:
    """Opened for one person. Raises NotAllowed when their role does not reach `least`; what they may read of it, each method
    sees to."""

    least: ClassVar[Role] = "employee"

    def __init__(self, house: House, person: Person) -> None:
        person.require(self.least)
        self.house = house
        self.person = person
