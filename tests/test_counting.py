"""Tokens are counted by a tokenizer, or estimated on the safe side."""

from pathlib import Path

import pytest
from llama_index.core.base.llms.types import ChatMessage

from assistant.backends.common.counting import ESTIMATE, TOKENS_PER_MESSAGE, fewest_tokens, load_counter
from tests.conftest import SMALL_MODEL

TEXTS = [
    "¿Cuántos días de vacaciones corresponden en 2025? 23 días laborables, según el artículo 7.1.",
    "The travel policy was updated in March: employees may claim the cost of three nights, with receipts.",
    "El plazo de entrega acordado con el proveedor es de quince días naturales desde la recepción del pedido.",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_estimate_is_too_high_and_the_words_are_too_few(text, models_home: Path) -> None:
    counter = load_counter(SMALL_MODEL, models_home)
    assert fewest_tokens([ChatMessage(text)]) < counter.text(text) < ESTIMATE.text(text)
    assert counter.chat([ChatMessage(text), ChatMessage(text)]) == 2 * (counter.text(text) + TOKENS_PER_MESSAGE)
    assert counter.name == f"tokenizer of {SMALL_MODEL}"


def test_a_tokenizer_json_counts(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"uno": 0, "dos": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    path = tmp_path / "tokenizer.json"
    tokenizer.save(str(path))
    counter = load_counter(str(path), tmp_path)
    assert (counter.text("uno dos uno"), counter.name) == (3, f"tokenizer of {path}")


def test_without_a_tokenizer_it_is_an_estimate(tmp_path: Path) -> None:
    assert load_counter(None, tmp_path) is ESTIMATE
    assert (ESTIMATE.name, ESTIMATE.text(""), ESTIMATE.text("año")) == ("estimate", 0, 2)
