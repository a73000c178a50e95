"""The built-in embedder against sentence-transformers (torch, float32) on the same weights.

The two take turns on the same texts, so that whatever else the machine does hits both; CPU seconds tell the same story on
a busy machine. Passages have about 200 tokens.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.setup import ROOT
from benchmarks.xquad import LANGUAGES, xquad_folder
from ingest.config import EmbedderSettings, IngestSettings
from ingest.e5_model import model_folder
from ingest.embedder import make_embedder
from ingest.types import Embedder

ROUNDS = 5
PASSAGES_PER_ROUND = 24
COSINES = 240
QUERIES = 30
TOKENS = 200


@dataclass(frozen=True, slots=True)
class Pace:
    """One embedder in one round."""

    passages_per_s: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What `measure` found; lists have one entry per round."""

    ours: list[Pace]
    theirs: list[Pace]
    cosine_mean: float
    cosine_min: float
    passages: int
    tokens: float
    our_query_ms: float
    their_query_ms: float

    @property
    def ratios(self) -> list[float]:
        """How many times faster ours was, round by round."""
        return [a.passages_per_s / b.passages_per_s for a, b in zip(self.ours, self.theirs, strict=True)]


def texts() -> list[str]:
    """Paragraphs in Spanish and English: XQuAD's where it is, else the sample corpus's."""
    if folder := xquad_folder():
        files = [folder / f"xquad.{language}.json" for language in LANGUAGES]
        articles = [article for file in files for article in json.loads(file.read_text(encoding="utf-8"))["data"]]
        return [paragraph["context"] for article in articles for paragraph in article["paragraphs"]]
    sources = sorted((ROOT / "corpora/midas").rglob("*.md"))
    return [part for source in sources for part in source.read_text(encoding="utf-8").split("\n\n") if len(part) > 80]


def passages(embedder: Embedder, paragraphs: list[str], count: int) -> list[str]:
    """`count` passages of about `TOKENS` tokens, in a fixed random order: paragraphs, joined and cut at words."""
    order = np.random.default_rng(0).permutation(len(paragraphs))
    words = " ".join(paragraphs[index] for index in order).split()
    per_word = sum(embedder.count_tokens(words[:5000])) / len(words[:5000])
    size = int(TOKENS / per_word)
    return [" ".join(words[start : start + size]) for start in range(0, len(words) - size, size)][:count]


def measure(home: Path) -> Figures:
    """Runs everything; needs the prepared model and the extra `hf`."""
    ours = make_embedder(IngestSettings(home=home))
    settings = EmbedderSettings(kind="sentence-transformers", model=str(model_folder(home)))
    theirs = make_embedder(IngestSettings(home=home, embedder=settings))
    chosen = passages(ours, texts(), COSINES)
    cosines = np.sum(ours.embed_passages(chosen) * theirs.embed_passages(chosen), axis=1)
    paces = [(_pace(ours, part), _pace(theirs, part)) for part in _rounds(chosen)]
    queries = [" ".join(text.split()[:12]) for text in chosen[:QUERIES]]
    return Figures(
        [first for first, _ in paces],
        [second for _, second in paces],
        float(cosines.mean()),
        float(cosines.min()),
        len(chosen),
        statistics.mean(ours.count_tokens(chosen)),
        _median_ms(ours.embed_query, queries),
        _median_ms(theirs.embed_query, queries),
    )


def _rounds(chosen: list[str]) -> list[list[str]]:
    return [chosen[start : start + PASSAGES_PER_ROUND] for start in range(0, ROUNDS * PASSAGES_PER_ROUND, PASSAGES_PER_ROUND)]


def _pace(embedder: Embedder, part: list[str]) -> Pace:
    cpu, start = time.process_time(), time.perf_counter()
    embedder.embed_passages(part)
    seconds = time.perf_counter() - start
    return Pace(len(part) / seconds, 1000 * (time.process_time() - cpu) / len(part))


def _median_ms(embed: Callable[[str], object], queries: list[str]) -> float:
    times = []
    for query in queries:
        start = time.perf_counter()
        embed(query)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def table(figures: Figures) -> str:
    """The figures as a Markdown table."""
    rows = [
        _row("onnxruntime int8 (built in)", figures.ours, figures.our_query_ms),
        _row("sentence-transformers, torch float32", figures.theirs, figures.their_query_ms),
    ]
    ratios, cpu = figures.ratios, [b.cpu_ms / a.cpu_ms for a, b in zip(figures.ours, figures.theirs, strict=True)]
    return "\n".join(
        [
            f"Embedder: {figures.passages} passages of {figures.tokens:.0f} tokens on average, {ROUNDS} alternating rounds.",
            "",
            "| engine | passages/s | CPU ms/passage | query ms |",
            "|---|---|---|---|",
            *rows,
            "",
            f"Faster by {_spread(ratios)} (wall), {_spread(cpu)} (CPU time); "
            f"cosine to float32 mean {figures.cosine_mean:.4f}, lowest {figures.cosine_min:.4f}.",
        ]
    )


def _row(name: str, paces: list[Pace], query_ms: float) -> str:
    rate = statistics.median(pace.passages_per_s for pace in paces)
    return f"| {name} | {rate:.1f} | {statistics.median(pace.cpu_ms for pace in paces):.0f} | {query_ms:.1f} |"


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f}x ({min(values):.2f} - {max(values):.2f})"


def main(_arguments: Sequence[str] = ()) -> None:
    """Prints the table for the model in the data directory; takes no arguments."""
    print(table(measure(IngestSettings.load().home)))


if __name__ == "__main__":
    main()
