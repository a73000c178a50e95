"""Who judges: not the one that is judged, and better not its relatives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from assistant.config import Settings
from ingest.errors import ConfigError

Closeness = Literal["same_backend", "same_model", "same_family"]
_FARTHEST_FIRST: tuple[Closeness | None, ...] = (None, "same_family", "same_model")


def choose_judge(settings: Settings, judged: Mapping[str, str]) -> str:
    """The back end that judges when none is named: none of the judged (models by back end), if possible none in the cloud, and
    none of their family. Raises ConfigError when there are no others."""
    others = [name for name in settings.backends if name not in judged]
    if not others:
        raise ConfigError("Every back end is being judged: name one of them as the judge, or add another to midas.toml.")

    def rank(name: str) -> tuple[bool, int]:
        near = closeness(name, str(option(name, settings, "model") or ""), judged)
        return bool(option(name, settings, "cloud")), _FARTHEST_FIRST.index(near)

    return min(others, key=rank)


def closeness(judge: str, model: str, judged: Mapping[str, str]) -> Closeness | None:
    """How near a judge is to what it judges (models by back end): judges prefer what they would have written.

    Zheng et al. 2023, Judging LLM-as-a-judge with MT-bench and Chatbot Arena; Panickssery et al. 2024, LLM evaluators recognize
    and favor their own generations.
    """
    if judge in judged:
        return "same_backend"
    if model and model in judged.values():
        return "same_model"
    families = {model_family(other) for other in judged.values()} - {""}
    return "same_family" if model_family(model) in families else None


def warning(near: Closeness, judge: str, language: str) -> str:
    """A sentence for the reader, in `es` or `en`."""
    return _WARNINGS[language][near].format(judge=judge)


def model_family(model: str) -> str:
    """Who trained it, as far as its name tells: `Qwen/Qwen3-4B-GGUF` is `qwen`; `mixtral-8x7b` is `mistral`."""
    letters = re.match(r"[a-z]*", model.lower().rpartition("/")[2])
    family = letters[0] if letters else ""
    return _SAME_HOUSE.get(family, family)


def option(name: str, settings: Settings, key: str) -> Any:
    """What a back end's section says, with its kind's defaults; None where the kind has no such option."""
    from assistant.backends import check_section

    return getattr(check_section(name, settings.backends[name]), key, None)


_SAME_HOUSE = {
    "codellama": "llama", "meta": "llama", "codegemma": "gemma", "gemini": "gemma", "codestral": "mistral",
    "devstral": "mistral", "magistral": "mistral", "ministral": "mistral", "mixtral": "mistral", "chatgpt": "gpt", "o": "gpt",
    "qwq": "qwen",
}  # fmt: skip
"""Names under which the same company publishes models."""
_WARNINGS: dict[str, dict[Closeness, str]] = {
    "es": {
        "same_backend": "«{judge}» se juzga a sí mismo: sus notas le favorecen.",
        "same_model": "«{judge}» usa el mismo modelo que uno de los juzgados: sus notas le favorecen.",
        "same_family": "«{judge}» es de la misma familia que uno de los juzgados: sus notas pueden favorecerle.",
    },
    "en": {
        "same_backend": "“{judge}” judges itself: its scores favour it.",
        "same_model": "“{judge}” has the same model as one of the judged: its scores favour that one.",
        "same_family": "“{judge}” is of the same family as one of the judged: its scores may favour that one.",
    },
}
