"""Keeps what a model thinks aloud out of its answer."""

from __future__ import annotations

from dataclasses import replace

from assistant.backends.common.pieces import Piece

OPENING, CLOSING = "<think>", "</think>"


class ReasoningFilter:
    """Moves `<think>...</think>` at the beginning of an answer from a stream's text to its reasoning, wherever it is split.

    White space between reasoning and answer is dropped.
    """

    def __init__(self) -> None:
        self._read = self._before
        self._held = ""

    def pass_on(self, piece: Piece) -> Piece:
        """The piece with its reasoning apart; text that may become a mark is held back."""
        held, self._held = self._held, ""
        text, reasoning = self._read(held + piece.text)
        return replace(piece, text=text, reasoning=piece.reasoning + reasoning)

    def rest(self) -> Piece | None:
        """What was held back when the stream ended."""
        if not self._held:
            return None
        return Piece(reasoning=self._held) if self._read == self._thinking else Piece(text=self._held)

    # The stages of a stream: each gives the text and the reasoning in what has come, and holds back what it can't tell yet.

    def _before(self, text: str) -> tuple[str, str]:
        start = text.lstrip()
        if start.startswith(OPENING):
            self._read = self._thinking
            return self._thinking(start.removeprefix(OPENING))
        if OPENING.startswith(start):
            self._held = text
            return "", ""
        self._read = self._answering
        return text, ""

    def _thinking(self, text: str) -> tuple[str, str]:
        reasoning, mark, answer = text.partition(CLOSING)
        if mark:
            self._read = self._between
            return self._between(answer)[0], reasoning
        self._held = _possible_mark(text)
        return "", text.removesuffix(self._held)

    def _between(self, text: str) -> tuple[str, str]:
        answer = text.lstrip()
        if answer:
            self._read = self._answering
        return answer, ""

    def _answering(self, text: str) -> tuple[str, str]:
        return text, ""


def _possible_mark(text: str) -> str:
    """The longest end of the text that begins the closing mark."""
    lengths = range(min(len(text), len(CLOSING) - 1), 0, -1)
    return next((text[-length:] for length in lengths if CLOSING.startswith(text[-length:])), "")
