"""All settings of the product: ingestion's, plus retrieval, answering, back ends and the server."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator

from ingest.config import IngestSettings, Section


class RetrievalSettings(Section):
    top_k: int = Field(8, ge=1, le=100, description="passages that a search returns")
    candidates: int = Field(50, ge=1, le=1000, description="hits taken from each leg before fusion")
    alpha: float = Field(0.7, ge=0, le=1, description="weight of the dense leg; the lexical leg has the rest")
    reranker: str | None = Field(None, description="cross-encoder (hub id or local path, extra `hf`); None means none")


class AnswerSettings(Section):
    evidence_tokens: int = Field(
        450, ge=50, description="most evidence a prompt may hold, in the model's tokens; a small window lowers it"
    )
    max_tokens: int = Field(200, ge=16, description="longest answer, in the model's tokens")
    history_turns: int = Field(3, ge=0, description="earlier questions and answers looked at to understand a follow-up")


class ServerSettings(Section):
    host: str = "127.0.0.1"
    port: int = Field(7860, ge=0, le=65535)


def embedded_backend() -> dict[str, dict[str, Any]]:
    return {"local": {"kind": "llama-cpp", "model": "qwen2.5-coder-1.5b-instruct"}}


class Settings(IngestSettings):
    """Everything in `midas.toml`.

    A back end's section is checked by its own kind (see `assistant.backends`), but for `kind` and `fallback`: the names of
    those that answer in its place, in this order, when it can't.
    """

    retrieval: RetrievalSettings = RetrievalSettings()
    answer: AnswerSettings = AnswerSettings()
    server: ServerSettings = ServerSettings()
    backends: dict[str, dict[str, Any]] = Field(default_factory=embedded_backend)
    default_backend: str = "local"

    @field_validator("backends")
    @classmethod
    def _fallbacks_exist(cls, backends: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, section in backends.items():
            fallback = section.get("fallback", [])
            if not isinstance(fallback, list):
                raise ValueError(f"fallback of {name} must be a list of names of back ends")
            if wrong := [other for other in fallback if other == name or other not in backends]:
                others = ", ".join(other for other in backends if other != name) or "no others"
                raise ValueError(f"{name} can't fall back to {wrong[0]!r}, there are {others}")
        return backends

    def candidates(self, backend: str | None) -> tuple[str, ...]:
        """Who may answer, in order: this back end (None: the default one), then the fallbacks that its section names."""
        name = backend or self.default_backend
        return (name, *self.backends.get(name, {}).get("fallback", []))
