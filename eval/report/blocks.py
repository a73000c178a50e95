"""What a report is made of, before it becomes HTML or Markdown. All texts are plain: writers escape them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from assistant.types import Citation, GroundedSentence, Source

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as Plot

Mark = Literal["best", "tied"]
Tone = Literal["plain", "note", "warning"]


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that was not measured, and the command that would."""

    text: str
    command: str


@dataclass(frozen=True, slots=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """`under` stands below in small print. `mark`: the best of its row, or not told apart from it. `backend` puts its colour
    before the text."""

    text: str
    under: str = ""
    mark: Mark | None = None
    backend: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The first column is the head of its row; `numeric` aligns the others to the right. `notes` explain rows by their head."""

    columns: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    numeric: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot, with the same as a table for those who can't see it. `legend` names the back ends whose colours need telling."""

    name: str
    title: str
    plot: Plot
    table: Table
    caption: str = ""
    legend: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chance:
    """P(best) of a back end, with its text."""

    backend: str
    share: float
    text: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The verdict for a use. `backend` gives its colour to `best`; None when several may be. `state` is that of the badge."""

    use: str
    best: str
    backend: str | None
    state: Literal["clear", "likely", "open"]
    badge: str
    sentence: str
    chances: tuple[Chance, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    items: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """Folded until someone opens it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """What one back end answered. `citations` point to the numbers of the question's passages. `scores` are title, value and
    why; `outcome` is right, wrong, declined or error, of which `badge` is the text."""

    backend: str
    text: str
    outcome: Literal["right", "wrong", "neutral", "error"]
    badge: str
    facts: str
    doubts: tuple[tuple[GroundedSentence, str], ...] = ()
    scores: tuple[tuple[str, str, str], ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A source with the quotes that answers took from it."""

    number: int
    source: Source
    place: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Drill:
    """A question with its evidence and what each back end made of it. `differs`: the back ends fare differently."""

    id: str
    question: str
    facts: tuple[tuple[str, str], ...]
    replies: tuple[Reply, ...]
    passages: tuple[Passage, ...]
    differs: bool
    worst: bool


@dataclass(frozen=True, slots=True)
class Drills:
    items: tuple[Drill, ...]


Block: TypeAlias = Paragraph | Missing | Bullets | Table | Figure | Choices | Fold | Drills


@dataclass(frozen=True, slots=True)
class Section:
    """`name` is its address in the page. `number` is that of the phase, None for what is no phase."""

    name: str
    title: str
    blocks: Sequence[Block]
    number: int | None = None
    intro: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. `backends` are in the order of their colours; `facts` stand below the title."""

    title: str
    headline: str
    facts: tuple[str, ...]
    backends: tuple[str, ...]
    sections: tuple[Section, ...] = field(default=())
