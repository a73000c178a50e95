"""The metrics by name: what they mean, their unit, and which way is better. Reports, `diff` and `gate` know no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["retrieval", "answer", "citations", "abstention", "judge", "human", "speed", "resources", "cost"]
Unit = Literal["share", "ms", "tokens/s", "characters/s", "bytes", "eur", "score", "tokens"]


@dataclass(frozen=True, slots=True)
class Metric:
    """`name` is the key in rows; `title` and `meaning` are by language (`es`, `en`). `share` and `score` lie in [0, 1], but for
    the human scores, which are 1 to 5. `source` is the paper or specification where the definition comes from."""

    name: str
    group: Group
    unit: Unit
    higher_is_better: bool
    title: dict[str, str]
    meaning: dict[str, str]
    source: str | None = None
