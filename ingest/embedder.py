"""Embedders by configuration: `make_embedder` builds the one the settings name."""

from __future__ import annotations

from ingest import e5
from ingest.config import EmbedderSettings, IngestSettings
from ingest.e5_model import MODEL, E5Embedder, model_folder, prepare_e5
from ingest.errors import ConfigError
from ingest.types import Embedder

__all__ = ["make_embedder", "prepare_e5"]


def make_embedder(settings: IngestSettings) -> Embedder:
    """The configured embedder, loaded. Raises ModelError, MissingExtra or ConfigError with what to do."""
    return _e5(settings)


def _e5(settings: IngestSettings) -> Embedder:
    wanted: EmbedderSettings = settings.embedder
    if wanted.model != MODEL:
        raise ConfigError(
            f"Embedder kind e5-onnx runs {MODEL} only, not {wanted.model!r}: use kind sentence-transformers for it."
        )
    prefixes = (wanted.query_prefix, e5.QUERY_PREFIX), (wanted.passage_prefix, e5.PASSAGE_PREFIX)
    query, passage = (own if given is None else given for given, own in prefixes)
    return E5Embedder(model_folder(settings.home), query, passage)
