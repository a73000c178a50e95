"""What a run was made with: everything needed to repeat it, and to tell whether two runs can be compared."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from pydantic_core import to_json

from assistant.hardware import Machine
from ingest.assets import write_atomically
from ingest.errors import StoreError

EvidenceMode = Literal["frozen", "live", "none"]
"""`frozen`: found once per question, all back ends answer from the same. `live`: every answer searches anew, with the evidence
that its own tokenizer and window allow, as an employee's question does. `none`: no question is about documents."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CollectionManifest(Part):
    """A collection as it was searched. `content_sha256` is that of the names and SHA-256 of all documents that it serves."""

    name: str
    embedder: str
    dimension: int
    chunk_tokens: int
    documents: int
    chunks: int
    content_sha256: str


class Reached(Part):
    """What is known of a back end once it is open. None: it doesn't tell. `context_window` is in tokens."""

    model: str
    model_digest: str | None
    server_version: str | None
    address_is_local: bool
    cloud: bool
    context_window: int
    counted_by: str


class BackendManifest(Part):
    """A back end as it is configured (`options` name the variable that holds a key, never the key), and as it was reached;
    `reached` is None as long as it was not."""

    kind: str
    model: str
    options: dict[str, JsonValue]
    reached: Reached | None = None


class Sampling(Part):
    """How models were asked. `temperature` is what back ends send unless the kind's server allows no other; no seed is sent, as
    the most probable token is taken. `max_tokens` limits answers from documents, `plain_max_tokens` those without."""

    temperature: float = 0.0
    seed: int | None = None
    max_tokens: int
    plain_max_tokens: int


class Manifest(Part):
    """Of one run. `started` and `finished` are ISO 8601 in UTC; `finished` is None while answers or scores are missing.

    `code_sha256` is that of the packages `assistant` and `ingest`, prompts included; `git_commit` is None outside a checkout.
    `left_out` counts candidates that nobody has accepted. `prices` is the day and the SHA-256 of the table of prices, own
    figures included. `judge` is the name of the back end that judged and `judge_fingerprint` what it was then. `dependencies`
    are versions of what answers may depend on, `tools` of what scores and draws them. `serving` tells that the server carried
    it out, which answered people meanwhile: nobody was alone on the computer.
    """

    id: str
    started: str
    finished: str | None = None
    command: str
    git_commit: str | None
    dirty: bool | None
    code_sha256: str
    collections: tuple[CollectionManifest, ...]
    questions_file: str
    questions_sha256: str
    n_questions: int
    left_out: int
    repeats: int
    prompts_sha256: str
    retrieval: dict[str, JsonValue]
    backends: dict[str, BackendManifest]
    sampling: Sampling
    evidence: EvidenceMode
    judge: str | None = None
    judge_fingerprint: str | None = None
    hardware: Machine
    dependencies: dict[str, str]
    tools: dict[str, str]
    prices: str | None = None
    serving: bool = False

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides about the answers: a run is only gone on with when it is the same."""
        return hashlib.sha256(to_json(self._decisive())).hexdigest()

    def differing(self, other: Manifest) -> list[str]:
        """The fields by which the fingerprints differ."""
        mine, others = self._decisive(), other._decisive()
        return [name for name in mine if mine[name] != others[name]]

    def _decisive(self) -> dict[str, JsonValue]:
        kept: dict[str, JsonValue] = self.model_dump(mode="json", include=_DECISIVE)
        kept["backends"] = [[name, backend.kind, backend.options] for name, backend in self.backends.items()]
        kept["hardware"] = [self.hardware.cpu, self.hardware.cores, [gpu.name for gpu in self.hardware.gpus]]
        return kept


_DECISIVE: Any = {
    "code_sha256", "collections", "questions_sha256", "repeats", "retrieval", "sampling", "evidence", "dependencies",
}  # fmt: skip


def read_manifest(directory: Path) -> Manifest:
    """Of the run in this directory. Raises StoreError."""
    path = directory / "manifest.json"
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise StoreError(f"{path} can't be read ({str(error).splitlines()[0]}): delete the run, or mend the file.") from error


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Whole, in the place of the old one."""
    write_atomically(directory / "manifest.json", manifest.model_dump_json(indent=2).encode("utf-8"))
