"""Kills an ingest at random moments, again and again, and checks after each kill that nothing was lost, halved or doubled.

Every sentence of a document names its document, its version and its number, so that whatever a search returns can be judged. In
the process that is killed, a thread searches all the while and writes down what was not whole.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ingest import doctor
from ingest.config import IngestLimits, IngestSettings
from ingest.embedder import make_embedder
from ingest.pipeline import IngestProgress, ingest, reindex
from ingest.store import Store
from ingest.types import Embedder, Filter, StoredChunk, document_id
from tests.embedders import HashingEmbedder
from tests.forking import Forked

COLLECTION = "docs"
_MARK = re.compile(r"d(\d+)v(\d+)s(\d+)e")


def sentences(document: int) -> int:
    """How many sentences a document has, in each version: one chunk or several."""
    return 4 + document * 7 % 37


def write_document(folder: Path, document: int, version: int) -> None:
    """Replaces the file at once, as an editor does."""
    marks = (f"d{document}v{version}s{number}e" for number in range(sentences(document)))
    text = " ".join(f"La norma {mark} dice que cada viaje se comunica a la empresa con antelación." for mark in marks)
    path = folder / f"{document:04}.txt"
    path.with_suffix(".tmp~").write_text(text, encoding="utf-8")
    path.with_suffix(".tmp~").replace(path)


def flaws(chunks: list[StoredChunk]) -> str:
    """What is wrong with all visible chunks of one document; empty when nothing is."""
    marks = [tuple(map(int, mark)) for stored in chunks for mark in _MARK.findall(stored.chunk.text)]
    versions = {version for _, version, _ in marks}
    if len(versions) != 1 or len({stored.id.split("/")[2] for stored in chunks}) != 1:
        return f"versions {sorted(versions)}"
    counts = Counter(number for _, _, number in marks)
    wanted = dict.fromkeys(range(sentences(marks[0][0])), 1)
    return "" if counts == wanted else f"sentences {sorted((counts - Counter(wanted) + (Counter(wanted) - counts)).items())}"


class Observer(threading.Thread):
    """Searches one document after the other, through both legs, while it is being replaced."""

    def __init__(self, store: Store, embedder: Embedder, documents: int, record: Path) -> None:
        super().__init__(daemon=True)
        self.enough = threading.Event()
        self._store, self._documents, self._record = store, documents, record
        self._vector = embedder.embed_query("La norma dice que cada viaje se comunica")

    def run(self) -> None:
        while not self.enough.wait(0.02):
            try:
                self._look(document_id(f"{random.randrange(self._documents):04}.txt"))
            except Exception as error:
                self._note("search", 0, repr(error))

    def _look(self, key: str) -> None:
        narrow = Filter(documents=(key,))
        legs = {
            "dense": self._store.dense([COLLECTION], self._vector, 1000, narrow),
            "lexical": self._store.lexical([COLLECTION], ["norma", "norm"], 1000, narrow),
        }
        for leg, hits in legs.items():
            chunks = self._store.chunks([hit.chunk_id for hit in hits])
            self._note(leg, len(hits), flaws(chunks) if chunks else "")

    def _note(self, leg: str, hits: int, flaw: str) -> None:
        with self._record.open("a") as record:
            record.write(json.dumps({"leg": leg, "hits": hits, "flaw": flaw}) + "\n")


def work(home: Path, mode: str, documents: int, real: bool) -> None:
    """The process that is killed (`ingest`, `reindex`), or that looks at what is there (`check`)."""
    settings = IngestSettings(home=home, ingest=IngestLimits(workers=1))
    embedder: Embedder = make_embedder(settings) if real else HashingEmbedder(delay_s=0.002)
    with Store.open(settings, embedder) as store:
        if mode == "check":
            print(json.dumps(state(store)))
            return
        store.ensure_collection(COLLECTION, embedder, settings.chunking)
        observer = Observer(store, embedder, documents, home / "observed.jsonl")
        observer.start()
        print("working", flush=True)

        def tell(progress: IngestProgress) -> None:
            print(progress.chunks, flush=True)

        if mode == "reindex":
            reindex(store, embedder, settings, COLLECTION, tell)
        else:
            report = ingest(store, embedder, settings, [home.parent / "documents"], COLLECTION, sync=True, progress=tell)
            assert not report.failures, report.failures
        observer.enough.set()
        observer.join()


def state(store: Store) -> dict[str, object]:
    """Version of each document in the index, and everything that is not as it should be."""
    versions: dict[str, int] = {}
    problems = [finding.message for finding in doctor.check_store(store) if finding.severity != "ok"]
    for row in store.documents(COLLECTION):
        keys = [f"{COLLECTION}/{row.document_id}/{row.version}/{ordinal}" for ordinal in range(row.chunks)]
        chunks = store.chunks(keys)
        if row.state != "ready" or len(chunks) != row.chunks or flaws(chunks):
            problems.append(f"{row.source}: {row.state}, {len(chunks)} of {row.chunks} chunks, {flaws(chunks)}")
        else:
            versions[row.source] = int(_MARK.findall(chunks[0].chunk.text)[0][1])
    return {"versions": versions, "problems": problems}


def _wait(output: IO[str], chunks: int) -> None:
    """Until the process works, and has embedded so many chunks, or is done."""
    assert output.readline() == "working\n"
    while chunks and (line := output.readline()):
        if int(line) >= chunks:
            return


@dataclass
class Campaign:
    """`kills` kills of an ingest of `documents` documents under `base`.

    A kill comes up to `window_s` seconds after the process began to work, or after it embedded some chunks.
    """

    base: Path
    documents: int
    kills: int
    window_s: float
    real: bool
    seed: int = 0
    versions: dict[str, int] = field(default_factory=dict)
    indexed: dict[str, int] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)

    def run(self) -> str:
        """Raises AssertionError at the first flaw. Returns what was done, in one line."""
        chance = random.Random(self.seed)
        self._write(range(self.documents))
        for number in range(self.kills):
            mode = "reindex" if number % 6 == 5 else "ingest"
            outcome = self._kill(mode, chance)
            print(f"kill {number + 1}: {outcome}, {len(self.indexed)} documents indexed before", file=sys.stderr)
            if outcome == "finished":
                self._write(chance.sample(range(self.documents), self.documents // 2))
                self._kill("ingest", chance)
            self._check()
        process, output = self._start("ingest")
        with output:
            output.read()
        assert process.wait() == 0
        self._check()
        assert self.indexed == self.versions, "documents were lost"
        observed = self._observed()
        return f"{self.kills} kills {dict(self.killed)}, {self.documents} documents, {observed} observations: nothing lost"

    def _write(self, documents: range | list[int]) -> None:
        folder = self.base / "documents"
        folder.mkdir(exist_ok=True)
        for document in documents:
            source = f"{document:04}.txt"
            self.versions[source] = self.versions.get(source, 0) + 1
            write_document(folder, document, self.versions[source])

    def _start(self, mode: str) -> tuple[Forked, IO[str]]:
        """The process, and what it tells."""
        words = [str(self.base / "home"), mode, str(self.documents), *(["--real"] if self.real else [])]
        reading, writing = os.pipe()
        with os.fdopen(writing, "w") as telling, Path(os.devnull).open() as nothing:
            process = Forked(words, os.environ, stdin=nothing, stdout=telling, stderr=sys.__stderr__, work=main)
        return process, os.fdopen(reading)

    def _kill(self, mode: str, chance: random.Random) -> str:
        """Kills at a random moment: one time in six while the store is being opened, else while it works."""
        process, output = self._start(mode)
        if chance.random() < 1 / 6 and self.indexed:
            when = "opening"
            time.sleep(chance.uniform(0.0, 0.5))
        else:
            when = mode
            _wait(output, chance.choice((0, 1, 40, 80, 120)))
            time.sleep(chance.uniform(0.0, self.window_s))
        finished = process.poll() is not None
        process.kill()
        process.wait()
        output.close()
        self.killed["finished" if finished else when] += 1
        return "finished" if finished else when

    def _check(self) -> None:
        process, output = self._start("check")
        with output:
            found = json.loads(output.read())
        assert process.wait() == 0
        assert found["problems"] == []
        for source, version in found["versions"].items():
            assert self.indexed.get(source, 0) <= version <= self.versions[source], f"{source} went back"
        lost = self.indexed.keys() - found["versions"].keys()
        assert not lost, f"lost {lost}"
        self.indexed = found["versions"]
        self._observed()

    def _observed(self) -> int:
        """How many looks a search took; the last line may be cut by the kill."""
        path = self.base / "home" / "observed.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        looks = [json.loads(line) for line in lines if line.endswith("}")]
        assert [look for look in looks if look["flaw"]] == []
        return sum(1 for look in looks if look["hits"])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("mode", choices=["ingest", "reindex", "check"])
    parser.add_argument("documents", type=int)
    parser.add_argument("--real", action="store_true")
    arguments = parser.parse_args()
    work(arguments.home, arguments.mode, arguments.documents, arguments.real)
