"""What writing a tab needs to know: who looks, in which language, and at what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from eval.report.numbers import Numbers
from ui.desks.desk import Desk
from ui.house import House
from ui.person import Person
from ui.web.evaluate_texts import EvaluateTexts
from ui.web.language import PageLanguage
from ui.web.spanish import in_language

D = TypeVar("D", bound=Desk)
Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Visit:
    """`query` is what stands behind the tab's name in the page's address."""

    house: House
    person: Person
    language: PageLanguage
    query: Values

    def at(self, desk: type[D]) -> D:
        """Raises NotAllowed."""
        return desk(self.house, self.person)

    @property
    def texts(self) -> EvaluateTexts:
        return EvaluateTexts(self.language)

    @property
    def numbers(self) -> Numbers:
        return Numbers(self.language)

    def told(self, sentence: str) -> str:
        """A sentence of the program, for the page."""
        return in_language(sentence, self.language)

    def get(self, name: str) -> str:
        """The value of a name; empty when there is none."""
        return next(iter(self.query.get(name, ())), "").strip()

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for value in self.query.get(name, ()) if value)

    def number(self, name: str, default: int = 1) -> int:
        text = self.get(name)
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default


@dataclass(frozen=True, slots=True)
class Done:
    """What a form did: where to go, and what to tell."""

    go: str
    said: str = ""


def link(tab: str, **query: str | int | None) -> str:
    """The address of a tab within the page."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"#{tab}?{urlencode(given)}" if given else f"#{tab}"
