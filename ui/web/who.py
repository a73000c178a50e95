"""Who stands behind an event of a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.context import Context

from ui.entrance import PERSON
from ui.person import Person


def who(request: gr.Request) -> Person:
    """Events take it as a parameter annotated `gr.Request`; each one has passed the doorkeeper anew."""
    assert request.request is not None
    person: Person = request.request.scope[PERSON]
    return person


def on_load(work: Callable[..., Any], inputs: list[Any] | None, outputs: list[Any]) -> None:
    """Runs `work` when the page that is being built is opened."""
    page = Context.root_block
    assert page is not None
    page.load(work, inputs, outputs, show_progress="hidden", concurrency_limit=None, api_visibility="private")
