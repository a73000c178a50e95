"""What is known about language models (`models.toml`): size, needs, licence and names. Facts only; `recommend` judges.

Memory that a model needs while it answers, in bytes:

    needed  = weights + cache x conversations + working memory
    weights = size of the file; where no published size is known, parameters x bits per weight / 8 (see QUANTISATIONS)
    cache   = sum over groups of layers of 2 (keys and values) x layers x kv_heads x head_dim x 2 (bytes of an fp16 number)
              x tokens, where a sliding-window layer keeps no more tokens than its window
    working memory = 5 % of the weights + 0.5 GB (computation buffers, the server's own process, the GPU's context)

The last line is our allowance, not a vendor's figure. GB is 10^9 bytes, as on the hub; memory is sold in 2^30.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from ingest.errors import ModelError

GB = 10**9
BUILT_IN = Path(__file__).with_name("models.toml")

QUANTISATIONS = {"q4_k_m": 4.8944, "q8_0": 8.5008, "mxfp4": 4.25, "bf16": 16.0}
"""Bits per weight. Of Q4_K_M and Q8_0: llama.cpp's table for Llama 3.1 8B (tools/quantize/README.md); small models take more,
because their vocabulary is kept finer. MXFP4: 32 numbers of 4 bits share a scale of 8 bits (OCP Microscaling Formats 1.0)."""

CACHE_NUMBER_BYTES = 2
WORKING_SHARE, WORKING_BYTES = 0.05, GB // 2
TYPICAL_CONTEXT = 8192
"""Tokens of prompt and answer for which needs are told when nobody says otherwise."""

Purpose = Literal["chat", "reasoning", "code"]
Quantisation = Literal["q4_k_m", "q8_0", "mxfp4", "bf16"]
Billions = Annotated[float, Field(gt=0)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Address = Annotated[str, Field(pattern=r"^https://")]

_HARDWARE = (
    (4, "any computer with 8 GB of memory"),
    (11, "a laptop with 16 GB of memory, or a GPU with 12 GB"),
    (15, "a computer with 32 GB of memory, or a GPU with 16 GB"),
    (25, "a GPU with 24 GB, or 32 GB of memory at a walking pace"),
    (50, "a GPU with 48 GB, or two with 24 GB"),
    (84, "a GPU with 80 GB, or two with 48 GB"),
    (168, "two GPUs with 80 GB"),
)
_checks = ConfigDict(extra="forbid")


@checked(frozen=True, config=_checks)
class Layers:
    """Layers whose attention keeps keys and values of past tokens: of all of them, or (`window`) of the last ones."""

    layers: Annotated[int, Field(gt=0)]
    kv_heads: Annotated[int, Field(gt=0)]
    head_dim: Annotated[int, Field(gt=0)]
    window: Annotated[int, Field(gt=0)] | None = None

    def cache_bytes(self, tokens: int) -> int:
        kept = tokens if self.window is None else min(tokens, self.window)
        return 2 * self.layers * self.kv_heads * self.head_dim * CACHE_NUMBER_BYTES * kept


@checked(frozen=True, config=_checks)
class Names:
    """What a model is called where it can be had. `hub` is a repository of the Hugging Face hub, `gguf` a file there."""

    ollama: str | None = None
    hub: str | None = None
    gguf: Annotated[str, Field(pattern=r"^[^/]+/[^/]+/.+\.gguf$")] | None = None
    foundry: str | None = None
    api: str | None = None


@checked(frozen=True, config=_checks)
class Price:
    """Of a cloud model, US dollars per million tokens, on the day `as_of`."""

    input_usd: Annotated[float, Field(ge=0)]
    output_usd: Annotated[float, Field(ge=0)]
    as_of: date
    source: Address


@checked(frozen=True, config=_checks)
class ModelCard:
    """One model. `parameters` and `active` (those used for one token) are in billions; None: the maker does not say.

    `context` is in tokens; `more_languages` counts those beyond `languages` (ISO 639-1); `sizes` are published file sizes
    in GB by quantisation; `native` is the form in which the maker publishes the weights; `thinks` tells that it writes a
    train of thought before the answer (`optional`: unless that is switched off), `vllm_reasoning_parser` what vLLM needs to
    tell the two apart. `commercial` is explained by `conditions`.
    """

    title: str
    maker: str
    released: date
    context: Annotated[int, Field(gt=0)]
    languages: tuple[Language, ...]
    licence: str
    commercial: Literal["yes", "conditions", "no"]
    good_for: tuple[Purpose, ...]
    names: Names
    source: Annotated[tuple[Address, ...], Field(min_length=1)]
    parameters: Billions | None = None
    active: Billions | None = None
    attention: tuple[Layers, ...] = ()
    native: Quantisation = "bf16"
    sizes: dict[Quantisation, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    conditions: str | None = None
    more_languages: int = 0
    thinks: Literal["always", "optional", "on request"] | None = None
    vllm_reasoning_parser: str | None = None
    price: Price | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        if self.local and not (self.parameters and self.attention):
            raise ValueError("a model that can be run needs parameters and attention")
        if self.commercial == "conditions" and not self.conditions:
            raise ValueError("commercial use under conditions needs conditions")
        if self.active and self.parameters and self.active > self.parameters:
            raise ValueError("active can't exceed parameters")

    @property
    def local(self) -> bool:
        """Whether the weights can be had: it can run in the company."""
        return self.names.hub is not None

    @property
    def quantisations(self) -> tuple[Quantisation, ...]:
        """From the coarsest to the finest. Weights published in 4 bits gain nothing from finer ones."""
        return (self.native,) if self.native == "mxfp4" else ("q4_k_m", "q8_0", "bf16")

    def size(self, quantisation: Quantisation) -> Size:
        """Of the weights. Raises KeyError for a model whose parameters are not published."""
        if quantisation in self.sizes:
            return Size(quantisation, round(self.sizes[quantisation] * GB), computed=False)
        if self.parameters is None:
            raise KeyError(quantisation)
        return Size(quantisation, round(self.parameters * GB * QUANTISATIONS[quantisation] / 8), computed=True)

    def cache_bytes(self, tokens: int) -> int:
        """Keys and values of one conversation of so many tokens."""
        return sum(group.cache_bytes(min(tokens, self.context)) for group in self.attention)

    def memory_bytes(self, quantisation: Quantisation, tokens: int = TYPICAL_CONTEXT, conversations: int = 1) -> int:
        """What the model needs while it answers; see the formula at the head of this module."""
        weights = self.size(quantisation).bytes
        return weights + self.cache_bytes(tokens) * conversations + round(weights * WORKING_SHARE) + WORKING_BYTES

    def active_bytes(self, quantisation: Quantisation) -> int:
        """Weights that are read for one token: all of them, or the experts' share of a mixture."""
        share = self.active / self.parameters if self.active and self.parameters else 1.0
        return round(self.size(quantisation).bytes * share)

    def speaks(self, language: str) -> bool:
        return language in self.languages


@dataclass(frozen=True, slots=True)
class Size:
    """Of a file of weights. `computed`: from parameters and bits per weight, because no published size is known."""

    quantisation: Quantisation
    bytes: int
    computed: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All cards by name; `as_of` is the day they were last checked."""

    as_of: date
    models: dict[str, ModelCard]

    def find(self, name: str) -> tuple[str, ModelCard]:
        """The card of this name, or of this Ollama tag, hub id, Foundry alias or API id. Raises ModelError."""
        if name in self.models:
            return name, self.models[name]
        for known, card in self.models.items():
            if name in (card.names.ollama, card.names.hub, card.names.foundry, card.names.api):
                return known, card
        raise ModelError(f"The catalogue has no model {name!r}{suggestion(name, self.models)}.")


def suggestion(name: str, valid: Iterable[str]) -> str:
    """` (did you mean x?)`, else where to look."""
    close = difflib.get_close_matches(name, list(valid), n=1)
    return f" (did you mean {close[0]}?)" if close else " (see midas models list)"


def hardware_class(needed_bytes: int) -> str:
    """The smallest usual computer with so much memory."""
    return next((told for most, told in _HARDWARE if needed_bytes <= most * GB), "a server with several 80 GB GPUs")


@cache
def catalogue() -> Catalogue:
    """The one that comes with Midas."""
    return read(BUILT_IN)


def read(path: Path) -> Catalogue:
    """Raises ModelError, which names the entry and the field that is wrong."""
    try:
        return TypeAdapter(Catalogue).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ModelError(f"{path.name}: {field} is wrong ({first['msg']}): correct it.") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} can't be read as a catalogue of models ({error}): correct the file.") from error
