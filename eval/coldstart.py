"""Starting cold against running warm: processes, models, prompt caches.

A back end is started in a process of its own (`python -m eval.coldstart`), so that imports and model are loaded anew. What the
operating system still holds of the model's file may be used: only the first start after booting the computer lacks that.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
from contextlib import aclosing
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from assistant.config import Settings
from eval.rows import Measurement
from ingest.errors import MidasError

if TYPE_CHECKING:
    from assistant.backends import Backend

ROUNDS = 3
"""How often the prompt cache is tried; the medians count."""
EVIDENCE = """[1] (viajes.pdf, página 3) Las dietas de manutención cubren el desayuno, la comida y la cena de cada día de viaje.
En España ascienden a 53,34 euros por día completo y a 26,67 euros por media jornada; en Francia, a 70 y 35 euros. El
alojamiento se reserva con la agencia de la empresa y no se paga por adelantado.
[2] (viajes.pdf, página 4) La liquidación se presenta en los diez días laborables siguientes al regreso, con las facturas
originales. Los billetes de tren y de avión se compran en clase turista. El uso del coche propio se compensa con 0,26 euros por
kilómetro, previa autorización del responsable del departamento."""
"""About half as long as that of a real answer."""
ANSWER_TOKENS = 8
"""Enough that some text is among them."""
FIRST, OTHER = "¿Cuánto es la dieta completa en Francia?", "¿Cuánto se paga por kilómetro con coche propio?"
_READY, _ERROR = "ready", "error"


@dataclass(frozen=True, slots=True)
class ServerStart:
    """How the product itself starts, in milliseconds from the start of its process: until it listens, until its language model
    is loaded and warm, and until the first text of a question that is asked then."""

    listening_ms: float
    ready_ms: float
    first_text_ms: float | None = None


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Milliseconds, of one back end.

    `ready_ms` and `first_token_ms` count from the start of a process that loads the model itself; None for a model that some
    server holds. `load_ms` is what that server says it took to load the model for the first call (Ollama's `load_duration`;
    little when it was loaded), None where it does not tell. The others are times to the first token: of a prompt the model has
    not seen (`cold`), of the same again (`warm`), and of one with another question behind the same evidence (`shared`).
    """

    ready_ms: float | None
    first_token_ms: float | None
    load_ms: float | None
    cold_ttft_ms: float
    warm_ttft_ms: float
    shared_ttft_ms: float


def cold_start(name: str, settings: Settings) -> ColdStart:
    """Starts the back end in a new process and asks it; blocks for some prompts' time. Raises MidasError when it fails."""
    began = perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps({"name": name, "settings": settings.model_dump(mode="json")}))
        process.stdin.close()
        told: list[tuple[float, dict[str, Any]]] = []
        for line in process.stdout:
            told.append(((perf_counter() - began) * 1000, json.loads(line)))
    return _result(name, told)


def measurements(backend: str, cold: ColdStart, at: str) -> list[Measurement]:
    """As rows of a run."""
    figures = {
        "start_ready_ms": (cold.ready_ms, "from the start of a process"),
        "start_first_token_ms": (cold.first_token_ms, "from the start of a process"),
        "server_load_ms": (cold.load_ms, "as the server tells"),
        "cache_cold_ttft_ms": (cold.cold_ttft_ms, f"median of {ROUNDS}"),
        "cache_shared_ttft_ms": (cold.shared_ttft_ms, f"median of {ROUNDS}"),
        "cache_warm_ttft_ms": (cold.warm_ttft_ms, f"median of {ROUNDS}"),
    }
    return [Measurement(backend, name, value, "ms", at, note) for name, (value, note) in figures.items() if value is not None]


def _result(name: str, told: list[tuple[float, dict[str, Any]]]) -> ColdStart:
    """From what the process told, each with the milliseconds after its start."""
    lines = [line for _, line in told]
    if error := next((line[_ERROR] for line in lines if _ERROR in line), None):
        raise MidasError(str(error))
    if len(told) != 1 + 3 * ROUNDS:
        raise MidasError(f"Back end {name!r} ended while it was started anew to be measured: look whether memory is short.")
    (ready_ms, ready), (first_ms, first) = told[:2]
    own = bool(ready[_READY])
    cold, warm, shared = (median(line["ttft_ms"] for line in lines[1 + kind :: 3]) for kind in range(3))
    return ColdStart(ready_ms if own else None, first_ms if own else None, first["load_ms"], cold, warm, shared)


# In the new process


async def _measure(name: str, settings: Settings) -> None:
    """A line when the back end is ready, and one as soon as each of three prompts in each round has its first token."""
    from assistant.backends import make_backend

    backend = make_backend(name, settings)
    try:
        _tell(**{_READY: backend.address is None})
        for _ in range(ROUNDS):
            unseen = f"{secrets.token_hex(8)}. Responde solo con lo que dicen los fragmentos.\n\n{EVIDENCE}"
            for question in (FIRST, FIRST, OTHER):
                await _first_token(backend, unseen, question)
    finally:
        backend.close()


async def _first_token(backend: Backend, instructions: str, question: str) -> None:
    """Tells when the first token is there, and what the server said of loading."""
    from llama_index.core.base.llms.types import ChatMessage, MessageRole

    messages = [ChatMessage(instructions, role=MessageRole.SYSTEM), ChatMessage(question)]
    began, ttft_ms, load_ms = perf_counter(), None, None
    async with aclosing(await backend.llm.astream_chat(messages, max_tokens=ANSWER_TOKENS)) as pieces:
        async for piece in pieces:
            if piece.delta and ttft_ms is None:
                ttft_ms = (perf_counter() - began) * 1000
            load_ms = getattr(getattr(piece.raw, "usage", None), "load_ms", None) or load_ms
    _tell(ttft_ms=ttft_ms, load_ms=load_ms)


def _tell(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def _main() -> None:
    told = json.load(sys.stdin)
    try:
        asyncio.run(_measure(told["name"], Settings(**told["settings"])))
    except MidasError as error:
        _tell(**{_ERROR: error.message})


if __name__ == "__main__":
    _main()
