"""The metadata of a GGUF file, and the tokenizer it carries."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TypeAlias

from tokenizers import AddedToken, Regex, Tokenizer, models, pre_tokenizers

from ingest.errors import ModelError

Value: TypeAlias = "int | float | bool | str | list[Value]"
Metadata: TypeAlias = Mapping[str, Value]

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_CONTROL, _USER_DEFINED = 3, 4

# How byte-level BPE vocabularies split text before merging, by the name the file gives it (`tokenizer.ggml.pre`).
_SPLITS = {
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}


def read_metadata(path: Path) -> Metadata:
    """All key-value pairs at the head of the file. Raises ModelError when it is cut or no GGUF file."""
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
            return _Reader(view).metadata()
    except (OSError, ValueError, KeyError, IndexError, struct.error) as error:
        raise ModelError(f"{path} can't be read as a GGUF file ({error}): pull the model again.") from error


def build_tokenizer(metadata: Metadata) -> Tokenizer | None:
    """The file's own tokenizer (special tokens are recognised in text), None where it is of a kind not known here."""
    if not is_known(metadata):
        return None
    split = _SPLITS[str(metadata["tokenizer.ggml.pre"])]
    tokens, merges = _strings(metadata, "tokens"), _strings(metadata, "merges")
    pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in merges)]
    tokenizer = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, pairs))
    levels = [pre_tokenizers.Split(Regex(split), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(levels)
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in special_tokens(metadata)])
    return tokenizer


def is_known(metadata: Metadata) -> bool:
    """Whether a tokenizer of this kind can be built here."""
    return metadata.get("tokenizer.ggml.model") == "gpt2" and metadata.get("tokenizer.ggml.pre") in _SPLITS


def special_tokens(metadata: Metadata) -> list[str]:
    """Tokens that steer the model (turns, end of text) and others that are taken whole from text."""
    kinds = metadata["tokenizer.ggml.token_type"]
    assert isinstance(kinds, list)
    return [token for token, kind in zip(_strings(metadata, "tokens"), kinds, strict=True) if kind in (_CONTROL, _USER_DEFINED)]


def _strings(metadata: Metadata, name: str) -> list[str]:
    values = metadata[f"tokenizer.ggml.{name}"]
    assert isinstance(values, list)
    return [str(value) for value in values]


class _Reader:
    """Reads the little-endian head: magic, version, number of tensors, number of pairs, then the pairs."""

    def __init__(self, view: mmap.mmap) -> None:
        self._view = view
        self._at = 0

    def metadata(self) -> Metadata:
        if self._view[:4] != b"GGUF":
            raise ValueError("its first bytes are not GGUF")
        self._at = 16
        return dict(self._pair() for _ in range(self._scalar("Q")))

    def _pair(self) -> tuple[str, Value]:
        return self._string(), self._value(self._scalar("I"))

    def _value(self, kind: int) -> Value:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            return self._array()
        scalar: Value = self._scalar(_SCALARS[kind])
        return scalar

    def _array(self) -> list[Value]:
        kind, length = self._scalar("I"), self._scalar("Q")
        if kind in _SCALARS:
            return list(self._unpack(f"<{length}{_SCALARS[kind]}"))
        return [read() for read in [partial(self._value, kind)] * length]

    def _string(self) -> str:
        length = self._scalar("Q")
        start, self._at = self._at, self._at + length
        if self._at > len(self._view):
            raise ValueError("it ends too early")
        return self._view[start : self._at].decode("utf-8", "replace")

    def _scalar(self, code: str) -> int:
        value: int = self._unpack(f"<{code}")[0]
        return value

    def _unpack(self, layout: str) -> tuple[int, ...]:
        start, self._at = self._at, self._at + struct.calcsize(layout)
        return struct.unpack_from(layout, self._view, start)
