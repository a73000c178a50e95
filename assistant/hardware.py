"""What this computer has for language models: processor, memory, graphics cards, disk. Container limits are heeded.

Everything comes from the operating system's own files and the vendors' own tools (nvidia-smi, rocm-smi, sysctl); a tool that
is missing or fails means that there is no such card, and is told in `notes` when it fails.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from time import get_clock_info, perf_counter, thread_time

import psutil

from assistant import bandwidth
from ingest.errors import ConfigError

GIB = 2**30
CPU_FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_tile", "fma", "f16c", "neon", "i8mm", "sve")
"""Those that llama.cpp and ONNX Runtime have faster code for, as Linux calls them."""

ASSUMED_MEMORY_GB_PER_S = 40
"""Two channels of DDR4-3200 have 51 GB/s on paper; for a computer that can't be measured."""
LARGEST_CARD, USUAL_CARD = 144 * GIB, 80 * GIB
"""Card memory that is taken for one card (an H200 has 141 GB), and the cards that more is taken for."""
UNIFIED_SHARE = 0.75
"""The part of an Apple computer's memory that macOS lets its GPU have by default."""
TOOL_SECONDS = 10
BUSY = 0.5
"""Load per core from which a computer is called busy."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics card. `gb_per_s` is how fast it reads its memory (10^9 bytes), `known` whether the data sheet says so."""

    name: str
    vendor: str
    memory_bytes: int
    gb_per_s: int
    known: bool
    unified: bool = False


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer, real or imagined. `cores` are those this process may use, `ram_bytes` what the container may use;
    `disk_free_bytes` is None where there is no disk to look at; `gb_per_s` is how fast the processor reads memory."""

    system: str
    cpu: str
    cpu_features: tuple[str, ...]
    cores: int
    ram_bytes: int
    ram_available_bytes: int
    gpus: tuple[Gpu, ...]
    disk_free_bytes: int | None
    gb_per_s: float
    measured: bool
    notes: tuple[str, ...] = ()

    @property
    def vram_bytes(self) -> int:
        """Of all cards together."""
        return sum(gpu.memory_bytes for gpu in self.gpus)


def detect(folder: Path, root: Path = Path("/")) -> Machine:
    """This computer; `folder` is where models will be kept. `root` is where /proc and /sys are looked for.

    Measures memory for about a tenth of a second.
    """
    memory, notes = psutil.virtual_memory(), _busy(usable_cores(root))
    limit = memory_limit(root)
    gpus = (*_nvidia(notes), *_amd(notes), *_apple(memory.total))
    if limit is not None and limit < memory.total:
        notes.append(f"A container limit of {limit / GIB:.1f} GiB applies; the computer has {memory.total / GIB:.1f} GiB.")
    return Machine(
        system=f"{platform.system()} {platform.machine()}",
        cpu=_cpu_name(root),
        cpu_features=cpu_features(root),
        cores=usable_cores(root),
        ram_bytes=min(memory.total, limit or memory.total),
        ram_available_bytes=min(memory.available, limit or memory.total),
        gpus=gpus,
        disk_free_bytes=disk_free(folder),
        gb_per_s=memory_gb_per_s(usable_cores(root)),
        measured=True,
        notes=tuple(notes),
    )


def _busy(cores: int) -> list[str]:
    """A warning when other programs will slow a model down."""
    load = psutil.getloadavg()[0]
    told = f"Other programs keep the computer busy (load {load:.1f} on {cores} cores): until they end, all is slower than told."
    return [told] if load > BUSY * cores else []


def imagined(real: Machine, ram: str | None, vram: str | None) -> Machine:
    """The real machine with other memory (`64GB`) or other cards (`24GB`, `2x80GB`, `0`). Raises ConfigError.

    More card memory than LARGEST_CARD, not split by hand, counts as cards of 80 GB.
    """
    machine = replace(real, disk_free_bytes=None, notes=())
    if ram is not None:
        size = parse_size(ram)
        machine = replace(
            machine,
            ram_bytes=size,
            ram_available_bytes=size,
            gb_per_s=max(machine.gb_per_s, ASSUMED_MEMORY_GB_PER_S),
            measured=False,
        )
    return machine if vram is None else replace(machine, gpus=_imagined_gpus(vram))


def parse_size(text: str) -> int:
    """Bytes of `24GB`, `24 GiB`, `512MB` or `24`. Memory is sold in powers of two, so a GB is 2^30 here. Raises ConfigError."""
    found = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*(?:([mgt])(?:i?b)?)?\s*", text, re.IGNORECASE)
    if not found:
        raise ConfigError(f"{text!r} is not an amount of memory: write it like 24GB.")
    unit = {"m": 2**20, "g": GIB, "t": 2**40}[(found[2] or "g").lower()]
    return round(float(found[1].replace(",", ".")) * unit)


def _imagined_gpus(text: str) -> tuple[Gpu, ...]:
    count, _, each = text.lower().rpartition("x")
    if count and not count.strip().isdigit():
        raise ConfigError(f"{text!r} does not tell graphics cards: write 24GB, or 2x80GB for two cards.")
    size, number = parse_size(each), int(count or 1)
    if not count and size > LARGEST_CARD:
        number = -(-size // USUAL_CARD)
        size //= number
    card = Gpu(f"assumed card with {size / GIB:.0f} GB", "any", size, bandwidth.of_size(size), known=False)
    return (card,) * number if size else ()


# Processor and memory


def cpu_features(root: Path = Path("/")) -> tuple[str, ...]:
    """Those of CPU_FEATURES that this processor has."""
    words = set(re.findall(r"\w+", _cpu_flags(root).lower()))
    words |= {"neon"} if "asimd" in words or platform.machine() == "arm64" else set()
    return tuple(feature for feature in CPU_FEATURES if feature in words)


def _cpu_flags(root: Path) -> str:
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", _text(root / "proc/cpuinfo"), re.MULTILINE)
    if found:
        return found[1]
    return _tool("sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features").replace(".", "_")


def _cpu_name(root: Path) -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", _text(root / "proc/cpuinfo"), re.MULTILINE)
    return found[1].strip() if found else _tool("sysctl", "-n", "machdep.cpu.brand_string").strip() or platform.processor()


def usable_cores(root: Path = Path("/")) -> int:
    """Physical cores this process may use (affinity and container limits heeded), at least 1."""
    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed, _container_cores(root)))


def _container_cores(root: Path) -> int:
    """Whole cores of the container's CPU quota; very many when there is none."""
    quotas = [_text(folder / "cpu.max").split() for folder in _groups(root)]
    return min((int(quota) // int(period) for quota, period in filter(_is_quota, quotas)), default=2**16)


def _is_quota(words: list[str]) -> bool:
    return len(words) == 2 and all(word.isdigit() for word in words)


def memory_limit(root: Path = Path("/")) -> int | None:
    """The smallest limit of the control groups (v1 or v2) this process is in, in bytes; None without one."""
    texts = [_text(folder / name).strip() for folder in _groups(root) for name in ("memory.max", "memory.limit_in_bytes")]
    limits = [int(text) for text in texts if text.isdigit() and int(text) < 2**60]
    return min(limits, default=None)


def _groups(root: Path) -> list[Path]:
    """This process's control group and all above it."""
    folders = []
    for line in _text(root / "proc/self/cgroup").splitlines() or ["0::/"]:
        _, controllers, path = line.split(":", 2)
        top = root / "sys/fs/cgroup" / controllers
        inner = top / path.strip("/")
        folders += [inner, *(parent for parent in inner.parents if parent.is_relative_to(top))]
    return folders


def memory_gb_per_s(threads: int) -> float:
    """How fast so many threads together read memory: 32 MB each, more than a core's cache, the best of ten rounds.

    Each thread's own processor time counts, so that other programs disturb the figure little.
    """
    import numpy as np

    blocks = [np.ones(4_000_000) for _ in range(min(threads, 16))]
    with ThreadPoolExecutor(len(blocks)) as pool:
        rounds = [sum(pool.map(lambda block: block.nbytes / _seconds(block.sum), blocks)) for _ in range(10)]
    return float(max(rounds)) / 1e9


def _seconds(work: Callable[[], object]) -> float:
    """Of this thread's processor time, where its clock is fine enough."""
    clock: Callable[[], float] = thread_time if get_clock_info("thread_time").resolution < 1e-4 else perf_counter
    start = clock()
    work()
    return clock() - start


def disk_free(folder: Path) -> int:
    """Bytes that are free where the folder is, or will be."""
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    return shutil.disk_usage(there).free


# Graphics cards


def _nvidia(notes: list[str]) -> list[Gpu]:
    told = _tool("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits", notes=notes)
    rows = [[cell.strip() for cell in row] for row in csv.reader(told.splitlines()) if len(row) == 2]
    for name, memory in rows:
        if not memory.isdigit():
            notes.append(f"nvidia-smi does not tell the memory of {name} ({memory}): give it with --vram.")
    return [_gpu(name, "nvidia", int(memory) * 2**20) for name, memory in rows if memory.isdigit()]


def _amd(notes: list[str]) -> list[Gpu]:
    told = _tool("rocm-smi", "--showproductname", "--showmeminfo", "vram", "--json", notes=notes)
    try:
        cards = json.loads(told or "{}")
    except ValueError:
        notes.append("rocm-smi did not answer in JSON: give the card's memory with --vram.")
        return []
    found = [card for name, card in sorted(cards.items()) if name.startswith("card") and "VRAM Total Memory (B)" in card]
    return [_gpu(_amd_name(card), "amd", int(card["VRAM Total Memory (B)"])) for card in found]


def _amd_name(card: dict[str, str]) -> str:
    """Versions of rocm-smi spell the key differently, and older ones tell a number instead of a name."""
    named = {key.lower(): value for key, value in card.items()}
    return next((named[key] for key in ("card series", "card model", "device name") if key in named), "AMD GPU")


def _apple(total: int) -> list[Gpu]:
    """The GPU of Apple's own processors shares the memory."""
    if platform.system() != "Darwin" or platform.machine() != "arm64":
        return []
    chip = _tool("sysctl", "-n", "machdep.cpu.brand_string").strip()
    return [replace(_gpu(chip, "apple", round(total * UNIFIED_SHARE)), unified=True)]


def _gpu(name: str, vendor: str, memory_bytes: int) -> Gpu:
    speed = bandwidth.of_card(name)
    return Gpu(name, vendor, memory_bytes, speed or bandwidth.of_size(memory_bytes), known=speed is not None)


# Files and tools


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _tool(*command: str, notes: list[str] | None = None) -> str:
    """What the tool prints; nothing when it is not installed, or fails."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=TOOL_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError) as error:
        if notes is not None:
            notes.append(f"{command[0]} is installed but fails ({_reason(error)}): its cards are not counted.")
        return ""
    return run.stdout


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        said = " ".join(f"{error.stdout} {error.stderr}".split())
        return said[:160] or f"exit code {error.returncode}"
    return type(error).__name__
