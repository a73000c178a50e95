"""Keeps what a model thinks aloud out of its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from assistant.backends.common.pieces import Piece

OPENING, CLOSING = "<think>", "</think>"


@dataclass
class ReasoningFilter:
    """Moves `<think>...</think>` at the beginning of an answer from a stream's text to its reasoning, wherever it is split."""

    _thinking: bool = False
    _held: str = ""
    _begun: bool = False

    def pass_on(self, piece: Piece) -> Piece:
        """The piece with its reasoning apart; text that may become a mark is held back."""
        text, reasoning = self._split(self._held + piece.text)
        return replace(piece, text=text, reasoning=piece.reasoning + reasoning)

    def rest(self) -> Piece | None:
        """What was held back when the stream ended."""
        if not self._held:
            return None
        return Piece(reasoning=self._held) if self._thinking else Piece(text=self._held)

    def _split(self, text: str) -> tuple[str, str]:
        if self._thinking:
            return self._until_closing(text)
        if self._begun:
            self._held = ""
            return text, ""
        return self._at_beginning(text)

    def _at_beginning(self, text: str) -> tuple[str, str]:
        stripped = text.lstrip()
        if stripped.startswith(OPENING):
            self._thinking = True
            return self._until_closing(stripped.removeprefix(OPENING))
        if OPENING.startswith(stripped):
            self._held = text
            return "", ""
        self._begun, self._held = True, ""
        return text, ""

    def _until_closing(self, text: str) -> tuple[str, str]:
        reasoning, mark, answer = text.partition(CLOSING)
        if mark:
            self._thinking, self._begun, self._held = False, True, ""
            return answer.lstrip(), reasoning
        self._held = _possible_mark(text)
        return "", text.removesuffix(self._held)


def _possible_mark(text: str) -> str:
    """The longest end of the text that begins the closing mark."""
    lengths = range(min(len(text), len(CLOSING) - 1), 0, -1)
    return next((text[-length:] for length in lengths if CLOSING.startswith(text[-length:])), "")
