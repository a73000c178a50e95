"""What `midas models` prints: tables of models, a model's card, a recommendation, a comparison."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from assistant import hardware
from assistant.backends import make_manager
from assistant.backends.common.manager import LoadedModel, ModelDetails, ServedModel
from assistant.catalogue import GB, TYPICAL_CONTEXT, ModelCard, Purpose, catalogue, hardware_class
from assistant.commands import Command, Run, commands
from assistant.config import Settings
from assistant.local_models import DiskItem, LocalModels
from assistant.models import pinned
from assistant.recommend import Advice, Choice, Rejection, Wish, recommend
from ingest.errors import ConfigError, MidasError
from ui import terminal
from ui.command import leave

if TYPE_CHECKING:
    from assistant.trial import Trial

SHOWN = 5
"""Models that a recommendation shows; JSON has them all."""
OBSTACLES = {
    "memory": "Too large",
    "disk": "No room on the disk",
    "speed": "Too slow here",
    "language": "Not meant for this language",
    "use": "Not meant for this use",
    "licence": "Not allowed in a company",
    "server": "No way to run it here",
}


def gb(size: float | None) -> str:
    return "" if size is None else f"{size / GB:.1f} GB"


# Lists


def print_served(models: Sequence[ServedModel], json: bool) -> None:
    if json:
        return terminal.print_json(models)
    if not models:
        return terminal.err.print("There are no models yet: `midas models recommend` tells which to pull.")
    lines = [(model.name, gb(model.size_bytes), _day(model), ", ".join(model.details.values())) for model in models]
    terminal.out.print(terminal.table(("name", "size", "changed", "details"), lines))


def _day(model: ServedModel) -> str:
    return model.modified.date().isoformat() if model.modified else ""


def print_catalogue(installed: Sequence[ServedModel], json: bool) -> None:
    """Every card with its needs, then what is installed or pinned beside them."""
    book, there = catalogue(), {model.name for model in installed}
    if json:
        facts = {"as_of": book.as_of, "catalogue": book.models, "installed": installed}
        return terminal.print_json(facts)
    titles = ("name", "parameters", "context", "file", "needs", "Spanish", "commercial use", "good for", "installed")
    lines = [_line(name, card, name in there) for name, card in book.models.items()]
    others = {*there, *pinned()} - book.models.keys()
    lines += [(name, "", "", "", "", "", "", "", "yes" if name in there else "") for name in sorted(others)]
    terminal.out.print(terminal.table(titles, lines))
    terminal.err.print(f"Facts of {book.as_of}. `midas models show NAME` tells more, with sources.")


def _line(name: str, card: ModelCard, installed: bool) -> tuple[str, ...]:
    coarsest = card.quantisations[0]
    return (
        name,
        _parameters(card),
        f"{card.context:,}",
        gb(card.size(coarsest).bytes) if card.local else "",
        gb(card.memory_bytes(coarsest)) if card.local else "cloud",
        "yes" if card.speaks("es") else "",
        card.commercial,
        ", ".join(card.good_for),
        "yes" if installed else "",
    )


def _parameters(card: ModelCard) -> str:
    if card.parameters is None:
        return ""
    return f"{card.parameters:g}B" + (f", {card.active:g}B active" if card.active else "")


# One model


def print_details(details: ModelDetails, json: bool) -> None:
    """What a server, or a file, tells of a model."""
    if json:
        return terminal.print_json(details)
    facts = (
        ("name", details.name), ("parameters", details.parameters), ("quantisation", details.quantization),
        ("context", details.context_window), ("licence", details.licence), *details.details.items(),
    )  # fmt: skip
    terminal.out.print(terminal.table(("", ""), [fact for fact in facts if fact[1] is not None]))


def print_card(asked: str, home: Path, json: bool) -> None:
    """All of a model's card, what it needs in each quantisation, and the commands that run it here."""
    name, card = catalogue().find(asked)
    installed = name in {model.name for model in LocalModels(home).installed()}
    machine = hardware.detect(home)
    ways = commands(Run(name, card, card.quantisations[0], machine, min(TYPICAL_CONTEXT, card.context)))
    if json:
        return terminal.print_json(
            {"name": name, "installed": installed, "card": card, "needs": _needs(card), "commands": ways}
        )
    terminal.out.print(terminal.table(("", ""), _facts(name, card, installed)))
    if card.local:
        terminal.out.print(f"\nMemory with {TYPICAL_CONTEXT:,} tokens of context:", style="bold")
        titles = ("as", "file", "cache", "needs", "suits")
        terminal.out.print(terminal.table(titles, [_need_line(need) for need in _needs(card)]))
    _print_commands(ways)


@dataclass(frozen=True, slots=True)
class Need:
    """What a model takes in one quantisation, with TYPICAL_CONTEXT tokens. `computed`: no published size is known."""

    quantisation: str
    file_bytes: int
    computed: bool
    cache_bytes: int
    needed_bytes: int
    hardware: str


def _needs(card: ModelCard) -> list[Need]:
    if not card.local:
        return []
    sizes = [card.size(quantisation) for quantisation in card.quantisations]
    needed = [card.memory_bytes(quantisation) for quantisation in card.quantisations]
    cache = card.cache_bytes(TYPICAL_CONTEXT)
    return [
        Need(size.quantisation, size.bytes, size.computed, cache, total, hardware_class(total))
        for size, total in zip(sizes, needed, strict=True)
    ]


def _need_line(need: Need) -> tuple[str, ...]:
    file = gb(need.file_bytes) + (" (computed)" if need.computed else "")
    return need.quantisation.upper(), file, gb(need.cache_bytes), gb(need.needed_bytes), need.hardware


def _facts(name: str, card: ModelCard, installed: bool) -> list[tuple[str, str]]:
    more = f" and {card.more_languages} more" if card.more_languages else ""
    price = card.price
    facts = {
        "name": name,
        "title": card.title,
        "maker": f"{card.maker}, {card.released}",
        "parameters": _parameters(card) or "not published",
        "context": f"{card.context:,} tokens",
        "languages": ", ".join(card.languages) + more,
        "licence": card.licence,
        "commercial use": card.commercial + (f": {card.conditions}" if card.conditions else ""),
        "good for": ", ".join([*card.good_for, *(["Spanish"] if card.speaks("es") else [])]),
        "thinks first": card.thinks or "no",
        "Ollama": card.names.ollama or "",
        "hub": card.names.hub or "",
        "GGUF file": card.names.gguf or "",
        "Foundry Local": card.names.foundry or "",
        "API": card.names.api or "",
        "price": f"{price.input_usd} in, {price.output_usd} out, USD per million tokens ({price.as_of})" if price else "",
        "note": card.note or "",
        "installed": "yes" if installed else "no",
        "sources": "\n".join((*card.source, *((price.source,) if price else ()))),
    }
    return [(key, value) for key, value in facts.items() if value]


def _print_commands(ways: Sequence[Command]) -> None:
    for way in ways:
        terminal.out.print(terminal.plain(f"\nWith {way.kind}:", "bold"))
        for line in way.lines:
            terminal.out.print(terminal.plain(f"  {line}"))


# Memory and disk


@dataclass(frozen=True, slots=True)
class Loaded:
    """The models in memory at one back end (None: of this computer's files), or why that is not known."""

    backend: str | None
    models: Sequence[LoadedModel] = ()
    error: str | None = None


def all_loaded(settings: Settings) -> list[Loaded]:
    return [
        Loaded(None, LocalModels(settings.home).loaded()),
        *filter(None, (_asked(name, settings) for name in settings.backends)),
    ]


def _asked(name: str, settings: Settings) -> Loaded | None:
    """None for a back end whose models are the files of this computer."""
    try:
        manager = make_manager(name, settings)
        return None if isinstance(manager, LocalModels) else Loaded(name, manager.loaded())
    except MidasError as error:
        return Loaded(name, error=error.message)


def print_loaded(places: Sequence[Loaded], json: bool) -> None:
    if json:
        return terminal.print_json(places)
    lines = [
        (model.name, place.backend or "this computer", gb(model.memory_bytes), model.expires or "")
        for place in places
        for model in place.models
    ]
    if lines:
        terminal.out.print(terminal.table(("name", "where", "memory", "until"), lines))
    else:
        terminal.err.print("No model is in memory.")
    for place in places:
        if place.error:
            terminal.err.print(terminal.plain(f"{place.backend}: {place.error}"))


def print_disk(items: Sequence[DiskItem], home: Path, json: bool) -> None:
    free = hardware.disk_free(home)
    can_go = sum(item.bytes for item in items if item.remedy)
    if json:
        return terminal.print_json({"items": items, "can_go_bytes": can_go, "disk_free_bytes": free})
    lines = [(item.name, gb(item.bytes), ", ".join(item.used_by), item.remedy or "") for item in items]
    if lines:
        terminal.out.print(terminal.table(("name", "size", "needed by", "to free it"), lines))
    total = sum(item.bytes for item in items)
    terminal.out.print(f"Models take {gb(total)}, {gb(can_go)} of them can go; the disk has {gb(free)} free.")


# Recommendation


def advise(home: Path, purpose: str, language: str, ram: str | None, vram: str | None, context: int) -> Advice:
    """Raises ConfigError for words that are no use, language or size."""
    if purpose not in get_args(Purpose):
        raise ConfigError(f"{purpose!r} is no use of a model: say chat, reasoning or code.")
    if language != "any" and not (len(language) == 2 and language.isalpha()):
        raise ConfigError(f"{language!r} is no language code: write two letters like es, or any.")
    machine = hardware.detect(home)
    if ram or vram:
        machine = hardware.imagined(machine, ram, vram)
    wish = Wish(next(use for use in get_args(Purpose) if use == purpose), None if language == "any" else language, context)
    return recommend(catalogue(), machine, wish)


def print_advice(advice: Advice, json: bool) -> None:
    if json:
        return terminal.print_json(advice)
    _say(f"Computer: {_machine(advice.machine)}")
    for note in advice.machine.notes:
        _say(f"Note: {note}")
    wish = advice.wish
    _say(f"Wanted: {wish.purpose}, language {wish.language or 'any'}, {wish.context_tokens:,} tokens of context.\n")
    if advice.ranked:
        _print_ranking(advice.ranked)
        if len(advice.machine.gpus) > 1:
            _say("Several cards: vLLM uses them side by side, as told here; Ollama and llama.cpp use one after the other.")
        _say("")
    else:
        _say("No model of the catalogue suits this computer: a cloud model, or a computer with more memory, is needed.")
    _print_rejections(advice.rejected)
    if advice.cloud:
        _say(f"In the cloud, where questions leave the company: {', '.join(advice.cloud)}.")
    if advice.ranked:
        _print_ways(advice.ranked)


def _print_ways(ranked: Sequence[Choice]) -> None:
    """How to run the best, and the best that needs no server beside Midas."""
    best = ranked[0]
    _say(f"\nHow to run {best.name}" + (", in one of these ways:" if len(best.commands) > 1 else ":"), "bold")
    _print_commands(best.commands)
    embedded = ((choice, way) for choice in ranked for way in choice.commands if way.kind == "llama-cpp")
    choice, way = next(embedded, (best, None))
    if way and choice is not best:
        _say(f"\nWithout a server beside Midas, the best is {choice.name}:", "bold")
        _print_commands([way])
    _say("\nThen compare on your own questions: midas models try, and an evaluation.")


def _say(text: str, style: str = "") -> None:
    terminal.out.print(terminal.plain(text, style))


def _machine(machine: hardware.Machine) -> str:
    features = f" ({', '.join(machine.cpu_features)})" if machine.cpu_features else ""
    speed = f"{machine.gb_per_s:.0f} GB/s {'measured' if machine.measured else 'assumed'}"
    cards = ", ".join(f"{number} x {_card(gpu)}" if number > 1 else _card(gpu) for gpu, number in Counter(machine.gpus).items())
    disk = "" if machine.disk_free_bytes is None else f"; {gb(machine.disk_free_bytes)} of disk free"
    memory = f"{_gib(machine.ram_bytes)} of memory ({speed})"
    return f"{machine.cpu}, {machine.cores} cores{features}; {memory}; {cards or 'no graphics card'}{disk}."


def _gib(size: int) -> str:
    return f"{size / hardware.GIB:.0f} GiB"


def _card(gpu: hardware.Gpu) -> str:
    return f"{gpu.name} ({_gib(gpu.memory_bytes)}, {gpu.gb_per_s:,} GB/s{'' if gpu.known else ' assumed'})"


def _print_ranking(ranked: Sequence[Choice]) -> None:
    titles = ("", "model", "as", "needs", "runs on", "writes", "speed", "first word", "at once", "commercial use")
    lines = [
        (
            f"{number}.",
            choice.name,
            choice.fit.quantisation.upper(),
            gb(choice.fit.needed_bytes),
            choice.fit.placement,
            f"{choice.fit.tokens_per_s:.0f} tokens/s",
            choice.fit.speed,
            f"{choice.fit.first_word_s:.1f} s",
            str(min(choice.fit.conversations, 999)),
            choice.card.commercial,
        )
        for number, choice in enumerate(ranked[:SHOWN], 1)
    ]
    terminal.out.print(terminal.table(titles, lines))
    best = ranked[0]
    _say(f"\nWhy {best.name}: {best.fit.reason}")
    if best.card.conditions:
        _say(f"Licence: {best.card.conditions}.")
    if best.card.thinks == "always":
        _say("It writes a train of thought before the answer, which takes several times as long.")
    _say("Order: size and age of the model, less what slowness costs; a rule of thumb, no measurement of quality.")
    if len(ranked) > SHOWN:
        _say(f"Also possible: {', '.join(choice.name for choice in ranked[SHOWN:])}.")


def _print_rejections(rejected: Sequence[Rejection]) -> None:
    for obstacle, told in OBSTACLES.items():
        models = [rejection for rejection in rejected if rejection.obstacle == obstacle]
        if models:
            _say(f"{told}: {_grouped(models)}.")


def _grouped(rejected: Sequence[Rejection]) -> str:
    """`a, b (why); c (why else)`."""
    names: dict[str, list[str]] = {}
    for rejection in rejected:
        names.setdefault(rejection.reason, []).append(rejection.name)
    return "; ".join(f"{', '.join(same)} ({reason})" for reason, same in names.items())


# Comparison


def run_trials(names: list[str], settings: Settings, prompt: str, max_tokens: int, json: bool) -> None:
    """Asks one after the other and prints the comparison; exit code 1 when none answered."""
    from assistant.trial import try_one, with_models

    prepared = with_models(names, settings)
    trials = []
    for name in names:
        with terminal.waiting(f"{name}…"):
            trials.append(asyncio.run(try_one(name, prepared, prompt, max_tokens)))
    print_trials(trials, json)
    leave(int(all(trial.error for trial in trials)))


def print_trials(trials: Sequence[Trial], json: bool) -> None:
    if json:
        return terminal.print_json(trials)
    for trial in trials:
        _say(trial.name + (" (cloud)" if trial.cloud else ""), "bold")
        _say(f"{trial.answer if trial.error is None else trial.error}\n")
    titles = ("name", "model", "first token ms", "tokens/s", "total ms", "tokens", "counted by")
    lines = [
        (trial.name, trial.model, _number(trial.ttft_ms), _number(trial.tokens_per_s), _number(trial.total_ms), trial.tokens,
         trial.counted_by or "")
        for trial in trials
    ]  # fmt: skip
    terminal.out.print(terminal.table(titles, lines))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"
