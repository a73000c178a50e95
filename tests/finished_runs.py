"""Finished runs with known answers, made without asking any model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from assistant.hardware import Machine
from assistant.types import Source, Usage
from eval.manifest import BackendManifest, Manifest, Reached, Sampling
from eval.questions import Question
from eval.rows import AnswerRow, Key, Speed
from eval.runs import Run, create_run

MACHINE = Machine("Linux x86_64", "Test CPU", ("avx2",), 2, 8 * 2**30, 8 * 2**30, (), None, 20.0, True)
PASSAGE = Source(
    1, "c1", "rrhh", "d1", "vacaciones.txt", "Vacaciones", 2, "page", (), None, "Son 25 días.", "Son 25 días.", 0.9
)


def manifest(backends: Sequence[str], questions: int, cloud: Sequence[str] = (), **changes: object) -> Manifest:
    made = Manifest(
        id="20261121-100000-viajes",
        started="2026-11-21T10:00:00.000+00:00",
        finished="2026-11-21T10:05:00.000+00:00",
        command="midas eval run --questions viajes.jsonl",
        git_commit=None,
        dirty=None,
        code_sha256="0" * 64,
        collections=(),
        questions_file="viajes.jsonl",
        questions_sha256="0" * 64,
        n_questions=questions,
        left_out=0,
        repeats=1,
        prompts_sha256="0" * 64,
        retrieval={},
        backends={name: _backend(name, name in cloud) for name in backends},
        sampling=Sampling(max_tokens=200, plain_max_tokens=800),
        evidence="frozen",
        hardware=MACHINE,
        dependencies={},
        tools={},
    )
    return made.model_copy(update=changes)


def _backend(name: str, cloud: bool) -> BackendManifest:
    reached = Reached(
        model=name, model_digest=None, server_version=None, address_is_local=not cloud, cloud=cloud, context_window=4096,
        counted_by="server",
    )  # fmt: skip
    return BackendManifest(kind="openai" if cloud else "llama-cpp", model=name, options={}, reached=reached)


def questions(count: int) -> list[Question]:
    return [
        Question(id=f"q{n}", question=f"¿Pregunta {n}?", language="es", answerable=True, reference=f"Son {n}.")
        for n in range(count)
    ]


def answer(question: str, backend: str, text: str, **changes: object) -> AnswerRow:
    row = AnswerRow(
        Key(question, backend), "ok", "es", text, model=backend, sources=(PASSAGE,), evidence="e-" + question,
        usage=Usage(600, 50, 400), speed=Speed(ttft_ms=500.0, e2e_ms=2500.0, total_ms=2600.0), at="2026-11-21T10:00:01+00:00",
    )  # fmt: skip
    return replace(row, **changes)  # type: ignore[arg-type]


def finished_run(home: Path, texts: Mapping[str, str], count: int, cloud: Sequence[str] = (), **changes: object) -> Run:
    """A run over `count` questions; `texts` are the answers by back end, `{}` standing for the number of the question."""
    run = create_run(home, manifest(list(texts), count, cloud, **changes), questions(count))
    for backend, text in texts.items():
        for number in range(count):
            run.append(answer(f"q{number}", backend, text.format(number)))
    return run
