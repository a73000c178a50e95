"""Where a run's numbers come from: looks at code, collections, back ends and computer, and writes it into the manifest."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import httpx
from pydantic_core import to_jsonable_python

import assistant
import ingest
from assistant import prompts
from assistant.backends import Backend, check_section, make_manager
from assistant.config import Settings
from assistant.hardware import detect
from eval.manifest import BackendManifest, CollectionManifest, EvidenceMode, Manifest, Reached, Sampling
from eval.plain import PLAIN_TOKENS
from eval.plan import Plan
from eval.prices import BUILT_IN, OWN
from eval.resources import is_loopback
from eval.runs import new_id, utc_now
from ingest.errors import MidasError
from ingest.store import Store

PACKAGE = "midas-assistant"
GIT_SECONDS = 10
_REQUIREMENT = re.compile(r"""(?P<name>[\w.-]+).*?(?:extra == ['"](?P<extra>\w+)['"].*)?$""")


def describe(plan: Plan, settings: Settings, store: Store) -> Manifest:
    """The manifest of a run that has not begun. Raises ConfigError for a wrong back end, CollectionNotFound."""
    commit, dirty = git_state(Path(assistant.__file__).parent)
    return Manifest(
        id=new_id(settings.home, plan.questions_file),
        started=utc_now(),
        command=plan.command,
        git_commit=commit,
        dirty=dirty,
        code_sha256=files_sha256(path for package in (assistant, ingest) for path in _sources(package.__path__)),
        collections=tuple(describe_collection(store, name) for name in _names(plan, store)),
        questions_file=plan.questions_file.name,
        questions_sha256=_sha256(question.model_dump_json() for question in plan.questions),
        n_questions=len(plan.questions),
        left_out=plan.left_out,
        repeats=plan.repeats,
        prompts_sha256=files_sha256(Path(prompts.__path__[0]).glob("*.txt")),
        retrieval=to_jsonable_python({**settings.retrieval.model_dump(), **settings.answer.model_dump()}),
        backends={name: describe_backend(name, settings) for name in plan.backends},
        sampling=Sampling(max_tokens=settings.answer.max_tokens, plain_max_tokens=PLAIN_TOKENS),
        evidence=_mode(plan),
        hardware=detect(settings.home),
        dependencies={PACKAGE: version(PACKAGE), **versions(None, "foundry", "hf")},
        tools=versions("eval", "judge"),
        prices=_prices(settings.home),
    )


def describe_collection(store: Store, name: str) -> CollectionManifest:
    """What a search in it can find now. Raises CollectionNotFound."""
    info = store.collection(name)
    served = sorted((row.source, row.sha256) for row in store.documents(name) if row.served)
    return CollectionManifest(
        name=name,
        embedder=info.embedder,
        dimension=info.dimension,
        chunk_tokens=info.chunk_tokens,
        documents=len(served),
        chunks=sum(row.chunks for row in store.documents(name) if row.served),
        content_sha256=_sha256(f"{source}\n{sha256}" for source, sha256 in served),
    )


def describe_backend(name: str, settings: Settings) -> BackendManifest:
    """As it is configured. Options name the variable that holds a key, so there is no secret in them. Raises ConfigError."""
    section = settings.backends.get(name, {})
    options = check_section(name, section).model_dump(mode="json", exclude={"fallback"})
    return BackendManifest(kind=str(section["kind"]), model=str(options.get("model", "")), options=options)


async def describe_reached(backend: Backend, settings: Settings) -> Reached:
    """What an open back end tells of itself."""
    health = await backend.health()
    return Reached(
        model=backend.model,
        model_digest=_model_digest(backend, settings),
        server_version=health.version,
        address_is_local=backend.address is None or is_loopback(httpx.URL(backend.address).host),
        cloud=backend.cloud,
        context_window=backend.context_window,
        counted_by=backend.counted_by,
    )


def git_state(folder: Path) -> tuple[str | None, bool | None]:
    """The commit of the checkout that a folder is part of, and whether files differ from it; None outside one."""
    commit = _git(folder, "rev-parse", "HEAD") if _git(folder, "ls-files", ".") else None
    return commit, None if commit is None else bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))


def versions(*extras: str | None) -> dict[str, str]:
    """Of the packages that Midas asks for in these extras, as far as they are installed; None is what it always asks for."""
    try:
        texts = requires(PACKAGE) or []
    except PackageNotFoundError:
        return {}
    names = {found["name"] for text in texts if (found := _REQUIREMENT.match(text)) and found["extra"] in extras}
    return {name: installed for name in sorted(names) if (installed := _version(name))}


def files_sha256(paths: Iterable[Path]) -> str:
    """Of names and contents, in the order of their names."""
    return _sha256(f"{path.name}\n{hashlib.sha256(path.read_bytes()).hexdigest()}" for path in sorted(paths))


def _sources(folders: Iterable[str]) -> Iterable[Path]:
    kinds = {".py", ".txt", ".toml", ".md"}
    return (path for folder in folders for path in Path(folder).rglob("*") if path.suffix in kinds)


def _names(plan: Plan, store: Store) -> list[str]:
    if all(question.plain for question in plan.questions):
        return []
    return list(plan.collections or [info.name for info in store.collections()])


def _mode(plan: Plan) -> EvidenceMode:
    if all(question.plain for question in plan.questions):
        return "none"
    return "live" if plan.live else "frozen"


def _model_digest(backend: Backend, settings: Settings) -> str | None:
    """None where the kind doesn't manage models, or its server doesn't tell."""
    try:
        served = make_manager(backend.name, settings).installed()
    except MidasError:
        return None
    return next((model.digest for model in served if model.name == backend.model), None)


def _prices(home: Path) -> str:
    tables = [path.read_bytes() for path in (BUILT_IN, home / OWN) if path.exists()]
    return f"{tomllib.loads(tables[0].decode())['as_of']} {hashlib.sha256(b''.join(tables)).hexdigest()}"


def _git(folder: Path, *words: str) -> str | None:
    if not shutil.which("git"):
        return None
    done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=GIT_SECONDS)
    return done.stdout.strip() if done.returncode == 0 else None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _sha256(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
