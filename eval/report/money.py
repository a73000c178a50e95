"""Phase 5: what it costs, and what the verdict rests on."""

from __future__ import annotations

from collections.abc import Iterator

from eval.report.blocks import Block, Missing, Section
from eval.report.decision import weights_blocks
from eval.report.teller import Teller


def money_section(teller: Teller) -> Section:
    blocks = [*_costs(teller), *weights_blocks(teller)]
    return Section("phase-5", teller.texts("money"), blocks, 5, teller.texts("money.intro"))


def _costs(teller: Teller) -> Iterator[Block]:
    yield Missing(teller.texts("cost.none"), "midas eval cost")
