"""Blind pairs, their votes, and the rules that a vote can't break."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.arena import CHECK_EVERY, FILE, REPEAT_AFTER, Arena, Choice, Shown, Vote, open_arena
from eval.runs import Run, create_run
from ingest.errors import ConfigError
from tests.finished_runs import answer, finished_run, manifest, questions

TEXTS = {"grande": "Son **{}** días [1].", "medio": "Creo que son {} días.", "chico": "No lo sé: {}."}
COUNT = 12


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return finished_run(tmp_path, TEXTS, COUNT)


@pytest.fixture
def arena(tmp_path: Path, run: Run) -> Iterator[Arena]:
    with open_arena(tmp_path) as arena:
        arena.prepare(run)
        yield arena


def vote_all(arena: Arena, run: str, voter: str, choice: Choice = "left") -> list[Shown]:
    seen = []
    while shown := arena.next(run, voter):
        seen.append(shown)
        arena.vote(shown.pair, voter, choice, 1500.0)
    return seen


# Pairs


def test_every_two_back_ends_meet_on_every_question(tmp_path: Path, run: Run) -> None:
    with open_arena(tmp_path) as arena:
        prepared = arena.prepare(run)
        assert (prepared.pairs, prepared.added, prepared.backends) == (3 * COUNT, 3 * COUNT, ("chico", "grande", "medio"))
        assert arena.prepare(run).added == 0


def test_pairs_need_two_answers_from_the_same_evidence_that_differ(tmp_path: Path) -> None:
    run = create_run(tmp_path, manifest(["a", "b"], 5), questions(5))
    for row in (
        answer("q0", "a", "Son 25."), answer("q0", "b", "Son 30."),
        answer("q1", "a", "Son 25."), answer("q1", "b", "**Son 25.**"),
        answer("q2", "a", "Son 25."), answer("q2", "b", "Son 30.", evidence="other"),
        answer("q3", "a", "Son 25."), answer("q3", "b", "", status="error", error="x", error_kind="BackendTimeout"),
        answer("q4", "a", "Son 25."),
    ):  # fmt: skip
        run.append(row)
    with open_arena(tmp_path) as arena:
        prepared = arena.prepare(run)
    assert (prepared.pairs, prepared.same_text, prepared.other_evidence, prepared.no_answer) == (1, 1, 1, 2)


def test_a_run_that_offers_no_pair_is_refused(tmp_path: Path) -> None:
    alone = finished_run(tmp_path, {"a": "Son {}."}, 2)
    alike = finished_run(tmp_path, {"a": "Son {}.", "b": "Son {}."}, 2, id="alike")
    with open_arena(tmp_path) as arena:
        with pytest.raises(ConfigError, match="has answers of 1 back end"):
            arena.prepare(alone)
        with pytest.raises(ConfigError, match=r"No two answers .* \(2 with the same text\)"):
            arena.prepare(alike)


def test_what_is_shown_names_nobody_and_has_no_marks(arena: Arena, run: Run) -> None:
    for shown in vote_all(arena, run.id, "ana"):
        assert not any(name in str(shown) for name in TEXTS) and "**" not in shown.left + shown.right
        assert shown.passages[0].place == "vacaciones.txt, page 2" and shown.pairs == 3 * COUNT


def test_the_first_repetition_is_compared(tmp_path: Path) -> None:
    run = finished_run(tmp_path, {"a": "Son {}.", "b": "Serán {}."}, 1, repeats=2)
    again = answer("q0", "a", "otra vez")
    run.append(type(again)(type(again.key)("q0", "a", 1), "ok", "es", "otra vez", evidence="e-q0"))
    with open_arena(tmp_path) as arena:
        arena.prepare(run)
        shown = arena.next(run.id, "ana")
    assert shown and {shown.left, shown.right} == {"Son 0.", "Serán 0."}


# Votes


def test_nobody_votes_twice_on_a_pair_not_even_past_the_code(arena: Arena, run: Run, tmp_path: Path) -> None:
    shown = arena.next(run.id, "Ana")
    assert shown
    arena.vote(shown.pair, "Ana", "left", 900.0)
    with pytest.raises(ConfigError, match="ana has voted on this pair already: ask for the next one."):
        arena.vote(shown.pair, " ANA ", "right", 900.0)
    with sqlite3.connect(tmp_path / FILE) as raw, pytest.raises(sqlite3.IntegrityError, match=r"UNIQUE.*voter.*pair"):
        raw.execute("INSERT INTO votes VALUES ('ana', ?, 'tie', 1, NULL, 1.0, 'now')", (shown.pair,))
    assert [vote.choice for vote in arena.votes(run.id)] == ["left"]


def test_a_pair_of_a_question_is_there_once(arena: Arena, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as raw, pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        columns = "run, question, kind, first, second, language, prompt, first_text, second_text, passages, made_at"
        raw.execute(f"INSERT INTO pairs ({columns}) SELECT {columns} FROM pairs")


@pytest.mark.parametrize("column, value", [("choice", "maybe"), ("response_ms", -1), ("voter", ""), ("first_left", 2)])
def test_the_database_takes_no_wrong_vote(arena: Arena, tmp_path: Path, column: str, value: object) -> None:
    row = {"voter": "x", "pair": 1, "choice": "tie", "first_left": 1, "reason": None, "response_ms": 1.0, "at": "now"}
    row[column] = value
    with sqlite3.connect(tmp_path / FILE) as raw, pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        raw.execute("INSERT INTO votes VALUES (:voter, :pair, :choice, :first_left, :reason, :response_ms, :at)", row)


def test_the_names_that_are_told_are_those_of_the_sides(arena: Arena, run: Run) -> None:
    starts = {"Son": "grande", "Creo": "medio", "No": "chico"}
    while shown := arena.next(run.id, "ana"):
        names = arena.vote(shown.pair, "ana", "tie", 1.0)
        assert (names.left, names.right) == (starts[shown.left.split()[0]], starts[shown.right.split()[0]])


def test_a_choice_counts_for_the_back_end_on_that_side(arena: Arena, run: Run) -> None:
    while shown := arena.next(run.id, "ana"):
        arena.vote(shown.pair, "ana", "left" if shown.left.startswith("Son") else "right", 1.0)
    against = [vote for vote in arena.votes(run.id) if vote.kind == "real" and "grande" in (vote.first, vote.second)]
    assert len(against) == 2 * COUNT
    assert all((vote.first if vote.outcome == "first" else vote.second) == "grande" for vote in against)


def test_a_pair_waits_until_it_is_voted_on_and_another_session_goes_on(arena: Arena, run: Run, tmp_path: Path) -> None:
    shown = arena.next(run.id, "ana")
    assert shown == arena.next(run.id, "ana") and shown
    arena.vote(shown.pair, "ana", "both_bad", 2000.0, "  ninguna dice el plazo ")
    with open_arena(tmp_path) as later:
        following = later.next(run.id, "ana")
        assert following and following.pair != shown.pair and following.voted == 1
        assert later.votes(run.id)[0].reason == "ninguna dice el plazo"


def test_unknown_pairs_and_nameless_voters_are_refused(arena: Arena, run: Run) -> None:
    with pytest.raises(ConfigError, match="There is no pair 9999"):
        arena.vote(9999, "ana", "tie", 1.0)
    with pytest.raises(ConfigError, match="needs the voter's name"):
        arena.next(run.id, "  ")


# Sides, order and hidden checks


def test_each_voter_votes_once_on_every_real_pair_and_meets_both_checks(arena: Arena, run: Run) -> None:
    seen = vote_all(arena, run.id, "ana")
    kinds = Counter(vote.kind for vote in arena.votes(run.id))
    assert kinds["real"] == 3 * COUNT and len(seen) == sum(kinds.values()) == len({shown.pair for shown in seen})
    assert kinds["identical"] >= 2 and kinds["repeat"] >= 2
    assert kinds["identical"] + kinds["repeat"] <= len(seen) / CHECK_EVERY + 1


def test_a_repeat_has_its_sides_swapped_and_comes_later(arena: Arena, run: Run) -> None:
    for voter in ("ana", "luis", "eva"):
        vote_all(arena, run.id, voter)
        votes = [vote for vote in arena.votes(run.id) if vote.voter == voter]
        places = {what(vote): place for place, vote in enumerate(votes) if vote.kind == "real"}
        repeats = [(place, vote) for place, vote in enumerate(votes) if vote.kind == "repeat"]
        assert repeats
        for place, vote in repeats:
            assert place - places[what(vote)] > REPEAT_AFTER
            assert vote.first_left != votes[places[what(vote)]].first_left


def what(vote: Vote) -> tuple[str, str, str]:
    return vote.question, vote.first, vote.second


def test_identical_pairs_show_one_answer_twice(arena: Arena, run: Run) -> None:
    seen = {shown.pair: shown for shown in vote_all(arena, run.id, "ana")}
    twice = [shown for shown in seen.values() if shown.left == shown.right]
    assert len(twice) == Counter(vote.kind for vote in arena.votes(run.id))["identical"] > 0


def test_sides_are_shuffled_and_voters_see_other_orders(arena: Arena, run: Run) -> None:
    orders = [[shown.pair for shown in vote_all(arena, run.id, voter)] for voter in ("ana", "luis", "eva", "pau")]
    assert len({tuple(order) for order in orders}) == 4
    sides = Counter(vote.first_left for vote in arena.votes(run.id) if vote.kind == "real")
    assert 0.35 < sides[True] / sides.total() < 0.65  # 144 sides; a fair coin is outside once in 3,000 tries


def test_pairs_with_fewest_votes_come_first(arena: Arena, run: Run) -> None:
    first_half = 18
    for _ in range(first_half):
        shown = arena.next(run.id, "ana")
        assert shown
        arena.vote(shown.pair, "ana", "tie", 1.0)
    voted = {what(vote) for vote in arena.votes(run.id) if vote.kind == "real"}
    for _ in range(first_half):
        shown = arena.next(run.id, "luis")
        assert shown
        arena.vote(shown.pair, "luis", "tie", 1.0)
    of_luis = [vote for vote in arena.votes(run.id) if vote.voter == "luis" and vote.kind == "real"]
    assert not voted & {what(vote) for vote in of_luis}


def test_runs_are_kept_apart(arena: Arena, run: Run, tmp_path: Path) -> None:
    other = finished_run(tmp_path, TEXTS, 2, id="20261122-other")
    arena.prepare(other)
    vote_all(arena, other.id, "ana")
    assert arena.runs() == (run.id, other.id) and arena.votes(run.id) == []
