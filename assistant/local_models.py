"""The model files of this data directory as a manager of models, and what they take on the disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from assistant import models
from assistant.backends import check_section
from assistant.backends.common.gguf import Metadata, read_metadata
from assistant.backends.common.manager import LoadedModel, ModelDetails, PullProgress, ServedModel
from assistant.catalogue import catalogue
from assistant.config import Settings
from ingest.errors import ModelError


class LocalModels:
    """A ModelManager of `$MIDAS_HOME/models`."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def installed(self) -> list[ServedModel]:
        return [_served(model) for model in models.installed(self._home)]

    def show(self, name: str) -> ModelDetails:
        """From the file's own head and the catalogue."""
        found = next((model for model in models.installed(self._home) if model.name == name), None)
        if found is None:
            raise ModelError(f"The model {name!r} is not installed: run midas models pull {name}.")
        metadata = read_metadata(found.path) if found.path.is_file() else {}
        card = catalogue().models.get(name)
        return ModelDetails(
            name,
            parameters=f"{card.parameters}B" if card else _text(metadata, "general.size_label"),
            quantization=_quantisation(metadata),
            context_window=_context(metadata),
            licence=card.licence if card else _text(metadata, "general.license"),
            details={"path": str(found.path), "source": found.source, "sha256": found.sha256 or "not checked since it changed"},
        )

    def pull(self, name: str, progress: PullProgress | None = None) -> None:
        models.pull(name, self._home, (lambda done, total: progress(name, done, total)) if progress else None)

    def remove(self, name: str) -> int:
        return models.remove(name, self._home)

    def loaded(self) -> list[LoadedModel]:
        """Files of models that a process of this user has in memory, with the part that is really there (Linux and Windows)."""
        held = {model.path: model.name for model in models.installed(self._home)}
        return [LoadedModel(held[path], size) for path, size in _mapped() if path in held]


@dataclass(frozen=True, slots=True)
class DiskItem:
    """Something in the folder of models. `used_by` are the settings that need it; without any, `remedy` frees its bytes."""

    name: str
    bytes: int
    used_by: tuple[str, ...]
    remedy: str | None


def disk_use(settings: Settings) -> list[DiskItem]:
    """The models, then what interrupted downloads left, largest first."""
    folder = settings.home / "models"
    items = [_item(model, settings) for model in models.installed(settings.home)]
    known = {model.name for model in models.installed(settings.home)}
    rest = [entry for entry in folder.glob("*") if entry.name not in known] if folder.is_dir() else []
    items += [DiskItem(entry.name, size, (), f"delete {entry}") for entry in rest if (size := _bytes(entry))]
    return sorted(items, key=lambda item: -item.bytes)


def users_of(name: str, settings: Settings) -> tuple[str, ...]:
    """The parts of the settings that need this local model."""
    sections = [backend for backend in settings.backends if _embedded(backend, settings) == name]
    embedder = ["embedder"] if settings.embedder.kind == "e5-onnx" and settings.embedder.model == name else []
    return (*embedder, *(f"backends.{backend}" for backend in sections))


def needed_models(settings: Settings) -> list[str]:
    """The embedder and the language models of the embedded back ends."""
    embedder = [settings.embedder.model] if settings.embedder.kind == "e5-onnx" else []
    return embedder + [model for name in settings.backends if (model := _embedded(name, settings))]


def _embedded(backend: str, settings: Settings) -> str | None:
    """The local model of a section, None when its model is elsewhere. Raises ConfigError for a wrong section."""
    section = settings.backends[backend]
    options = check_section(backend, section)
    return str(getattr(options, "model", "")) if section.get("kind") == "llama-cpp" else None


def _item(model: models.InstalledModel, settings: Settings) -> DiskItem:
    users = users_of(model.name, settings)
    return DiskItem(model.name, model.size, users, None if users else f"midas models rm {model.name}")


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _served(model: models.InstalledModel) -> ServedModel:
    changed = datetime.fromtimestamp(model.path.stat().st_mtime, UTC)
    details = {"purpose": model.purpose, "source": model.source}
    return ServedModel(model.name, model.size, changed, details, model.sha256)


def _mapped() -> Iterator[tuple[Path, int]]:
    """Files in the memory of this user's processes, and their bytes there; a process that can't be looked into is left out."""
    for process in psutil.process_iter():
        try:
            maps = process.memory_maps()
        except (psutil.Error, AttributeError, OSError):
            continue
        yield from ((Path(mapped.path), mapped.rss) for mapped in maps if mapped.path.endswith(".gguf"))


def _text(metadata: Metadata, key: str) -> str | None:
    return str(metadata[key]) if key in metadata else None


def _context(metadata: Metadata) -> int | None:
    trained = metadata.get(f"{metadata.get('general.architecture')}.context_length")
    return int(trained) if isinstance(trained, int) else None


def _quantisation(metadata: Metadata) -> str | None:
    """llama.cpp's number of the file type (enum llama_ftype), for the usual ones."""
    names = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 10: "Q2_K", 12: "Q3_K_M", 14: "Q4_K_S", 15: "Q4_K_M"}
    names |= {16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 32: "BF16", 38: "MXFP4"}
    kind = metadata.get("general.file_type")
    return names.get(kind, f"type {kind}") if isinstance(kind, int) else None
