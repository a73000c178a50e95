"""A judge's calibration: agreement, kappa and biases of scripted judges whose faults are known, over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from eval.agreement import Judged, Statement, kappa, length_bias, position_bias
from eval.calibration import Calibration, calibrate, load_statements, read_calibration, save_calibration, trusted_judges
from eval.judge import open_judge, read_facts
from ingest.errors import ConfigError
from tests.fake_openai import FakeOpenAI, Messages, running
from tests.scripted_judge import judge_settings

Rule = Callable[[int, str], bool]
"""Whether a judge says "supported" of a statement that stands at this place of its prompt, from 0."""
EVERY = load_statements()
STATEMENTS = load_statements(contexts=18)
TRUE = {each.statement for each in STATEMENTS if each.supported}


@pytest.fixture
def fake() -> Iterator[FakeOpenAI]:
    with running(FakeOpenAI()) as server:
        yield server


def by_rule(rule: Rule, fails: Callable[[str], bool] = lambda context: False) -> Callable[[Messages], str]:
    def reply(messages: Messages) -> str:
        case = messages[1]["content"]
        asked = json.loads(case[case.index("{") : case.rindex("}") + 1])
        if fails(asked["context"]):
            return "No sé juzgarlo."
        said = [rule(place, each) for place, each in enumerate(asked["statements"])]
        verdicts = [{"statement": "", "reason": "", "verdict": int(each)} for each in said]
        return json.dumps({"statements": verdicts}, separators=(",", ":"))

    return reply


def calibrated(home: Path, fake: FakeOpenAI, statements: Sequence[Statement] = STATEMENTS) -> Calibration:
    async def work() -> Calibration:
        async with open_judge("judge", judge_settings(home, fake)) as judge:
            return await calibrate(judge, statements, lambda progress: None)

    return asyncio.run(work())


def test_the_set_is_balanced() -> None:
    assert len(EVERY) >= 200 and 2 * sum(each.supported for each in EVERY) == len(EVERY)
    assert len({each.statement for each in EVERY}) == len(EVERY)
    assert {each.error_type is None for each in EVERY if each.supported} == {True}


def test_a_judge_that_is_always_right_may_rank(tmp_path: Path, fake: FakeOpenAI) -> None:
    fake.reply = by_rule(lambda place, statement: statement in TRUE)
    found = calibrated(tmp_path, fake)
    assert (found.n, found.coverage, found.agreement.value, found.kappa.value) == (len(STATEMENTS), 1.0, 1.0, 1.0)
    assert (found.missed.value, found.false_alarms.value, found.flips.value) == (0.0, 0.0, 0.0)
    assert (found.position_bias.value, found.length_bias.value) == (0.0, 0.0)
    assert all(each.caught == each.n for each in found.errors) and len(found.errors) == 8
    assert found.may_rank


def test_a_judge_that_always_agrees_may_not_rank(tmp_path: Path, fake: FakeOpenAI) -> None:
    fake.reply = by_rule(lambda place, statement: True)
    found = calibrated(tmp_path, fake)
    assert (found.agreement.value, found.kappa.value, found.missed.value) == (0.5, 0.0, 1.0)
    assert not found.may_rank


def test_kinds_of_errors_that_a_judge_does_not_see(tmp_path: Path, fake: FakeOpenAI) -> None:
    blind = {each.statement for each in STATEMENTS if each.error_type in ("number", "date")}
    fake.reply = by_rule(lambda place, statement: statement in TRUE | blind)
    found = calibrated(tmp_path, fake)
    assert found.agreement.value == pytest.approx(1 - len(blind) / len(STATEMENTS))
    assert found.kappa.value == pytest.approx(1 - 2 * len(blind) / len(STATEMENTS))
    assert {each.error_type for each in found.errors if not each.caught} == {"number", "date"}


def test_a_judge_that_trusts_what_comes_first(tmp_path: Path, fake: FakeOpenAI) -> None:
    fake.reply = by_rule(lambda place, statement: place < 3 or statement in TRUE)
    found = calibrated(tmp_path, fake)
    assert (found.position_bias.value, found.flips.value) == (0.5, 0.5)
    assert found.position_bias.low is not None and found.position_bias.low > 0.3 and found.position_p < 1e-9


def test_a_judge_that_trusts_what_is_long(tmp_path: Path, fake: FakeOpenAI) -> None:
    middle = {truth: median(len(each.statement) for each in STATEMENTS if each.supported is truth) for truth in (True, False)}
    fake.reply = by_rule(lambda place, statement: len(statement) > middle[statement in TRUE])
    found = calibrated(tmp_path, fake)
    assert found.length_bias.value is not None and found.length_bias.value > 0.9
    assert found.position_bias.value == 0.0 and not found.may_rank


def test_a_judge_that_often_says_nothing_may_not_rank(tmp_path: Path, fake: FakeOpenAI) -> None:
    contexts = sorted({each.context for each in STATEMENTS})
    silent = set(contexts[: len(contexts) // 2])
    fake.reply = by_rule(lambda place, statement: statement in TRUE, silent.__contains__)
    found = calibrated(tmp_path, fake)
    judged = [each for each in STATEMENTS if each.context not in silent]
    assert found.coverage == pytest.approx(len(judged) / len(STATEMENTS))
    assert (found.n, found.kappa.n, found.kappa.value) == (len(STATEMENTS), len(judged), 1.0)
    assert not found.may_rank


def test_few_statements_let_no_judge_rank(tmp_path: Path, fake: FakeOpenAI) -> None:
    fake.reply = by_rule(lambda place, statement: statement in TRUE)
    assert not calibrated(tmp_path, fake, load_statements(contexts=3)).may_rank


def test_what_is_kept(tmp_path: Path, fake: FakeOpenAI) -> None:
    fake.reply = by_rule(lambda place, statement: statement in TRUE)
    whole = calibrated(tmp_path, fake)
    save_calibration(tmp_path, whole)
    save_calibration(tmp_path, replace(whole, n=6))
    assert read_calibration(tmp_path, whole.fingerprint) == whole
    assert trusted_judges(tmp_path) == {whole.fingerprint}
    facts = read_facts(tmp_path, whole.fingerprint)
    assert facts is not None and facts.fingerprint == whole.fingerprint and facts.model == "scripted"
    assert trusted_judges(tmp_path / "elsewhere") == frozenset()


def test_kappa_is_cohens() -> None:
    """The example of 50 grant applications in the literature on kappa: 20 and 15 agreed, 5 and 10 not."""
    pairs = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    found = kappa(pairs)
    assert found.value == pytest.approx(0.4)
    assert found.low == pytest.approx(0.1508, abs=1e-3) and found.high == pytest.approx(0.6492, abs=1e-3)


def test_too_little_to_say_anything() -> None:
    assert kappa([]).value is None and position_bias([])[0].value is None and length_bias([]).value is None
    one = Judged(Statement("a", "c", "s", True), None, True, True)
    assert position_bias([one])[0].value is None and length_bias([one]).value is None
    assert kappa([(True, True)]).value == 0.0


def test_a_wrong_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no file"):
        load_statements(tmp_path / "none.jsonl")
    path = tmp_path / "one-sided.jsonl"
    path.write_text(json.dumps({"id": "1", "context": "c", "statement": "s", "supported": True}) + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="supported and statements that are not"):
        load_statements(path)
