"""Candidate questions that a back end writes about the passages of a collection: `generated` until a person accepts them.

A candidate is kept only when the passage says its quote, the quote says its answer, and nobody has asked it before.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from importlib.resources import files
from itertools import chain, zip_longest

from llama_index.core.base.llms.types import ChatMessage
from pydantic import BaseModel, ValidationError, field_validator

from assistant.backends import Backend
from assistant.errors import BackendEmpty, CollectionIsPrivate, PromptTooLong
from eval.facts import normalise
from eval.questions import Question, Reference
from eval.quotes import pages_with
from eval.words import holds_words, says, telling_words
from ingest.chunk_table import version_ids
from ingest.store import Store
from ingest.types import StoredChunk

LEAST_TOKENS = 30
"""Passages shorter than this hold too little to ask for."""
LEAST_QUOTE_WORDS = 3
REPLY_TOKENS = 300
SCHEMA = {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("quote", "question", "answer")},
    "required": ["quote", "question", "answer"],
    "additionalProperties": False,
}
_POINTING = re.compile(r"\b(texto|fragmento|documento|pasaje|text|passage|document|excerpt)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of asking for a question about one passage of the document `source`: a candidate, or why there is none."""

    passage: str
    source: str
    question: Question | None = None
    why: str | None = None


class _Reply(BaseModel):
    """What the model is asked for; back ends that can be held to a schema are."""

    quote: str
    question: str
    answer: str

    @field_validator("*", mode="after")
    @classmethod
    def _trimmed(cls, text: str) -> str:
        return " ".join(text.split()).strip("*_ «»“”\"'")


def passages(store: Store, collections: Sequence[str], seed: int) -> list[StoredChunk]:
    """The passages worth asking about, in an order that the seed decides: one of each document, then a second of each."""
    by_document: dict[tuple[str, str], list[StoredChunk]] = {}
    for chunk in _chunks(store, collections):
        if chunk.chunk.tokens >= LEAST_TOKENS:
            by_document.setdefault((chunk.collection, chunk.source), []).append(chunk)
    columns = [sorted(chunks, key=lambda chunk: _shuffled(seed, chunk.chunk.text)) for chunks in by_document.values()]
    columns.sort(key=lambda column: _shuffled(seed, column[0].source))
    return [chunk for chunk in chain.from_iterable(zip_longest(*columns)) if chunk is not None]


async def generate(
    backend: Backend, store: Store, chunks: Sequence[StoredChunk], known: Sequence[Question]
) -> AsyncGenerator[Outcome, None]:
    """Asks about one passage after the other, leaving out those that a known question is about. Raises BackendErrors that say
    more of the back end than of the passage, and CollectionIsPrivate where a passage must not reach a back end in the cloud.

    A passage that was deleted meanwhile is left out."""
    collections = {chunk.collection for chunk in chunks}
    asked = {normalise(question.question) for question in known}
    for chunk in chunks:
        check_private(backend.name, backend.cloud, store, collections)
        if any(_is_about(question, chunk) for question in known) or not store.chunks([chunk.id]):
            continue
        try:
            outcome = _outcome(chunk, await _ask(backend, chunk), store, asked)
        except (BackendEmpty, PromptTooLong) as error:
            outcome = Outcome(chunk.id, chunk.source, why=f"there is no reply ({type(error).__name__})")
        if outcome.question:
            asked.add(normalise(outcome.question.question))
        yield outcome


def check_private(backend: str, cloud: bool, store: Store, collections: Collection[str]) -> None:
    """Raises CollectionIsPrivate when passages of one of them must not reach this back end."""
    private = [info.name for info in store.collections() if info.private and info.name in collections]
    if cloud and private:
        raise CollectionIsPrivate(min(private), backend)


def _chunks(store: Store, collections: Sequence[str]) -> Iterator[StoredChunk]:
    for name in collections:
        for row in store.documents(name):
            if row.version is not None:
                yield from store.chunks(version_ids(name, row.document_id, row.version, row.chunks))


def _shuffled(seed: int, text: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{text}".encode()).digest()


def _is_about(question: Question, chunk: StoredChunk) -> bool:
    return any(
        source.document == chunk.source and source.quote is not None and says(chunk.chunk.text, source.quote)
        for source in question.sources
    )


async def _ask(backend: Backend, chunk: StoredChunk) -> str:
    language = "en" if chunk.chunk.language == "en" else "es"
    text = files("eval").joinpath("prompts", f"{language}.candidate.txt").read_text(encoding="utf-8")
    messages = [ChatMessage(text.format(title=chunk.title, passage=chunk.chunk.text))]
    async with backend.slot():
        stream = await backend.llm.astream_chat(messages, max_tokens=REPLY_TOKENS, json_schema=SCHEMA)
        async with aclosing(stream) as pieces:
            return "".join([piece.delta or "" async for piece in pieces])


def _outcome(chunk: StoredChunk, text: str, store: Store, asked: set[str]) -> Outcome:
    reply = _parsed(text)
    why = "the reply is not what was asked for" if reply is None else _wrong(reply, chunk, asked)
    if reply is None or why:
        return Outcome(chunk.id, chunk.source, why=why)
    return Outcome(chunk.id, chunk.source, _question(reply, chunk, store))


def _parsed(text: str) -> _Reply | None:
    """The JSON object in the reply, whatever stands around it."""
    try:
        return _Reply.model_validate_json(text[text.find("{") : text.rfind("}") + 1])
    except ValidationError:
        return None


def _wrong(reply: _Reply, chunk: StoredChunk, asked: set[str]) -> str | None:
    """Why the reply is no question to measure with; None when it is one."""
    answer = telling_words(reply.answer, chunk.chunk.language)
    checks = (
        (not reply.question.endswith("?"), "the question is none"),
        (_POINTING.search(reply.question) is not None, "the question points to the passage"),
        (normalise(reply.question) in asked, "the question was asked before"),
        (len(reply.quote.split()) < LEAST_QUOTE_WORDS, "the quote is too short"),
        (not says(chunk.chunk.text, reply.quote), "the passage does not say the quote"),
        (not holds_words(reply.quote, " ".join(answer)), "the quote does not say the answer"),
        (holds_words(reply.question, " ".join(answer)), "the question gives the answer away"),
    )
    return next((why for is_wrong, why in checks if is_wrong), None)


def _question(reply: _Reply, chunk: StoredChunk, store: Store) -> Question:
    document = store.stored_document(chunk.collection, chunk.document_id).document
    pages = pages_with(document, reply.quote)
    number = hashlib.sha256(f"{chunk.source}\n{reply.question}".encode()).hexdigest()[:10]
    return Question(
        id=f"generated-{number}",
        question=reply.question,
        language=chunk.chunk.language,
        answerable=True,
        reference=reply.answer,
        sources=(Reference(document=chunk.source, page=_nearest(pages, chunk), quote=reply.quote),),
        tags=("generated",),
        generated=True,
    )


def _nearest(pages: Sequence[int], chunk: StoredChunk) -> int | None:
    """The page of the passage where it says the quote, else where the passage begins."""
    first, last = chunk.chunk.page, chunk.chunk.page_end
    inside = [page for page in pages if first is not None and last is not None and first <= page <= last]
    return inside[0] if inside else first
