"""The facts about language models: complete, sourced, and the sums made from them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assistant import models
from assistant.catalogue import (
    BUILT_IN,
    CACHE_NUMBER_BYTES,
    GB,
    QUANTISATIONS,
    Catalogue,
    ModelCard,
    catalogue,
    hardware_class,
    read,
)
from ingest.errors import ModelError

CARDS = catalogue().models
LOCAL = {name: card for name, card in CARDS.items() if card.local}

STUDIED = """llama-3.1-8b-instruct llama-3.1-70b-instruct llama-3.2-1b-instruct llama-3.2-3b-instruct llama-3-8b-instruct
mistral-7b-instruct-v0.3 mixtral-8x7b-instruct qwen2.5-0.5b-instruct qwen2.5-1.5b-instruct qwen2.5-3b-instruct
qwen2.5-7b-instruct qwen2.5-14b-instruct qwen2.5-32b-instruct gemma-7b-it gemma-2-9b-it gemma-2-27b-it phi-4
phi-4-mini-instruct deepseek-r1-distill-qwen-1.5b deepseek-r1-distill-qwen-7b deepseek-r1-distill-llama-8b
deepseek-r1-distill-qwen-14b deepseek-r1-distill-qwen-32b deepseek-r1-distill-llama-70b falcon-7b-instruct bloomz
gpt-4o gpt-4o-mini""".split()

CARD = """
as_of = 2026-11-21
[models.toy]
title = "Toy 1B"
maker = "Toymaker"
released = 2026-01-01
parameters = 1.0
attention = [{ layers = 10, kv_heads = 2, head_dim = 64 }, { layers = 30, kv_heads = 2, head_dim = 64, window = 100 }]
context = 4096
languages = ["es", "en"]
licence = "MIT"
commercial = "yes"
good_for = ["chat"]
names = { hub = "toymaker/toy", ollama = "toy:1b" }
source = ["https://toys.example/toy"]
"""


def toy(tmp_path: Path, *changes: tuple[str, str]) -> Catalogue:
    text = CARD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "models.toml"
    path.write_text(text, encoding="utf-8")
    return read(path)


@pytest.mark.parametrize("name", STUDIED)
def test_every_model_of_the_studies_is_there(name: str) -> None:
    assert name in CARDS


def test_the_catalogue_is_dated() -> None:
    assert date(2026, 1, 1) < catalogue().as_of
    assert all(card.released <= catalogue().as_of for card in CARDS.values())
    assert all(card.price.as_of <= catalogue().as_of for card in CARDS.values() if card.price)


@pytest.mark.parametrize("name", CARDS)
def test_a_card_says_where_its_facts_are_from(name: str) -> None:
    card = CARDS[name]
    assert len(set(card.source)) == len(card.source)
    assert not card.local or f"https://huggingface.co/{card.names.hub}" in card.source


@pytest.mark.parametrize("name", LOCAL)
def test_published_sizes_are_near_what_bits_per_weight_give(name: str) -> None:
    """A slip of a digit, or the size of another model, would show. Small models keep a large vocabulary in finer numbers."""
    card = LOCAL[name]
    for quantisation, size in card.sizes.items():
        computed = card.parameters * QUANTISATIONS[quantisation] / 8
        assert 0.9 <= size / computed <= (1.7 if card.parameters < 2 else 1.12)


@pytest.mark.parametrize("name", LOCAL)
def test_finer_weights_are_larger(name: str) -> None:
    sizes = [LOCAL[name].size(quantisation).bytes for quantisation in LOCAL[name].quantisations]
    assert sizes == sorted(sizes) and len(set(sizes)) == len(sizes)


def test_names_are_given_once_in_each_place() -> None:
    for place in ("ollama", "hub", "gguf", "foundry", "api"):
        names = [name for card in CARDS.values() if (name := getattr(card.names, place))]
        assert len(set(names)) == len(names), place


def test_models_that_midas_brings_have_a_card_of_the_same_name() -> None:
    brought = {name for name, model in models.pinned().items() if model.purpose == "chat"}
    assert brought <= CARDS.keys()
    assert all(abs(CARDS[name].sizes["q4_k_m"] * GB / models.pinned()[name].size - 1) < 0.01 for name in brought)


def test_cloud_models_have_a_dated_price_and_no_hub() -> None:
    cloud = {name: card for name, card in CARDS.items() if not card.local}
    assert cloud.keys() == {"gpt-4o", "gpt-4o-mini"}
    assert all(card.price and card.names.api and card.parameters is None for card in cloud.values())


def test_the_cache_is_the_sum_over_layers(tmp_path) -> None:
    card = toy(tmp_path).models["toy"]
    number = 2 * 2 * 64 * CACHE_NUMBER_BYTES
    assert card.cache_bytes(50) == 40 * number * 50
    assert card.cache_bytes(1000) == 10 * number * 1000 + 30 * number * 100, "30 layers keep the last 100 tokens"
    assert card.cache_bytes(10**6) == card.cache_bytes(4096), "no conversation is longer than the window"


def test_the_cache_of_llama_3_1_8b_is_the_one_its_users_know() -> None:
    """128 KiB a token: 32 layers, 8 heads for keys and values, 128 numbers each."""
    assert CARDS["llama-3.1-8b-instruct"].cache_bytes(1024) == 128 * 2**20


def test_memory_is_weights_cache_and_room_to_work(tmp_path) -> None:
    card = toy(tmp_path, ("context = 4096", "context = 4096\nsizes = { q8_0 = 1.0 }")).models["toy"]
    assert card.memory_bytes("q8_0", 50) == GB + card.cache_bytes(50) + GB // 20 + GB // 2
    assert card.memory_bytes("q8_0", 50, conversations=3) - card.memory_bytes("q8_0", 50) == 2 * card.cache_bytes(50)
    assert not card.size("q8_0").computed
    assert card.size("bf16").computed and card.size("bf16").bytes == 2 * GB


def test_a_mixture_reads_the_share_of_its_active_experts(tmp_path) -> None:
    card = toy(tmp_path, ("parameters = 1.0", "parameters = 4.0\nactive = 1.0")).models["toy"]
    assert card.active_bytes("bf16") == 2 * GB


def test_weights_published_in_four_bits_have_one_form(tmp_path) -> None:
    assert toy(tmp_path, ("context =", 'native = "mxfp4"\ncontext =')).models["toy"].quantisations == ("mxfp4",)


def test_a_larger_need_names_larger_hardware() -> None:
    classes = [hardware_class(size * GB) for size in (1, 6, 14, 20, 40, 70, 150, 400)]
    assert len(set(classes)) == len(classes)
    assert classes[0] == "any computer with 8 GB of memory" and classes[-1] == "a server with several 80 GB GPUs"


@pytest.mark.parametrize("name", ["toy", "toy:1b", "toymaker/toy"])
def test_a_model_is_found_by_any_of_its_names(tmp_path, name) -> None:
    assert toy(tmp_path).find(name)[0] == "toy"


def test_an_unknown_name_suggests_a_near_one() -> None:
    with pytest.raises(ModelError, match=r"^The catalogue has no model 'qwen3-8' \(did you mean qwen3-8b\?\)\.$"):
        catalogue().find("qwen3-8")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("parameters = 1.0", "", "models.toy.*a model that can be run needs parameters and attention"),
        ("parameters = 1.0", "parameters = -1.0", "models.toy.parameters is wrong"),
        ("parameters = 1.0", "parameters = 1.0\nactive = 2.0", "active can't exceed parameters"),
        ("layers = 10", "layers = 0", "models.toy.attention.0.layers is wrong"),
        ('"es"', '"Spanish"', "models.toy.languages.0 is wrong"),
        ('commercial = "yes"', 'commercial = "perhaps"', "models.toy.commercial is wrong"),
        ('commercial = "yes"', 'commercial = "conditions"', "commercial use under conditions needs conditions"),
        ('source = ["https://toys.example/toy"]', "source = []", "models.toy.source is wrong"),
        ('source = ["https://toys.example/toy"]', 'source = ["a friend"]', "models.toy.source.0 is wrong"),
        ('licence = "MIT"', 'licence = "MIT"\ncolour = "red"', "models.toy.colour is wrong"),
        ('hub = "toymaker/toy"', 'gguf = "toy.gguf"', "models.toy.names.gguf is wrong"),
        ("as_of = 2026-11-21", "", "as_of is wrong"),
        ("as_of = 2026-11-21", "as_of = ", "can't be read as a catalogue of models"),
    ],
)  # fmt: skip
def test_a_wrong_card_gets_one_sentence(tmp_path, old, new, message) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        toy(tmp_path, (old, new))
    assert "\n" not in caught.value.message and caught.value.message.endswith(".")


def test_the_built_in_file_is_what_is_read() -> None:
    assert read(BUILT_IN) == catalogue()
    assert all(isinstance(card, ModelCard) for card in CARDS.values())
