"""A judge: a back end that says of answers whether they are right. Any kind of back end can be one.

It is asked through its own `llm`, so that timeouts, retries, the words its server has for a JSON schema, and the address and
key of a model in this process are those of every other question.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from assistant.config import Settings
from assistant.errors import BackendUnreachable, CollectionIsPrivate
from eval.judge_cache import JudgeCache
from eval.judge_choice import model_family, option
from eval.judge_form import Form, WrongForm, read_form, strict_schema
from eval.judge_prompts import PromptText, prompts_sha256
from ingest.assets import write_atomically
from ingest.errors import MidasError

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage

    from assistant.backends import Backend

ANSWER_TOKENS = 2048
"""Longest answer of a judge; Ragas's own limit of 1,024 cuts verdicts on ten statements."""
LEAST_ANSWER_TOKENS = 256
"""Room without which a judge is not asked: its answer would be cut."""
SPARE_TOKENS = 32
"""Kept free, because a server may count a prompt a little longer."""
HINT = "judge with a larger model, or one whose server keeps to a JSON schema"


class JudgeFailed(MidasError):
    """The judge answered, but gave no verdict."""


@dataclass(frozen=True, slots=True)
class JudgeFacts:
    """What a judge's verdicts depend on. `family` is that of the model (see `model_family`)."""

    kind: str
    model: str
    family: str
    model_digest: str | None
    server_version: str | None
    address: str | None
    cloud: bool
    context_window: int
    thinking_tokens: int
    answer_tokens: int
    prompts_sha256: str
    ragas: str | None

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits of the SHA-256 of all of it."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


class Judge:
    """A back end that is open and asked as a judge."""

    def __init__(self, backend: Backend, facts: JudgeFacts, cache: JudgeCache, private: Collection[str] = ()) -> None:
        """`private` are the collections whose passages must not reach a back end in the cloud."""
        self.facts = facts
        self._backend = backend
        self._cache = cache
        self._hidden = frozenset(private) if facts.cloud else frozenset()

    @property
    def name(self) -> str:
        return self._backend.name

    @property
    def fingerprint(self) -> str:
        return self.facts.fingerprint

    @property
    def at_once(self) -> int:
        """How many questions it takes at a time."""
        return self._backend.queue.size

    def require_access(self, collections: Collection[str]) -> None:
        """Raises CollectionIsPrivate when passages of one of them must not reach this judge."""
        for name in sorted(self._hidden.intersection(collections)):
            raise CollectionIsPrivate(name, self.name)

    async def ask(self, prompt: PromptText, form: type[Form]) -> Form:
        """The judge's answer in this form; what was asked before is not asked again.

        Numbers of a form are verdicts: 0 or 1. Raises JudgeFailed when the answer has another form, a list without entries,
        or not as many verdicts as statements; BackendError when there is no answer.
        """
        schema = strict_schema(form, prompt.statements)
        asked = hashlib.sha256(json.dumps([prompt, schema]).encode("utf-8", "surrogatepass")).hexdigest()
        if known := self._cache.get(asked):
            return form.model_validate_json(known)
        found = self._read(await self._answer(prompt, schema), form, prompt.statements)
        self._cache.put(asked, found.model_dump_json())
        return found

    async def _answer(self, prompt: PromptText, schema: dict[str, Any]) -> str:
        messages = _messages(prompt)
        room = self._room(messages)
        async with self._backend.slot():
            response = await self._backend.llm.achat(messages, max_tokens=room, json_schema=schema)
        return response.message.content or ""

    def _room(self, messages: Sequence[ChatMessage]) -> int:
        taken = self._backend.count_chat_tokens(messages) + self.facts.thinking_tokens + SPARE_TOKENS
        room = min(self.facts.answer_tokens, self.facts.context_window - taken)
        if room < LEAST_ANSWER_TOKENS:
            raise JudgeFailed(
                f"What the judge {self.name!r} has to read leaves it no room for a verdict (its window holds "
                f"{self.facts.context_window} tokens): raise its context_window, or judge with another back end."
            )
        return room

    def _read(self, text: str, form: type[Form], statements: int | None) -> Form:
        try:
            return read_form(text, form, statements)
        except WrongForm as error:
            raise JudgeFailed(f"The judge {self.name!r} {error}: {HINT}.") from error


@asynccontextmanager
async def open_judge(name: str, settings: Settings, private: Collection[str] = ()) -> AsyncIterator[Judge]:
    """The back end, or pulled model, of this name as a judge; closed behind the block. `private` are the collections
    whose passages must not reach a back end in the cloud. Raises MidasError."""
    from assistant.backends import make_backend
    from assistant.trial import with_models

    settings = with_models([name], settings)
    backend = await asyncio.to_thread(make_backend, name, settings)
    try:
        await _require_reachable(backend)
        facts = await _facts(backend, settings)
        folder = judge_folder(settings.home, facts.fingerprint)
        with closing(JudgeCache(folder / "answers.db")) as cache:
            write_atomically(folder / "judge.json", TypeAdapter(JudgeFacts).dump_json(facts, indent=2))
            yield Judge(backend, facts, cache, private)
    finally:
        backend.close()


def judge_folder(home: Path, fingerprint: str) -> Path:
    """Where a judge's facts, answers and calibration lie."""
    return home / "judges" / fingerprint


def read_facts(home: Path, fingerprint: str) -> JudgeFacts | None:
    """What is known of a judge; None when it never judged here."""
    path = judge_folder(home, fingerprint) / "judge.json"
    return TypeAdapter(JudgeFacts).validate_json(path.read_bytes()) if path.exists() else None


def _messages(prompt: PromptText) -> list[ChatMessage]:
    """What is the same for every case comes first, so that a server finds it in its cache."""
    from llama_index.core.base.llms.types import ChatMessage

    return [ChatMessage(prompt.fixed, role="system"), ChatMessage(prompt.case, role="user")]


async def _require_reachable(backend: Backend) -> None:
    """A judge whose server does not tell its version would pass for another one. Raises BackendUnreachable."""
    health = await backend.health()
    if not health.reachable:
        raise BackendUnreachable(health.error or f"The judge {backend.name!r} can't be reached: check that it runs.")


async def _facts(backend: Backend, settings: Settings) -> JudgeFacts:
    from eval.provenance import describe_reached

    reached = await describe_reached(backend, settings)
    return JudgeFacts(
        kind=backend.kind,
        model=reached.model,
        family=model_family(reached.model),
        model_digest=reached.model_digest,
        server_version=reached.server_version,
        address=backend.address,
        cloud=reached.cloud,
        context_window=reached.context_window,
        thinking_tokens=option(backend.name, settings, "thinking_tokens") or 0,
        answer_tokens=ANSWER_TOKENS,
        prompts_sha256=prompts_sha256(),
        ragas=_ragas_version(),
    )


def _ragas_version() -> str | None:
    try:
        return version("ragas")
    except PackageNotFoundError:
        return None
