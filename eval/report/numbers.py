"""Figures as people read them, in Spanish or English."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from eval.metrics import Unit

ReportLanguage = Literal["es", "en"]
NONE = "–"
NO_BREAK, _THIN = "\u00a0", "\u202f"
"""That no line breaks at."""
_UNIT = re.compile(r"([\d.,]+)(\D*)")
"""A number and its unit."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Writes numbers of one language: `0,81`, `1.234,5` or `0.81`, `1,234.5`; None is a dash."""

    language: ReportLanguage

    @property
    def separators(self) -> str:
        """Decimal sign and thousands sign, as plots want them."""
        return ",." if self.language == "es" else ".,"

    def number(self, value: float | None, digits: int = 0) -> str:
        if value is None:
            return NONE
        text = f"{value:,.{digits}f}".replace("-", "−")
        return text if self.language == "en" else text.translate(str.maketrans(",.", ".,"))

    def significant(self, value: float, digits: int = 3) -> str:
        """`value` with this many significant digits, without a power of ten."""
        if value == 0:
            return "0"
        exponent = int(f"{value:e}".split("e")[1])
        return self.number(value, min(8, max(0, digits - 1 - exponent)))

    def about(self, count: float) -> str:
        """A count that was reckoned from others, of which two digits are worth telling: `820`, `1.600`."""
        return self.number(float(f"{count:.2g}"))

    def plain(self, value: float) -> str:
        """Without needless digits: `4`, `0,5`, `1.500`."""
        text = self.significant(value) if abs(value) < 1000 else self.number(value)
        sign = "," if self.language == "es" else "."
        return text.rstrip("0").rstrip(sign) if sign in text and abs(value) < 1000 else text

    def short(self, value: float) -> str:
        """A round number for an axis: `100`, `10 mil`, `1 M`."""
        if value < 10_000:
            return self.plain(value)
        thousand = f"{NO_BREAK}mil" if self.language == "es" else "k"
        return f"{self.plain(value / 1e3)}{thousand}" if value < 1e6 else f"{self.plain(value / 1e6)}{NO_BREAK}M"

    def percent(self, share: float | None, digits: int = 0) -> str:
        space = _THIN if self.language == "es" else ""
        return NONE if share is None else f"{self.number(100 * share, digits)}{space}%"

    def duration(self, milliseconds: float) -> str:
        if milliseconds < 1_000:
            return f"{self.number(milliseconds)}{NO_BREAK}ms"
        seconds = milliseconds / 1_000
        return f"{self.significant(seconds) if seconds < 100 and seconds % 1 else self.number(seconds)}{NO_BREAK}s"

    def size(self, count: float) -> str:
        """Bytes, in powers of ten."""
        if count < 1e9:
            return f"{self.number(count / 1e6)}{NO_BREAK}MB"
        return f"{self.number(count / 1e9, 1 if count < 1e11 else 0)}{NO_BREAK}GB"

    def eur(self, value: float | None) -> str:
        if value is None:
            return NONE
        text = self.number(value, 0 if value >= 100 else 2) if value >= 1 else self.significant(value, 2)
        return f"{text}{NO_BREAK}€" if self.language == "es" else f"€{text}"

    def of(self, value: float | None, unit: Unit) -> str:
        """In the unit of a metric."""
        return NONE if value is None else _WRITERS[unit](self, value)

    def chance(self, share: float) -> str:
        """A probability that was found by drawing: never said to be nothing or certain."""
        if 0 < share < 0.005:
            return f"< {self.percent(0.01)}"
        return f"> {self.percent(0.99)}" if 0.995 < share < 1 else self.percent(share)

    def interval(self, low: float | None, high: float | None, unit: Unit) -> str:
        """`74–87 %`, or nothing when there is none."""
        if low is None or high is None:
            return ""
        first, last = _UNIT.fullmatch(self.of(low, unit)), _UNIT.fullmatch(self.of(high, unit))
        if first and last and first[2] == last[2]:
            return f"{first[1]}–{last[1]}{last[2]}"
        return f"{self.of(low, unit)} – {self.of(high, unit)}"


_WRITERS: dict[Unit, Callable[[Numbers, float], str]] = {
    "share": lambda numbers, value: numbers.percent(value),
    "score": lambda numbers, value: numbers.number(value, 2),
    "ms": Numbers.duration,
    "bytes": Numbers.size,
    "eur": Numbers.eur,
    "tokens": lambda numbers, value: numbers.number(value),
    "tokens/s": lambda numbers, value: f"{numbers.significant(value)} tokens/s",
    "characters/s": lambda numbers, value: f"{numbers.number(value)} {_CHARACTERS[numbers.language]}",
}
_CHARACTERS: dict[ReportLanguage, str] = {"es": "car./s", "en": "characters/s"}
