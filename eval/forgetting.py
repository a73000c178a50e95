"""What evaluations know of a person who is to be forgotten: votes in the arena, and marks of answers."""

from __future__ import annotations

from pathlib import Path

from eval import lines
from eval.arena import FILE, open_arena
from eval.quality_form import scorer_of
from eval.runs import list_runs


def rename_voter(home: Path, name: str, other: str) -> None:
    """Votes and marks that were given under a name are under another one from then on. Raises StoreError."""
    if (home / FILE).exists():
        with open_arena(home) as arena:
            arena.rename(name, other)
    for run in list_runs(home):
        lines.replace(run.directory / "scores.jsonl", "scorer", scorer_of(name), scorer_of(other))
