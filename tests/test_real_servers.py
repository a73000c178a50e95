"""The general contract, held by real servers that run on a CPU. `scripts/real_servers.py` installs them; without it they are
skipped. What was measured is in docs/backends.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import pytest

from assistant.config import Settings
from assistant.models import model_file
from scripts import real_servers
from scripts.real_servers import Running
from tests.backend_contract import GeneralContract, ModelStage, is_refused_or_read_whole, section
from tests.conftest import SMALL_MODEL


def _metric(name: str) -> Callable[[Running], int]:
    def read(server: Running) -> int:
        lines = httpx.get(f"{server.url}/metrics", trust_env=False).text.splitlines()
        return int(sum(float(line.split()[-1]) for line in lines if line.startswith(name)))

    return read


def _computing(server: Running) -> int:
    """For servers without counters: 1 while its process takes more than half a core."""
    return int(psutil.Process(server.pid).cpu_percent(interval=0.5) > 50)


@dataclass(frozen=True)
class Real:
    """A kind, what tells how many questions the server is at work on, what its section has besides, its window in tokens."""

    kind: str
    working: Callable[[Running], int]
    options: Mapping[str, object] = field(default_factory=dict)
    window: int = real_servers.WINDOW


REAL: Mapping[str, Real] = {
    "llama-cpp": Real("openai-compatible", _metric("llamacpp:requests_processing ")),
    "transformers": Real("transformers", _computing),
    "vllm": Real("vllm", _metric("vllm:num_requests_running{")),
    "foundry-local": Real("foundry-local", _computing, {"alias": "midas-real"}, window=32_768),
}


class RealStage(ModelStage):
    """A real server. It is slow enough by nature for a very short timeout."""

    def __init__(self, real: Real, server: Running) -> None:
        super().__init__()
        self.kind = real.kind
        self.window = real.window
        self.server = server
        self._real = real

    def settings(self, options: Mapping[str, object]) -> Settings:
        address = {"model": self.server.model, "base_url": f"{self.server.url}/v1"}
        given = {**address, "context_window": 4096, **self._real.options, **options}
        return section(self.kind, given)

    def working(self) -> int:
        return self._real.working(self.server)


@pytest.fixture(scope="module")
def real_stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealStage]:
    """One server at a time: it stops before the next begins."""
    engine: str = request.param
    if not real_servers.installed(engine):
        pytest.skip(f"no {engine} here: python scripts/real_servers.py install {engine}")
    model = _model(engine, request)
    with real_servers.serving(engine, model, tmp_path_factory.mktemp("servers") / f"{engine}.log") as server:
        stage = RealStage(REAL[engine], server)
        yield stage
        stage.close()


def _model(engine: str, request: pytest.FixtureRequest) -> Path:
    gguf = model_file(SMALL_MODEL, request.getfixturevalue("models_home"))
    others = {"a Transformers folder": real_servers.converted(), "an ONNX folder": real_servers.converted_onnx()}
    model = others.get(real_servers.ENGINES[engine].serves, gguf)
    if not model.exists():
        pytest.skip(f"no {model} here: python scripts/real_servers.py convert {gguf}")
    return model


@pytest.mark.real
@pytest.mark.timeout(900)
@pytest.mark.parametrize("real_stage", REAL, indirect=True)
class TestRealServers(GeneralContract):
    @pytest.fixture
    def stage(self, real_stage: RealStage) -> RealStage:
        return real_stage

    def test_a_prompt_longer_than_the_servers_window_is_not_cut_silently(self, stage: RealStage) -> None:
        patient = stage.backend(context_window=10 * stage.window, timeouts={"first_token_s": 800})
        is_refused_or_read_whole(stage, patient, stage.window + 400)
