"""Who judges when nobody says, and what is said when the judge is a relative."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistant.config import Settings
from eval.judge_choice import choose_judge, closeness, model_family, warning
from ingest.errors import ConfigError


def settings(home: Path, **models: tuple[str, bool]) -> Settings:
    """Back ends with their models, and whether they are in the cloud."""
    sections: dict[str, dict[str, Any]] = {
        name: {"kind": "openai-compatible", "base_url": "http://127.0.0.1:9/v1", "model": model, "cloud": cloud}
        for name, (model, cloud) in models.items()
    }
    return Settings(home=home, backends=sections, default_backend=next(iter(sections)))


def test_another_family_comes_first_and_the_cloud_last(tmp_path: Path) -> None:
    known = settings(
        tmp_path,
        small=("qwen2.5-1.5b-instruct", False),
        cloud=("gpt-4o", True),
        large=("Qwen/Qwen3-32B", False),
        other=("mistral-small-3.2-24b-instruct", False),
    )
    judged = {"small": "qwen2.5-1.5b-instruct"}
    assert choose_judge(known, judged) == "other"
    assert choose_judge(known, {**judged, "other": "mistral-small-3.2-24b-instruct"}) == "large"
    assert choose_judge(known, {**judged, "other": "m", "large": "Qwen/Qwen3-32B"}) == "cloud"


def test_a_copy_of_a_judged_model_comes_after_its_family(tmp_path: Path) -> None:
    known = settings(tmp_path, copy=("qwen3-4b", False), cousin=("qwen3-8b", False), judged=("qwen3-4b", False))
    assert choose_judge(known, {"judged": "qwen3-4b"}) == "cousin"


def test_nobody_judges_who_is_judged(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Every back end is being judged"):
        choose_judge(settings(tmp_path, only=("qwen3-4b", False)), {"only": "qwen3-4b"})


@pytest.mark.parametrize(
    ("judge", "model", "near"),
    [
        ("a", "qwen3-4b", "same_backend"),
        ("b", "qwen3-4b", "same_model"),
        ("b", "Qwen/Qwen2.5-7B-Instruct-GGUF", "same_family"),
        ("b", "llama-3.1-8b-instruct", None),
        ("b", "", None),
    ],
)
def test_how_near(judge: str, model: str, near: str | None) -> None:
    assert closeness(judge, model, {"a": "qwen3-4b", "c": ""}) == near


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("Qwen/Qwen3-4B-GGUF", "qwen"), ("qwq:32b", "qwen"), ("meta-llama/Llama-3.1-8B", "llama"), ("Meta-Llama-3-8B", "llama"),
        ("mixtral-8x7b-instruct", "mistral"), ("gemma3:4b", "gemma"), ("o3-mini", "gpt"), ("gpt-4o", "gpt"), ("phi-4", "phi"),
    ],
)  # fmt: skip
def test_families(model: str, family: str) -> None:
    assert model_family(model) == family


@pytest.mark.parametrize("language", ["es", "en"])
def test_every_warning_names_the_judge(language: str) -> None:
    told = {warning(near, "juez-7", language) for near in ("same_backend", "same_model", "same_family")}
    assert len(told) == 3 and all("juez-7" in sentence for sentence in told)
