"""`midas eval load`: how the product answers while many ask."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from ui.command import Json, load_settings


def load(
    backend: Annotated[
        str | None,
        typer.Option("--backend", "-b", metavar="NAME", help="Back end that answers. Default: default_backend of midas.toml."),
    ] = None,
    questions: Annotated[
        str | None,
        typer.Option(
            "--questions",
            "-q",
            metavar="FILE",
            help="Question set: a JSONL file, or the name of a built-in set. Default: that of the latest run.",
        ),
    ] = None,
    users: Annotated[
        str, typer.Option("--users", metavar="NUMBERS", help="Users at a time, with commas between the steps.")
    ] = "1,2,4,8",
    duration: Annotated[
        str, typer.Option("--duration", metavar="TIME", help="How long each step takes, like 60s or 5m.")
    ] = "60s",
    arrival: Annotated[
        Literal["closed", "poisson"],
        typer.Option(
            "--arrival", help="closed: users ask anew when they have their answer. poisson: questions arrive at random."
        ),
    ] = "closed",
    rate: Annotated[
        str | None,
        typer.Option("--rate", metavar="NUMBERS", help="For poisson: questions per second, with commas between the steps."),
    ] = None,
    slo: Annotated[
        str | None,
        typer.Option(
            "--slo", metavar="LIMITS", help="What readers put up with, like ttft=2s,e2e=20s: first text, whole answer."
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="NUMBER", min=1, help="Ask only the first questions of the set.")
    ] = None,
    patience: Annotated[
        str, typer.Option("--patience", metavar="TIME", help="An answer that takes longer counts as a timeout.")
    ] = "120s",
    collection: Annotated[
        list[str] | None,
        typer.Option("--collection", "-c", metavar="NAME", help="Search this collection; repeat for several. Default: all."),
    ] = None,
    json: Json = False,
) -> None:
    """Ask many questions at a time, through the HTTP API.

    Every question is asked once alone, then by more and more users. Tells speed, errors by cause, the knee of the curve, what
    is lost under load, and with --slo how much of it is in time. Uses the running server, else starts one for the while.
    Closed and open loops are not comparable: users who wait relieve the server.
    The exit code is 1 when nothing is answered.
    """
    from ui import load_run

    asked = load_run.Asked(backend, questions, users, duration, arrival, rate, slo, limit, patience, tuple(collection or ()))
    load_run.print_result(load_run.run(load_settings(), asked), json)
