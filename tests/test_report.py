"""Reports of runs: what they tell, that nothing of others gets out of its text, and how a browser shows them offline."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from typer.testing import CliRunner

from assistant.types import Usage
from eval.calibration import load_statements
from eval.diff import CONDITIONS
from eval.judge import JudgeFacts
from eval.metrics import METRICS
from eval.report.blocks import Missing, Paragraph
from eval.report.data import JudgeRecord, ReportData, collect, open_runs
from eval.report.decision import judge_worth
from eval.report.html import write_html
from eval.report.markdown import write_markdown
from eval.report.numbers import Numbers, ReportLanguage
from eval.report.performance import performance_section
from eval.report.plots import Plots
from eval.report.teller import Teller
from eval.report.texts import TEXTS, Texts
from eval.report.writing import tell, write_report
from eval.rows import ScoreRow
from eval.runner import failed
from eval.runs import create_run
from eval.scorer import score_by_rules
from ingest.errors import ConfigError
from tests.reporting import (
    HOSTILE,
    QUALITY,
    add_judge,
    add_load,
    add_starts,
    add_votes,
    make_manifest,
    make_questions,
    make_run,
)
from ui.cli import app

Pages = dict[ReportLanguage, tuple[str, str]]
WEAK, UNKNOWN, MUTE = "0123456789abcdef", "fedcba9876543210", "aaaaaaaaaaaaaaaa"
BEFORE = "20261120-100000-dietas"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with everything that can be measured, and an earlier one."""
    home = tmp_path_factory.mktemp("reports")
    run = make_run(home)
    make_run(home, BEFORE, seed=9)
    add_judge(home, run, WEAK, 0.41)
    add_judge(home, run, UNKNOWN, None)
    run.append(ScoreRow(run.answers()[0].key, "faithfulness", None, "failed", "no verdict", MUTE))
    add_starts(run)
    add_load(home, "mediano")
    add_load(home, "pequeño", "poisson")
    add_votes(home, run, 2)
    return home


@pytest.fixture(scope="module")
def data(home: Path) -> ReportData:
    return collect(home, ["latest"], baseline=BEFORE)


@pytest.fixture(scope="module")
def pages(data: ReportData) -> Pages:
    """HTML and Markdown by language."""
    texts: dict[ReportLanguage, Texts] = {"es": Texts("es"), "en": Texts("en")}
    documents = {language: tell(data, each) for language, each in texts.items()}
    return {
        language: (write_html(documents[language], each), write_markdown(documents[language], each))
        for language, each in texts.items()
    }


def visible(html: str) -> str:
    """Without script, style and tags."""
    body = html[html.index("<body") : html.index('<script type="application/json"')]
    return re.sub(r"<[^>]*>", "", body)


def test_the_verdict_comes_first_then_the_phases(data: ReportData) -> None:
    document = tell(data, Texts("es"))
    assert [section.name for section in document.sections] == [
        "verdict", "tradeoff", "phase-0", "phase-1", "phase-2", "phase-3", "phase-4", "phase-5", "questions", "baseline",
        "manifest",
    ]  # fmt: skip
    assert [section.number for section in document.sections if section.number is not None] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("language", ["es", "en"])
def test_a_report_tells_every_part_in_both_formats(pages: Pages, language: ReportLanguage) -> None:
    texts, (html, markdown) = Texts(language), pages[language]
    for told in ("strata.documents", "cost.figures", "memory.title", "start.title", "waits.title", "baseline.title"):
        wanted = texts(told, n=5) if "{n}" in TEXTS[told][0] else texts(told)
        assert wanted in html and wanted in markdown.replace("\\", "")
    assert texts("judge.silent", judge=MUTE) in html
    assert html.count('class="drill"') == 24
    assert "{" not in visible(html)


def test_a_spanish_report_tells_changes_causes_and_mistakes_in_spanish(data: ReportData, pages: Pages) -> None:
    text = visible(pages["es"][0])
    assert "puntos" in text and "tiempo agotado" in text and "nuestra" in text and "número 12/14" in text
    assert not re.search("timeout|_sha256|\\bours\\b|France|number 12", text)
    assert {f"condition.{name}" for name in CONDITIONS} <= TEXTS.keys()
    assert {f"mistake.{each.error_type}" for each in load_statements() if each.error_type} <= TEXTS.keys()


def test_the_best_is_marked_only_where_it_was_told_apart(data: ReportData) -> None:
    numbers = Numbers("es")
    teller = Teller(Texts("es"), numbers, Plots(data.backends, numbers), data)
    marks = {metric: [teller.mark(METRICS[metric], name) for name in QUALITY] for metric in ("total_ms", "errors", "mrr")}
    assert marks == {"total_ms": [None, None, "best"], "errors": ["tied"] * 3, "mrr": ["tied"] * 3}
    assert [teller.mark(METRICS["balanced_accuracy"], name) for name in QUALITY] == [None] * 3


def test_a_judge_of_small_or_unknown_worth_does_not_rank(data: ReportData, pages: Pages) -> None:
    assert set(data.evidence.unranked) == {WEAK, UNKNOWN, MUTE}
    text = visible(pages["en"][0])
    assert f"The scores of the judge {WEAK} do not count for ranking: its kappa is 0.41" in text
    assert f"Nobody knows how often the judge {UNKNOWN} is right" in text


def test_a_judge_is_calibrated_by_the_name_of_its_back_end(data: ReportData) -> None:
    numbers = Numbers("en")
    teller = Teller(Texts("en"), numbers, Plots(data.backends, numbers), data)
    facts = JudgeFacts("openai-compatible", "org/large", "large", None, "1", None, False, 8192, 0, 2048, "f", "0.4.3")
    for backend, name in (("juez", "juez"), ("", "org/large")):
        told = judge_worth(teller, JudgeRecord(UNKNOWN, backend, facts, None, False))
        assert isinstance(told, Missing) and told.command == f"midas eval judge calibrate {name}"


def test_tokens_that_no_server_counted_are_told(data: ReportData) -> None:
    own = [row for row in data.answers if row.key.backend == "pequeño" and row.status != "error"]
    estimated = {row.key for row in own[:3]}
    rows = [replace(row, usage=Usage(9, 9, 0, "words")) if row.key in estimated else row for row in data.answers]
    numbers = Numbers("en")
    for answers, told in ((data.answers, []), (rows, [f"pequeño: the tokens of 3 of {len(own)} answers"])):
        teller = Teller(Texts("en"), numbers, Plots(data.backends, numbers), replace(data, answers=tuple(answers)))
        blocks = performance_section(teller).blocks
        found = [block.text for block in blocks if isinstance(block, Paragraph) and "estimated" in block.text]
        assert [text.partition(" were")[0] for text in found] == told


def test_what_was_not_measured_is_named_with_its_command(tmp_path: Path) -> None:
    questions = make_questions(4)
    manifest = make_manifest("leer", ["grande"], 4, finished=None)
    run = create_run(tmp_path, manifest, questions)
    full = make_run(tmp_path, questions=4)
    run.append(*(replace(row, speed=type(row.speed)()) for row in full.answers() if row.key.backend == "grande"))
    text = visible(write_html(tell(collect(tmp_path, ["leer"]), Texts("en")), Texts("en")))
    for command in (
        "midas eval score leer", "midas eval load --backend grande", "midas eval arena prepare leer", "midas eval cost leer",
        "midas eval form export leer", "midas eval report leer --baseline RUN", "midas eval score leer --judge NAME",
    ):  # fmt: skip
        assert command in text
    assert "Only grande was measured: there is nothing to compare it with." in text
    assert "The run leer is not finished" in text


def test_texts_of_others_stay_text(pages: Pages) -> None:
    html, markdown = pages["es"]
    body = html[: html.index("<script>")]
    assert "onerror=" in body and "<img" not in body and "<script>alert" not in html and "alert(1)</script>" not in body
    assert HOSTILE[:4] in markdown and not re.search(r"(?<!\\)<\w|(?<!\\)\]\(", markdown)


def test_too_few_questions_are_told(tmp_path: Path) -> None:
    data = collect(tmp_path, [make_run(tmp_path, questions=8).id])
    document = tell(data, Texts("en"))
    assert document.headline == "With 8 questions that every back end was asked, nothing can be decided."
    assert "with fewer than 20, the draws seem surer than they are" in write_markdown(document, Texts("en"))


def test_two_runs_are_told_as_one(tmp_path: Path) -> None:
    ids = [make_run(tmp_path, id, questions=8).id for id in ("uno", "dos")]
    data = collect(tmp_path, ids)
    assert set(data.backends) == {f"{name} #{number}" for name in QUALITY for number in (1, 2)}
    assert len(data.questions) == 8 and len(data.evidence.questions) == 8
    assert set(data.eur_per_answer) == set(data.backends)
    assert tell(data, Texts("es")).backends == data.backends


def test_a_run_whose_back_end_could_not_be_opened_is_not_mixed_with_another(tmp_path: Path) -> None:
    known = make_manifest("uno", ["grande"], 8)
    closed = {"grande": known.backends["grande"].model_copy(update={"reached": None})}
    failing = create_run(tmp_path, known.model_copy(update={"backends": closed}), make_questions(8))
    failing.append(
        *(failed(key, failing.questions()[0], ConfigError("It is gone.")) for key in failing.keys(make_questions(8)))
    )
    joined = open_runs(tmp_path, [failing.id, make_run(tmp_path, "dos", questions=8).id])
    keys = [row.key for row in joined.answers()]
    assert len(set(keys)) == len(keys) == 8 + 8 * len(QUALITY)
    assert {key.backend for key in keys} == {"grande #1", "grande #2", "mediano", "pequeño"}


def test_runs_that_ask_different_things_by_the_same_name_are_refused(tmp_path: Path) -> None:
    one, other = make_run(tmp_path, "uno", questions=4), make_questions(4)
    create_run(tmp_path, make_manifest("dos", ["grande"], 4), [other[0].model_copy(update={"question": "¿Otra?"}), *other[1:]])
    with pytest.raises(ConfigError, match="The runs uno and dos ask different questions as 'q-000': report them apart."):
        collect(tmp_path, [one.id, "dos"])
    with pytest.raises(ConfigError, match="named twice"):
        collect(tmp_path, ["uno", "uno"])
    with pytest.raises(ConfigError, match="'x' is no load test: there are none."):
        collect(tmp_path, ["uno"], load="x")


@pytest.mark.parametrize("status", ["error", "plain"])
def test_a_run_without_documents_or_without_answers_is_told(tmp_path: Path, status: str) -> None:
    """All answers failed, or no question was about documents."""
    questions = [question.model_copy(update={"plain": status == "plain"}) for question in make_questions(4)]
    run = create_run(tmp_path, make_manifest("raro", list(QUALITY), 4, evidence="none"), questions)
    rows = make_run(tmp_path, questions=4).answers()
    if status == "error":
        rows = [replace(row, status="error", error="no", speed=type(row.speed)()) for row in rows]
    run.append(*rows)
    score_by_rules(run)
    written = write_report(collect(tmp_path, ["raro"]), "es", tmp_path)
    assert "raro" in written.markdown.read_text(encoding="utf-8") and written.html.stat().st_size > 1_000_000


def test_the_command_writes_both_files(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDAS_HOME", str(home))
    done = CliRunner().invoke(app, ["eval", "report", "latest", "--language", "en", "--output", str(tmp_path / "x"), "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 0 and Path(told["html"]).exists() and Path(told["markdown"]).exists()
    assert told["headline"].startswith("For everyday use")


def test_both_languages_have_every_text_with_the_same_fields() -> None:
    for name, pair in TEXTS.items():
        spanish, english = ({field for _, field, _, _ in Formatter().parse(text) if field is not None} for text in pair)
        assert pair[0] and pair[1] and spanish == english, name


def test_numbers_are_written_as_in_the_language() -> None:
    spanish, english = Numbers("es"), Numbers("en")
    assert (spanish.percent(0.815, 1), english.percent(0.815, 1)) == ("81,5\u202f%", "81.5%")
    assert (spanish.duration(840), english.duration(1_840), english.duration(20_000)) == (
        "840\u00a0ms",
        "1.84\u00a0s",
        "20\u00a0s",
    )
    assert (spanish.eur(0.0182), english.eur(0.0182), english.eur(1336)) == ("0,018\u00a0€", "€0.018", "€1,336")
    assert (spanish.interval(0.74, 0.87, "share"), english.interval(0.4, 1.2, "ms")) == ("74–87\u202f%", "0–1\u00a0ms")
    assert english.interval(900, 1_200, "ms") == "900\u00a0ms – 1.20\u00a0s" and english.interval(None, 1, "ms") == ""
    assert [english.chance(share) for share in (0, 0.001, 0.5, 0.999, 1)] == ["0%", "< 1%", "50%", "> 99%", "100%"]
    assert [english.short(value) for value in (100, 1e4, 1e7)] == ["100", "10k", "10\u00a0M"]
    assert [spanish.about(count) for count in (7, 816, 1_557, 589_690)] == ["7", "820", "1.600", "590.000"]
    assert [spanish.plain(value) for value in (4, 0.5, 1_500, 100)] == ["4", "0,5", "1.500", "100"]


# In a browser


def test_a_browser_draws_every_plot_offline(browser: Any, pages: Pages, tmp_path: Path) -> None:
    requests: list[str] = []
    problems: list[str] = []
    page_file = tmp_path / "report.html"
    page_file.write_text(pages["es"][0], encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 375, "height": 740}, color_scheme="light")
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text))
    page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
    page.goto(page_file.as_uri())
    page.wait_for_selector("html[data-drawn]")
    plots = page.locator(".plot")
    assert plots.count() == 16
    for number in range(plots.count()):
        assert plots.nth(number).locator(".main-svg .trace path").count() > 0
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    assert HOSTILE in (page.locator(".drill .q").first.text_content() or "")

    page.locator(".filters select").select_option("differs")
    assert page.locator(".filters output").inner_text() == str(page.locator(".drill:visible").count())
    page.locator(".filters select").select_option("")
    drill = page.locator(".drill").nth(1)
    drill.locator("summary").first.click()
    drill.locator(".cite").first.click()
    assert drill.locator(".passage").first.get_attribute("open") is not None
    assert drill.locator("mark").first.inner_text() == "La dieta 1 es de 21 euros"

    before = plots.first.locator(".main-svg text").first.evaluate("node => getComputedStyle(node).fill")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(
        "before => getComputedStyle(document.querySelector('.plot .main-svg text')).fill !== before", arg=before
    )
    context.close()
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert problems == []
