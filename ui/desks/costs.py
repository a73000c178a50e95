"""What answers cost, with figures that can be tried out."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from eval.cost import CostReport, cost_of_nothing, cost_of_run
from eval.prices import Entry, Prices, entries, load_prices, replaced
from ingest.errors import ConfigError
from ui.desks.evaluating import Evaluating

MOST = 1e12
"""The largest figure that is reckoned with."""


class Costs(Evaluating):
    """For evaluators. Nothing is written: `costs.toml` in the data directory changes figures for good."""

    def figures(self) -> list[Entry]:
        """Every figure that costs rest on, with its day and source."""
        return list(entries(load_prices(self.home)))

    def costs(self, run: str | None, changes: Mapping[str, float]) -> CostReport:
        """Of a run, or what can be said without one. `changes` are other values by name, `assumptions.pue`.

        Raises EvaluationNotFound, and ConfigError for a figure that is not there or can't be.
        """
        prices = self._changed(changes)
        try:
            return cost_of_nothing(prices) if run is None else cost_of_run(self._run(run), prices, self.home)
        except (ZeroDivisionError, OverflowError) as error:
            raise ConfigError("Costs can't be reckoned with these figures: give numbers above 0.") from error

    def _changed(self, changes: Mapping[str, float]) -> Prices:
        prices = load_prices(self.home)
        known = {".".join(entry.path): entry.path for entry in entries(prices)}
        for name, value in changes.items():
            if name not in known:
                raise ConfigError(f"There is no figure {name!r}: `midas eval cost --figures` lists them.")
            if not (isfinite(value) and 0 <= value <= MOST):
                raise ConfigError(f"{name} is {value:g}: give a number from 0.")
            prices = replaced(prices, known[name], value)
        return prices
