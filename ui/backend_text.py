"""Back ends as text on the terminal: a table of them, and what trying one showed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from ui import terminal
from ui.views import BackendView

if TYPE_CHECKING:
    from assistant.backends import Capabilities
    from assistant.backends.common.probe import Probe
    from ui.backends import BackendCheck

MODELS = 5
"""Names of a server's models that are shown."""


def backends_table(views: Sequence[BackendView]) -> Table:
    """One row for each back end."""
    titles = ("name", "kind", "model", "where", "fallback", "note")
    return terminal.table(titles, [_row(view) for view in views])


def last_error(found: BackendView | Probe) -> str | None:
    """When it was, and what."""
    return found.last_error and f"{found.last_error_at:%Y-%m-%d %H:%M:%S} UTC: {found.last_error}"


def print_check(check: BackendCheck) -> None:
    """A line that says whether it works, then what was found out."""
    view = check.backend
    terminal.out.print(terminal.plain(f"{view.name}: {'works' if check.works else 'does not work'}", "bold"))
    if check.problem:
        terminal.out.print(terminal.plain(f"  {check.problem}"))
    facts = [("kind", _whereabouts(view)), ("model", view.model), *(_facts(check.probe) if check.probe else ())]
    facts += _declared(check.capabilities) if check.capabilities else []
    for name, value in facts:
        if value:
            terminal.out.print(terminal.plain(f"  {name:<13}{value}"))


def _row(view: BackendView) -> tuple[str, ...]:
    return (
        view.name,
        view.kind,
        view.model,
        "cloud" if view.cloud else "local",
        ", ".join(view.fallback),
        _note(view),
    )


def _note(view: BackendView) -> str:
    notes = ["default"] if view.default else []
    notes += ["wrong section"] if view.problem else []
    notes += [f"circuit {view.state}"] if view.state not in (None, "closed") else []
    return ", ".join(notes)


def _whereabouts(view: BackendView) -> str:
    place = terminal.answer_place(view.cloud)
    return f"{view.kind} at {view.address}, {place}" if view.address else f"{view.kind}, {place}"


def _facts(probe: Probe) -> list[tuple[str, str | None]]:
    return [
        ("version", probe.version),
        ("models", _models(probe)),
        ("window", _window(probe)),
        ("answer", _answer(probe)),
        ("streaming", _yes(probe.streaming)),
        ("usage", None if probe.usage is None else "counted by the server" if probe.usage else "counted here"),
        ("JSON schema", None if probe.json_schema is None else "kept to" if probe.json_schema else "not kept to"),
        ("prompt cache", _yes(probe.prefix_cache)),
        ("circuit", probe.state),
        ("last error", last_error(probe)),
    ]


def _declared(kind: Capabilities) -> list[tuple[str, str | None]]:
    """What its kind is known for; what was tried above counts more."""
    abilities = {
        "count tokens": kind.usage_in_stream,
        "keep to JSON schemas": kind.json_schema,
        "reuse prompts": kind.prefix_cache,
        "stop at given words": kind.stop,
        "tell token probabilities": kind.logprobs,
        "refuse long prompts": kind.rejects_long_prompts,
        "list models": kind.lists_models,
        "manage models": kind.manages_models,
    }
    told = {"kind can": True, "kind can't": False, "kind may": None}
    rows = [(title, ", ".join(name for name in abilities if abilities[name] is value)) for title, value in told.items()]
    return [*rows, ("token limit", f"sent as {kind.token_limit}"), *(("note", note) for note in kind.notes)]


def _models(probe: Probe) -> str | None:
    if probe.models is None:
        return None
    shown, more = ", ".join(probe.models[:MODELS]), len(probe.models) - MODELS
    return f"{shown} and {more} more" if more > 0 else shown or "none"


def _window(probe: Probe) -> str:
    served = probe.served_window
    told = f" (the server says {served})" if served and served != probe.context_window else ""
    return f"{probe.context_window} tokens{told}"


def _answer(probe: Probe) -> str | None:
    if probe.answer is None:
        return None
    speed = f", then {probe.tokens_per_s:.1f} tokens/s" if probe.tokens_per_s else ""
    return f"“{terminal.shortened(probe.answer, 40)}”, first token after {probe.ttft_ms:.0f} ms{speed}"


def _yes(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"
