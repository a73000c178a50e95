"""Which models of the catalogue a computer can run, how fast, in which order, and why not the others.

Speed. Writing a token reads all active weights once, so tokens per second are at most memory speed / active bytes; engines
reach about 60 % of that (ACHIEVED), on a processor with few cores no more than these can unpack (CORE_GB_PER_S). Reading a
prompt computes 2 operations per active parameter and token. Weights that do
not fit the graphics cards are read by the processor: the times add up. Cards work side by side in vLLM, one after the other in
Ollama and llama.cpp.

Order. Twice the size, or eight months younger, is one point (YEARLY): a rule of thumb, not a measurement. A mixture of experts
counts as the geometric mean of all its parameters and the active ones. A licence with conditions costs a quarter point
(CONDITIONS). Each halving of the speed below COMFORTABLE, and each
doubling of the wait for the first word beyond PATIENCE_S, takes a point away. `midas models try` and an evaluation decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from math import log2, sqrt
from typing import Literal

from assistant.catalogue import GB, TYPICAL_CONTEXT, Catalogue, ModelCard, Purpose, Quantisation
from assistant.commands import Command, Run, commands, runnable
from assistant.hardware import GIB, Machine

ACHIEVED = 0.6
"""Of the memory's speed: 8B models in 4 and 16 bits on one graphics card."""
CORE_GFLOPS = {"avx512f": 80, "avx2": 50, "neon": 40}
"""Billions of operations a second and core when a prompt is read. Measured for AVX2 (50-77); the others are in proportion."""
CORE_GB_PER_S = {"avx512f": 9, "avx2": 6, "neon": 5}
"""Billions of bytes of 4-bit weights a second and core that are unpacked to write. Measured for AVX2 (5-6)."""
PLAIN_CORE_GFLOPS, PLAIN_CORE_GB_PER_S = 15, 2
CARD_FLOPS_PER_BYTE = 40
"""Operations that a card computes for each byte it can read; data sheets promise two to eight times that."""

PROMPT_TOKENS = 600
"""What a question with its evidence adds to the part of the prompt that is read already."""
COMFORTABLE, FAST, SLOWEST = 8.0, 30.0, 3.0
"""Tokens a second. People read five or six."""
PATIENCE_S, LONGEST_WAIT_S = 10.0, 30.0
YEARLY = 1.5
CONDITIONS = 0.25

USABLE_CARD = 0.95
SYSTEM_BYTES, SYSTEM_SHARE = 2 * GIB, 0.1
"""Memory that is left to the operating system: the larger of the two."""

Placement = Literal["GPU", "GPU + CPU", "CPU"]
SpeedClass = Literal["fast", "comfortable", "slow"]
Obstacle = Literal["use", "language", "licence", "server", "memory", "disk", "speed"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the model is for. `language` is ISO 639-1, None for any; `context_tokens` are prompt and answer together."""

    purpose: Purpose = "chat"
    language: str | None = None
    context_tokens: int = TYPICAL_CONTEXT


@dataclass(frozen=True, slots=True)
class Fit:
    """A model in one quantisation on one computer. `conversations` of the wished length fit at once; `reason` is the sum."""

    quantisation: Quantisation
    placement: Placement
    needed_bytes: int
    tokens_per_s: float
    first_word_s: float
    conversations: int
    reason: str

    @property
    def speed(self) -> SpeedClass:
        if self.tokens_per_s >= FAST and self.first_word_s <= PATIENCE_S:
            return "fast"
        return "comfortable" if self.tokens_per_s >= COMFORTABLE and self.first_word_s <= PATIENCE_S else "slow"


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that fits, with its points and how to run it."""

    name: str
    card: ModelCard
    fit: Fit
    points: float
    commands: tuple[Command, ...]


@dataclass(frozen=True, slots=True)
class Rejection:
    """A model that is not for this computer or wish, and why."""

    name: str
    obstacle: Obstacle
    reason: str


@dataclass(frozen=True, slots=True)
class Advice:
    """`ranked` has the best first; `cloud` are models that run elsewhere and would do."""

    machine: Machine
    wish: Wish
    ranked: tuple[Choice, ...]
    rejected: tuple[Rejection, ...]
    cloud: tuple[str, ...]


def recommend(catalogue: Catalogue, machine: Machine, wish: Wish) -> Advice:
    """Judges every model of the catalogue."""
    judged = [_judge(name, card, machine, wish) for name, card in catalogue.models.items() if card.local]
    choices = [result for result in judged if isinstance(result, Choice)]
    return Advice(
        machine,
        wish,
        tuple(sorted(choices, key=lambda choice: -choice.points)),
        tuple(result for result in judged if isinstance(result, Rejection)),
        tuple(name for name, card in catalogue.models.items() if not card.local and _mismatch(card, wish) is None),
    )


def _judge(name: str, card: ModelCard, machine: Machine, wish: Wish) -> Choice | Rejection:
    if mismatch := _mismatch(card, wish):
        return Rejection(name, *mismatch)
    think = wish.purpose == "reasoning"
    if not runnable(card, machine, think):
        return Rejection(name, "server", "no GGUF file or Ollama tag of it is known, and vLLM needs a graphics card")
    fit = best_fit(card, machine, wish.context_tokens, think)
    if fit is None:
        return Rejection(name, "memory", _too_large(card, machine, wish))
    if problem := _impractical(card, fit, machine):
        return Rejection(name, *problem)
    run = Run(name, card, fit.quantisation, machine, wish.context_tokens, think)
    return Choice(name, card, fit, _points(card, fit), commands(run))


def _mismatch(card: ModelCard, wish: Wish) -> tuple[Obstacle, str] | None:
    if wish.purpose not in card.good_for:
        return "use", f"meant for {' and '.join(card.good_for)}"
    if wish.language and not card.speaks(wish.language):
        return "language", f"the maker does not name {wish.language!r} among its languages"
    if card.commercial == "no":
        return "licence", f"{card.licence}: no commercial use"
    if card.context < wish.context_tokens:
        return "use", f"holds {card.context:,} tokens only"
    return None


def _too_large(card: ModelCard, machine: Machine, wish: Wish) -> str:
    quantisation = runnable(card, machine, wish.purpose == "reasoning")[0]
    needed = card.memory_bytes(quantisation, wish.context_tokens)
    return f"needs {needed / GB:.1f} GB as {quantisation.upper()}, {_capacity(machine) / GB:.1f} GB can be had"


def _impractical(card: ModelCard, fit: Fit, machine: Machine) -> tuple[Obstacle, str] | None:
    size = card.size(fit.quantisation).bytes
    if machine.disk_free_bytes is not None and size > machine.disk_free_bytes:
        return "disk", f"its file has {size / GB:.1f} GB, the disk has {machine.disk_free_bytes / GB:.1f} GB free"
    if fit.tokens_per_s < SLOWEST:
        return "speed", f"would write about {fit.tokens_per_s:.1f} tokens/s"
    if fit.first_word_s > LONGEST_WAIT_S:
        return "speed", f"would read a question with its evidence for about {fit.first_word_s:.0f} s"
    return None


def _points(card: ModelCard, fit: Fit) -> float:
    assert card.parameters is not None
    size = log2(sqrt(card.parameters * (card.active or card.parameters)))
    age = YEARLY * (card.released - date(2023, 1, 1)).days / 365
    strings = CONDITIONS if card.commercial == "conditions" else 0.0
    return size + age - strings - _shortfall(COMFORTABLE / fit.tokens_per_s) - _shortfall(fit.first_word_s / PATIENCE_S)


def _shortfall(times: float) -> float:
    return max(0.0, log2(times))


# Fitting


def best_fit(card: ModelCard, machine: Machine, tokens: int, think: bool = False) -> Fit | None:
    """Of the quantisations that can be served here, the finest that the cards hold at a comfortable speed, else the coarsest
    wherever it fits.

    Unquantised weights are only worth their memory when a few more conversations fit beside them.
    """
    forms = runnable(card, machine, think)
    for quantisation in reversed(forms):
        fit = _on_cards(card, quantisation, machine, tokens)
        if fit and fit.tokens_per_s >= COMFORTABLE and (quantisation != "bf16" or fit.conversations >= 4):
            return fit
    places = (_on_cards, _on_both, _on_processor)
    return next((fit for place in places if (fit := place(card, forms[0], machine, tokens))), None)


def _on_cards(card: ModelCard, quantisation: Quantisation, machine: Machine, tokens: int) -> Fit | None:
    free = _cards_bytes(machine) - card.memory_bytes(quantisation, tokens)
    if not machine.gpus or free < 0:
        return None
    speed = sum(gpu.gb_per_s for gpu in machine.gpus)
    return _fit(card, quantisation, "GPU", tokens, free, (_cards(speed, 1.0),))


def _on_both(card: ModelCard, quantisation: Quantisation, machine: Machine, tokens: int) -> Fit | None:
    needed, on_cards = card.memory_bytes(quantisation, tokens), _cards_bytes(machine)
    free = on_cards + _ram_bytes(machine) - needed
    if not machine.gpus or any(gpu.unified for gpu in machine.gpus) or free < 0:
        return None
    speed, part = min(gpu.gb_per_s for gpu in machine.gpus), on_cards / needed
    shares = (_cards(speed, part), _processor(machine, 1 - part))
    return _fit(card, quantisation, "GPU + CPU", tokens, free, shares)


def _on_processor(card: ModelCard, quantisation: Quantisation, machine: Machine, tokens: int) -> Fit | None:
    free = _ram_bytes(machine) - card.memory_bytes(quantisation, tokens)
    return _fit(card, quantisation, "CPU", tokens, free, (_processor(machine, 1.0),)) if free >= 0 else None


@dataclass(frozen=True, slots=True)
class _Share:
    """A part of the weights, how fast what holds it reads (bytes/s) and computes (operations/s), and what limits the former."""

    part: float
    bytes_per_s: float
    flops: float
    limit: str


def _cards(gb_per_s: int, part: float) -> _Share:
    limit = f"{ACHIEVED:.0%} of the graphics memory's {gb_per_s:,}"
    return _Share(part, gb_per_s * GB * ACHIEVED, gb_per_s * GB * CARD_FLOPS_PER_BYTE, limit)


def _processor(machine: Machine, part: float) -> _Share:
    feature = next((name for name in CORE_GFLOPS if name in machine.cpu_features), "")
    unpacked = machine.cores * CORE_GB_PER_S.get(feature, PLAIN_CORE_GB_PER_S)
    read = machine.gb_per_s * ACHIEVED
    limit = (
        f"{ACHIEVED:.0%} of the memory's {machine.gb_per_s:.0f}" if read < unpacked else f"what {machine.cores} cores unpack"
    )
    flops = machine.cores * CORE_GFLOPS.get(feature, PLAIN_CORE_GFLOPS) * GB
    return _Share(part, min(read, unpacked) * GB, flops, limit)


def _fit(
    card: ModelCard, quantisation: Quantisation, placement: Placement, tokens: int, free: int, shares: tuple[_Share, ...]
) -> Fit:
    read, active = card.active_bytes(quantisation), (card.active or card.parameters or 0) * GB
    per_token = sum(share.part * read / share.bytes_per_s for share in shares)
    per_prompt_token = sum(share.part * 2 * active / share.flops for share in shares)
    needed = card.memory_bytes(quantisation, tokens)
    written = ", ".join(f"{share.part:.0%} of them at {share.bytes_per_s / GB:.0f} GB/s ({share.limit})" for share in shares)
    return Fit(
        quantisation,
        placement,
        needed,
        1 / per_token,
        PROMPT_TOKENS * per_prompt_token + per_token,
        1 + int(free // max(1, card.cache_bytes(tokens))),
        f"{_sum(card, quantisation, tokens)} make {needed / GB:.1f} of {(needed + free) / GB:.1f} GB ({placement}). "
        f"Each token reads {read / GB:.1f} GB, {written}: about {1 / per_token:.0f} tokens/s.",
    )


def _sum(card: ModelCard, quantisation: Quantisation, tokens: int) -> str:
    size, cache = card.size(quantisation), card.cache_bytes(tokens)
    rest = card.memory_bytes(quantisation, tokens) - size.bytes - cache
    return (
        f"{'About ' if size.computed else ''}{size.bytes / GB:.1f} GB of weights, {cache / GB:.1f} GB of cache for "
        f"{tokens:,} tokens and {rest / GB:.1f} GB to work with"
    )


def _cards_bytes(machine: Machine) -> int:
    return sum(round(gpu.memory_bytes * USABLE_CARD) for gpu in machine.gpus)


def _ram_bytes(machine: Machine) -> int:
    return round(machine.ram_bytes - max(SYSTEM_BYTES, SYSTEM_SHARE * machine.ram_bytes))


def _capacity(machine: Machine) -> int:
    unified = any(gpu.unified for gpu in machine.gpus)
    return max(_cards_bytes(machine), _ram_bytes(machine)) if unified else _cards_bytes(machine) + _ram_bytes(machine)
