"""What a computer has, read from its own files and from the vendors' tools: fake tools on PATH say what real ones document."""

from __future__ import annotations

import os
import platform
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import bandwidth, hardware
from assistant.hardware import GIB, Machine
from ingest.errors import ConfigError

CPUINFO = """processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Platinum 8480+
flags\t\t: fpu sse4_2 fma f16c avx2 avx512f avx512_vnni amx_tile

processor\t: 1
model name\t: Intel(R) Xeon(R) Platinum 8480+
flags\t\t: fpu sse4_2
"""
ARM = "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd evtstrm i8mm sve bf16\n"

ROCM = """{"card0": {"VRAM Total Memory (B)": "25753026560", "VRAM Total Used Memory (B)": "31469568",
"Card series": "Radeon RX 7900 XTX", "Card model": "0x744c", "Card vendor": "Advanced Micro Devices, Inc. [AMD/ATI]"},
"card1": {"VRAM Total Memory (B)": "536870912", "VRAM Total Used Memory (B)": "15532032", "Card Model": "0x164e"},
"system": {"Driver version": "6.7.0"}}"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH that has the shell and what a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put(folder: Path, name: str, printed: str, code: int = 0) -> None:
    script = folder / name
    answer = folder / f"{name}.txt"
    answer.write_text(printed, encoding="utf-8")
    echo = f'while read -r line || [ -n "$line" ]; do echo "$line"; done < {answer}'
    script.write_text(f'#!/bin/sh\necho "$@" > {script}.asked\n{echo}\nexit {code}\n', encoding="utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)


def put_file(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


@pytest.fixture
def machine() -> Machine:
    return Machine("Linux x86_64", "CPU", ("avx2",), 4, 16 * GIB, 8 * GIB, (), 10**11, 12.5, True, ("a note",))


def test_this_computer_is_described(tmp_path) -> None:
    found = hardware.detect(tmp_path / "not" / "yet" / "there")
    assert found.cores >= 1 and found.gb_per_s > 0 and found.measured
    assert 0 < found.ram_available_bytes <= found.ram_bytes
    assert found.disk_free_bytes and found.disk_free_bytes > 0
    assert found.vram_bytes == sum(gpu.memory_bytes for gpu in found.gpus)


def test_without_tools_there_are_no_cards(tools, tmp_path) -> None:
    assert hardware.detect(tmp_path).gpus == ()


def test_nvidia_cards(tools, tmp_path) -> None:
    put(tools, "nvidia-smi", "NVIDIA H100 80GB HBM3, 81559\nNVIDIA A10G, 23028\nQuadro of tomorrow, 16384\n")
    h100, a10g, unknown = hardware.detect(tmp_path).gpus
    assert (h100.name, h100.memory_bytes, h100.gb_per_s, h100.known) == ("NVIDIA H100 80GB HBM3", 81559 * 2**20, 3350, True)
    assert (a10g.memory_bytes, a10g.gb_per_s) == (23028 * 2**20, 600)
    assert (unknown.gb_per_s, unknown.known) == (300, False)
    assert "--query-gpu=name,memory.total" in (tools / "nvidia-smi.asked").read_text()


def test_a_driver_that_fails_is_told_and_counts_no_card(tools, tmp_path) -> None:
    said = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver."
    put(tools, "nvidia-smi", said, code=9)
    found = hardware.detect(tmp_path)
    assert found.gpus == ()
    assert f"nvidia-smi is installed but fails ({said}): its cards are not counted." in found.notes


def test_a_card_that_hides_its_memory_is_told(tools, tmp_path) -> None:
    put(tools, "nvidia-smi", "NVIDIA GB10, [N/A]\n")
    found = hardware.detect(tmp_path)
    assert found.gpus == ()
    assert "nvidia-smi does not tell the memory of NVIDIA GB10 ([N/A]): give it with --vram." in found.notes


def test_amd_cards(tools, tmp_path) -> None:
    put(tools, "rocm-smi", ROCM)
    large, small = hardware.detect(tmp_path).gpus
    assert (large.name, large.vendor, large.memory_bytes, large.gb_per_s) == ("Radeon RX 7900 XTX", "amd", 25753026560, 960)
    assert (small.name, small.known) == ("0x164e", False)


def test_apple_s_gpu_shares_the_memory(tools, tmp_path, monkeypatch) -> None:
    put(tools, "sysctl", "Apple M3 Max\n")
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    found = hardware.detect(tmp_path, tmp_path)
    [gpu] = found.gpus
    assert (gpu.name, gpu.vendor, gpu.gb_per_s, gpu.unified) == ("Apple M3 Max", "apple", 400, True)
    assert gpu.memory_bytes == round(hardware.UNIFIED_SHARE * found.ram_bytes)
    assert found.cpu == "Apple M3 Max" and found.cpu_features == ("neon",)


def test_a_tool_that_talks_nonsense_is_told(tools, tmp_path) -> None:
    put(tools, "rocm-smi", "WARNING: no AMD GPUs\n")
    found = hardware.detect(tmp_path)
    assert found.gpus == () and any("rocm-smi did not answer in JSON" in note for note in found.notes)


@pytest.mark.parametrize(
    ("text", "features"),
    [
        (CPUINFO, ("avx2", "avx512f", "avx512_vnni", "amx_tile", "fma", "f16c")),
        (ARM, ("neon", "i8mm", "sve")),
        ("", ()),
    ],
    ids=["x86", "arm", "unknown"],
)
def test_features_of_the_processor(tmp_path, tools, text, features) -> None:
    put_file(tmp_path, "proc/cpuinfo", text)
    assert hardware.cpu_features(tmp_path) == features


def test_the_name_of_the_processor(tmp_path) -> None:
    put_file(tmp_path, "proc/cpuinfo", CPUINFO)
    assert hardware.detect(tmp_path, tmp_path).cpu == "Intel(R) Xeon(R) Platinum 8480+"


@pytest.mark.parametrize(
    ("groups", "files", "limit"),
    [
        ("0::/\n", {"memory.max": "4294967296\n"}, 4 * GIB),
        ("0::/\n", {"memory.max": "max\n"}, None),
        ("0::/a/b\n", {"a/b/memory.max": "max\n", "a/memory.max": "2147483648\n", "memory.max": "max\n"}, 2 * GIB),
        ("9:memory:/docker/x\n", {"memory/memory.limit_in_bytes": "1073741824\n"}, GIB),
        ("9:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, None),
        ("", {"memory.max": "3221225472\n"}, 3 * GIB),
        ("0::/\n", {}, None),
    ],
    ids=["v2", "v2 without limit", "v2 nested", "v1", "v1 without limit", "no list of groups", "nothing"],
)
def test_limits_of_a_container(tmp_path, groups, files, limit) -> None:
    put_file(tmp_path, "proc/self/cgroup", groups)
    for name, text in files.items():
        put_file(tmp_path, f"sys/fs/cgroup/{name}", text)
    assert hardware.memory_limit(tmp_path) == limit


def test_a_container_s_limit_is_the_memory_there_is(tmp_path) -> None:
    put_file(tmp_path, "proc/self/cgroup", "0::/\n")
    put_file(tmp_path, "sys/fs/cgroup/memory.max", f"{GIB // 2}\n")
    found = hardware.detect(tmp_path, tmp_path)
    assert found.ram_bytes == GIB // 2 and found.ram_available_bytes <= GIB // 2
    assert any(note.startswith("A container limit of 0.5 GiB applies") for note in found.notes)


def test_cores_heed_the_limits_of_the_container(tmp_path) -> None:
    put_file(tmp_path, "proc/self/cgroup", "0::/a\n")
    put_file(tmp_path, "sys/fs/cgroup/a/cpu.max", "max 100000\n")
    unlimited = hardware.usable_cores(tmp_path)
    assert 1 <= unlimited <= (os.cpu_count() or 1)
    put_file(tmp_path, "sys/fs/cgroup/cpu.max", "150000 100000\n")
    assert hardware.usable_cores(tmp_path) == 1
    put_file(tmp_path, "sys/fs/cgroup/cpu.max", "50000 100000\n")
    assert hardware.usable_cores(tmp_path) == 1, "less than a core is one"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("24GB", 24 * GIB),
        ("24 GiB", 24 * GIB),
        ("24", 24 * GIB),
        ("1,5g", 3 * GIB // 2),
        ("512MB", GIB // 2),
        ("2TB", 2048 * GIB),
    ],
)
def test_sizes_are_read_as_people_write_them(text, size) -> None:
    assert hardware.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "24 apples", "-3GB", "GB"])
def test_a_wrong_size_gets_one_sentence(text) -> None:
    with pytest.raises(ConfigError, match="is not an amount of memory: write it like 24GB"):
        hardware.parse_size(text)


def test_an_imagined_computer_keeps_what_is_not_said(machine) -> None:
    other = hardware.imagined(machine, "64GB", None)
    assert (other.ram_bytes, other.cores, other.gpus) == (64 * GIB, 4, ())
    assert not other.measured and other.gb_per_s == hardware.ASSUMED_MEMORY_GB_PER_S
    assert other.disk_free_bytes is None and other.notes == ()
    assert hardware.imagined(replace(machine, gb_per_s=300.0), "64GB", None).gb_per_s == 300.0


@pytest.mark.parametrize(
    ("text", "cards"),
    [
        ("24GB", [24]),
        ("2x80GB", [80, 80]),
        ("160GB", [80, 80]),
        ("96GB", [96]),
        ("141GB", [141]),
        ("192GB", [64, 64, 64]),
        ("0", []),
    ],
)
def test_imagined_cards(machine, text, cards) -> None:
    found = hardware.imagined(machine, None, text).gpus
    assert [gpu.memory_bytes for gpu in found] == [round(size * GIB) for size in cards]
    assert all(not gpu.known and gpu.gb_per_s == bandwidth.of_size(gpu.memory_bytes) for gpu in found)


def test_wrong_cards_get_one_sentence(machine) -> None:
    with pytest.raises(ConfigError, match=r"'twox80GB' does not tell graphics cards: write 24GB, or 2x80GB for two cards\."):
        hardware.imagined(machine, None, "twox80GB")


@pytest.mark.parametrize(
    ("name", "speed"),
    [
        ("NVIDIA L40S", 864), ("NVIDIA L4", 300), ("NVIDIA A100-SXM4-80GB", 1935), ("NVIDIA A100-PCIE-40GB", 1555),
        ("NVIDIA H200", 4800), ("NVIDIA GeForce RTX 4090", 1008), ("NVIDIA GeForce RTX 4070 Ti SUPER", 504), ("Tesla T4", 320),
        ("Apple M3 Max", 400), ("Apple M3", 100), ("AMD Instinct MI300X", 5300), ("Voodoo 2", None),
    ],
)  # fmt: skip
def test_known_cards_read_as_fast_as_their_data_sheet_says(name, speed) -> None:
    assert bandwidth.of_card(name) == speed


def test_larger_unknown_cards_are_not_assumed_slower() -> None:
    speeds = [bandwidth.of_size(size * GIB) for size in (4, 12, 16, 24, 48, 80, 192)]
    assert speeds == sorted(speeds)
