"""The page where people ask."""

from __future__ import annotations

import gradio as gr

from ui.house import House
from ui.web.chat_shell import shell
from ui.web.chat_texts import CHAT_TEXTS
from ui.web.language import PageLanguage


def chat_page(house: House, language: PageLanguage) -> None:
    """Fills the open `gr.Blocks`. What is in it comes by the page's own routes, not by Gradio's events: an answer is then
    watched by whoever opens its conversation, and no state of a session is kept."""
    gr.HTML(shell(language, CHAT_TEXTS[language]), elem_id="chat-area", apply_default_css=False, js_on_load=None)
