"""What a model thinks aloud is no part of its answer, however the stream is cut into pieces."""

import pytest

from assistant.backends.common.pieces import Piece
from assistant.backends.common.reasoning import ReasoningFilter

CASES = [
    ("Hay 23 días.", "Hay 23 días.", ""),
    ("<think>Veamos: 23.</think>Hay 23 días.", "Hay 23 días.", "Veamos: 23."),
    ("\n <think>\nVeamos.\n</think>\n\nHay 23.", "Hay 23.", "\nVeamos.\n"),
    ("<think></think>\n\nSí.", "Sí.", ""),
    ("<think>a < b </thin> y </think>1 < 2", "1 < 2", "a < b </thin> y "),
    ("<think>sin fin", "", "sin fin"),
    ("<think>sin fin</thi", "", "sin fin</thi"),
    ("<thi", "<thi", ""),
    ("<thinking> no es una marca", "<thinking> no es una marca", ""),
    ("La marca <think> dentro del texto se queda.", "La marca <think> dentro del texto se queda.", ""),
    ("  con sangría", "  con sangría", ""),
    ("", "", ""),
]


def divided(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(("written", "answer", "reasoning"), CASES)
def test_reasoning_is_kept_apart(written, answer, reasoning, size) -> None:
    found = ReasoningFilter()
    pieces = [found.pass_on(Piece(part)) for part in divided(written, size)]
    pieces += [rest] if (rest := found.rest()) else []
    assert "".join(piece.text for piece in pieces) == answer
    assert "".join(piece.reasoning for piece in pieces) == reasoning


def test_plain_text_is_not_held_back() -> None:
    found = ReasoningFilter()
    assert [found.pass_on(Piece(part)).text for part in ("Hay ", "<23", " días")] == ["Hay ", "<23", " días"]


def test_reasoning_that_the_server_keeps_apart_stays_apart() -> None:
    found = ReasoningFilter()
    assert found.pass_on(Piece(reasoning="Veamos.")) == Piece(reasoning="Veamos.")
    assert found.pass_on(Piece("Sí.")) == Piece("Sí.")
