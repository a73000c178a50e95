"""Asks back ends a run's questions, one after the other, and writes every answer down before the next question is asked."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from time import perf_counter

import psutil

from assistant.assistant import Assistant
from assistant.backends import Backend, Backends
from assistant.config import Settings
from assistant.errors import BackendError
from assistant.found import Found
from assistant.prompts import LANGUAGES
from assistant.types import Answer, AnswerEvent, Event
from eval import coldstart
from eval.coldstart import cold_start
from eval.frozen import Finder, finder
from eval.latency import Stopwatch
from eval.manifest import Reached
from eval.pace import Pace
from eval.patience import LONGEST_S, Patience
from eval.plain import stream_plain
from eval.progress import Cancelled, Progress, RunProgress
from eval.provenance import describe_reached
from eval.questions import Question
from eval.resources import MemoryWatch, measurements, server_pid
from eval.rows import AnswerRow, Key
from eval.runs import Run, utc_now
from ingest.errors import MidasError, StoreError
from ingest.store import Store
from ingest.types import Embedder

_log = logging.getLogger("midas")


class Answering:
    """The part of a run that asks back ends. Back ends answer for themselves: fallbacks are left out."""

    def __init__(
        self,
        run: Run,
        settings: Settings,
        store: Store,
        embedder: Embedder,
        progress: Progress,
        cancelled: Cancelled,
        *,
        retry: bool = False,
        cold: bool = False,
    ) -> None:
        """`retry` asks again what failed; `cold` measures how a back end starts before it is asked."""
        self._run = run
        self._settings = without_fallbacks(settings)
        self._store = store
        self._embedder = embedder
        self._progress = progress
        self._cancelled = cancelled
        self._cold = cold
        self._questions = {question.id: question for question in run.questions()}
        self._finder = finder(run)
        rows = run.answers()
        done = {row.key for row in rows if not (retry and row.status == "error")}
        self._keys = run.keys(self._questions.values())
        self._todo = [key for key in self._keys if key not in done]
        self._pace = Pace(rows)

    async def answer(self) -> Run:
        """The run with all its answers, or with those that were there when it was cancelled. Raises StoreError."""
        for name in self._run.manifest.backends:
            if any(key.backend == name for key in self._todo) and not self._cancelled():
                await self._answer_by(name)
        return self._run

    async def _answer_by(self, name: str) -> None:
        """Opens one back end, alone, and closes it behind its answers."""
        keys = [key for key in self._todo if key.backend == name]
        if self._cold and not any(figure.backend == name for figure in self._run.measurements()):
            await self._start_cold(name)
        self._tell(f"{name}: loading")
        backends = Backends(self._settings)
        try:
            backend = await backends.ready(name)
            reached = await describe_reached(backend, self._settings)
        except MidasError as error:
            for key in keys:
                self._write(failed(key, self._questions[key.question], error))
        else:
            self._note(name, reached)
            await self._ask_all(self._assistant(backends, name), backend, keys)
        finally:
            backends.close()

    async def _start_cold(self, name: str) -> None:
        """A back end that can't be started says why when it is asked."""
        self._tell(f"{name}: cold start")
        with suppress(MidasError):
            measured = await asyncio.to_thread(cold_start, name, self._settings)
            self._run.append(*coldstart.measurements(name, measured, utc_now()))

    def _assistant(self, backends: Backends, name: str) -> Assistant:
        settings = self._settings.model_copy(update={"default_backend": name})
        return Assistant(settings, self._store, self._embedder, backends)

    def _note(self, name: str, reached: Reached) -> None:
        """Raises BackendChanged when it is not what it was as the run began."""
        known = self._run.manifest.backends[name]
        if known.reached is not None and known.reached != reached:
            raise BackendChanged(name)
        described = {**self._run.manifest.backends, name: known.model_copy(update={"reached": reached})}
        self._run = self._run.with_manifest(self._run.manifest.model_copy(update={"backends": described}))

    async def _ask_all(self, assistant: Assistant, backend: Backend, keys: Sequence[Key]) -> None:
        """Warms up (a back end that can't will say why at the first question), and watches the memory of the process that
        holds the model."""
        with suppress(BackendError):
            await assistant.warm_up()
        asking, patience = Asking(assistant, backend, self._finder), Patience(backend.breaker, LONGEST_S)
        pid = os.getpid() if backend.address is None else server_pid(backend.address)
        with MemoryWatch(*([pid] if pid else [])) as watch:
            for key in keys:
                self._tell(f"{key.backend}: {key.question}")
                await patience.wait(self._cancelled)
                if self._cancelled():
                    break
                self._write(await asking.ask(key, self._questions[key.question]))
        if watch.memory:
            with_us = ", Midas itself included" if backend.address is None else ""
            rows = measurements(backend.name, watch.memory, utc_now())
            self._run.append(*(replace(row, note=f"{row.note}{with_us}") for row in rows))

    def _write(self, row: AnswerRow) -> None:
        self._run.append(row)
        self._todo.remove(row.key)
        self._pace.saw(row)

    def _tell(self, doing: str) -> None:
        done, total = len(self._keys) - len(self._todo), len(self._keys)
        self._progress(RunProgress(done, total, doing, self._pace.left(key.backend for key in self._todo)))


class Asking:
    """One open back end and how it is asked."""

    def __init__(self, assistant: Assistant, backend: Backend, finder: Finder) -> None:
        self._assistant = assistant
        self._backend = backend
        self._finder = finder

    async def ask(self, key: Key, question: Question) -> AnswerRow:
        """The row of one answer; whatever goes wrong is in it."""
        begun, load, found = utc_now(), _load(), None
        try:
            if not question.plain:
                found = await self._finder.find(self._assistant, question, self._backend.name)
            row = await self._watch(key, question, found)
        except StoreError:
            raise
        except Exception as error:
            if not isinstance(error, MidasError):
                _log.error("Unexpected error at %s", key, exc_info=error)
            row = failed(key, question, error)
        return replace(row, at=begun, load=load, evidence=found.digest if found else None, cloud=self._backend.cloud)

    async def _watch(self, key: Key, question: Question, found: Found | None) -> AnswerRow:
        searched = perf_counter() - (found.milliseconds / 1000 if found else 0)
        watch, answer = Stopwatch(started=searched), None
        async with aclosing(self._events(question, found)) as events:
            async for event in events:
                watch.see(event)
                answer = event.answer if isinstance(event, AnswerEvent) else answer
        assert answer is not None
        return replace(_row(key, answer), speed=watch.speed())

    def _events(self, question: Question, found: Found | None) -> AsyncGenerator[Event, None]:
        if found is None:
            return stream_plain(self._backend, question)
        language = next((known for known in LANGUAGES if known == question.language), None)
        return self._assistant.stream(
            question.question, history=question.messages, backend=self._backend.name, language=language, found=found
        )


class BackendChanged(MidasError):
    """Behind a back end is another model, or another version of its server, than when the run began."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Back end {name!r} is not what it was as this run began (model, version or window): start another with --new."
        )


def without_fallbacks(settings: Settings) -> Settings:
    """The same settings, but every back end answers for itself or fails."""
    sections = {
        name: {key: value for key, value in section.items() if key != "fallback"} for name, section in settings.backends.items()
    }
    return settings.model_copy(update={"backends": sections})


def failed(key: Key, question: Question, error: Exception) -> AnswerRow:
    """The row that says why there is no answer."""
    told = error.message if isinstance(error, MidasError) else f"{type(error).__name__}: {error}"
    return AnswerRow(key, "error", question.language, error=told, error_kind=type(error).__name__, at=utc_now())


def _row(key: Key, answer: Answer) -> AnswerRow:
    return AnswerRow(
        key=key,
        status="declined" if answer.declined else "ok",
        language=answer.language,
        text=answer.text,
        model=answer.model,
        fallback_from=answer.fallback_from,
        decline_reason=answer.decline_reason,
        asked_model=answer.asked_model,
        sources=answer.sources,
        citations=answer.citations,
        sentences=answer.sentences,
        dropped_citations=answer.dropped_citations,
        usage=answer.usage,
        timings=answer.timings,
    )


def _load() -> float | None:
    """Processes that wanted to compute in the last minute, on average."""
    with suppress(OSError, AttributeError):
        return psutil.getloadavg()[0]
    return None
