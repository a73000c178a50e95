"""`Assistant`: the only way to an answer. Page, HTTP API, command line and evaluation all come through here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from llama_index.core.schema import QueryBundle

from assistant.backends import Backend, Backends
from assistant.citations import CitedText, cite, strip_markers
from assistant.config import Settings
from assistant.decline import evidence_is_weak, is_doubtful, is_refusal, lacks_what_was_asked, model_refuses
from assistant.engine import EvidenceSelector, make_engine, stream_of
from assistant.errors import PromptTooLong
from assistant.generation import EvidenceSynthesizer, fixed_messages
from assistant.grounding import Grounder
from assistant.history import standalone
from assistant.prompts import LANGUAGES, Language, prompt
from assistant.retriever import HybridRetriever, RetrievedChunk, SearchResult
from assistant.types import Answer, AnswerEvent, DeclineReason, Event, Message, Source, StatusEvent, Timings, TokenEvent, Usage
from ingest.errors import ConfigError
from ingest.sentences import sentence_spans
from ingest.store import Store
from ingest.text import detect_language
from ingest.types import Embedder, Filter

EVERYTHING = Filter()
LEAST_EVIDENCE = 50
"""Tokens of evidence without which an answer is not tried."""
NEAREST = 3
"""Passages listed under a declined answer."""


class Assistant:
    """Answers questions from the documents of a store.

    A back end is opened when it is first needed.
    """

    def __init__(self, settings: Settings, store: Store, embedder: Embedder, backends: Backends) -> None:
        self._settings = settings
        self._store = store
        self._embedder = embedder
        self._backends = backends

    def search(
        self, query: str, collections: Sequence[str] | None = None, filter: Filter = EVERYTHING, top_k: int | None = None
    ) -> SearchResult:
        """The passages nearest to a query, best first. `collections` None means all of them."""
        return self._retriever(collections, filter, top_k).search(query)

    async def warm_up(self) -> None:
        """Opens the default back end and, unless it is in the cloud, lets it read the fixed part of the prompts."""
        backend = await asyncio.to_thread(self._backends.open, self._settings.default_backend)
        if not backend.cloud:
            await backend.warm_up([fixed_messages(language) for language in LANGUAGES])

    async def ask(
        self,
        question: str,
        *,
        history: Sequence[Message] = (),
        collections: Sequence[str] | None = None,
        filter: Filter = EVERYTHING,
        backend: str | None = None,
        language: Language | None = None,
    ) -> Answer:
        """The answer to a question. Raises what `stream` raises."""
        events = self.stream(
            question, history=history, collections=collections, filter=filter, backend=backend, language=language
        )
        async with aclosing(events):
            async for event in events:
                if isinstance(event, AnswerEvent):
                    return event.answer
        raise AssertionError("a stream ends with an AnswerEvent")

    async def stream(
        self,
        question: str,
        *,
        history: Sequence[Message] = (),
        collections: Sequence[str] | None = None,
        filter: Filter = EVERYTHING,
        backend: str | None = None,
        language: Language | None = None,
    ) -> AsyncGenerator[Event, None]:
        """What happens until the answer, then the answer. Closing the generator stops the model.

        The tokens are what the model writes; the text of the final answer replaces them, with its citations verified.
        Raises ConfigError for an empty question or an unknown back end, CollectionNotFound, BackendError when the model fails.
        """
        if not question.strip():
            raise ConfigError("The question is empty: write one.")
        retriever = await asyncio.to_thread(self._retriever, collections, filter)
        opened = await asyncio.to_thread(self._backends.open, backend or self._settings.default_backend)
        asked = (question.strip(), history, language)
        task = await asyncio.to_thread(_Task, self._settings, opened, self._embedder, *asked)
        yield StatusEvent("searching")
        async with aclosing(task.run(retriever)) as events:
            async for event in events:
                yield event

    def _retriever(self, collections: Sequence[str] | None, filter: Filter, top_k: int | None = None) -> HybridRetriever:
        names = [info.name for info in self._store.collections()] if collections is None else list(collections)
        for name in names:
            self._store.collection(name)
        return HybridRetriever(self._store, self._embedder, names, self._settings.retrieval, filter=filter, top_k=top_k)


class _Task:
    """One question on its way to an answer."""

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        embedder: Embedder,
        question: str,
        history: Sequence[Message],
        language: Language | None,
    ) -> None:
        self._started = time.perf_counter()
        self._settings = settings
        self._backend = backend
        self._embedder = embedder
        self._language = language or answer_language(question)
        self._refusal = prompt(self._language, "refusal")
        self._question = standalone(question, history, settings.answer.history_turns)
        self._timings = Timings(condense_ms=_since(self._started))
        self._synthesizer = EvidenceSynthesizer(backend, self._question, self._language, settings.answer.max_tokens)
        self._selector = EvidenceSelector(self._budget(), backend.count_tokens)

    async def run(self, retriever: HybridRetriever) -> AsyncGenerator[Event, None]:
        engine = make_engine(retriever, self._selector, self._synthesizer)
        query = QueryBundle(self._question.search_text)
        nodes = await engine.aretrieve(query)
        self._timings = replace(self._timings, **retriever.timings, context_ms=self._selector.milliseconds)
        hits, evidence = self._selector.hits, self._selector.evidence
        if evidence_is_weak(query.query_str, hits, evidence):
            yield AnswerEvent(self._declined("weak_evidence" if hits else "no_documents"))
            return
        with self._backend.queue.join() as place:
            async for position in place.positions():
                yield StatusEvent("queued", position=position)
            yield StatusEvent("reading", passages=len(evidence))
            pieces = stream_of(await engine.asynthesize(query, nodes))
            async with aclosing(pieces), aclosing(self._write(pieces)) as events:
                async for event in events:
                    yield event
        yield AnswerEvent(await asyncio.to_thread(self._finish))

    async def _write(self, pieces: AsyncGenerator[str, None]) -> AsyncGenerator[Event, None]:
        """Passes the model's text on, held back while it may become a refusal; stops when the model would rather refuse."""
        held = ""
        shown = False
        async for piece in pieces:
            if self._refuses():
                return
            held += piece
            if not shown and self._refusal.startswith(held.strip()):
                continue
            if not shown:
                yield StatusEvent("writing")
                shown = True
            yield TokenEvent(held)
            held = ""

    def _finish(self) -> Answer:
        """Verifies what was written: declined, or cited and grounded."""
        started = time.perf_counter()
        generation = self._synthesizer.generation
        refused = self._refuses()
        written = "" if refused else _without_refusals(generation.text, self._refusal)
        self._timings = replace(self._timings, ttft_ms=generation.ttft_ms, generation_ms=generation.total_ms)
        if refused:
            self._count_usage()
        if not written:
            return self._declined("model_declined", _since(started))
        evidence = self._selector.evidence
        cited = cite(written, evidence, Grounder(self._question.search_text, evidence, self._embedder))
        if not self._convinces(cited):
            return self._declined("not_grounded", _since(started))
        return self._answer(cited, _since(started))

    def _refuses(self) -> bool:
        return model_refuses(self._question.question, self._synthesizer.generation.refusal_probability)

    def _convinces(self, cited: CitedText) -> bool:
        question = self._question.question
        if lacks_what_was_asked(question, strip_markers(cited.text)):
            return False
        probability = self._synthesizer.generation.refusal_probability
        return cited.supported and not is_doubtful(question, probability, cited.pertinence)

    def _count_usage(self) -> None:
        """The stream was left before the server told what it counted."""
        prompt_tokens = self._backend.count_chat_tokens(self._synthesizer.sent)
        self._synthesizer.generation.usage = Usage(prompt_tokens, 1, 0, f"tokenizer of {self._backend.model}")

    def _answer(self, cited: CitedText, grounding_ms: float) -> Answer:
        return replace(
            self._empty(grounding_ms),
            text=cited.text,
            citations=cited.citations,
            sources=tuple(_source(item.number, item.hit, item.text) for item in self._selector.evidence),
            sentences=cited.sentences,
            grounded=all(sentence.verdict != "unsupported" for sentence in cited.sentences),
            dropped_citations=cited.dropped,
        )

    def _declined(self, reason: DeclineReason, grounding_ms: float | None = None) -> Answer:
        nearest = self._selector.hits[:NEAREST]
        return replace(
            self._empty(grounding_ms),
            text=self._refusal,
            sources=tuple(_source(number, hit, hit.stored.chunk.text) for number, hit in enumerate(nearest, 1)),
            declined=True,
            decline_reason=reason,
        )

    def _empty(self, grounding_ms: float | None) -> Answer:
        return Answer(
            text="",
            question=self._question.question,
            language=self._language,
            backend=self._backend.name,
            model=self._backend.model,
            cloud=self._backend.cloud,
            usage=self._synthesizer.generation.usage,
            timings=replace(self._timings, grounding_ms=grounding_ms, total_ms=_since(self._started)),
        )

    def _budget(self) -> int:
        """Tokens of evidence that fit the window beside the fixed prompt and the longest answer."""
        fixed = self._backend.count_chat_tokens(self._synthesizer.messages([]))
        room = self._backend.context_window - fixed - self._settings.answer.max_tokens
        if room < LEAST_EVIDENCE:
            raise PromptTooLong(
                f"The question leaves back end {self._backend.name!r} no room for evidence (its window holds "
                f"{self._backend.context_window} tokens): shorten the question, or raise the back end's context window."
            )
        return min(self._settings.answer.evidence_tokens, room)


def answer_language(question: str) -> Language:
    """The question's language if there are prompts in it, else Spanish."""
    return "en" if detect_language(question) == "en" else "es"


def _without_refusals(text: str, refusal: str) -> str:
    """The text without sentences that say there is no answer; empty when nothing else is left."""
    spans = sentence_spans(text)
    kept = [text[start:end] for start, end in spans if not is_refusal(text[start:end], refusal)]
    return text if len(kept) == len(spans) else " ".join(kept)


def _source(number: int, hit: RetrievedChunk, text: str) -> Source:
    stored = hit.stored
    return Source(
        number=number,
        chunk_id=stored.id,
        collection=stored.collection,
        document_id=stored.document_id,
        document=stored.source,
        title=stored.title,
        page=stored.chunk.page,
        page_unit=stored.page_unit,
        headings=stored.chunk.headings,
        date=stored.date,
        text=text,
        passage=stored.chunk.text,
        score=round(hit.score, 4),
    )


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
