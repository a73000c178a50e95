"""What the benchmarks share: the sample corpus, ingested once into a data directory of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.config import Settings
from ingest.embedder import make_embedder
from ingest.pipeline import ingest
from ingest.store import Store
from ingest.types import Embedder

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "corpora" / "midas"


def corpus_settings() -> Settings:
    """Settings whose data directory is `benchmarks/` in the configured one, with the same models."""
    settings = Settings.load()
    home = settings.home / "benchmarks"
    home.mkdir(parents=True, exist_ok=True)
    models = home / "models"
    if not models.exists():
        models.symlink_to(settings.home / "models", target_is_directory=True)
    return settings.model_copy(update={"home": home})


@contextmanager
def ready_store(settings: Settings) -> Iterator[tuple[Store, Embedder]]:
    """The store with the sample corpus in it."""
    embedder = make_embedder(settings)
    with Store.open(settings, embedder) as store:
        ingest(store, embedder, settings, [CORPUS / "documents"], "midas", sync=True)
        yield store, embedder
