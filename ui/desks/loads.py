"""Results of load tests. They are started with `midas eval load`, which needs the machine for itself."""

from __future__ import annotations

from eval.load import LoadResult, load_results
from ui.desks.evaluating import Evaluating, not_found


class Loads(Evaluating):
    """For evaluators: load tests that searched collections which they may read."""

    def loads(self) -> list[LoadResult]:
        """The latest first."""
        return [result for result in reversed(load_results(self.home)) if self.shows(result)]

    def load(self, id: str) -> LoadResult:
        """Raises EvaluationNotFound."""
        results = {result.id: result for result in self.loads()}
        if id not in results:
            raise not_found("load test", id, list(results))
        return results[id]

    def shows(self, result: LoadResult) -> bool:
        """One that searched all collections is for those who may read all that there are."""
        reads = self._reader()
        if result.collections is None:
            return reads(info.name for info in self.house.service.collections())
        return reads(result.collections, result.at)
