"""A back end started anew in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.config import Settings
from eval.coldstart import ROUNDS, ColdStart, cold_start, measurements
from eval.metrics import METRICS
from ingest.errors import MidasError
from tests.fake_ollama import MODEL, FakeOllama


def test_a_servers_model(tmp_path: Path) -> None:
    """Its process is not ours: what starting took is not told, what it says of loading is."""
    server = FakeOllama()
    with server.running():
        section = {"kind": "ollama", "model": MODEL, "base_url": server.root}
        cold = cold_start("served", Settings(home=tmp_path, backends={"served": section}, default_backend="served"))
    assert (cold.ready_ms, cold.first_token_ms, cold.load_ms) == (None, None, 1.334875)
    assert min(cold.cold_ttft_ms, cold.warm_ttft_ms, cold.shared_ttft_ms) > 0
    prompts = [[message["content"] for message in body["messages"]] for body in server.requests]
    assert len(prompts) == 3 * ROUNDS
    for first, again, other in zip(prompts[::3], prompts[1::3], prompts[2::3], strict=True):
        assert first == again
        assert other[0] == first[0] and other[1] != first[1]
    assert len({prompt[0] for prompt in prompts}) == ROUNDS, "no prompt of an earlier round is used again"


@pytest.mark.real
def test_a_model_in_the_process(models_home: Path) -> None:
    section = {"kind": "llama-cpp", "model": "qwen2.5-coder-0.5b-instruct"}
    cold = cold_start("small", Settings(home=models_home, backends={"small": section}, default_backend="small"))
    assert cold.ready_ms and cold.first_token_ms and cold.ready_ms < cold.first_token_ms
    assert min(cold.cold_ttft_ms, cold.warm_ttft_ms, cold.shared_ttft_ms) > 0
    assert cold.load_ms is None


def test_what_goes_wrong_is_told(tmp_path: Path) -> None:
    section = {"kind": "llama-cpp", "model": "absent"}
    settings = Settings(home=tmp_path, backends={"small": section}, default_backend="small")
    with pytest.raises(MidasError) as error:
        cold_start("small", settings)
    assert "absent" in str(error.value)


def test_as_rows_of_a_run() -> None:
    rows = measurements("b", ColdStart(None, None, 9, 3, 1, 2), "now")
    assert {row.metric: row.value for row in rows} == {
        "server_load_ms": 9, "cache_cold_ttft_ms": 3, "cache_warm_ttft_ms": 1, "cache_shared_ttft_ms": 2,
    }  # fmt: skip
    assert all(METRICS[row.metric].unit == row.unit for row in rows)
