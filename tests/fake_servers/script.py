"""What a fake server does with the questions that come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Messages = Sequence[dict[str, Any]]


@dataclass
class Script:
    """An answer, and at most one thing that goes wrong; tests change it while the server runs.

    `pieces` are the tokens of the answer to these messages. `failures` is how many requests the trouble lasts (None: for ever).
    """

    pieces: Callable[[Messages], Sequence[str]] = lambda messages: ["Hay ", "23 ", "días."]
    token_s: float = 0.0
    """Pause before each token ..."""
    first_s: float | None = None
    """... but this one before the first. Token n is sent at this time and n pauses, however long sending the others took."""
    bytewise: bool = False
    """Every byte of the answer is sent by itself, so that characters arrive in parts."""
    status: int | None = None
    """Every question is refused with this HTTP status ..."""
    headers: dict[str, str] = field(default_factory=dict)
    """... and these headers."""
    silent: bool = False
    """Not even the headers of the answer are sent."""
    stall_after: int | None = None
    """After this many tokens nothing more comes, but the connection stays."""
    cut_after: int | None = None
    """After this many tokens the connection breaks."""
    end_after: int | None = None
    """After this many tokens the answer ends without its end, as a proxy ends it whose server is gone."""
    error_after: int | None = None
    """After this many tokens the server reports an error inside the stream, as it does when it fails at work."""
    body: bytes | None = None
    """What is sent as the answer, instead of one."""
    failures: int | None = None

    def due_s(self, number: int) -> float:
        """When the token of this number, from 0, is sent: seconds after the request."""
        return (self.token_s if self.first_s is None else self.first_s) + number * self.token_s

    def trouble(self) -> Script:
        """The script of the next request: this one while the trouble lasts, else its undisturbed answer."""
        if self.failures is None:
            return self
        if self.failures == 0:
            return Script(self.pieces, self.token_s, self.first_s, self.bytewise)
        self.failures -= 1
        return self
