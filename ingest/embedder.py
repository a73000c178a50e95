"""Embedders by configuration: `make_embedder` builds the one the settings name, and imports what only that one needs."""

from __future__ import annotations

from ingest.config import IngestSettings
from ingest.e5_model import MODEL, E5Embedder, model_folder, prepare_e5
from ingest.errors import ConfigError
from ingest.prefixes import E5
from ingest.types import Embedder

__all__ = ["make_embedder", "prepare_e5"]


def make_embedder(settings: IngestSettings) -> Embedder:
    """The configured embedder, loaded. Raises ModelError, MissingExtra or ConfigError with what to do."""
    match settings.embedder.kind:
        case "e5-onnx":
            return _e5(settings)
        case "sentence-transformers":
            from ingest.sentence_embedder import SentenceEmbedder

            return SentenceEmbedder(settings.embedder)
        case "openai-compatible" | "ollama":
            from ingest.remote_embedder import RemoteEmbedder

            return RemoteEmbedder(settings.embedder)


def _e5(settings: IngestSettings) -> Embedder:
    wanted = settings.embedder
    if wanted.model != MODEL:
        raise ConfigError(f"Embedder kind e5-onnx has only {MODEL}, not {wanted.model!r}: use kind sentence-transformers.")
    return E5Embedder(model_folder(settings.home), E5.configured(wanted))
