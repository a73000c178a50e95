"""Results of load tests. They are started from the command line, where the machine is quiet."""

from __future__ import annotations

from eval.load import LoadResult
from ui.desks.loads import Loads
from ui.web.evaluate.markup import chooser, e, empty, facts, field, head, notice, select, time
from ui.web.evaluate.visit import Visit

TAB = "load"
COMMAND = "midas eval load --backend NAME --users 1,2,4,8 --slo ttft=2s,e2e=20s"


def show(visit: Visit) -> str:
    say, results = visit.texts, visit.at(Loads).loads()
    title = head(say("tab.load"), say("load.intro"))
    command = f'<p class="ev-command"><code>{e(COMMAND)}</code></p>'
    if not results and not visit.get("id"):
        return title + empty(say("load.none"), say("load.none_todo"), command)
    result = visit.at(Loads).load(visit.get("id") or results[0].id)
    control = select("id", [(each.id, each.id) for each in results], result.id, "data-auto")
    return (
        title
        + chooser(TAB, field(say("load.test"), control))
        + _facts(visit, result)
        + _blocks(visit, result)
        + (notice(say("load.cli")) + command)
    )


def _facts(visit: Visit, result: LoadResult) -> str:
    say, numbers = visit.texts, visit.numbers
    return facts(
        (
            (say("load.backend"), e(result.backend)),
            (say("load.model"), e(result.model)),
            (say("load.at"), time(result.at)),
            (say("load.arrival"), e(say(f"load.{result.arrival}"))),
            (say("runs.questions"), numbers.number(result.questions)),
            (say("load.memory"), e(numbers.size(result.memory.peak_bytes)) if result.memory else ""),
        )
    )


def _blocks(visit: Visit, result: LoadResult) -> str:
    from eval.report.html import write_part
    from eval.report.performance import load_blocks
    from eval.report.teller import hand

    teller = hand(visit.language, [result.backend])
    return write_part(load_blocks(teller, [result]), (result.backend,), teller.texts)
