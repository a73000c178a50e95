"""Broken and hostile files: each gives a document or one clear error, memory stays bounded, the pool lives on."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from ingest.config import IngestLimits
from ingest.errors import LoadError
from ingest.loaders import load_bytes
from ingest.sandbox import ParserPool
from ingest.types import Document
from tests import hostile

MIB = 2**20
LIMITS = IngestLimits(parse_seconds=8, parse_memory_bytes=768 * MIB, workers=2)
REASONS = {"empty", "no_text", "encrypted", "corrupt", "unsupported", "too_large", "too_much_text", "zip_bomb", "too_deep"} | {
    "timeout",
    "out_of_memory",
    "crashed",
    "unreadable",
    "not_a_file",
}


def _outcome(future: Future[Document]) -> Document | LoadError:
    """The document or the LoadError; any other exception fails the test."""
    try:
        return future.result(timeout=120)
    except LoadError as error:
        return error


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return hostile.write_all(tmp_path_factory.mktemp("hostile"))


@pytest.mark.timeout(600)
def test_two_hundred_hostile_files_give_a_document_or_one_clear_error(paths: list[Path], tmp_path: Path) -> None:
    assert len(paths) >= 200
    good = tmp_path / "good.txt"
    good.write_text("Todo sigue en pie.")
    with ParserPool(LIMITS) as pool, _WorkerMemory() as memory:
        outcomes = [(path.name, _outcome(future)) for path, future in [(path, pool.submit(path, path.name)) for path in paths]]
        assert pool.submit(good, "good.txt").result(timeout=60).text == "Todo sigue en pie."
    for name, outcome in outcomes:
        print(
            name,
            type(outcome).__name__,
            getattr(outcome, "reason", ""),
            str(outcome)[:150] if isinstance(outcome, LoadError) else "",
        )
    assert [name for name, outcome in outcomes if isinstance(outcome, LoadError) and not _is_clear(outcome)] == []
    assert [name for name, outcome in outcomes if isinstance(outcome, Document) and not _is_sound(outcome)] == []
    assert 0 < memory.peak_bytes < LIMITS.parse_memory_bytes + 200 * MIB


def _summary(outcome: Document | LoadError) -> str:
    return f"{outcome.reason}: {outcome}" if isinstance(outcome, LoadError) else f"{len(outcome.blocks)} blocks"


def _is_clear(error: LoadError) -> bool:
    """One line that says what is wrong, and after the colon what to do."""
    text = error.message
    return error.reason in REASONS and "\n" not in text and ": " in text and text.endswith(".") and len(text) < 400


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("bomb.docx", "zip_bomb"),
        ("many-members.pptx", "zip_bomb"),
        ("laughs.xlsx", "corrupt"),
        ("external.pptx", "corrupt"),
        ("cut-50.docx", "corrupt"),
        ("page-loop.pdf", "corrupt"),
        ("encrypted-AES-256.pdf", "encrypted"),
        ("ole-new.docx", "encrypted"),
        ("ole-old.doc", "unsupported"),
        ("plain.zip", "unsupported"),
        ("deep-200000.json", "too_deep"),
        ("deep-div-200000.html", "too_deep"),
        ("deep-multipart.eml", "too_deep"),
        ("only-nulls.txt", "empty"),
        ("no-text.pdf", "no_text"),
        ("one-line-50-mib.txt", "too_much_text"),
    ],
)
def test_the_reason_is_the_right_one(paths: list[Path], name: str, reason: str) -> None:
    with pytest.raises(LoadError) as caught:
        load_bytes(_bytes(paths, name), name, LIMITS)
    assert caught.value.reason == reason


def test_entities_do_not_expand(paths: list[Path]) -> None:
    document = load_bytes(_bytes(paths, "laughs.html"), "laughs.html", LIMITS)
    assert len(document.text) < 1000


def _bytes(paths: list[Path], name: str) -> bytes:
    return next(path for path in paths if path.name.endswith(f"-{name}")).read_bytes()


def _is_sound(document: Document) -> bool:
    """Text that can be stored: no empty blocks, no control characters, no halves of characters."""
    document.text.encode("utf-8")
    clean = not any(ord(char) < 32 and char != "\n" for char in document.text)
    return clean and all(block.text.strip() and "\n\n" not in block.text for block in document.blocks)


class _WorkerMemory:
    """Watches the parsing processes of this one: `peak_bytes` is the largest resident set of any (`VmHWM` of proc(5))."""

    def __enter__(self) -> _WorkerMemory:
        self.peak_bytes = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            for child in psutil.Process().children():
                with suppress(psutil.Error, OSError):
                    if "parse_worker" in " ".join(child.cmdline()):
                        self.peak_bytes = max(self.peak_bytes, _peak_bytes(child.pid))


def _peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_hanging_file_costs_one_timeout_and_the_pool_goes_on(tmp_path: Path) -> None:
    slow = _write(tmp_path / "slow.md", "# t\n\n" + ("[" * 40_000 + "\n") * 40)
    good = _write(tmp_path / "good.txt", "Sigue.")
    with ParserPool(LIMITS.model_copy(update={"parse_seconds": 2.0, "workers": 1})) as pool:
        late, after = pool.submit(slow, "slow.md"), pool.submit(good, "good.txt")
        error = _outcome(late)
        assert isinstance(error, LoadError) and error.reason == "timeout"
        assert error.message == "The file took longer than 2 seconds to read: split it, or raise ingest.parse_seconds."
        assert after.result(timeout=60).text == "Sigue."


def test_a_file_that_needs_too_much_memory_is_refused_and_the_pool_goes_on(tmp_path: Path) -> None:
    large = _write(tmp_path / "large.json", "[" + "{},\n" * 4_000_000 + "{}]")
    good = _write(tmp_path / "good.txt", "Sigue.")
    with ParserPool(LIMITS.model_copy(update={"parse_memory_bytes": 128 * MIB, "workers": 1, "parse_seconds": 60.0})) as pool:
        error = _outcome(pool.submit(large, "large.json"))
        assert isinstance(error, LoadError) and error.reason == "out_of_memory"
        assert pool.submit(good, "good.txt").result(timeout=60).text == "Sigue."


def test_a_killed_parser_costs_its_file_one_error_and_is_replaced(tmp_path: Path) -> None:
    slow = _write(tmp_path / "slow.md", "# t\n\n" + ("[" * 40_000 + "\n") * 40)
    good = _write(tmp_path / "good.txt", "Sigue.")
    with ParserPool(LIMITS.model_copy(update={"workers": 1})) as pool:
        pool.submit(good, "good.txt").result(timeout=60)
        victim = pool.submit(slow, "slow.md")
        _workers()[0].kill()
        error = _outcome(victim)
        assert isinstance(error, LoadError) and error.reason == "crashed"
        assert pool.submit(good, "good.txt").result(timeout=60).text == "Sigue."


def test_close_leaves_no_process_and_settles_every_future(tmp_path: Path) -> None:
    slow = _write(tmp_path / "slow.md", "# t\n\n" + ("[" * 40_000 + "\n") * 40)
    pool = ParserPool(LIMITS.model_copy(update={"workers": 2}))
    futures = [pool.submit(slow, f"{number}.md") for number in range(6)]
    pool.close()
    assert all(future.done() for future in futures)
    assert _workers() == []
    with pytest.raises(RuntimeError):
        pool.submit(slow, "late.md")


def test_parsers_ignore_ctrl_c_and_die_with_their_parent(tmp_path: Path) -> None:
    """A program that is killed while it parses leaves no parser behind."""
    slow = _write(tmp_path / "slow.md", "# t\n\n" + ("[" * 40_000 + "\n") * 40)
    program = (
        "import sys; from pathlib import Path; from ingest.config import IngestLimits; from ingest.sandbox import ParserPool\n"
        "pool = ParserPool(IngestLimits(workers=1)); future = pool.submit(Path(sys.argv[1]), 'slow.md')\n"
        "print('started', flush=True); future.result()"
    )
    parent = subprocess.Popen([sys.executable, "-c", program, str(slow)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout and parent.stdout.readline() == "started\n"
    parser = _wait_for_child(psutil.Process(parent.pid))
    parser.send_signal(signal.SIGINT)
    assert parser.is_running()
    parent.kill()
    parent.communicate()
    psutil.wait_procs([parser], timeout=30)
    assert not parser.is_running()


def _wait_for_child(process: psutil.Process) -> psutil.Process:
    """The parsing process, once it has set up its signals (it has then read its first request)."""
    while not (found := [child for child in process.children() if child.num_threads() and child.cpu_times().user > 0.5]):
        assert process.is_running()
        time.sleep(0.05)
    return found[0]


def _workers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "parse_worker" in " ".join(child.cmdline())]
