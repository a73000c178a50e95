"""The table of prices and assumptions (`costs.toml`): every figure with its day, its source and what that is worth.

The defaults come with Midas. `costs.toml` in the data directory, or a file named by the caller, replaces what it names; a bare
number will do for a figure. Prices of cloud models that stand in the catalogue of models are taken from there.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from assistant.catalogue import Price, catalogue
from ingest.errors import ConfigError

BUILT_IN = Path(__file__).with_name("costs.toml")
OWN = "costs.toml"
MILLION = 1_000_000

Basis = Literal["published", "secondary", "estimate", "yours"]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(Part):
    """A name by language; given as one text, it is the same in both."""

    es: str
    en: str

    @model_validator(mode="before")
    @classmethod
    def _one(cls, given: object) -> object:
        return {"es": given, "en": given} if isinstance(given, str) else given


class Figure(Part):
    """A number with its origin; `low` and `high` are the range in which it plausibly lies. The unit is in the field's name."""

    value: float = Field(ge=0)
    low: float | None = Field(None, ge=0)
    high: float | None = Field(None, ge=0)
    as_of: date | None = None
    basis: Basis = "yours"
    source: str = ""
    note: str = ""

    @model_validator(mode="before")
    @classmethod
    def _number(cls, given: object, info: ValidationInfo) -> object:
        """A bare number is a figure of the file that is being read; so is a figure that names no source."""
        source = info.context if isinstance(info.context, str) else ""
        if isinstance(given, int | float) and not isinstance(given, bool):
            return {"value": given, "source": source}
        return {"source": source, **given} if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, high = self.range
        if not low <= self.value <= high:
            raise ValueError("the value must lie between low and high")
        return self

    @property
    def range(self) -> tuple[float, float]:
        """What is not told is half and one and a half times the value."""
        low = self.value / 2 if self.low is None else self.low
        return low, self.value * 1.5 if self.high is None else self.high


class Assumptions(Part):
    """What holds for every way of running a model; see the notes in the file."""

    usd_per_eur: Figure
    electricity_eur_per_kwh: Figure
    pue: Figure
    life_years: Figure
    maintenance_share_per_year: Figure
    people_hours_per_month: Figure
    people_hours_per_further_machine: Figure
    people_hours_cloud_gpu_per_month: Figure
    people_hours_api_per_month: Figure
    people_eur_per_hour: Figure
    utilisation: Figure
    answers_per_month: Figure
    cloud_gpu_hours_per_month: Figure
    tuning_tokens_millions: Figure
    tuning_epochs: Figure
    tuning_people_hours: Figure
    tunings_per_year: Figure


class Hardware(Part):
    """A machine of one's own. `cores` (of one without a card): machines with at most so many are taken for this one."""

    title: Title
    runs: str = ""
    memory_gb: float
    cores: int | None = None
    gpu: str | None = None
    cards: int = 1
    card_usd: Figure | None = None
    host_eur: Figure
    power_w: Figure
    idle_w: Figure


class Api(Part):
    """A model that others run, US dollars per million tokens."""

    title: Title
    input_usd: Figure
    output_usd: Figure
    cached_usd: Figure | None = None

    def usd(self, prompt_tokens: float, cached_tokens: float, completion_tokens: float) -> float:
        """What these tokens cost; cached ones are some of the prompt's."""
        cached = min(cached_tokens, prompt_tokens) if self.cached_usd else 0.0
        return (
            (prompt_tokens - cached) * self.input_usd.value
            + cached * (self.cached_usd.value if self.cached_usd else 0.0)
            + completion_tokens * self.output_usd.value
        ) / MILLION


class CloudGpu(Part):
    """A rented machine with one card."""

    title: Title
    memory_gb: float
    usd_per_hour: Figure


class FineTuning(Part):
    """Adapting a model: `gpu_hours` on a rented card, or training tokens of an API."""

    title: Title
    cloud_gpu: str | None = None
    gpu_hours: Figure | None = None
    usd_per_million: Figure | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.cloud_gpu is None) == (self.usd_per_million is None) or (self.cloud_gpu is None) != (self.gpu_hours is None):
            raise ValueError("give cloud_gpu and gpu_hours, or usd_per_million")
        return self


class Plan(Part):
    """Where a back end of a run is to be thought of as running, and how fast it answers there if not as measured."""

    hardware: str | None = None
    cloud_gpu: str | None = None
    api: str | None = None
    answers_per_s: Figure | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(place is not None for place in (self.hardware, self.cloud_gpu, self.api)) != 1:
            raise ValueError("give one of hardware, cloud_gpu and api")
        return self


class Prices(Part):
    """The whole table. `backends` has the plans of back ends by name; none by default."""

    as_of: date
    assumptions: Assumptions
    hardware: dict[str, Hardware]
    api: dict[str, Api]
    cloud_gpu: dict[str, CloudGpu]
    fine_tuning: dict[str, FineTuning]
    backends: dict[str, Plan] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _known_places(self) -> Self:
        for name, plan in self.backends.items():
            for kind, place, known in _places(self, plan):
                if place is not None and place not in known:
                    raise ValueError(f"{kind} of {name} is {place!r}, and there {_there(known, place)}")
        for name, tuning in self.fine_tuning.items():
            if tuning.cloud_gpu is not None and tuning.cloud_gpu not in self.cloud_gpu:
                raise ValueError(f"cloud_gpu of {name} is {tuning.cloud_gpu!r}, and there {_there(self.cloud_gpu, name)}")
        return self


@dataclass(frozen=True, slots=True)
class Entry:
    """A figure and where it stands: `("assumptions", "pue")`."""

    path: tuple[str, ...]
    figure: Figure


def load_prices(home: Path, file: Path | None = None) -> Prices:
    """The defaults, replaced by `costs.toml` of the data directory and then by `file`. Raises ConfigError."""
    table = _with_catalogue(_read(BUILT_IN))
    own = home / OWN
    prices = _checked(table, BUILT_IN)
    for path in ([own] if own.exists() else []) + ([file] if file else []):
        prices = _checked(_merged(prices.model_dump(), _read(path)), path)
    return prices


def entries(prices: Prices) -> Iterator[Entry]:
    """Every figure of the table, in its order."""
    yield from _entries((), prices)


def replaced(prices: Prices, path: tuple[str, ...], value: float) -> Prices:
    """The same table with another value of one figure."""
    changed = _replaced(prices, path, value)
    assert isinstance(changed, Prices)
    return changed


def asked_per_month(prices: Prices, answers: float) -> Prices:
    """The same table for so many answers a month, as a figure of the caller's."""
    given = Figure(value=answers, source="--answers-per-month")
    return prices.model_copy(update={"assumptions": prices.assumptions.model_copy(update={"answers_per_month": given})})


def _entries(path: tuple[str, ...], node: object) -> Iterator[Entry]:
    if isinstance(node, Figure):
        yield Entry(path, node)
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _entries((*path, name), getattr(node, name))
    elif isinstance(node, Mapping):
        for name, value in node.items():
            yield from _entries((*path, name), value)


def _replaced(node: Any, path: tuple[str, ...], value: float) -> Any:
    if not path:
        return node.model_copy(update={"value": value})
    name, *rest = path
    if isinstance(node, Mapping):
        return {**node, name: _replaced(node[name], tuple(rest), value)}
    return node.model_copy(update={name: _replaced(getattr(node, name), tuple(rest), value)})


def _with_catalogue(table: dict[str, Any]) -> dict[str, Any]:
    """Cloud models of the catalogue stand before those of the table."""
    known = catalogue()
    listed = {name: _api(card.title, card.price) for name, card in known.models.items() if card.price}
    return {**table, "api": {**listed, **table["api"]}}


def _api(title: str, price: Price) -> dict[str, Any]:
    origin = {"as_of": price.as_of, "basis": "secondary", "source": price.source}
    return {
        "title": title,
        "input_usd": {"value": price.input_usd, **origin},
        "output_usd": {"value": price.output_usd, **origin},
    }


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} can't be read ({error.strerror}): name a table of costs.") from error
    except ValueError as error:
        raise ConfigError(f"{path} can't be read as a table of costs ({error}): correct it.") from error


def _merged(table: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Sections are merged, figures and plain values replaced as a whole."""
    both = dict(table)
    for name, value in own.items():
        section = isinstance(both.get(name), dict) and isinstance(value, Mapping) and "value" not in value
        both[name] = _merged(both[name], value) if section else value
    return both


def _checked(table: dict[str, Any], path: Path) -> Prices:
    try:
        return Prices.model_validate(table, context=str(path))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConfigError(f"{path}: {place} is wrong ({first['msg']}{_hint(first['loc'])}): correct it.") from error


def _hint(place: tuple[int | str, ...]) -> str:
    """`, did you mean pue?` for a name that is nearly an assumption's."""
    if len(place) != 2 or place[0] != "assumptions":
        return ""
    close = difflib.get_close_matches(str(place[1]), Assumptions.model_fields, 1)
    return f", did you mean {close[0]}?" if close and close[0] != place[1] else ""


def _places(prices: Prices, plan: Plan) -> tuple[tuple[str, str | None, Mapping[str, object]], ...]:
    return (
        ("hardware", plan.hardware, prices.hardware),
        ("cloud_gpu", plan.cloud_gpu, prices.cloud_gpu),
        ("api", plan.api, prices.api),
    )


def _there(known: Mapping[str, object], name: str) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"is {close[0]}" if close else f"are {', '.join(known)}"
