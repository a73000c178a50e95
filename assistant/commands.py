"""The exact commands that run a model of the catalogue on each kind of back end that suits the computer."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from assistant.catalogue import GB, ModelCard, Quantisation
from assistant.hardware import Machine

THINKING_TOKENS = 1024
"""What a train of thought may take beside the answer."""


@dataclass(frozen=True, slots=True)
class Command:
    """How to run a model on one kind of back end: shell `lines`, of which the last adds the back end."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A model in one quantisation on one computer. `tokens` are prompt and answer together; `think` is whether a model that
    can do without should write a train of thought first."""

    name: str
    card: ModelCard
    quantisation: Quantisation
    machine: Machine
    tokens: int
    think: bool = False

    @property
    def thinks(self) -> bool:
        return self.card.thinks == "always" or (self.think and self.card.thinks is not None)

    @property
    def must_be_quiet(self) -> bool:
        """Whether its train of thought has to be switched off."""
        return self.card.thinks == "optional" and not self.think


def commands(run: Run) -> tuple[Command, ...]:
    """For every kind that can serve this model in this quantisation here; the simplest first."""
    candidates = (_llama_cpp(run), _ollama(run), _llama_server(run), _vllm(run), _foundry(run), _cloud(run))
    return tuple(command for command in candidates if command is not None)


def runnable(card: ModelCard, machine: Machine, think: bool = False) -> tuple[Quantisation, ...]:
    """The quantisations that some kind of back end can serve here, from the coarsest to the finest."""
    return tuple(form for form in card.quantisations if commands(Run("model", card, form, machine, card.context, think)))


def _llama_cpp(run: Run) -> Command | None:
    """Inside Midas; it computes on the processor only, and always lets a model think."""
    coarsest = run.card.quantisations[0]
    if run.card.names.gguf is None or run.machine.gpus or run.quantisation != coarsest or run.must_be_quiet:
        return None
    size = run.card.size(coarsest).bytes / GB
    pull = f"midas models pull {run.name}    # {size:.1f} GB"
    return _command(run, "llama-cpp", (pull,), model=run.name, context_window=run.tokens, **_thinking(run))


def _ollama(run: Run) -> Command | None:
    tag = run.card.names.ollama if run.quantisation == run.card.quantisations[0] else _hub_tag(run)
    if tag is None:
        return None
    think = {"think": "true"} if run.thinks else {}
    return _command(run, "ollama", (f"ollama pull {tag}",), model=tag, context_window=run.tokens, **think)


def _hub_tag(run: Run) -> str | None:
    """Ollama fetches any GGUF file of the hub by its repository and quantisation."""
    return f"hf.co/{_repository(run)}" if _repository(run) else None


def _repository(run: Run) -> str | None:
    """`OWNER/REPO:Q8_0`: how Ollama and llama.cpp name a GGUF file of the hub."""
    file = run.card.names.gguf
    if file is None or (run.quantisation == "bf16" and run.card.native == "bf16"):
        return None
    return f"{file.rpartition('/')[0]}:{run.quantisation.upper()}"


def _llama_server(run: Run) -> Command | None:
    """llama.cpp's own server, which can use graphics cards; what does not fit them stays with the processor."""
    if _repository(run) is None or not run.machine.gpus:
        return None
    quiet = " --reasoning-budget 0" if run.must_be_quiet else ""
    start = f"llama-server -hf {_repository(run)} --ctx-size {run.tokens} --jinja{quiet} --host 127.0.0.1 --port 8080"
    url = "http://127.0.0.1:8080/v1"
    return _command(
        run, "openai-compatible", (start,), model=run.name, base_url=url, context_window=run.tokens, **_thinking(run)
    )


def _vllm(run: Run) -> Command | None:
    """Serves the maker's own weights, from graphics cards, to many people at once."""
    if run.quantisation != run.card.native or not run.machine.gpus or any(gpu.unified for gpu in run.machine.gpus):
        return None
    parser = run.card.vllm_reasoning_parser
    words = [f"vllm serve {run.card.names.hub} --host 127.0.0.1 --port 8000 --max-model-len {run.tokens}"]
    words += [f"--tensor-parallel-size {len(run.machine.gpus)}"] if len(run.machine.gpus) > 1 else []
    words += [f"--reasoning-parser {parser}"] if parser else []
    words += ["""--default-chat-template-kwargs '{"enable_thinking": false}'"""] if run.must_be_quiet else []
    return _command(run, "vllm", (" ".join(words),), model=str(run.card.names.hub), **_thinking(run))


def _foundry(run: Run) -> Command | None:
    """Foundry Local's own variants have 4 bits, whatever the processor. That it tells Microsoft of each start has to be
    accepted."""
    alias = run.card.names.foundry
    if alias is None or run.quantisation not in ("q4_k_m", "mxfp4") or run.must_be_quiet:
        return None
    fetch = f"foundry model download {alias}"
    return _command(run, "foundry-local", (fetch,), model=alias, process_info="true", **_thinking(run))


def _cloud(run: Run) -> Command | None:
    api = run.card.names.api
    return _command(run, "openai", ("export OPENAI_API_KEY=...    # your key",), model=api) if api else None


def _thinking(run: Run) -> dict[str, str]:
    return {"thinking_tokens": str(THINKING_TOKENS)} if run.thinks else {}


def _command(run: Run, kind: str, lines: tuple[str, ...], **options: str | int) -> Command:
    name = re.sub(r"[^\w-]", "-", run.name)
    pairs = " ".join(shlex.quote(f"{key}={value}") for key, value in options.items())
    return Command(kind, (*lines, f"midas backends add {name} {kind} {pairs}"))
