"""Starting cold against running warm: processes, models, prompt caches."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerStart:
    """How the product itself starts, in milliseconds from the start of its process: until it listens, until its language model
    is loaded and warm, and until the first text of a question that is asked then."""

    listening_ms: float
    ready_ms: float
    first_text_ms: float | None = None
