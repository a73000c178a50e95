"""Runs as an evaluation leaves them, made without any model: for tests of reports."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from random import Random

from assistant.hardware import Machine
from assistant.types import Citation, GroundedSentence, Source, Usage
from eval.arena import open_arena
from eval.calibration import Calibration, Caught, save_calibration
from eval.coldstart import ServerStart
from eval.exchange import Sample
from eval.judge import judge_folder
from eval.load import Arrival, Asked, LoadResult, Slo, carried, knee, level_of, save
from eval.manifest import BackendManifest, CollectionManifest, Manifest, Reached, Sampling
from eval.questions import Question, Reference
from eval.rows import AnswerRow, Key, Measurement, ScoreRow, Speed
from eval.runs import Run, create_run
from eval.scorer import score_by_rules
from eval.statistics import Estimate

HOSTILE = '<img src=x onerror="document.title=1"><script>alert(1)</script></script>](javascript:alert(1))'
AT = "2026-11-21T10:00:00.000+00:00"
MACHINE = Machine("Linux 6.8", "Intel Xeon 8481C", ("avx2",), 2, 16_000_000_000, 12_000_000_000, (), None, 20.0, True)


def make_questions(count: int = 24) -> list[Question]:
    """Every fourth has no answer in the documents, every sixth is in English; the first is hostile."""
    return [_question(number) for number in range(count)]


def _question(number: int) -> Question:
    answerable, language = number % 4 != 3, "en" if number % 6 == 5 else "es"
    document = f"viajes/dieta-{number % 5}.pdf"
    return Question(
        id=f"q-{number:03}",
        question=HOSTILE if number == 0 else f"¿Cuántos euros son la dieta número {number}?",
        language=language,
        answerable=answerable,
        reference=f"Son {number + 20} euros." if answerable else None,
        facts=((str(number + 20),),) if answerable else (),
        sources=(Reference(document=document, page=1, quote=f"La dieta {number} es de {number + 20} euros"),)
        if answerable
        else (),
        tags=("number",) if number % 2 else ("table", "fact") if number else ("table", HOSTILE),
    )


def make_manifest(id: str, backends: Sequence[str], questions: int, **changes: object) -> Manifest:
    manifest = Manifest(
        id=id,
        started=AT,
        finished=AT,
        command="midas eval run --questions dietas.jsonl --backends " + ",".join(backends),
        git_commit="0123456789abcdef",
        dirty=False,
        code_sha256="c" * 64,
        collections=(
            CollectionManifest(
                name="empresa", embedder="multilingual-e5-small", dimension=384, chunk_tokens=256, documents=5, chunks=40,
                content_sha256="d" * 64,
            ),
        ),
        questions_file="dietas.jsonl",
        questions_sha256="e" * 64,
        n_questions=questions,
        left_out=0,
        repeats=1,
        prompts_sha256="f" * 64,
        retrieval={"top_k": 8},
        backends={name: _backend(name) for name in backends},
        sampling=Sampling(max_tokens=400, plain_max_tokens=512),
        evidence="frozen",
        hardware=MACHINE,
        dependencies={"chromadb": "1.5.9"},
        tools={"scipy": "1.17.1"},
    )  # fmt: skip
    return manifest.model_copy(update=changes)


def _backend(name: str) -> BackendManifest:
    reached = Reached(
        model=f"{name}-instruct", model_digest="a" * 64, server_version="1.2.3", address_is_local=True, cloud="cloud" in name,
        context_window=8192, counted_by="server",
    )  # fmt: skip
    return BackendManifest(kind="openai-compatible", model=name, options={"base_url": "http://127.0.0.1:1/v1"}, reached=reached)


def make_row(question: Question, backend: str, *, right: float, seconds: float, random: Random) -> AnswerRow:
    """An answer that is right with probability `right`, after about `seconds`; one in forty fails."""
    key = Key(question.id, backend)
    took = seconds * random.lognormvariate(0, 0.35) * 1000
    speed = Speed(0.3 * took, took, 0.02 * took, 1000 * 30 / took, 1000 * 120 / took, took + 40, 0.0, (20.0, 22.0, 25.0))
    if random.random() < 1 / 40:
        return AnswerRow(
            key, "error", question.language, error=f"El servidor no responde {HOSTILE}", error_kind="BackendError", at=AT
        )
    good, evidence = random.random() < right, sha256(question.id.encode()).hexdigest()
    manner = "" if backend == "grande" else f" ({backend})"
    if good != question.answerable:
        text = f"Los documentos no lo dicen{manner}." if question.language == "es" else f"The documents do not say{manner}."
        return AnswerRow(key, "declined", question.language, text, sources=(_source(question),), speed=speed, at=AT,
                         decline_reason="model_declined", cloud="cloud" in backend, evidence=evidence)  # fmt: skip
    number = int(question.id[2:]) + (20 if good and question.answerable else 70)
    first = f"La dieta es de {number} euros{manner} [1]."
    text = f"{first} {HOSTILE}" if question.id == "q-000" else first
    return AnswerRow(
        key, "ok", question.language, text, cloud="cloud" in backend, sources=(_source(question),),
        citations=(Citation(1, 0, len(first), _quote(question), False),),
        sentences=(_checked(first, good),),
        evidence=evidence, usage=Usage(400, 30), speed=speed, at=AT, model=backend,
    )  # fmt: skip


def _checked(sentence: str, good: bool) -> GroundedSentence:
    verdict, why = ("supported", "") if good else ("unsupported", "number not in the source: 99")
    return GroundedSentence(0, len(sentence), verdict, 0.9, why)  # type: ignore[arg-type]


def _quote(question: Question) -> str:
    return question.sources[0].quote or "" if question.sources else f"La dieta {int(question.id[2:])} depende"


def _source(question: Question) -> Source:
    document = question.sources[0].document if question.sources else "viajes/otros.pdf"
    passage = f"Dietas\n\n{_quote(question)}.\n\n| País | Euros |\n|---|---|\n| España | 53 |\n\n{HOSTILE}"
    return Source(1, f"empresa/{question.id}", "empresa", "d", document, "Dietas", 1, "page", ("Viajes", HOSTILE), "2026-01-01",
                  passage, passage, 0.8)  # fmt: skip


QUALITY = {"grande": 0.92, "mediano": 0.85, "pequeño": 0.55}
SECONDS = {"grande": 14.0, "mediano": 6.0, "pequeño": 2.0}


def make_run(home: Path, id: str = "20261121-100000-dietas", *, questions: int = 24, worse: float = 0.0, seed: int = 7) -> Run:
    """A scored run of three back ends; `worse` is taken from how often each is right."""
    asked, random = make_questions(questions), Random(seed)
    run = create_run(home, make_manifest(id, list(QUALITY), questions), asked)
    for backend, right in QUALITY.items():
        run.append(*(make_row(each, backend, right=right - worse, seconds=SECONDS[backend], random=random) for each in asked))
        peak = 2e9 * SECONDS[backend] / 6
        run.append(
            Measurement(backend, "memory_idle", 0.6 * peak, "bytes", AT, "pss"),
            Measurement(backend, "memory_peak", peak, "bytes", AT, "pss"),
        )
    score_by_rules(run)
    return run


def add_judge(home: Path, run: Run, fingerprint: str, kappa: float | None) -> None:
    """A judge's scores for every answer, one in five failed; calibrated on 200 statements if it has a kappa."""
    random = Random(3)
    answered = [row for row in run.answers() if row.status == "ok"]
    run.append(*(_judged(row.key, fingerprint, random) for row in answered))
    judge_folder(home, fingerprint).mkdir(parents=True)
    if kappa is not None:
        share, bias = Estimate(0.9, 0.85, 0.94, 200), Estimate(0.02, -0.03, 0.07, 200)
        known = Estimate(kappa, kappa - 0.1, kappa + 0.1, 200)
        found = Calibration("juez", "gemma", fingerprint, AT, "f" * 64, 200, 0.99, agreement=share, kappa=known, missed=share,
                            false_alarms=share, flips=share, position_bias=bias, position_p=0.4, length_bias=bias,
                            errors=(Caught("number", 12, 14),))  # fmt: skip
        save_calibration(home, found)


def _judged(key: Key, fingerprint: str, random: Random) -> ScoreRow:
    if random.random() < 0.2:
        return ScoreRow(key, "faithfulness", None, "failed", "no verdict", fingerprint)
    why = f"1 of 2 statements {HOSTILE}"
    return ScoreRow(key, "faithfulness", random.choice((0.5, 1.0)), "ok", why, fingerprint, 1.5)


def add_starts(run: Run) -> None:
    for backend, seconds in SECONDS.items():
        figures = {"start_ready_ms": 900, "start_first_token_ms": 1500, "cache_cold_ttft_ms": 600, "cache_shared_ttft_ms": 90,
                   "cache_warm_ttft_ms": 30}  # fmt: skip
        run.append(*(Measurement(backend, name, value * seconds, "ms", AT, "") for name, value in figures.items()))


def add_load(home: Path, backend: str, arrival: Arrival = "closed") -> None:
    """A load test of five levels; the last ones are too much."""
    slo, alone = Slo(ttft_s=4, e2e_s=20), _asked(1, SECONDS[backend])
    levels = tuple(level_of(users, 60, _asked(users, SECONDS[backend]), slo, alone) for users in (1, 2, 4, 8, 16))
    result = LoadResult(
        f"{backend}-{arrival}", backend, arrival, AT, 24, slo, level_of(0, 60, alone, slo, alone), levels, knee(levels),
        carried(levels), start=ServerStart(800, 2500),
    )  # fmt: skip
    save(home, result, [])


def _asked(users: int, seconds: float) -> Asked:
    """Up to three at a time come at full speed; of sixteen users, some give up."""
    took, count = seconds * max(1.0, users / 3), int(60 / seconds * min(users, 3))
    return Asked(tuple(_sample(number, took, count, users == 16) for number in range(count)), generator_busy=False)


def _sample(number: int, took: float, count: int, crowded: bool) -> Sample:
    cause = "timeout" if crowded and number % 5 == 0 else None
    speed, ended = Speed(total_ms=1000 * took * (0.9 + 0.02 * (number % 10))), 60.0 * (number + 1) / (count + 1)
    return Sample(f"q-{number:03}", 0.0, ended, cause, "", "ok", "Son 20 euros.", ("a",), 30, "server", 300.0 * took, speed)


def add_votes(home: Path, run: Run, voters: int = 3) -> None:
    """Everybody votes on every pair, mostly for the left answer."""
    random = Random(5)
    with open_arena(home) as arena:
        arena.prepare(run)
        for number in range(voters):
            while shown := arena.next(run.id, f"persona {number}"):
                choice = random.choice(("left", "left", "right", "tie", "both_bad"))
                arena.vote(shown.pair, f"persona {number}", choice, random.uniform(4_000, 20_000))
