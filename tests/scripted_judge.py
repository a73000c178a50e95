"""A judge on loopback whose verdicts are known: it reads Ragas's prompts as a model would and answers from a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.config import Settings
from tests.fake_openai import FakeOpenAI, Messages


@dataclass
class Verdicts:
    """`splits` are the statements of a text. `true` are the statements that a context supports, `useful` the contexts that
    help, `attributed` the statements of a reference with their verdicts. `asks` is the question that an answer answers, and
    whether the answer is evasive. `broken` texts are answered with something that is no JSON."""

    splits: Mapping[str, Sequence[str]] = field(default_factory=dict)
    true: frozenset[str] = frozenset()
    useful: frozenset[str] = frozenset()
    attributed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    asks: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()

    def reply(self, messages: Messages) -> str:
        fixed, case = (message["content"] for message in messages)
        asked = json.loads(case[case.index("{") : case.rindex("}") + 1])
        if self.broken.intersection(value for value in asked.values() if isinstance(value, str)):
            return "No soy capaz de decirlo."
        return json.dumps(self._answer(fixed, asked), ensure_ascii=False)

    def _answer(self, fixed: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        if "statements" in asked:
            return {
                "statements": [
                    {"statement": each, "reason": "", "verdict": int(each in self.true)} for each in asked["statements"]
                ]
            }
        if "atomicity" in asked:
            return {"claims": self.splits[asked["response"]]}
        if "response" in asked:
            question, evasive = self.asks[asked["response"]]
            return {"question": question, "noncommittal": evasive}
        if "context" not in asked:
            return {"statements": self.splits[asked["answer"]]}
        if "classifications" in fixed:
            found = self.attributed[asked["answer"]]
            return {
                "classifications": [{"statement": each, "reason": "", "attributed": verdict} for each, verdict in found.items()]
            }
        return {"reason": "", "verdict": int(asked["context"] in self.useful)}


def judge_settings(home: Path, fake: FakeOpenAI, **options: Any) -> Settings:
    """Settings with the fake as the back end `judge`."""
    section = {"kind": "openai-compatible", "base_url": fake.url, "model": fake.model, "context_window": 16384, **options}
    return Settings(home=home, backends={"judge": section}, default_backend="judge")
