"""The table of prices: every figure has its origin, and a company's own figures take its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assistant.catalogue import catalogue
from eval.prices import entries, load_prices, replaced
from ingest.errors import ConfigError


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "costs.toml"


def test_every_default_is_dated_and_says_where_it_comes_from_and_what_that_is_worth(tmp_path: Path) -> None:
    prices = load_prices(tmp_path)
    found = list(entries(prices))
    assert len(found) > 80
    for entry in found:
        figure, name = entry.figure, ".".join(entry.path)
        assert figure.as_of and date(2014, 1, 1) < figure.as_of <= prices.as_of, name
        assert figure.basis in ("published", "secondary", "estimate"), name
        assert figure.source.startswith("https://") or (figure.source == "ours" and figure.basis == "estimate"), name


def test_ranges_are_told_where_they_are_ours_to_tell(tmp_path: Path) -> None:
    for entry in entries(load_prices(tmp_path)):
        if entry.path[0] in ("assumptions", "hardware", "cloud_gpu"):
            assert entry.figure.low is not None and entry.figure.high is not None, entry.path


def test_the_catalogues_prices_are_in_the_table(tmp_path: Path) -> None:
    prices = load_prices(tmp_path)
    for name, card in catalogue().models.items():
        if card.price:
            assert prices.api[name].output_usd.value == card.price.output_usd


def test_numbers_of_ones_own_take_the_place_of_figures(tmp_path: Path, own: Path) -> None:
    own.write_text("[assumptions]\nelectricity_eur_per_kwh = 0.11\npue = { value = 1.3, note = 'medido' }\n")
    prices = load_prices(tmp_path)
    electricity, pue = prices.assumptions.electricity_eur_per_kwh, prices.assumptions.pue
    assert (electricity.value, electricity.basis, electricity.source) == (0.11, "yours", str(own))
    assert (pue.value, pue.basis, pue.source, pue.note, pue.low) == (1.3, "yours", str(own), "medido", None)
    assert prices.assumptions.life_years == load_prices(tmp_path / "empty").assumptions.life_years


def test_a_named_file_comes_after_that_of_the_data_directory(tmp_path: Path, own: Path) -> None:
    own.write_text("[assumptions]\npue = 1.3\nlife_years = 5\n")
    named = tmp_path / "offer.toml"
    named.write_text("[assumptions]\npue = 1.1\n")
    prices = load_prices(tmp_path, named)
    assert (prices.assumptions.pue.value, prices.assumptions.life_years.value) == (1.1, 5)
    assert (prices.assumptions.pue.source, prices.assumptions.life_years.source) == (str(named), str(own))


def test_machines_models_and_plans_can_be_added(tmp_path: Path, own: Path) -> None:
    own.write_text(
        '[hardware.nuevo]\ntitle = "Oferta 123"\nmemory_gb = 48\nhost_eur = 9000\npower_w = 500\nidle_w = 100\n'
        '[api.propia]\ntitle = { es = "Nube", en = "Cloud" }\ninput_usd = 1\noutput_usd = 2\n'
        '[backends.local]\nhardware = "nuevo"\nanswers_per_s = 2.5\n'
    )
    prices = load_prices(tmp_path)
    assert prices.hardware["nuevo"].title.es == prices.hardware["nuevo"].title.en == "Oferta 123"
    assert prices.api["propia"].title.es == "Nube" and prices.hardware["l40s"].memory_gb == 48
    plan = prices.backends["local"]
    assert plan.hardware == "nuevo" and plan.answers_per_s and plan.answers_per_s.value == 2.5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[assumptions]\npeu = 1\n", "assumptions.peu is wrong (Extra inputs are not permitted, did you mean pue?)"),
        ("[assumptions]\npue = -1\n", "assumptions.pue.value is wrong"),
        ("[assumptions]\npue = true\n", "assumptions.pue is wrong"),
        ("[assumptions]\npue = { value = 1, low = 2 }\n", "the value must lie between low and high"),
        ('[backends.x]\nhardware = "l40"\n', "hardware of x is 'l40', and there is l40s"),
        ("[backends.x]\n", "give one of hardware, cloud_gpu and api"),
        ('[fine_tuning.x]\ntitle = "x"\ngpu_hours = 1\n', "give cloud_gpu and gpu_hours, or usd_per_million"),
        ('[fine_tuning.x]\ntitle = "x"\ngpu_hours = 1\ncloud_gpu = "z"\n', "cloud_gpu of x is 'z', and there"),
        ("x = ", "can't be read as a table of costs"),
    ],
)
def test_a_wrong_table_is_one_sentence(tmp_path: Path, own: Path, text: str, told: str) -> None:
    own.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_prices(tmp_path)
    assert str(error.value).startswith(str(own)) and told in str(error.value) and str(error.value).endswith("correct it.")


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml can't be read \(No such file or directory\): name a table of costs"):
        load_prices(tmp_path, tmp_path / "no.toml")


def test_one_figure_can_be_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    prices = load_prices(tmp_path)
    for path in (("assumptions", "pue"), ("hardware", "l40s", "card_usd"), ("api", "gpt-6-sol", "input_usd")):
        changed = replaced(prices, path, 7.0)
        values = {entry.path: entry.figure.value for entry in entries(changed)}
        before = {entry.path: entry.figure.value for entry in entries(prices)}
        assert values.pop(path) == 7.0 != before.pop(path) and values == before
