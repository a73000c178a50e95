"""Which models suit a computer, in which order, and why not the others: toy models whose sums are easy, and the real ones."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from datetime import date

import pytest

from assistant import bandwidth, recommend
from assistant.backends import kinds, load_kind
from assistant.catalogue import GB, Catalogue, Layers, ModelCard, Names, catalogue
from assistant.commands import Command, Run, commands
from assistant.hardware import GIB, Gpu, Machine
from assistant.recommend import Advice, Rejection, Wish, best_fit

ANYTHING = Wish()
NOWHERE = Machine("Linux x86_64", "CPU", ("avx2",), 8, 16 * GIB, 16 * GIB, (), None, 50.0, True)


def card(**changes: object) -> ModelCard:
    facts = {
        "title": "Toy",
        "maker": "Toymaker",
        "released": date(2025, 1, 1),
        "parameters": 1.0,
        "attention": (Layers(10, 2, 64),),
        "context": 32768,
        "languages": ("es", "en"),
        "licence": "MIT",
        "commercial": "yes",
        "good_for": ("chat",),
        "names": Names(hub="toymaker/toy", gguf="toymaker/toy-GGUF/toy-Q4_K_M.gguf", ollama="toy:1b"),
        "source": ("https://toys.example/toy",),
    }
    return ModelCard(**{**facts, **changes})


def gpu(size: int, speed: int = 600, **changes: object) -> Gpu:
    return Gpu("card", "any", size * GIB, speed, known=True, **changes)


def advise(machine: Machine, wish: Wish = ANYTHING, **cards: ModelCard) -> Advice:
    return recommend.recommend(Catalogue(date(2026, 1, 1), cards), machine, wish)


def order(machine: Machine, wish: Wish = ANYTHING, **cards: ModelCard) -> list[str]:
    return [choice.name for choice in advise(machine, wish, **cards).ranked]


def refused(machine: Machine, wish: Wish = ANYTHING, **changes: object) -> Rejection:
    advice = advise(machine, wish, toy=card(**changes))
    assert advice.ranked == ()
    return advice.rejected[0]


# Speed


def test_tokens_per_second_are_memory_speed_over_active_weights() -> None:
    fit = best_fit(card(parameters=4.0, sizes={"q4_k_m": 2.5}), NOWHERE, 8192)
    assert fit and fit.placement == "CPU" and fit.quantisation == "q4_k_m"
    assert fit.tokens_per_s == pytest.approx(50 / 2.5 * recommend.ACHIEVED)


def test_few_cores_unpack_less_than_memory_delivers() -> None:
    fit = best_fit(card(parameters=4.0, sizes={"q4_k_m": 2.5}), replace(NOWHERE, cores=2), 8192)
    assert fit and fit.tokens_per_s == pytest.approx(2 * recommend.CORE_GB_PER_S["avx2"] / 2.5)
    assert "(what 2 cores unpack)" in fit.reason


def test_reading_a_prompt_takes_two_operations_per_weight_and_token() -> None:
    fit = best_fit(card(parameters=4.0, sizes={"q4_k_m": 2.5}), NOWHERE, 8192)
    operations = 2 * 4e9 * recommend.PROMPT_TOKENS
    assert fit and fit.first_word_s == pytest.approx(operations / (8 * 50e9) + 1 / fit.tokens_per_s)


def test_a_processor_without_vector_units_reads_prompts_slower() -> None:
    slow = best_fit(card(), replace(NOWHERE, cpu_features=()), 8192)
    fast = best_fit(card(), replace(NOWHERE, cpu_features=("avx2", "avx512f")), 8192)
    assert slow and fast and slow.first_word_s > 3 * fast.first_word_s


def test_a_mixture_is_as_fast_as_its_active_part_and_as_large_as_all_of_it() -> None:
    dense, mixture = (best_fit(card(parameters=8.0, active=active), NOWHERE, 8192) for active in (None, 1.0))
    assert dense and mixture
    assert mixture.tokens_per_s == pytest.approx(8 * dense.tokens_per_s)
    assert mixture.needed_bytes == dense.needed_bytes


def test_what_does_not_fit_the_card_slows_it_down() -> None:
    toy = card(parameters=10.0)
    whole, half, none = (best_fit(toy, replace(NOWHERE, gpus=cards), 8192) for cards in ((gpu(8),), (gpu(4),), ()))
    assert whole and half and none
    assert (whole.placement, half.placement, none.placement) == ("GPU", "GPU + CPU", "CPU")
    assert whole.tokens_per_s > half.tokens_per_s > none.tokens_per_s


def test_two_cards_read_twice_as_fast() -> None:
    one, two = (best_fit(card(native="mxfp4"), replace(NOWHERE, gpus=(gpu(40),) * number), 8192) for number in (1, 2))
    assert one and two and two.tokens_per_s == pytest.approx(2 * one.tokens_per_s)


# Fitting


def test_the_longer_the_context_the_more_memory() -> None:
    toy = card(parameters=9.0, attention=(Layers(64, 32, 128),))
    assert best_fit(toy, NOWHERE, 2048)
    assert best_fit(toy, NOWHERE, 32768) is None


@pytest.mark.parametrize(("size", "quantisation"), [(24, "bf16"), (14, "q8_0"), (9, "q4_k_m")])
def test_the_finest_weights_that_fit_the_card_are_taken(size, quantisation) -> None:
    fit = best_fit(card(parameters=8.0), replace(NOWHERE, gpus=(gpu(size, 2000),)), 8192)
    assert fit and (fit.quantisation, fit.placement) == (quantisation, "GPU")


def test_finer_weights_that_would_be_too_slow_are_not_taken() -> None:
    fit = best_fit(card(parameters=8.0), replace(NOWHERE, gpus=(gpu(24, 100),)), 8192)
    assert fit and fit.quantisation == "q4_k_m" and fit.tokens_per_s > recommend.COMFORTABLE


def test_unquantised_weights_leave_room_for_conversations() -> None:
    thirsty = card(parameters=8.0, attention=(Layers(64, 8, 128),))
    fit = best_fit(thirsty, replace(NOWHERE, gpus=(gpu(24, 2000),)), 8192)
    assert fit and fit.quantisation == "q8_0" and fit.conversations >= 4


def test_shared_memory_is_not_counted_twice() -> None:
    """On Apple's processors the GPU has a part of the same memory."""
    mac = replace(NOWHERE, gpus=(gpu(12, 400, unified=True),))
    fit = best_fit(card(parameters=18.0), mac, 8192)
    assert fit and (fit.placement, fit.quantisation) == ("GPU", "q4_k_m")
    assert best_fit(card(parameters=30.0), mac, 8192) is None


def test_the_sum_is_told() -> None:
    fit = best_fit(card(parameters=4.0, sizes={"q4_k_m": 2.5}), NOWHERE, 8192)
    assert fit and fit.reason == (
        "2.5 GB of weights, 0.0 GB of cache for 8,192 tokens and 0.6 GB to work with make 3.2 of 15.0 GB (CPU). "
        "Each token reads 2.5 GB, 100% of them at 30 GB/s (60% of the memory's 50): about 12 tokens/s."
    )


def test_a_computed_size_is_called_so() -> None:
    fit = best_fit(card(parameters=4.0), NOWHERE, 8192)
    assert fit and fit.reason.startswith("About 2.4 GB of weights")


# Order


def test_larger_and_younger_models_come_first() -> None:
    large, young = card(parameters=4.0), card(released=date(2026, 6, 1))
    fast = replace(NOWHERE, gpus=(gpu(80, 3000),))
    assert order(fast, small=card(), large=large) == ["large", "small"]
    assert order(fast, old=card(), young=young) == ["young", "old"]


def test_slowness_costs_what_size_gives() -> None:
    slow = replace(NOWHERE, cores=1, gb_per_s=5.0)
    assert order(slow, large=card(parameters=1.5), small=card(parameters=0.4))[0] == "small"
    assert order(replace(slow, cores=64, gb_per_s=400.0), large=card(parameters=1.5), small=card(parameters=0.4))[0] == "large"


def test_of_equals_the_one_without_conditions_is_first() -> None:
    bound = card(commercial="conditions", conditions="Built with Toys must be shown")
    assert order(NOWHERE, bound=bound, free=card()) == ["free", "bound"]


# Why not


def test_a_model_for_something_else() -> None:
    found = refused(NOWHERE, Wish("code"))
    assert (found.obstacle, found.reason) == ("use", "meant for chat")


def test_a_model_that_does_not_know_the_language() -> None:
    found = refused(NOWHERE, Wish(language="eu"))
    assert (found.obstacle, found.reason) == ("language", "the maker does not name 'eu' among its languages")


def test_a_model_that_a_company_may_not_use() -> None:
    found = refused(NOWHERE, licence="Research Licence", commercial="no")
    assert (found.obstacle, found.reason) == ("licence", "Research Licence: no commercial use")


def test_a_model_that_holds_too_little_text() -> None:
    found = refused(NOWHERE, context=2048)
    assert (found.obstacle, found.reason) == ("use", "holds 2,048 tokens only")


def test_a_model_that_nothing_here_can_serve() -> None:
    found = refused(NOWHERE, names=Names(hub="toymaker/toy"))
    assert found.obstacle == "server"
    assert found.reason == "no GGUF file or Ollama tag of it is known, and vLLM needs a graphics card"


def test_a_model_that_is_too_large() -> None:
    found = refused(NOWHERE, parameters=70.0)
    assert found.obstacle == "memory"
    assert found.reason == "needs 45.5 GB as Q4_K_M, 15.0 GB can be had"


def test_a_model_the_disk_has_no_room_for() -> None:
    found = refused(replace(NOWHERE, disk_free_bytes=GB // 10))
    assert (found.obstacle, found.reason) == ("disk", "its file has 0.6 GB, the disk has 0.1 GB free")


def test_a_model_that_would_write_too_slowly() -> None:
    found = refused(replace(NOWHERE, gb_per_s=1.0))
    assert (found.obstacle, found.reason) == ("speed", "would write about 1.0 tokens/s")


def test_a_model_that_would_read_too_slowly() -> None:
    found = refused(replace(NOWHERE, cores=1, cpu_features=(), gb_per_s=200.0))
    assert (found.obstacle, found.reason) == ("speed", "would read a question with its evidence for about 80 s")


def test_every_model_is_ranked_or_refused_once() -> None:
    advice = recommend.recommend(catalogue(), NOWHERE, Wish(language="es"))
    names = [choice.name for choice in advice.ranked] + [rejection.name for rejection in advice.rejected]
    assert sorted(names) == sorted(name for name, card in catalogue().models.items() if card.local)
    assert set(advice.cloud) == {"gpt-4o", "gpt-4o-mini"}


# Commands


def ways(
    machine: Machine = NOWHERE, quantisation: str = "q4_k_m", think: bool = False, **changes: object
) -> dict[str, Command]:
    found = commands(Run("toy-1.5b", card(**changes), quantisation, machine, 4096, think))
    return {command.kind: command for command in found}


def test_without_a_card_the_embedded_kind_comes_first() -> None:
    assert list(ways()) == ["llama-cpp", "ollama"]
    assert ways()["llama-cpp"].lines == (
        "midas models pull toy-1.5b    # 0.6 GB",
        "midas backends add toy-1-5b llama-cpp model=toy-1.5b context_window=4096",
    )
    assert ways()["ollama"].lines == (
        "ollama pull toy:1b",
        "midas backends add toy-1-5b ollama model=toy:1b context_window=4096",
    )


def test_with_a_card_servers_that_use_it_are_told() -> None:
    machine = replace(NOWHERE, gpus=(gpu(24),))
    assert list(ways(machine)) == ["ollama", "openai-compatible"]
    assert ways(machine)["openai-compatible"].lines[0].startswith("llama-server -hf toymaker/toy-GGUF:Q4_K_M --ctx-size 4096")


def test_vllm_gets_the_makers_weights_and_all_cards() -> None:
    assert ways(replace(NOWHERE, gpus=(gpu(80), gpu(80))), "bf16")["vllm"].lines == (
        "vllm serve toymaker/toy --host 127.0.0.1 --port 8000 --max-model-len 4096 --tensor-parallel-size 2",
        "midas backends add toy-1-5b vllm model=toymaker/toy",
    )
    assert list(ways(replace(NOWHERE, gpus=(gpu(80, unified=True),)), "bf16")) == [], "vLLM does not use Apple's GPUs"


def test_finer_weights_are_asked_for_by_name() -> None:
    fine = ways(replace(NOWHERE, gpus=(gpu(24),)), "q8_0")
    assert fine["ollama"].lines[0] == "ollama pull hf.co/toymaker/toy-GGUF:Q8_0"
    assert "-hf toymaker/toy-GGUF:Q8_0" in fine["openai-compatible"].lines[0]


def test_a_train_of_thought_is_switched_off_or_given_room() -> None:
    machine, thinker = replace(NOWHERE, gpus=(gpu(24),)), {"thinks": "optional", "vllm_reasoning_parser": "toys"}
    quiet, loud = ways(machine, "bf16", **thinker), ways(machine, "bf16", think=True, **thinker)
    assert """--default-chat-template-kwargs '{"enable_thinking": false}'""" in quiet["vllm"].lines[0]
    assert loud["vllm"].lines[0].endswith("--reasoning-parser toys")
    assert loud["vllm"].lines[1].endswith("thinking_tokens=1024") and "thinking" not in quiet["vllm"].lines[1]
    assert "--reasoning-budget 0" in ways(machine, **thinker)["openai-compatible"].lines[0]
    assert ways(machine, think=True, **thinker)["ollama"].lines[1].endswith("think=true")
    assert "llama-cpp" not in ways(**thinker), "nothing there can keep it from thinking"
    always = ways(thinks="always", names=Names(gguf="toymaker/toy-GGUF/toy.gguf", foundry="toy-mini"))
    assert {always[kind].lines[-1].endswith(" thinking_tokens=1024") for kind in ("llama-cpp", "foundry-local")} == {True}


def test_foundry_and_the_cloud_have_names_of_their_own() -> None:
    names = Names(hub="toymaker/toy", foundry="toy-mini")
    assert ways(names=names)["foundry-local"].lines[0] == "foundry model download toy-mini"
    cloud = ways(names=Names(api="toy-1"), parameters=None, attention=())
    assert cloud["openai"].lines == (
        "export OPENAI_API_KEY=...    # your key",
        "midas backends add toy-1-5b openai model=toy-1",
    )


OPTIONS = {kind: load_kind(kind).Options for kind in kinds()}
MACHINES = {
    "laptop": NOWHERE,
    "24 GB card": replace(NOWHERE, ram_bytes=64 * GIB, gpus=(gpu(24),)),
    "160 GB": replace(NOWHERE, gpus=(gpu(80, 2000),) * 2),
    "mac": replace(NOWHERE, ram_bytes=64 * GIB, gpus=(gpu(48, 400, unified=True),)),
}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("purpose", ["chat", "reasoning", "code"])
@pytest.mark.parametrize("tokens", [2048, 8192])
def test_every_recommended_model_can_be_run_with_sections_that_are_right(machine, purpose, tokens) -> None:
    for choice in recommend.recommend(catalogue(), machine, Wish(purpose, None, tokens)).ranked:
        assert choice.commands, choice.name
        for command in choice.commands:
            check_last_line(command)


def check_last_line(command: Command) -> None:
    program, group, verb, name, kind, *options = shlex.split(command.lines[-1])
    assert (program, group, verb, kind) == ("midas", "backends", "add", command.kind)
    assert re.fullmatch(r"[\w-]+", name)
    if kind in OPTIONS:
        OPTIONS[kind].model_validate(dict(option.split("=", 1) for option in options))


# What was asked for: sensible answers for three computers


def test_a_small_computer_gets_a_small_model() -> None:
    small = replace(NOWHERE, cores=2, gb_per_s=20.0, ram_bytes=24 * GIB)
    advice = recommend.recommend(catalogue(), small, Wish(language="es"))
    assert all(choice.card.parameters < 3 and choice.fit.placement == "CPU" for choice in advice.ranked)
    assert {"speed", "memory"} <= {rejection.obstacle for rejection in advice.rejected}


def test_a_24_gb_card_gets_a_model_of_its_size() -> None:
    best = recommend.recommend(catalogue(), MACHINES["24 GB card"], Wish(language="es")).ranked[0]
    assert best.fit.placement == "GPU" and 20 < best.card.parameters < 35 and best.fit.quantisation == "q4_k_m"


def test_160_gb_get_unquantised_weights_for_many_people() -> None:
    advice = recommend.recommend(catalogue(), MACHINES["160 GB"], Wish(language="es"))
    best = advice.ranked[0]
    assert best.fit.quantisation == "bf16" and best.fit.conversations > 20
    assert "vllm" in {command.kind for command in best.commands}
    assert "llama-3.3-70b-instruct" in [choice.name for choice in advice.ranked[:5]]


def test_a_card_whose_speed_is_unknown_is_taken_for_a_slow_one() -> None:
    assert bandwidth.of_size(24 * GIB) < 1008, "an RTX 4090 reads faster"
