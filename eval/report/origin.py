"""Phase 0, what was prepared, and the manifest, with which a run can be repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from eval.manifest import BackendManifest, Manifest
from eval.report.blocks import Block, Cell, Fold, Paragraph, Section, Table
from eval.report.numbers import NONE
from eval.report.teller import Teller
from eval.runs import Run

SHORT = 12
"""Characters of a digest that are shown."""


def facts(teller: Teller) -> tuple[str, ...]:
    """What stands below the title."""
    texts, numbers, data = teller.texts, teller.numbers, teller.data
    machine = data.run.manifest.hardware
    parts = data.run.parts
    ids = [f"#{number} {part.id}" for number, part in enumerate(parts, 1)] if len(parts) > 1 else [data.run.id]
    return (
        *ids,
        data.run.manifest.started[:10],
        texts("facts.questions", n=numbers.number(len(data.questions))),
        texts("facts.backends", n=len(data.backends)),
        texts("facts.machine", cpu=machine.cpu, cores=machine.cores, ram=numbers.size(machine.ram_bytes)),
    )


def preparation_section(teller: Teller) -> Section:
    texts = teller.texts
    blocks = [*_unfinished(teller), _questions(teller), _engines(teller), *_documents(teller), _machines(teller)]
    return Section("phase-0", texts("preparation"), blocks, 0, texts("preparation.intro"))


def manifest_section(teller: Teller) -> Section:
    folds = [Fold(part.id, (_manifest(teller, part.manifest),)) for part in teller.data.run.parts]
    return Section("manifest", teller.texts("manifest"), folds, intro=teller.texts("manifest.intro"))


def _unfinished(teller: Teller) -> Iterator[Block]:
    for part in teller.data.run.parts:
        if part.manifest.finished is None:
            yield Paragraph(teller.texts("unfinished", run=part.id), "warning")
        if part.manifest.serving:
            yield Paragraph(teller.texts("serving", run=part.id), "note")


def _pairs(teller: Teller, caption: str, rows: Iterator[tuple[str, str]]) -> Table:
    """A table of names and values."""
    told = tuple((Cell(name), Cell(value)) for name, value in rows if value)
    return Table((Cell(teller.texts("what")), Cell(teller.texts("value"))), told, caption, numeric=False)


def _questions(teller: Teller) -> Table:
    return _pairs(teller, teller.texts("questions.title"), _question_facts(teller))


def _question_facts(teller: Teller) -> Iterator[tuple[str, str]]:
    texts, number, data = teller.texts, teller.numbers.number, teller.data
    manifest = data.run.manifest
    documented = [question for question in data.questions if not question.plain]
    unanswerable = sum(not question.answerable for question in documented)
    languages = Counter(question.language for question in data.questions)
    yield texts("questions.asked"), number(len(data.questions))
    yield texts("questions.unanswerable"), number(unanswerable)
    if plain := len(data.questions) - len(documented):
        yield texts("questions.plain"), number(plain)
    yield texts("questions.languages"), ", ".join(f"{name} {number(count)}" for name, count in languages.most_common())
    yield texts("questions.repeats"), number(manifest.repeats)
    yield texts("questions.left_out"), number(manifest.left_out) if manifest.left_out else ""
    yield texts("evidence.mode"), texts(f"evidence.{manifest.evidence}")


def _documents(teller: Teller) -> Iterator[Block]:
    texts, number = teller.texts, teller.numbers.number
    columns = ("documents.collection", "documents.count", "documents.chunks", "documents.embedder", "documents.digest")
    rows = tuple(
        (
            Cell(each.name),
            Cell(number(each.documents)),
            Cell(number(each.chunks)),
            Cell(
                each.embedder, texts("documents.chunking", tokens=number(each.chunk_tokens), dimension=number(each.dimension))
            ),
            Cell(each.content_sha256[:SHORT]),
        )
        for each in {each.name: each for part in teller.data.run.parts for each in part.manifest.collections}.values()
    )
    if rows:
        yield Table(tuple(Cell(texts(name)) for name in columns), rows, texts("documents.title"))


def _engines(teller: Teller) -> Table:
    texts = teller.texts
    columns = ("backend", "engine.kind", "engine.model", "engine.place", "engine.window", "engine.version")
    rows = tuple(
        _engine(teller, teller.data.run.name(part, name), backend)
        for part in teller.data.run.parts
        for name, backend in part.manifest.backends.items()
    )
    return Table(tuple(Cell(texts(name)) for name in columns), rows, texts("engines.title"), numeric=False)


def _engine(teller: Teller, name: str, backend: BackendManifest) -> tuple[Cell, ...]:
    reached = backend.reached
    model = Cell(reached.model if reached else backend.model, (reached and reached.model_digest or "")[:SHORT])
    return (
        Cell(name, backend=name),
        Cell(backend.kind),
        model,
        Cell(_place(teller, backend)),
        Cell(teller.texts("tokens", n=teller.numbers.number(reached.context_window)) if reached else NONE),
        Cell(reached.server_version or NONE if reached else NONE),
    )


def _place(teller: Teller, backend: BackendManifest) -> str:
    if backend.reached is None:
        return NONE
    if backend.reached.cloud:
        return teller.texts("place.cloud")
    return teller.texts("place.here" if backend.reached.address_is_local else "place.company")


def _machines(teller: Teller) -> Table:
    return _pairs(teller, teller.texts("machine.title"), _machine_facts(teller, teller.data.run.parts))


def _machine_facts(teller: Teller, parts: tuple[Run, ...]) -> Iterator[tuple[str, str]]:
    texts, numbers = teller.texts, teller.numbers
    for machine in {part.manifest.hardware.cpu: part.manifest.hardware for part in parts}.values():
        yield texts("machine.cpu"), texts("machine.cores", cpu=machine.cpu, cores=machine.cores)
        yield texts("machine.ram"), numbers.size(machine.ram_bytes)
        cards = ", ".join(f"{gpu.name} ({numbers.size(gpu.memory_bytes)})" for gpu in machine.gpus)
        yield texts("machine.gpus"), cards or texts("machine.no_gpus")
        yield texts("machine.system"), machine.system


def _manifest(teller: Teller, manifest: Manifest) -> Table:
    return _pairs(teller, "", _manifest_facts(teller, manifest))


def _time(stamp: str) -> str:
    """To the second."""
    return stamp[:19].replace("T", " ")


def _manifest_facts(teller: Teller, manifest: Manifest) -> Iterator[tuple[str, str]]:
    texts, sampling = teller.texts, manifest.sampling
    yield texts("manifest.command"), manifest.command
    yield (
        texts("manifest.times"),
        f"{_time(manifest.started)} – {_time(manifest.finished) if manifest.finished else texts('manifest.open')}",
    )
    changed = f" {texts('manifest.dirty')}" if manifest.dirty else ""
    yield texts("manifest.commit"), f"{manifest.git_commit}{changed}" if manifest.git_commit else ""
    yield texts("manifest.code"), manifest.code_sha256
    yield texts("manifest.questions"), f"{manifest.questions_file} · {manifest.questions_sha256}"
    yield texts("manifest.prompts"), manifest.prompts_sha256
    for each in manifest.collections:
        yield texts("manifest.collection", name=each.name), each.content_sha256
    yield texts("manifest.retrieval"), ", ".join(f"{name} = {value}" for name, value in manifest.retrieval.items())
    yield texts("manifest.sampling"), ", ".join(f"{name} = {value}" for name, value in sampling.model_dump().items())
    for name, backend in manifest.backends.items():
        digest = backend.reached.model_digest if backend.reached else None
        options = ", ".join(f"{key} = {value}" for key, value in backend.options.items())
        yield texts("manifest.backend", name=name), " · ".join(filter(None, (options, digest)))
    yield texts("manifest.judge"), " · ".join(filter(None, (manifest.judge, manifest.judge_fingerprint)))
    yield texts("manifest.prices"), manifest.prices or ""
    yield texts("manifest.dependencies"), ", ".join(f"{name} {version}" for name, version in manifest.dependencies.items())
    yield texts("manifest.fingerprint"), manifest.fingerprint
