"""Costs against sums done by hand, and `midas eval cost` as people call it."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from assistant.hardware import Gpu
from assistant.types import Timings, Usage
from eval.cost import MONTH_HOURS, Tariff, Work, break_even, cost_of_nothing, cost_of_run, tariff
from eval.exchange import Sample
from eval.load import Asked, LoadResult, Slo, level_of, save
from eval.prices import Plan, Prices, load_prices, replaced
from eval.rows import Key, ScoreRow, Speed
from eval.runs import Run, create_run
from eval.statistics import wilson
from ingest.errors import ConfigError
from tests.finished_runs import MACHINE, answer, finished_run, manifest, questions
from ui.cli import main

ROUND = """
[assumptions]
usd_per_eur = 1.25
electricity_eur_per_kwh = 0.2
pue = 1.5
life_years = 5
maintenance_share_per_year = 0.06
people_hours_per_month = 10
people_hours_per_further_machine = 2
people_hours_api_per_month = 1
people_hours_cloud_gpu_per_month = 5
people_eur_per_hour = 30
utilisation = 0.5
answers_per_month = 10000
cloud_gpu_hours_per_month = 200
tuning_tokens_millions = 2
tuning_epochs = 3
tuning_people_hours = 10
tunings_per_year = 2
[hardware.mine]
title = "Mine"
memory_gb = 48
cards = 2
card_usd = 2500
host_eur = 2000
power_w = 600
idle_w = 100
[cloud_gpu.theirs]
title = "Theirs"
memory_gb = 48
usd_per_hour = 1.25
[api.dear]
title = "Dear"
input_usd = 5
cached_usd = 1
output_usd = 20
[api.cheap]
title = "Cheap"
input_usd = 0.05
output_usd = 0.2
[fine_tuning.rented]
title = "Rented"
cloud_gpu = "theirs"
gpu_hours = 8
[fine_tuning.api]
title = "By an API"
usd_per_million = 5
"""
"""Round figures, so that sums can be done by hand."""
WORK = Work("local", "m", 100, 900.0, 400.0, 100.0, 0.5, "run", wilson(80, 100))


@pytest.fixture
def prices(tmp_path: Path) -> Prices:
    (tmp_path / "round.toml").write_text(ROUND)
    return load_prices(tmp_path, tmp_path / "round.toml")


# Tariffs


def test_a_machine_of_ones_own(prices: Prices) -> None:
    """2000 + 2 x 2500 / 1.25 = 6000 EUR: 100 a month for five years and 30 for support; 100 W idle, 500 W more for 2 s."""
    own = tariff(prices, Plan(hardware="mine"), WORK)
    assert own.people_eur == pytest.approx(300 - 60)
    assert own.fixed_eur == pytest.approx(100 + 30 + 60 + 0.1 * 730.5 * 1.5 * 0.2)
    assert own.answer_eur == pytest.approx(0.5 * 2 / 3600 * 1.5 * 0.2)
    assert own.capacity == pytest.approx(0.5 * 730.5 * 3600 * 0.5)


def test_a_rented_card(prices: Prices) -> None:
    rented = tariff(prices, Plan(cloud_gpu="theirs"), WORK)
    assert (rented.people_eur, rented.fixed_eur, rented.answer_eur) == pytest.approx((150 - 60, 200 + 60, 0))
    assert rented.capacity == pytest.approx(0.5 * 200 * 3600)  # on for 200 hours, which is less than half the month


def test_an_api(prices: Prices) -> None:
    """500 tokens at 5, 400 at 1, 100 at 20 dollars a million: 0.0049 dollars."""
    api = tariff(prices, Plan(api="dear"), WORK)
    assert (api.people_eur, api.fixed_eur, api.capacity) == (30, 0, inf)
    assert api.answer_eur == pytest.approx(0.0049 / 1.25)


def test_an_api_without_a_price_for_cached_tokens_charges_all(prices: Prices) -> None:
    assert tariff(prices, Plan(api="cheap"), WORK).answer_eur == pytest.approx((900 * 0.05 + 100 * 0.2) / 1e6 / 1.25)


def test_a_second_machine_is_bought_when_one_is_not_enough() -> None:
    costs = Tariff(100, 50, 0.01, 1000)
    assert [costs.machines(volume) for volume in (1, 1000, 1001, 2500)] == [1, 1, 2, 3]
    assert costs.month_eur(2500) == pytest.approx(100 + 3 * 50 + 25)


# Break-even


@pytest.mark.parametrize(("fixed", "per_answer"), [(100.0, 0.0001), (400.0, 0.0005), (30.0, 0.002)])
def test_break_even_is_where_searching_finds_it(prices: Prices, fixed: float, per_answer: float) -> None:
    own = Tariff(300, fixed, per_answer, 200_000)
    api = tariff(prices, Plan(api="dear"), WORK)
    found = break_even(prices, own, "dear", WORK)
    cheaper = (volume for volume in range(100, 2_000_000, 100) if own.month_eur(volume) <= api.month_eur(volume))
    assert found.answers_per_month == pytest.approx(next(cheaper), abs=100)
    assert found.machines == own.machines(found.answers_per_month or 0)


def test_machines_whose_busy_answers_cost_more_never_break_even(prices: Prices) -> None:
    own = tariff(prices, Plan(hardware="mine"), WORK)
    assert break_even(prices, own, "cheap", WORK).answers_per_month is None
    assert own.least_eur > tariff(prices, Plan(api="cheap"), WORK).answer_eur


def test_machines_that_cost_nothing_before_the_first_answer_are_cheaper_at_once(prices: Prices) -> None:
    assert break_even(prices, Tariff(0, 20, 0, 1000), "dear", WORK).answers_per_month == 0


# A run


def placed_run(home: Path, **changes: object) -> Run:
    """Ten questions: `chico` answers in 2.5 s, eight right; `nube` is in the cloud."""
    run = finished_run(home, {"chico": "Son {}.", "dear": "Son {}."}, 10, cloud=["dear"], **changes)
    for backend, right in (("chico", 8), ("dear", 10)):
        for number in range(10):
            run.append(ScoreRow(Key(f"q{number}", backend), "good", float(number < right)))
    return run


def test_a_runs_back_ends_cost_what_their_tokens_and_seconds_cost(tmp_path: Path, prices: Prices) -> None:
    report = cost_of_run(placed_run(tmp_path), prices, tmp_path)
    local, cloud = report.results
    assert (local.place, local.name, cloud.place, cloud.name) == ("hardware", "small-server", "api", "dear")
    assert local.work.answers_per_s == pytest.approx(1 / 2.5) and local.work.speed_from == "run"
    assert (local.work.prompt_tokens, local.work.cached_tokens, local.work.completion_tokens) == (600, 400, 50)
    assert cloud.eur_per_month == pytest.approx(30 + 10_000 * (200 * 5 + 400 * 1 + 50 * 20) / 1e6 / 1.25)
    assert local.eur_per_answer == pytest.approx(local.tariff.month_eur(10_000) / 10_000)
    assert local.eur_per_million_tokens == pytest.approx(local.eur_per_answer / 650 * 1e6)


def test_bad_answers_are_paid_for_by_the_good_ones(tmp_path: Path, prices: Prices) -> None:
    local = cost_of_run(placed_run(tmp_path), prices, tmp_path).results[0]
    good, share = local.eur_per_good_answer, wilson(8, 10)
    assert good and good.value == pytest.approx(local.eur_per_answer / 0.8)
    assert share.low and share.high
    assert (good.low, good.high) == pytest.approx((local.eur_per_answer / share.high, local.eur_per_answer / share.low))


def test_answers_that_failed_cost_nothing_and_are_not_good(tmp_path: Path, prices: Prices) -> None:
    run = create_run(tmp_path, manifest(["chico"], 4), questions(4))
    for number in range(3):
        run.append(answer(f"q{number}", "chico", "Son."))
        run.append(ScoreRow(Key(f"q{number}", "chico"), "good", 1.0))
    run.append(answer("q3", "chico", "", status="error", speed=Speed(), usage=Usage()))
    run.append(ScoreRow(Key("q3", "chico"), "good", None, "failed"))
    work = cost_of_run(run, prices, tmp_path).results[0].work
    assert work.answers == 3 and work.prompt_tokens == 600


def test_questions_that_no_model_was_asked_cost_no_tokens(tmp_path: Path, prices: Prices) -> None:
    run = create_run(tmp_path, manifest(["chico"], 2), questions(2))
    run.append(answer("q0", "chico", "Son."))
    run.append(answer("q1", "chico", "No consta.", status="declined", asked_model=False, usage=Usage(), speed=Speed()))
    work = cost_of_run(run, prices, tmp_path).results[0].work
    assert (work.prompt_tokens, work.answers_per_s) == (300, pytest.approx(2 / 2.5)) and work.good is None


def test_answers_that_a_model_gave_up_and_checks_after_answers_take_its_time(tmp_path: Path, prices: Prices) -> None:
    run = create_run(tmp_path, manifest(["chico"], 2), questions(2))
    run.append(answer("q0", "chico", "Son.", timings=Timings(generation_ms=3000.0)))
    refused = Speed(ttft_ms=900.0, total_ms=1100.0)
    run.append(answer("q1", "chico", "No.", status="declined", speed=refused, timings=Timings(generation_ms=1000.0)))
    assert cost_of_run(run, prices, tmp_path).results[0].work.answers_per_s == pytest.approx(2 / 4)


def test_plain_prompts_are_left_out_where_there_are_questions_about_documents(tmp_path: Path, prices: Prices) -> None:
    asked = [*questions(1), replace_id(questions(2)[1])]
    run = create_run(tmp_path, manifest(["chico"], 2), asked)
    run.append(answer("q0", "chico", "Son."))
    run.append(answer("poem", "chico", "Oda", usage=Usage(20, 900), speed=Speed(e2e_ms=60_000.0)))
    assert cost_of_run(run, prices, tmp_path).results[0].work.completion_tokens == 50


def replace_id(question: Any) -> Any:
    return question.model_copy(update={"id": "poem", "plain": True})


def test_a_load_test_tells_a_faster_speed(tmp_path: Path, prices: Prices, monkeypatch: pytest.MonkeyPatch) -> None:
    run = placed_run(tmp_path)
    monkeypatch.setattr("eval.cost._throughputs", lambda home, run: {"chico": 3.0, "dear": 0.01})
    local, cloud = cost_of_run(run, prices, tmp_path).results
    assert (local.work.answers_per_s, local.work.speed_from) == (3.0, "load_test")
    assert (cloud.work.answers_per_s, cloud.work.speed_from) == (pytest.approx(0.4), "run")


@pytest.mark.parametrize(("model", "source"), [("", "load_test"), ("chico", "load_test"), ("grande", "run")])
def test_a_load_test_of_another_model_tells_nothing(tmp_path: Path, prices: Prices, model: str, source: str) -> None:
    told = Sample("q0", 0, 0.1, None, "", "ok", model=model, speed=Speed(total_ms=100.0))
    level = level_of(1, 10, Asked((told,) * 30, False), Slo(), Asked((), False))
    save(tmp_path, LoadResult("l", "chico", "closed", "", 1, Slo(), level, (), None, None, model=model), [])
    assert cost_of_run(placed_run(tmp_path), prices, tmp_path).results[0].work.speed_from == source


def test_a_plan_places_a_back_end_and_gives_its_speed(tmp_path: Path) -> None:
    (tmp_path / "costs.toml").write_text(ROUND + '[backends.chico]\nhardware = "mine"\nanswers_per_s = 4\n')
    local = cost_of_run(placed_run(tmp_path), load_prices(tmp_path), tmp_path).results[0]
    assert (local.name, local.work.answers_per_s, local.work.speed_from) == ("mine", 4.0, "yours")


@pytest.mark.parametrize(
    ("cards", "name"),
    [
        (["NVIDIA L40S"], "l40s"),
        (["NVIDIA L4"], "l4"),
        (["NVIDIA H100 80GB HBM3"], "h100"),
        (["NVIDIA GeForce RTX 4090"], "rtx-4090"),
    ],
)
def test_a_machine_is_known_by_its_card(tmp_path: Path, prices: Prices, cards: list[str], name: str) -> None:
    assert cost_of_run(placed_run(tmp_path, hardware=machine(cards)), prices, tmp_path).results[0].name == name


@pytest.mark.parametrize("cards", [["NVIDIA L40"], ["NVIDIA L4", "NVIDIA L4"]])
def test_a_machine_that_is_in_no_class_is_left_out(tmp_path: Path, prices: Prices, cards: list[str]) -> None:
    report = cost_of_run(placed_run(tmp_path, hardware=machine(cards)), prices, tmp_path)
    assert [result.work.backend for result in report.results] == ["dear"] and report.unplaced == (("chico", "no_hardware"),)


def machine(cards: list[str]) -> Any:
    return replace(MACHINE, gpus=tuple(Gpu(card, "NVIDIA", 24 * 2**30, 300, True) for card in cards))


def test_back_ends_without_a_price_or_answers_are_left_out(tmp_path: Path) -> None:
    run = create_run(tmp_path, manifest(["chico", "unknown-cloud"], 1, cloud=["unknown-cloud"]), questions(1))
    run.append(answer("q0", "unknown-cloud", "Son."))
    report = cost_of_run(run, load_prices(tmp_path), tmp_path)
    assert report.results == () and report.unplaced == (("chico", "no_answers"), ("unknown-cloud", "no_price"))


# Sensitivity, classes, fine-tuning, curves


def test_sensitivity_says_what_each_figure_does(tmp_path: Path, prices: Prices) -> None:
    local = cost_of_run(placed_run(tmp_path), prices, tmp_path).results[0]
    swings = {swing.path: swing for swing in local.sensitivity}
    people = swings["assumptions", "people_eur_per_hour"]
    assert (people.low, people.high) == (15, 45)  # a bare number has no range of its own: half and one and a half times
    assert people.eur_at_high - people.eur_at_low == pytest.approx(10 * 30 / 10_000)
    volume = swings["assumptions", "answers_per_month"]
    assert volume.eur_at_low == pytest.approx(local.tariff.month_eur(5_000) / 5_000)
    speed = swings["measured", "answers_per_s"]
    assert speed.eur_at_low > local.eur_per_answer > speed.eur_at_high
    sizes = [abs(swing.eur_at_high - swing.eur_at_low) for swing in local.sensitivity]
    assert sizes == sorted(sizes, reverse=True) and not any(path[:2] == ("api", "dear") for path in swings)


def test_classes_need_a_speed_and_cost_what_one_of_them_costs(prices: Prices) -> None:
    rows = {(row.place, row.name): row for row in cost_of_nothing(prices).classes}
    own, rented = rows["hardware", "mine"], rows["cloud_gpu", "theirs"]
    assert own.price_eur == pytest.approx(6000)
    assert own.needed_answers_per_s == pytest.approx(10_000 / (MONTH_HOURS * 3600 * 0.5))
    energy = (0.1 * MONTH_HOURS + 0.5 * MONTH_HOURS * 0.5) * 1.5 * 0.2
    assert own.eur_per_month == pytest.approx(300 + 130 + energy)
    assert (rented.eur_per_month, rented.eur_per_answer) == pytest.approx((350, 0.035))
    assert rented.needed_answers_per_s == pytest.approx(10_000 / (200 * 3600))


def test_fine_tuning_costs_people_and_cards_or_tokens(prices: Prices) -> None:
    rows = {row.name: row for row in cost_of_nothing(prices).tunings}
    assert rows["rented"].once_eur == pytest.approx(10 * 30 + 8 * 1)
    assert rows["api"].once_eur == pytest.approx(10 * 30 + 2 * 3 * 4)
    assert rows["api"].eur_per_answer == pytest.approx(324 * 2 / 12 / 10_000)


def test_curves_run_through_the_months_costs(tmp_path: Path, prices: Prices) -> None:
    report = cost_of_run(placed_run(tmp_path), prices, tmp_path)
    first = report.curves[0]
    assert first.title == "chico" and (first.volumes[0], first.volumes[-1]) == (100, 10_000_000)
    assert first.eur_per_month == tuple(report.results[0].tariff.month_eur(volume) for volume in first.volumes)
    titles = [curve.title for curve in report.curves]
    assert titles[1] == "dear" and "Dear" not in titles and "Cheap" in titles


def test_no_volume_is_no_cost(prices: Prices) -> None:
    with pytest.raises(ConfigError, match="above zero"):
        cost_of_nothing(replaced(prices, ("assumptions", "answers_per_month"), 0))


# The command


@pytest.fixture
def midas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.setenv("MIDAS_HOME", str(tmp_path))
    monkeypatch.setenv("MIDAS_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setattr("ui.terminal.out.width", 300)

    def run(*words: str, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["midas", "eval", "cost", *words])
        try:
            main()
            left = 0
        except SystemExit as leaving:
            left = int(leaving.code or 0)
        printed = capsys.readouterr()
        assert left == code, printed
        return printed.out if code == 0 else printed.err

    return run


def test_the_command_shows_costs_and_every_figure_with_its_source(tmp_path: Path, midas: Any) -> None:
    placed_run(tmp_path)
    (tmp_path / "costs.toml").write_text('[api.dear]\ntitle = "Dear"\ninput_usd = 5\noutput_usd = 20\n')
    told = midas()
    assert "Run 20261121-100000-viajes: costs at 20,000 answers a month" in told
    assert "chico against APIs" in told and "What moves the cost of an answer of chico" in told
    assert "rented: NVIDIA H100, 80 GB" in told and "LoRA of an 8B model" in told
    assert "--figures lists them" in told and "Uptime Institute" not in told
    listed = midas("--figures")
    for entry_of in load_prices(tmp_path).assumptions.model_fields_set:
        assert entry_of in listed
    assert "Uptime Institute" in listed and "api dear input_usd: 5, " in listed and "yours" in listed
    assert "https://www.networkenvironments.com/key-insights-uptime-institute-2025-global-data-center-survey " in listed


def test_the_command_as_json_for_another_volume_and_file(tmp_path: Path, midas: Any) -> None:
    placed_run(tmp_path)
    (tmp_path / "offer.toml").write_text(ROUND)
    found = json.loads(midas("latest", "--json", "--answers-per-month", "500", "--costs", str(tmp_path / "offer.toml")))
    assert found["volume"] == 500 and found["results"][0]["work"]["backend"] == "chico"
    asked = next(swing for swing in found["results"][0]["sensitivity"] if swing["path"][-1] == "answers_per_month")
    assert (asked["low"], asked["high"]) == (250, 750)
    assert found["prices"]["assumptions"]["pue"]["basis"] == "yours" and len(found["curves"][0]["volumes"]) == 61


def test_the_command_without_a_run_tells_of_machines(midas: Any) -> None:
    told = midas()
    assert told.startswith("Costs at 20,000 answers a month") and "Back ends" not in told and "Fine-tuning" in told


def test_the_commands_errors_are_one_line(tmp_path: Path, midas: Any) -> None:
    assert midas("x", code=2) == "midas: There are no runs yet: `midas eval run` makes one.\n"
    (tmp_path / "costs.toml").write_text("[assumptions]\npeu = 1\n")
    assert midas(code=2).count("\n") == 1
    placed_run(tmp_path)


def test_plots_are_a_page_that_needs_nothing_from_outside(tmp_path: Path, midas: Any) -> None:
    placed_run(tmp_path)
    midas("--html", str(tmp_path / "costs.html"))
    page = (tmp_path / "costs.html").read_text()
    assert page.count("plotly-graph-div") == 2 and "<script src" not in page and "What a month costs" in page
    assert "can't be written" in midas("--html", str(tmp_path / "no" / "costs.html"), code=2)
