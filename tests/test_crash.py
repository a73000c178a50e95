"""Four kills of an ingest, in the middle of replacing documents and of reindexing; `benchmarks/crash.py` does more."""

from __future__ import annotations

from pathlib import Path

from tests.crashing import Campaign


def test_nothing_is_lost_halved_or_doubled_by_kills(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, documents=120, kills=4, window_s=1.0, real=False, seed=7)
    assert campaign.run().endswith("nothing lost")
    assert campaign.killed["ingest"] > 0
