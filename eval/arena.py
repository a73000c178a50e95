"""Blind comparisons: people see two answers to one question side by side, without names, and say which is better.

Pairs are made beforehand from a finished run: every two back ends that answered a question from the same evidence. Two kinds of
pairs measure the voters instead of the back ends: `repeat` is a pair the voter has seen before, with its sides swapped;
`identical` shows one answer twice. They come among the others, a voter can't tell which they are, and they never count as votes
(Zheng et al. 2023, "Judging LLM-as-a-Judge", on position bias). One vote per person, question and pair is a constraint of the
database `$MIDAS_HOME/arena.db`, not of this code.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Literal

from pydantic import TypeAdapter

from assistant.types import Source
from eval.formatting import unformatted
from eval.questions import Question
from eval.rows import AnswerRow
from ingest.catalog import now
from ingest.database import Database
from ingest.errors import ConfigError
from ingest.home import open_home

if TYPE_CHECKING:
    from eval.runs import Run

Choice = Literal["left", "right", "tie", "both_bad"]
Outcome = Literal["first", "second", "tie", "both_bad"]
Kind = Literal["real", "repeat", "identical"]
LeftOut = Literal["no_answer", "other_evidence", "same_text"]

FILE = "arena.db"
CHECK_EVERY = 6
"""One of so many pairs that a voter sees measures the voter: `identical` and `repeat` in turn."""
REPEAT_AFTER = 4
"""Votes between a pair and its hidden repeat, so that it is judged again and not remembered."""

_MIGRATIONS = (
    """
    -- `first` and `second` are back ends in alphabetical order; `identical` pairs have the same one twice.
    CREATE TABLE IF NOT EXISTS pairs (
        id INTEGER PRIMARY KEY,
        run TEXT NOT NULL,
        question TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('real', 'repeat', 'identical')),
        first TEXT NOT NULL,
        second TEXT NOT NULL,
        language TEXT NOT NULL,
        prompt TEXT NOT NULL,
        first_text TEXT NOT NULL,
        second_text TEXT NOT NULL,
        passages TEXT NOT NULL,
        made_at TEXT NOT NULL,
        UNIQUE (run, question, first, second, kind),
        CHECK (first < second OR (kind = 'identical' AND first = second))
    );
    -- The primary key is the rule that nobody votes twice on the same two answers.
    CREATE TABLE IF NOT EXISTS votes (
        voter TEXT NOT NULL CHECK (voter <> ''),
        pair INTEGER NOT NULL REFERENCES pairs(id),
        choice TEXT NOT NULL CHECK (choice IN ('left', 'right', 'tie', 'both_bad')),
        first_left INTEGER NOT NULL CHECK (first_left IN (0, 1)),
        reason TEXT,
        response_ms REAL NOT NULL CHECK (response_ms >= 0),
        at TEXT NOT NULL,
        PRIMARY KEY (voter, pair)
    );
    """,
)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the evidence that both answers were written from; `number` is the `n` of `[n]`."""

    number: int
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A pair as a voter sees it: no names. `voted` of `pairs` are done by this voter, checks not counted."""

    pair: int
    question: str
    language: str
    left: str
    right: str
    passages: tuple[Passage, ...]
    voted: int
    pairs: int


@dataclass(frozen=True, slots=True)
class Reveal:
    """Whose the answers were, told after the vote."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote. `first` and `second` are back ends in alphabetical order; `outcome` is in their terms, `choice` in those of the
    screen. `response_ms` is from showing the pair until the choice."""

    voter: str
    question: str
    kind: Kind
    first: str
    second: str
    choice: Choice
    first_left: bool
    reason: str | None
    response_ms: float
    at: str

    @property
    def outcome(self) -> Outcome:
        if self.choice in ("tie", "both_bad"):
            return "tie" if self.choice == "tie" else "both_bad"
        return "first" if (self.choice == "left") == self.first_left else "second"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `prepare` found: `pairs` can be voted on, `added` of them are new; the others were left out for a reason.

    `no_answer`: a back end failed. `other_evidence`: the two did not answer from the same passages. `same_text`: both wrote the
    same, so there is nothing to compare.
    """

    run: str
    backends: tuple[str, ...]
    pairs: int
    added: int
    no_answer: int
    other_evidence: int
    same_text: int


class Arena:
    """Pairs and votes. Several processes may have it open."""

    def __init__(self, home: Path) -> None:
        open_home(home)
        self._database = Database(home / FILE, _MIGRATIONS)

    def close(self) -> None:
        self._database.close()

    def prepare(self, run: Run) -> Prepared:
        """Makes the pairs of a run from its first repetition; those that are there stay. Raises ConfigError without pairs."""
        rows = [row for row in run.answers() if row.key.repeat == 0]
        backends = tuple(sorted({row.key.backend for row in rows}))
        if len(backends) < 2:
            raise ConfigError(f"Run {run.id} has answers of {len(backends)} back end(s): compare at least two.")
        drafts = list(_drafts(run.questions(), rows, backends))
        left_out = Counter(draft for draft in drafts if isinstance(draft, str))
        pairs = [draft for draft in drafts if not isinstance(draft, str)]
        if not pairs:
            raise ConfigError(f"No two answers of run {run.id} can be compared ({_told(left_out)}): choose another run.")
        with self._database.write() as connection:
            added = sum(_insert(connection, run.id, pair) for pair in pairs)
        counts = {reason: left_out[reason] for reason in ("no_answer", "other_evidence", "same_text")}
        return Prepared(run.id, backends, len(pairs), added, **counts)

    def runs(self) -> tuple[str, ...]:
        """Runs with pairs, the one prepared last at the end."""
        with self._database.read() as connection:
            found = connection.execute("SELECT run FROM pairs GROUP BY run ORDER BY max(id)")
            return tuple(row["run"] for row in found)

    def next(self, run: str, voter: str) -> Shown | None:
        """The next pair for this voter, the same one until it is voted on; None when all are done.

        Pairs with the fewest votes come first, in an order of the voter's own.
        """
        voter = voter_name(voter)
        with self._database.read() as connection:
            pairs = connection.execute(_PAIRS, {"run": run, "voter": voter}).fetchall()
        real = [pair for pair in pairs if pair["kind"] == "real"]
        waiting = [pair for pair in real if pair["choice"] is None]
        if not waiting:
            return None
        usual = min(waiting, key=lambda pair: (pair["votes"], _chance(run, voter, pair["id"]).random()))
        chosen = _check(run, voter, pairs) or usual
        return _shown(chosen, voter, voted=len(real) - len(waiting), pairs=len(real))

    def progress(self, run: str, voter: str) -> tuple[int, int]:
        """How many pairs of a run there are, and how many this voter has voted on, checks not counted."""
        with self._database.read() as connection:
            pairs = connection.execute(_PAIRS, {"run": run, "voter": voter_name(voter)}).fetchall()
        real = [pair for pair in pairs if pair["kind"] == "real"]
        return len(real), sum(pair["choice"] is not None for pair in real)

    def vote(self, pair: int, voter: str, choice: Choice, response_ms: float, reason: str | None = None) -> Reveal:
        """Keeps a vote and tells the names. Raises ConfigError when this person has voted on this pair."""
        voter = voter_name(voter)
        with self._database.write() as connection:
            row = connection.execute("SELECT * FROM pairs WHERE id = ?", (pair,)).fetchone()
            if row is None:
                raise ConfigError(f"There is no pair {pair}: ask for the next one.")
            first_left = _first_left(row, voter)
            values = (voter, pair, choice, first_left, (reason or "").strip() or None, response_ms, now())
            try:
                connection.execute("INSERT INTO votes VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            except sqlite3.IntegrityError as error:
                raise ConfigError(f"{voter} has voted on this pair already: ask for the next one.") from error
        names = (row["first"], row["second"])
        return Reveal(*(names if first_left else names[::-1]))

    def undo(self, run: str, voter: str) -> bool:
        """Takes back this voter's last vote, whose pair comes again; whether there was one."""
        voter = voter_name(voter)
        with self._database.write() as connection:
            return bool(connection.execute(_UNDO, {"run": run, "voter": voter}).rowcount)

    def rename(self, voter: str, other: str) -> None:
        """The votes of a person are another's from then on; no file holds the name any more."""
        with self._database.write() as connection:
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("UPDATE votes SET voter = ? WHERE voter = ?", (voter_name(other), voter_name(voter)))
        self._database.empty_log()

    def votes(self, run: str) -> list[Vote]:
        """All votes of a run in the order they came, checks too."""
        with self._database.read() as connection:
            rows = connection.execute(_VOTES, (run,)).fetchall()
        return [_VOTE.validate_python(dict(row)) for row in rows]


@contextmanager
def open_arena(home: Path) -> Iterator[Arena]:
    with closing(Arena(home)) as arena:
        yield arena


def voter_name(name: str) -> str:
    """`Ana ` and `ana` are one person. Raises ConfigError for an empty name."""
    if folded := unicodedata.normalize("NFC", " ".join(name.split())).casefold():
        return folded
    raise ConfigError("A vote needs the voter's name: give one with --voter.")


_VOTE = TypeAdapter(Vote)
_PASSAGES = TypeAdapter(tuple[Passage, ...])
_PAIRS = """
    SELECT pairs.*, mine.choice, mine.rowid AS turn,
        (SELECT count(*) FROM votes WHERE votes.pair = pairs.id) AS votes
    FROM pairs LEFT JOIN votes AS mine ON mine.pair = pairs.id AND mine.voter = :voter
    WHERE run = :run
"""
_UNDO = """
    DELETE FROM votes WHERE rowid = (
        SELECT votes.rowid FROM votes JOIN pairs ON pairs.id = votes.pair
        WHERE run = :run AND voter = :voter ORDER BY votes.rowid DESC LIMIT 1
    )
"""
_VOTES = """
    SELECT voter, question, kind, first, second, choice, first_left, reason, response_ms, at
    FROM votes JOIN pairs ON pairs.id = votes.pair WHERE run = ? ORDER BY votes.rowid
"""


# Making pairs


@dataclass(frozen=True, slots=True)
class _Pair:
    question: Question
    first: str
    second: str
    first_text: str
    second_text: str
    passages: bytes


def _drafts(questions: Sequence[Question], rows: Sequence[AnswerRow], backends: Sequence[str]) -> Iterator[_Pair | LeftOut]:
    answers = {(row.key.question, row.key.backend): row for row in rows}
    for question in questions:
        for first, second in combinations(backends, 2):
            yield _draft(question, answers.get((question.id, first)), answers.get((question.id, second)))


def _draft(question: Question, first: AnswerRow | None, second: AnswerRow | None) -> _Pair | LeftOut:
    if first is None or second is None or "error" in (first.status, second.status):
        return "no_answer"
    if first.evidence != second.evidence:
        return "other_evidence"
    texts = unformatted(first.text), unformatted(second.text)
    if texts[0].split() == texts[1].split():
        return "same_text"
    return _Pair(question, first.key.backend, second.key.backend, *texts, _passages(first if first.sources else second))


def _passages(row: AnswerRow) -> bytes:
    return _PASSAGES.dump_json(tuple(Passage(source.number, _place(source), source.text) for source in row.sources))


def _place(source: Source) -> str:
    return source.document if source.page is None else f"{source.document}, {source.page_unit or 'page'} {source.page}"


def _insert(connection: sqlite3.Connection, run: str, pair: _Pair) -> bool:
    """A pair with its checks: its own repeat, and one of its answers twice. Whether it was new."""
    both = (pair.first, pair.second), (pair.first_text, pair.second_text)
    new = _insert_one(connection, run, pair, "real", *both)
    _insert_one(connection, run, pair, "repeat", *both)
    side = _chance(run, pair.question.id, pair.first, pair.second).randrange(2)
    names, texts = both
    _insert_one(connection, run, pair, "identical", (names[side],) * 2, (texts[side],) * 2)
    return new


def _insert_one(
    connection: sqlite3.Connection, run: str, pair: _Pair, kind: Kind, names: tuple[str, ...], texts: tuple[str, ...]
) -> bool:
    question = pair.question
    done = connection.execute(
        "INSERT OR IGNORE INTO pairs (run, question, kind, first, second, language, prompt, first_text, second_text, passages,"
        " made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (run, question.id, kind, *names, question.language, question.question, *texts, pair.passages.decode(), now()),
    )
    return bool(done.rowcount == 1)


def _told(left_out: Mapping[LeftOut, int]) -> str:
    words: dict[LeftOut, str] = {
        "no_answer": "without an answer",
        "other_evidence": "from other evidence",
        "same_text": "with the same text",
    }
    return ", ".join(f"{left_out[reason]} {told}" for reason, told in words.items() if left_out[reason]) or "no questions"


# Showing pairs


def _chance(*what: object) -> Random:
    """Random numbers that are the same for the same things, whoever asks and when."""
    return Random("|".join(map(str, what)))


def _check(run: str, voter: str, pairs: Sequence[sqlite3.Row]) -> sqlite3.Row | None:
    """The pair that measures the voter, when it is time for one: at a random place of each CHECK_EVERY."""
    voted = sorted((pair for pair in pairs if pair["choice"] is not None), key=lambda pair: int(pair["turn"]))
    block, place = divmod(len(voted), CHECK_EVERY)
    if place != _chance(run, voter, "check", block).randrange(1, CHECK_EVERY):
        return None
    kind = ("identical", "repeat")[block % 2]
    candidates = [pair for pair in pairs if pair["kind"] == kind and pair["choice"] is None]
    if kind == "repeat":
        known = {_what(pair) for pair in voted[:-REPEAT_AFTER] if pair["kind"] == "real"}
        candidates = [pair for pair in candidates if _what(pair) in known]
    return min(candidates, key=lambda pair: _chance(run, voter, pair["id"]).random(), default=None)


def _what(pair: sqlite3.Row) -> tuple[str, str, str]:
    return pair["question"], pair["first"], pair["second"]


def _first_left(pair: sqlite3.Row, voter: str) -> bool:
    """Which side the first back end is on: random, and the other one when the pair is repeated."""
    random = _chance(pair["run"], voter, *_what(pair)).random() < 0.5
    return random != bool(pair["kind"] == "repeat")


def _shown(pair: sqlite3.Row, voter: str, voted: int, pairs: int) -> Shown:
    texts = (pair["first_text"], pair["second_text"])
    left, right = texts if _first_left(pair, voter) else texts[::-1]
    passages = _PASSAGES.validate_json(pair["passages"])
    return Shown(pair["id"], pair["prompt"], pair["language"], left, right, passages, voted, pairs)
