"""`Assistant`: the only way to an answer. Page, HTTP API, command line and evaluation all come through here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace

from llama_index.core.schema import QueryBundle

from assistant.access import ALL, Access
from assistant.backends import Backend, Backends
from assistant.citations import CitedText, cite, strip_markers
from assistant.config import Settings
from assistant.decline import disowns, evidence_is_weak, is_certain, is_refusal, lacks_what_was_asked, model_refuses
from assistant.engine import EvidenceSelector, make_engine, nodes_of, stream_of
from assistant.errors import BackendError, CollectionIsPrivate, PromptTooLong
from assistant.fallback import Candidates
from assistant.found import Found
from assistant.generation import EvidenceSynthesizer, fixed_messages
from assistant.grounding import Grounder
from assistant.history import standalone
from assistant.notices import Failure, fell_back, forgotten, shrunk
from assistant.prompts import LANGUAGES, Language, prompt
from assistant.retriever import HybridRetriever, RetrievedChunk, SearchResult
from assistant.types import Answer, AnswerEvent, DeclineReason, Event, Message, Source, StatusEvent, Timings, TokenEvent, Usage
from ingest.errors import ConfigError, DocumentNotFound
from ingest.sentences import sentence_spans
from ingest.store import Store
from ingest.surroundings import page_of
from ingest.text import detect_language
from ingest.types import Embedder, Filter

EVERYTHING = Filter()
LEAST_EVIDENCE = 50
"""Tokens of evidence without which an answer is not tried."""
NEAREST = 3
"""Passages listed under a declined answer."""


class Assistant:
    """Answers questions from the documents of a store.

    A back end is opened when it is first needed. When it can't answer, its fallbacks do, which the answer tells.
    """

    def __init__(self, settings: Settings, store: Store, embedder: Embedder, backends: Backends) -> None:
        self._settings = settings
        self._store = store
        self._embedder = embedder
        self._backends = backends

    def search(
        self,
        query: str,
        collections: Sequence[str] | None = None,
        filter: Filter = EVERYTHING,
        top_k: int | None = None,
        *,
        access: Access = ALL,
    ) -> SearchResult:
        """The passages nearest to a query, best first. `collections` None means all that `access` reads."""
        return self._retriever(self._names(collections, access), access, filter, top_k).search(query)

    async def warm_up(self) -> None:
        """Opens the default back end, or the first of its fallbacks that works, and lets it read the fixed part of the prompts
        unless it is in the cloud. Raises MidasError when none works."""
        candidates = Candidates(self._backends, self._settings.candidates(None), lambda backend, failures: backend)
        while True:
            backend = await candidates.next()
            try:
                return await _warm(backend)
            except BackendError as error:
                candidates.failed(backend.name, error)

    async def ask(
        self,
        question: str,
        *,
        history: Sequence[Message] = (),
        collections: Sequence[str] | None = None,
        filter: Filter = EVERYTHING,
        backend: str | None = None,
        language: Language | None = None,
        access: Access = ALL,
    ) -> Answer:
        """The answer to a question. Raises what `stream` raises."""
        events = self.stream(
            question,
            history=history,
            collections=collections,
            filter=filter,
            backend=backend,
            language=language,
            access=access,
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
        found: Found | None = None,
        access: Access = ALL,
    ) -> AsyncGenerator[Event, None]:
        """What happens until the answer, then the answer. Closing the generator stops the model.

        The tokens are what the model writes; the text of the final answer replaces them, with its citations verified. After
        the state `fallback` another back end writes anew. What `access` does not read does not exist here: it is not searched,
        and earlier turns that drew on it are dropped. With `found`, nothing is searched: `collections` and `filter` are
        those of that search, and its time counts as if it had just been made. Raises ConfigError for an empty question or an
        unknown back end, CollectionNotFound, CollectionIsPrivate, and BackendError when the model and its fallbacks fail.
        """
        asked = await self._asked(question, history, found.collections if found else collections, language, access, found)
        retriever = self._retriever(asked.collections, access, filter)
        candidates = self._candidates(backend, asked)
        task = await candidates.next()
        yield StatusEvent("searching")
        while True:
            if notice := task.fallback_notice:
                yield StatusEvent("fallback", backend=task.backend, notice=notice)
            begun = False
            try:
                async with aclosing(task.run(retriever)) as events:
                    async for event in events:
                        begun = begun or isinstance(event, TokenEvent)
                        yield await self._placed(event) if isinstance(event, AnswerEvent) else event
                return
            except BackendError as error:
                candidates.failed(task.backend, error, begun=begun)
            task = await candidates.next()

    async def _placed(self, event: AnswerEvent) -> AnswerEvent:
        quotes: dict[int, list[str]] = {}
        for citation in event.answer.citations:
            quotes.setdefault(citation.number, []).append(citation.quote)
        if not quotes:
            return event
        sources = await asyncio.to_thread(self._on_their_pages, event.answer.sources, quotes)
        return replace(event, answer=replace(event.answer, sources=sources))

    def _on_their_pages(self, sources: Sequence[Source], quotes: Mapping[int, Sequence[str]]) -> tuple[Source, ...]:
        """Those whose passage goes over several pages with the page that their first quote is on."""
        ids = [source.chunk_id for source in sources if source.number in quotes]
        long = {stored.id: stored for stored in self._store.chunks(ids) if stored.chunk.page != stored.chunk.page_end}
        placed = list(sources)
        for at, source in enumerate(sources):
            if stored := long.get(source.chunk_id):
                with suppress(DocumentNotFound):
                    document = self._store.stored_document(stored.collection, stored.document_id).document
                    placed[at] = replace(source, page=page_of(document, stored.chunk, quotes[source.number]))
        return tuple(placed)

    async def find(
        self,
        question: str,
        *,
        history: Sequence[Message] = (),
        collections: Sequence[str] | None = None,
        filter: Filter = EVERYTHING,
        backend: str | None = None,
        language: Language | None = None,
        access: Access = ALL,
    ) -> Found:
        """What `stream` would answer from: no model is asked, but the back end's tokenizer and window decide how much evidence
        there is. Raises what `stream` raises."""
        asked = await self._asked(question, history, collections, language, access)
        task = await self._candidates(backend, asked).next()
        return await task.find(self._retriever(asked.collections, access, filter))

    async def _asked(
        self,
        question: str,
        history: Sequence[Message],
        collections: Sequence[str] | None,
        language: Language | None,
        access: Access,
        found: Found | None = None,
    ) -> _Asked:
        if not question.strip():
            raise ConfigError("The question is empty: write one.")
        started = time.perf_counter() - (found.milliseconds / 1000 if found else 0)
        names = await asyncio.to_thread(self._names, collections, access)
        known = set(await asyncio.to_thread(self._names, None, access)) if history else set()
        turns = tuple(turn for turn in history if known.issuperset(turn.collections))
        return _Asked(question.strip(), turns, language or answer_language(question), names, access, started, found)

    def _candidates(self, backend: str | None, asked: _Asked) -> Candidates[_Task]:
        return Candidates(self._backends, self._settings.candidates(backend), self._maker(asked))

    def _maker(self, asked: _Asked) -> Callable[[Backend, Sequence[Failure]], _Task]:
        """What makes a task of a back end; private collections are kept from one in the cloud."""

        def make(backend: Backend, failures: Sequence[Failure]) -> _Task:
            infos = self._store.collections(asked.access.readers) if backend.cloud else []
            private = {info.name for info in infos if info.private}
            for name in asked.collections:
                if name in private:
                    raise CollectionIsPrivate(name, backend.name)
            return _Task(self._settings, backend, self._embedder, asked, private, failures)

        return make

    def _names(self, collections: Sequence[str] | None, access: Access) -> tuple[str, ...]:
        """All collections when none are named. Raises CollectionNotFound."""
        return self._store.names(collections, access.readers)

    def _retriever(self, names: Sequence[str], access: Access, filter: Filter, top_k: int | None = None) -> HybridRetriever:
        settings = self._settings.retrieval
        return HybridRetriever(self._store, self._embedder, names, settings, access=access, filter=filter, top_k=top_k)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be answered, whoever does it; `started` is on the performance counter, `found` what was found beforehand."""

    question: str
    history: tuple[Message, ...]
    language: Language
    collections: tuple[str, ...]
    access: Access
    started: float
    found: Found | None = None


class _Task:
    """One question on its way to an answer by one back end.

    `private` are the collections whose earlier turns stay away from it, `failures` the back ends that could not answer.
    """

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        embedder: Embedder,
        asked: _Asked,
        private: Collection[str],
        failures: Sequence[Failure],
    ) -> None:
        begun = time.perf_counter()
        self._asked = asked
        self._settings = settings
        self._backend = backend
        self._embedder = embedder
        self._failures = failures
        self._refusal = prompt(asked.language, "refusal")
        self._history = [turn for turn in asked.history if _may_see(turn, private)]
        self._question = standalone(asked.question, self._history, settings.answer.history_turns)
        self._timings = Timings(condense_ms=_since(begun))
        self._synthesizer = EvidenceSynthesizer(backend, self._question, asked.language, settings.answer.max_tokens)
        self._budget = self._room()
        self._found: Found

    @property
    def backend(self) -> str:
        return self._backend.name

    @property
    def fallback_notice(self) -> str | None:
        """Why this back end answers instead of the one that was asked; None when that one does."""
        return fell_back(self._failures, self.backend, self._asked.language) if self._failures else None

    async def find(self, retriever: HybridRetriever) -> Found:
        """Searches, and selects what fits this back end."""
        begun = time.perf_counter()
        selector = EvidenceSelector(self._budget, self._backend.count_tokens)
        await make_engine(retriever, selector, self._synthesizer).aretrieve(QueryBundle(self._question.search_text))
        return Found(
            self._asked.collections,
            tuple(selector.hits),
            tuple(selector.evidence),
            self._budget,
            self._backend.counted_by,
            Timings(**retriever.timings, context_ms=selector.milliseconds),
            _since(begun),
        )

    async def run(self, retriever: HybridRetriever) -> AsyncGenerator[Event, None]:
        self._found = found = self._asked.found or await self.find(retriever)
        self._timings = replace(found.timings, condense_ms=self._timings.condense_ms)
        query = QueryBundle(self._question.search_text)
        if evidence_is_weak(query.query_str, found.hits, found.evidence):
            yield AnswerEvent(self._declined("weak_evidence" if found.hits else "no_documents"))
            return
        with self._backend.queue.join() as place:
            async for position in place.positions():
                yield StatusEvent("queued", position=position)
            yield StatusEvent("reading", passages=len(found.evidence))
            pieces = stream_of(await self._synthesizer.asynthesize(query, nodes_of(found.evidence)))
            async with aclosing(pieces), aclosing(self._write(pieces)) as events:
                async for event in events:
                    yield event
            answer = await self._stood_by(await asyncio.to_thread(self._finish))
        yield AnswerEvent(answer)

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
        if refused:
            self._count_usage()
        if not written:
            return self._declined("model_declined", _since(started))
        evidence = self._found.evidence
        cited = cite(written, evidence, Grounder(self._question.search_text, evidence, self._embedder))
        if not self._convinces(cited):
            return self._declined("not_grounded", _since(started))
        return self._answer(cited, _since(started))

    async def _stood_by(self, answer: Answer) -> Answer:
        """The answer, or none where the model, asked again, does not stand by it."""
        question, probability = self._question.question, self._synthesizer.generation.refusal_probability
        if answer.declined or is_certain(question, probability):
            return answer
        if disowns(question, probability, await self._synthesizer.approval()):
            return self._declined("model_declined", answer.timings.grounding_ms)
        return replace(answer, usage=self._synthesizer.generation.usage, timings=self._measured(answer.timings.grounding_ms))

    def _measured(self, grounding_ms: float | None) -> Timings:
        generation = self._synthesizer.generation
        return replace(
            self._timings,
            ttft_ms=generation.ttft_ms,
            generation_ms=generation.total_ms,
            grounding_ms=grounding_ms,
            total_ms=_since(self._asked.started),
        )

    def _refuses(self) -> bool:
        return model_refuses(self._question.question, self._synthesizer.generation.refusal_probability)

    def _convinces(self, cited: CitedText) -> bool:
        return cited.supported and not lacks_what_was_asked(self._question.question, strip_markers(cited.text))

    def _count_usage(self) -> None:
        """The stream was left before the server told what it counted."""
        prompt_tokens = self._backend.count_chat_tokens(self._synthesizer.sent)
        self._synthesizer.generation.usage = Usage(prompt_tokens, 1, 0, self._backend.counted_by)

    def _answer(self, cited: CitedText, grounding_ms: float) -> Answer:
        return replace(
            self._empty(grounding_ms),
            text=cited.text,
            citations=cited.citations,
            sources=tuple(_source(item.number, item.hit, item.text) for item in self._found.evidence),
            sentences=cited.sentences,
            grounded=all(sentence.verdict != "unsupported" for sentence in cited.sentences),
            dropped_citations=cited.dropped,
        )

    def _declined(self, reason: DeclineReason, grounding_ms: float | None = None) -> Answer:
        nearest = self._found.hits[:NEAREST]
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
            language=self._asked.language,
            collections=self._asked.collections,
            backend=self._backend.name,
            model=self._backend.model,
            cloud=self._backend.cloud,
            fallback_from=self._failures[0].backend if self._failures else None,
            evidence_budget=self._found.budget,
            notices=self._notices(),
            usage=self._synthesizer.generation.usage,
            timings=self._measured(grounding_ms),
        )

    def _notices(self) -> tuple[str, ...]:
        name, language, usual = self._backend.name, self._asked.language, self._settings.answer.evidence_tokens
        notices = [self.fallback_notice] if self.fallback_notice else []
        if self._found.budget < usual:
            notices.append(shrunk(name, self._backend.context_window, self._found.budget, usual, language))
        if len(self._history) < len(self._asked.history):
            notices.append(forgotten(name, language))
        return tuple(notices)

    def _room(self) -> int:
        """Tokens of evidence that fit the window beside the fixed prompt and the longest answer, but no more than usual."""
        fixed = self._backend.count_chat_tokens(self._synthesizer.messages([]))
        answer = self._settings.answer.max_tokens + self._backend.thinking_tokens
        room = self._backend.context_window - fixed - answer
        if room < LEAST_EVIDENCE:
            raise PromptTooLong(
                f"The question leaves back end {self._backend.name!r} no room for evidence (its window holds "
                f"{self._backend.context_window} tokens): shorten the question, or raise the back end's context window."
            )
        return min(self._settings.answer.evidence_tokens, room)


async def _warm(backend: Backend) -> None:
    if not backend.cloud:
        await backend.warm_up([fixed_messages(language) for language in LANGUAGES])


def _may_see(turn: Message, private: Collection[str]) -> bool:
    """Whether an earlier turn may reach a back end from which the collections `private` are kept."""
    return not private or bool(turn.collections) and not set(turn.collections) & set(private)


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
