"""A folder with a model for ONNX Runtime's generator: `genai_config.json`, the ONNX files and the tokenizer."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.assets import write_atomically
from ingest.errors import ModelError

CONFIG = "genai_config.json"
_SLEEPING_THREADS = {"session.intra_op.allow_spinning": "0"}
"""Threads that wait sleep. By default they spin: on a busy machine that halved the speed of writing and cost CPU time."""


@dataclass(frozen=True)
class OnnxModel:
    """`context_window` is what the model can hold, in tokens."""

    folder: Path
    config: dict[str, Any]
    context_window: int

    @classmethod
    def read(cls, folder: Path) -> OnnxModel:
        """Raises ModelError when the folder has no text model."""
        try:
            config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            config["model"]["decoder"]["filename"], config["search"]
            return cls(folder, config, int(config["model"]["context_length"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(
                f"{folder} is no folder of a text model for ONNX Runtime ({CONFIG}: {error!r}): name one made by "
                "onnxruntime_genai.models.builder, or pull a model."
            ) from error

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    @property
    def tokenizer(self) -> Path | None:
        """Its `tokenizer.json`, None where it has none."""
        path = self.folder / "tokenizer.json"
        return path if path.is_file() else None

    def tuned(self, into: Path, window: int, threads: int) -> Path:
        """A folder below `into` with links to this model's files and a configuration of its own, which reserves memory for
        `window` tokens only and computes with `threads` threads. This folder stays as it is."""
        key = f"{self.folder.resolve()} {window} {threads} {json.dumps(self.config)}"
        target = into / f"{self.folder.name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
        target.mkdir(parents=True, exist_ok=True)
        for path in self.folder.resolve().iterdir():
            if path.name != CONFIG:
                _link(target / path.name, path)
        write_atomically(target / CONFIG, json.dumps(self._tuned_config(window, threads), indent=2).encode())
        return target

    def _tuned_config(self, window: int, threads: int) -> dict[str, Any]:
        model, decoder = self.config["model"], self.config["model"]["decoder"]
        session = {**decoder.get("session_options", {}), **_SLEEPING_THREADS, "intra_op_num_threads": threads}
        tuned = {**model, "context_length": window, "decoder": {**decoder, "session_options": session}}
        return {**self.config, "model": tuned, "search": {**self.config["search"], "max_length": window}}


def _link(link: Path, target: Path) -> None:
    with suppress(FileExistsError):
        try:
            link.symlink_to(target)
        except OSError as error:
            if not target.is_file() or isinstance(error, FileExistsError):
                raise
            link.hardlink_to(target)  # Windows lets only some users make symbolic links
