"""Files of the Hugging Face hub: downloaded with progress, resumed after a cut, checked against the hub's SHA-256."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

import httpx

from ingest.assets import Progress, file_sha256, require_space
from ingest.errors import ModelError

PREFIX = "hf:"


def download(source: str, folder: Path, progress: Progress | None = None) -> Path:
    """The file `hf:OWNER/REPO/FILE.gguf` in `folder`, whole and checked. Raises ModelError.

    What an interrupted download left in `folder` is used.
    """
    repository, file = _parts(source)
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        return _fetch(repository, file, folder, progress)
    except (HfHubHTTPError, HFValidationError, httpx.HTTPError, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{source} can't be downloaded ({reason}): check the name and the network.") from error


def _parts(source: str) -> tuple[str, str]:
    owner, _, rest = source.removeprefix(PREFIX).partition("/")
    repository, _, file = rest.partition("/")
    if not file.endswith(".gguf"):
        raise ModelError(f"{source!r} does not name a GGUF file: write hf:OWNER/REPO/FILE.gguf.")
    return f"{owner}/{repository}", file


def _fetch(repository: str, file: str, folder: Path, progress: Progress | None) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    known = get_hf_file_metadata(hf_hub_url(repository, file))
    folder.mkdir(parents=True, exist_ok=True)
    require_space(folder, known.size or 0)
    path = Path(hf_hub_download(repository, file, local_dir=folder, tqdm_class=_bar(progress)))
    _check(path, known.etag or "", f"{PREFIX}{repository}/{file}")
    return path


def _check(path: Path, etag: str, source: str) -> None:
    """The hub's tag of a large file is its SHA-256; small files have another kind of tag."""
    if re.fullmatch(r"[0-9a-f]{64}", etag) and file_sha256(path) != etag:
        path.unlink()
        raise ModelError(f"{source} arrived damaged (its SHA-256 differs from the hub's): pull it again.")


def _bar(progress: Progress | None) -> type[Any]:
    """The hub's client reports through a tqdm; this one draws nothing itself."""
    from tqdm.auto import tqdm  # type: ignore[import-untyped]

    class Bar(tqdm):  # type: ignore[misc]  # tqdm has no types
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "file": io.StringIO(), "disable": False})

        def update(self, n: float | None = 1) -> bool | None:
            done: bool | None = super().update(n)
            if progress and self.total:
                progress(int(self.n), int(self.total))
            return done

    return Bar
