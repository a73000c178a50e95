"""Figures of metrics in the terminal."""

from __future__ import annotations

from eval.metrics import METRICS, Unit

_DECIMALS: dict[Unit, int] = {"share": 3, "score": 2, "eur": 4, "tokens/s": 1, "characters/s": 1}


def figure(value: float | None, metric: str, sign: str = "") -> str:
    """`0.843`, `306 ms`, `13.6 s`, `1.37 GB`: seconds from 1,000 ms on; the sign `+` shows it. None is a dash."""
    if value is None:
        return "-"
    unit = METRICS[metric].unit
    if unit == "bytes":
        return f"{value / 1e9:{sign},.2f} GB"
    if unit == "ms":
        return f"{value / 1e3:{sign},.1f} s" if abs(value) >= 1e3 else f"{value:{sign},.0f} ms"
    return f"{value:{sign},.{_DECIMALS.get(unit, 0)}f}"
