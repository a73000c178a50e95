"""The retriever's quality on XQuAD, with the real embedder and store; skipped without the data set (see `benchmarks.xquad`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.config import Settings
from benchmarks.retrieval import evaluate, index, load
from benchmarks.xquad import xquad_folder
from ingest.embedder import make_embedder
from ingest.store import Store

FOLDER = xquad_folder()
LEAST_RECALL_1, LEAST_RECALL_5 = 0.945, 0.99
"""Of a quarter of the Spanish questions; `python -m benchmarks retrieval` asks all of them, in both languages."""


def test_the_folder_must_hold_both_languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDAS_XQUAD", str(tmp_path))
    (tmp_path / "xquad.es.json").touch()
    assert xquad_folder() is None
    (tmp_path / "xquad.en.json").touch()
    assert xquad_folder() == tmp_path


@pytest.mark.skipif(FOLDER is None, reason="XQuAD is missing: name its folder in MIDAS_XQUAD")
def test_hybrid_retrieval_finds_the_paragraph(models_home: Path, tmp_path: Path) -> None:
    assert FOLDER is not None
    embedder = make_embedder(Settings(home=models_home))
    settings = Settings(home=tmp_path)
    documents, asks = load(FOLDER, "es")
    assert (len(documents), len(asks)) == (240, 1190)
    with Store.open(settings, embedder) as store:
        index(store, embedder, settings, "xquad", documents)
        scores = evaluate(store, embedder, settings, "xquad", asks[::4])
    assert scores.recall_1 >= LEAST_RECALL_1
    assert scores.recall_5 >= LEAST_RECALL_5
