"""The page of those who compare language models: one tab for each subject."""

from __future__ import annotations

import gradio as gr

from ui.house import House
from ui.web.language import PageLanguage


def evaluate_page(house: House, language: PageLanguage) -> None:
    """Fills the open `gr.Blocks`."""
    with gr.Tabs(), gr.Tab({"es": "Evaluaciones", "en": "Runs"}[language], id="runs"):
        gr.HTML("")
