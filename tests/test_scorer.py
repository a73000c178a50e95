"""What a judge may read of a run."""

from __future__ import annotations

from pathlib import Path

from eval.manifest import CollectionManifest
from eval.scorer import hidden
from tests.finished_runs import finished_run


def test_only_collections_that_are_known_to_be_public_reach_a_judge_in_the_cloud(tmp_path: Path) -> None:
    """One that was deleted since may have been private."""
    collections = tuple(
        CollectionManifest(
            name=name, embedder="e", dimension=8, chunk_tokens=256, documents=1, chunks=1, content_sha256="0" * 64
        )
        for name in ("normas", "nominas", "borrada")
    )
    run = finished_run(tmp_path, {"a": "Son {}."}, 1, collections=collections)
    assert hidden(run, {"normas": False, "nominas": True}) == ["nominas", "borrada"]
