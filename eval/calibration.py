"""How far a judge can be trusted: its verdicts on statements whose truth is known.

The statements are judged as faithfulness judges them: all of one context in one prompt. Each prompt is asked twice, the second
time with the statements in reverse order, so that each is judged early in one prompt and late in the other.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from assistant.errors import BackendError
from eval import lines
from eval.agreement import Caught, Judged, Statement, caught, kappa, length_bias, position_bias, share_said
from eval.judge import Judge, JudgeFailed, judge_folder
from eval.progress import Countdown, Progress
from eval.runs import utc_now
from eval.statistics import Estimate, wilson
from ingest.assets import write_atomically
from ingest.errors import ConfigError

STATEMENTS = Path(__file__).parent / "sets" / "judge-calibration.es.jsonl"
LANGUAGE = "es"
KAPPA_TO_RANK = 0.6
"""Least kappa of a judge whose scores may rank back ends: where Landis and Koch 1977, The measurement of observer agreement for
categorical data, let "substantial" agreement begin."""
LEAST_STATEMENTS = 100
"""Verdicts without which a kappa is too uncertain to let a judge rank: its interval is then about 0.3 wide."""
LEAST_COVERAGE = 0.9
"""Share of the verdicts that must have come: a judge that often gives none leaves out what is hard."""
SEED = 20_261


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is known of a judge. Shares lie in [0, 1], differences in [-1, 1], intervals are of 95 %.

    `agreement` and `kappa` (Cohen 1960) are of the first verdicts with the truth; `missed` is the share of unsupported
    statements that it let pass, `false_alarms` that of supported ones that it did not. `flips` is the share of statements whose
    verdict changes with the order. `position_bias` is how much oftener it says "supported" of a statement early in the prompt
    than of the same one late in it; `length_bias` how much oftener of the longer half of the statements than of the shorter
    half, halves that are equally often right. `coverage` is the share of verdicts that came. `n` counts statements.
    """

    judge: str
    model: str
    fingerprint: str
    at: str
    statements_sha256: str
    n: int
    coverage: float
    agreement: Estimate
    kappa: Estimate
    missed: Estimate
    false_alarms: Estimate
    flips: Estimate
    position_bias: Estimate
    position_p: float
    length_bias: Estimate
    errors: tuple[Caught, ...]

    @property
    def may_rank(self) -> bool:
        """Whether this judge's scores may decide between back ends."""
        enough = self.kappa.n >= LEAST_STATEMENTS and self.coverage >= LEAST_COVERAGE
        return enough and self.kappa.value is not None and self.kappa.value >= KAPPA_TO_RANK


def load_statements(path: Path = STATEMENTS, contexts: int | None = None) -> list[Statement]:
    """The statements of a JSONL file, of the first `contexts` only. Raises ConfigError, StoreError."""
    if not path.exists():
        raise ConfigError(f"There is no file {path}: name one with a statement a line.")
    every = lines.read(path, Statement)
    kept = set(list(dict.fromkeys(each.context for each in every))[:contexts])
    found = [each for each in every if each.context in kept]
    if len({each.supported for each in found}) < 2:
        raise ConfigError(f"{path} must have statements that are supported and statements that are not: add some.")
    return found


async def calibrate(judge: Judge, statements: Sequence[Statement], progress: Progress) -> Calibration:
    """Judges all statements twice. A prompt without a verdict counts against the coverage. Raises MissingExtra."""
    groups = _groups(statements)
    judged: list[Judged] = []
    countdown = Countdown(progress, len(groups), "calibrating")
    for group in groups:
        first, second = await _verdicts(judge, group), await _verdicts(judge, group[::-1])
        judged += _judged(group, first, second)
        countdown.did(group[0].id)
    return assess(judge, judged)


def assess(judge: Judge, judged: Sequence[Judged]) -> Calibration:
    """The figures of verdicts that are there."""
    given = sum((each.first is not None) + (each.second is not None) for each in judged)
    coverage = given / (2 * len(judged))
    position, position_p = position_bias(judged)
    right = [each for each in judged if each.first is not None]
    both = [each for each in right if each.second is not None]
    return Calibration(
        judge=judge.name,
        model=judge.facts.model,
        fingerprint=judge.fingerprint,
        at=utc_now(),
        statements_sha256=_sha256([each.statement for each in judged]),
        n=len(judged),
        coverage=coverage,
        agreement=wilson(sum(each.first is each.statement.supported for each in right), len(right), coverage),
        kappa=kappa([(each.statement.supported, bool(each.first)) for each in right], coverage),
        missed=share_said(right, supported=False, said=True),
        false_alarms=share_said(right, supported=True, said=False),
        flips=wilson(sum(each.first is not each.second for each in both), len(both)),
        position_bias=position,
        position_p=position_p,
        length_bias=length_bias(right),
        errors=caught(right),
    )


def save_calibration(home: Path, calibration: Calibration) -> Path:
    """Where it is now. One of more statements is not replaced by one of fewer."""
    path = _path(home, calibration.fingerprint)
    known = read_calibration(home, calibration.fingerprint)
    if known is None or known.n <= calibration.n:
        write_atomically(path, TypeAdapter(Calibration).dump_json(calibration, indent=2))
    return path


def read_calibration(home: Path, fingerprint: str) -> Calibration | None:
    """None for a judge that was never calibrated."""
    path = _path(home, fingerprint)
    return TypeAdapter(Calibration).validate_json(path.read_bytes()) if path.exists() else None


def list_calibrations(home: Path) -> list[Calibration]:
    """Those of all judges, the latest last."""
    names = [path.parent.name for path in judge_folder(home, "*").parent.glob("*/calibration.json")]
    found = [calibration for name in names if (calibration := read_calibration(home, name))]
    return sorted(found, key=lambda each: each.at)


def trusted_judges(home: Path) -> frozenset[str]:
    """The fingerprints of the judges that may rank."""
    return frozenset(each.fingerprint for each in list_calibrations(home) if each.may_rank)


def _groups(statements: Sequence[Statement]) -> list[list[Statement]]:
    """Those of one context together, in an order that is always the same and tells nothing."""
    by_context: dict[str, list[Statement]] = {}
    for each in statements:
        by_context.setdefault(each.context, []).append(each)
    shuffled = random.Random(SEED)
    return [shuffled.sample(group, len(group)) for group in by_context.values()]


async def _verdicts(judge: Judge, group: Sequence[Statement]) -> Mapping[str, bool]:
    """By the statement's id; none when the judge gave none."""
    from eval.ragas_scores import faithfulness_verdicts

    try:
        said = await faithfulness_verdicts(judge, group[0].context, [each.statement for each in group], LANGUAGE)
    except (JudgeFailed, BackendError):
        return {}
    return {each.id: verdict for each, verdict in zip(group, said, strict=True)}


def _judged(group: Sequence[Statement], first: Mapping[str, bool], second: Mapping[str, bool]) -> Iterator[Judged]:
    for place, each in enumerate(group):
        early = None if 2 * place == len(group) - 1 else 2 * place < len(group)
        yield Judged(each, early, first.get(each.id), second.get(each.id))


def _path(home: Path, fingerprint: str) -> Path:
    return judge_folder(home, fingerprint) / "calibration.json"


def _sha256(statements: list[Statement]) -> str:
    return hashlib.sha256(TypeAdapter(list[Statement]).dump_json(statements)).hexdigest()
