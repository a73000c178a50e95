"""The exact commands that run a model of the catalogue on each kind of back end that suits the computer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.catalogue import GB, ModelCard, Quantisation
from assistant.hardware import Machine


@dataclass(frozen=True, slots=True)
class Command:
    """How to run a model on one kind of back end: shell `lines`, then the section for midas.toml."""

    kind: str
    lines: tuple[str, ...]
    section: str


def commands(name: str, card: ModelCard, quantisation: Quantisation, machine: Machine, tokens: int) -> tuple[Command, ...]:
    """For every kind that can serve this model in this quantisation here; the simplest first."""
    candidates = (
        _llama_cpp(name, card, quantisation, machine, tokens),
        _ollama(name, card, quantisation, tokens),
        _llama_server(name, card, quantisation, machine, tokens),
        _vllm(name, card, quantisation, machine, tokens),
        _foundry(name, card, quantisation),
        _cloud(name, card),
    )
    return tuple(command for command in candidates if command is not None)


def gguf_file(card: ModelCard, quantisation: Quantisation) -> str | None:
    """`OWNER/REPO/FILE.gguf` in this quantisation, as the same repository names it; None when that is not known."""
    file = card.names.gguf
    if file is None or quantisation == "bf16":
        return None
    return file.replace("q4_k_m", quantisation).replace("Q4_K_M", quantisation.upper())


def _llama_cpp(name: str, card: ModelCard, quantisation: Quantisation, machine: Machine, tokens: int) -> Command | None:
    """Inside Midas; it computes on the processor only."""
    if gguf_file(card, quantisation) is None or machine.gpus or quantisation != card.quantisations[0]:
        return None
    size = card.size(quantisation).bytes / GB
    section = _section(name, "llama-cpp", f'model = "{name}"', f"context_window = {tokens}")
    return Command("llama-cpp", (f"midas models pull {name}    # {size:.1f} GB",), section)


def _ollama(name: str, card: ModelCard, quantisation: Quantisation, tokens: int) -> Command | None:
    tag = card.names.ollama if quantisation == card.quantisations[0] else _hub_tag(card, quantisation)
    if tag is None:
        return None
    section = _section(name, "ollama", f'model = "{tag}"', f"context_window = {tokens}")
    return Command("ollama", (f"ollama pull {tag}",), section)


def _hub_tag(card: ModelCard, quantisation: Quantisation) -> str | None:
    """Ollama fetches any GGUF file of the hub by its repository and quantisation."""
    file = gguf_file(card, quantisation)
    return f"hf.co/{file.rpartition('/')[0]}:{quantisation.upper()}" if file else None


def _llama_server(name: str, card: ModelCard, quantisation: Quantisation, machine: Machine, tokens: int) -> Command | None:
    """llama.cpp's own server, which can use graphics cards; what does not fit them stays with the processor."""
    file = gguf_file(card, quantisation)
    if file is None or not machine.gpus:
        return None
    repository, _, path = file.rpartition("/")
    run = f"llama-server --hf-repo {repository} --hf-file {path} --ctx-size {tokens} --host 127.0.0.1 --port 8080"
    return Command("openai-compatible", (run,), _remote(name, "openai-compatible", name, "http://127.0.0.1:8080/v1", tokens))


def _vllm(name: str, card: ModelCard, quantisation: Quantisation, machine: Machine, tokens: int) -> Command | None:
    """Serves the maker's own weights, from graphics cards, to many people at once."""
    if quantisation != card.native or not machine.gpus or any(gpu.unified for gpu in machine.gpus):
        return None
    parallel = f" --tensor-parallel-size {len(machine.gpus)}" if len(machine.gpus) > 1 else ""
    run = f"vllm serve {card.names.hub} --host 127.0.0.1 --port 8000 --max-model-len {tokens}{parallel}"
    return Command("vllm", (run,), _remote(name, "vllm", str(card.names.hub), "http://127.0.0.1:8000/v1", tokens))


def _foundry(name: str, card: ModelCard, quantisation: Quantisation) -> Command | None:
    """Foundry Local's own variants have 4 bits, whatever the processor."""
    alias = card.names.foundry
    if alias is None or quantisation not in ("q4_k_m", "mxfp4"):
        return None
    return Command("foundry-local", (f"foundry model download {alias}",), _section(name, "foundry-local", f'model = "{alias}"'))


def _cloud(name: str, card: ModelCard) -> Command | None:
    if card.names.api is None:
        return None
    model = (
        f'model = "{card.names.api}"',
        'api_key_env = "OPENAI_API_KEY"',
        f"context_window = {card.context}",
        "cloud = true",
    )
    return Command("openai", ("export OPENAI_API_KEY=...    # your key",), _section(name, "openai", *model))


def _remote(name: str, kind: str, model: str, url: str, tokens: int) -> str:
    return _section(name, kind, f'model = "{model}"', f'base_url = "{url}"', f"context_window = {tokens}")


def _section(name: str, kind: str, *lines: str) -> str:
    """A section of midas.toml; names with dots need quotes."""
    key = name if re.fullmatch(r"[\w-]+", name) else f'"{name}"'
    return "\n".join((f"[backends.{key}]", f'kind = "{kind}"', *lines))
