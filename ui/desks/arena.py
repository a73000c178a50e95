"""The blind arena: two answers side by side without names, a vote, and what the votes of all say."""

from __future__ import annotations

from dataclasses import dataclass

from eval.arena import FILE, Arena, Choice, Prepared, Shown, open_arena
from eval.preference import Preference, preference
from ingest.errors import ConfigError
from ui.desks.evaluating import Evaluating


@dataclass(frozen=True, slots=True)
class ArenaView:
    """A run that can be voted on: `voted` of `pairs` are done by this person, by all there are `votes`."""

    run: str
    pairs: int
    voted: int
    votes: int


class Voting(Evaluating):
    """For evaluators. The voter is who is signed in. Names are told in the results only, so that a vote can be taken back."""

    def arenas(self) -> list[ArenaView]:
        """Runs with pairs that this person may see, the one prepared last first."""
        if not (self.home / FILE).exists():
            return []
        visible = {run.id for run in self._runs()}
        with open_arena(self.home) as arena:
            return [self._view(arena, run) for run in reversed(arena.runs()) if run in visible]

    def prepare(self, run: str) -> Prepared:
        """Makes the pairs of a run; those that are there stay. Raises EvaluationNotFound, ConfigError without pairs."""
        found = self._run(run)
        with open_arena(self.home) as arena:
            return arena.prepare(found)

    def next(self, run: str) -> Shown | None:
        """The next pair for this person; None when all are done."""
        found = self._run(run)
        with open_arena(self.home) as arena:
            return arena.next(found.id, self.person.name)

    def vote(self, run: str, pair: int, choice: Choice, response_ms: float, reason: str | None = None) -> Shown | None:
        """Keeps a vote on the pair that `next` gave, and gives the one after it. Raises ConfigError for another pair."""
        found = self._run(run)
        with open_arena(self.home) as arena:
            shown = arena.next(found.id, self.person.name)
            if shown is None or shown.pair != pair:
                raise ConfigError("This pair was voted on already, in another window perhaps: go on with the next one.")
            arena.vote(pair, self.person.name, choice, response_ms, reason)
            return arena.next(found.id, self.person.name)

    def undo(self, run: str) -> Shown | None:
        """Takes back this person's last vote and gives its pair again. Raises ConfigError when there is none."""
        found = self._run(run)
        with open_arena(self.home) as arena:
            if not arena.undo(found.id, self.person.name):
                raise ConfigError("There is no vote of yours to take back.")
            self.house.ledger.audit(self.person, "votes_changed", found.id, "taken back")
            return arena.next(found.id, self.person.name)

    def results(self, run: str) -> Preference:
        """What all votes say. Raises MissingExtra without the extra `eval`."""
        found = self._run(run)
        with open_arena(self.home) as arena:
            return preference(arena.votes(found.id))

    def _view(self, arena: Arena, run: str) -> ArenaView:
        pairs, voted = arena.progress(run, self.person.name)
        return ArenaView(run, pairs, voted, sum(vote.kind == "real" for vote in arena.votes(run)))
