"""`midas chat`: questions from standard input, one a line, each answered with the earlier ones as history."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

from assistant.types import Answer, Message
from ingest.errors import MidasError
from ui import terminal
from ui.service import Question, Service, ask


async def converse(service: Service, settings: Question, *, json: bool) -> None:
    """Until an empty line or the end of the input. `settings` has everything but text and history.

    With `json`, one answer a line. An answer that fails on a terminal is told and the conversation goes on.
    """
    history: tuple[Message, ...] = ()
    while text := await asyncio.to_thread(_next_question):
        question = replace(settings, text=text, history=history)
        answer = await _answer(service, question, json=json)
        if answer:
            history += answer.exchange


async def _answer(service: Service, question: Question, *, json: bool) -> Answer | None:
    try:
        if not json:
            return await terminal.show_answer(service.stream(question))
        answer = await ask(service, question)
    except MidasError as error:
        if not sys.stdin.isatty():
            raise
        terminal.err.print(terminal.plain(f"midas: {error.message}"))
        return None
    print(terminal.json_line(answer), flush=True)
    return answer


def _next_question() -> str:
    if sys.stdin.isatty():
        terminal.err.print("\n> ", end="", style="bold")
    return sys.stdin.readline().strip()
