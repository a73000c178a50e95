"""What Prometheus may read. No label has a person, a collection or a word of anybody's."""

from __future__ import annotations

from assistant.types import Answer
from ui.ledger.usage import Outcome


class Metrics:
    """Measurements since the server started."""

    def asked(self, backend: str, outcome: Outcome, answer: Answer | None) -> None:
        """Counts a question."""
