"""Files of the Hugging Face hub: downloaded with progress, resumed after any interruption, checked against the hub's SHA-256.

The hub's own client starts again from nothing when it was interrupted, which is much to lose of 40 GB. `HF_ENDPOINT` names
a mirror, `HF_TOKEN` a key for models whose licence must be accepted first; proxies are taken from the environment. Only
`midas models pull` comes here.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin

import httpx
from filelock import FileLock

from ingest.assets import Progress, file_sha256, require_space
from ingest.errors import ModelError

PREFIX = "hf:"
ENDPOINT = "https://huggingface.co"
TRIES, PAUSE_S = 5, 1.0
"""How often a broken connection is taken up again without a byte having come in between, and the pause before."""
SILENCE_S = 60
_REDIRECTS = 5


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file as the hub announces it: `size` in bytes; `sha256` only of large files, which are the ones that matter."""

    url: str
    size: int
    sha256: str | None
    tag: str


def download(source: str, folder: Path, progress: Progress | None = None) -> Path:
    """The file `hf:OWNER/REPO/FILE.gguf` in `folder`, whole and checked. Raises ModelError.

    What an interrupted download left in `folder` is used.
    """
    repository, file = _parts(source)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _client() as client:
            known = _announced(client, f"{_endpoint()}/{repository}/resolve/main/{quote(file)}")
            return _whole(client, known, folder / Path(file).name, source, progress)
    except httpx.HTTPStatusError as error:
        raise ModelError(_refusal(source, error.response.status_code)) from error
    except (httpx.HTTPError, OSError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelError(f"{source} can't be downloaded ({reason}): check the network, then pull again to go on.") from error


def _parts(source: str) -> tuple[str, str]:
    found = re.fullmatch(re.escape(PREFIX) + r"([^/]+/[^/]+)/(.+\.gguf)", source)
    if not found:
        raise ModelError(f"{source!r} does not name a GGUF file: write hf:OWNER/REPO/FILE.gguf.")
    return found[1], found[2]


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", ENDPOINT).rstrip("/")


def _client() -> httpx.Client:
    token = os.environ.get("HF_TOKEN")
    headers = {"Accept-Encoding": "identity", **({"Authorization": f"Bearer {token}"} if token else {})}
    return httpx.Client(headers=headers, timeout=SILENCE_S)


def _announced(client: httpx.Client, url: str) -> HubFile:
    """Asks the hub itself, which announces size and SHA-256 and refers to another host for the bytes."""
    for _ in range(_REDIRECTS):
        answer = client.head(url)
        target = answer.headers.get("Location", "")
        if not answer.is_redirect or not target.startswith("/"):
            break
        url = urljoin(url, target)
    if not answer.is_redirect:
        answer.raise_for_status()
    tag = answer.headers.get("X-Linked-Etag", answer.headers.get("ETag", "")).removeprefix("W/").strip('"')
    size = int(answer.headers.get("X-Linked-Size") or answer.headers.get("Content-Length") or 0)
    return HubFile(url, size, tag if re.fullmatch(r"[0-9a-f]{64}", tag) else None, re.sub(r"\W", "", tag)[:64])


def _whole(client: httpx.Client, known: HubFile, target: Path, source: str, progress: Progress | None) -> Path:
    """The bytes come into a file named after what they should become, so that nothing else is ever taken for its beginning."""
    partial = target.with_name(f"{target.name}.{known.tag[:16] or 'untagged'}.partial")
    with FileLock(partial.with_suffix(".lock")):
        _resume(client, known, partial, progress)
        if known.sha256 and file_sha256(partial) != known.sha256:
            partial.unlink()
            raise ModelError(f"{source} arrived damaged (its SHA-256 differs from the hub's): pull it again.")
        return partial.replace(target)


def _resume(client: httpx.Client, known: HubFile, partial: Path, progress: Progress | None) -> None:
    """Asks for what is missing until all is there. Raises httpx.HTTPError when nothing more comes."""
    partial.touch()
    require_space(partial.parent, max(0, known.size - partial.stat().st_size))
    failures = 0
    while (held := partial.stat().st_size) < known.size:
        try:
            _append(client, known, partial, held, progress)
        except httpx.TransportError:
            failures = failures + 1 if partial.stat().st_size == held else 0
            if failures == TRIES:
                raise
            time.sleep(PAUSE_S)


def _append(client: httpx.Client, known: HubFile, partial: Path, held: int, progress: Progress | None) -> None:
    headers = {"Range": f"bytes={held}-"} if held else {}
    with client.stream("GET", known.url, headers=headers, follow_redirects=True) as answer:
        answer.raise_for_status()
        held = held if answer.status_code == httpx.codes.PARTIAL_CONTENT else 0
        with partial.open("ab" if held else "wb") as out:
            for block in answer.iter_raw(2**20):
                out.write(block)
                held += len(block)
                if progress:
                    progress(held, known.size)


def _refusal(source: str, status: int) -> str:
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return f"The hub keeps {source} for those who accepted its licence: accept it there, and set HF_TOKEN."
    if status == httpx.codes.NOT_FOUND:
        return f"The hub has no {source}: check the name."
    return f"{source} can't be downloaded (the hub answers {status}): try again later."
