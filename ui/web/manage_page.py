"""The page of those who load documents and run the server: one tab for each subject."""

from __future__ import annotations

import asyncio

import gradio as gr

from ui.house import House
from ui.web.documents import documents_tab
from ui.web.language import PageLanguage
from ui.web.texts import TEXTS
from ui.web.who import on_load


def manage_page(house: House, language: PageLanguage) -> None:
    """Fills the open `gr.Blocks`."""
    code = gr.State(language)
    with gr.Tabs(), gr.Tab(TEXTS[language].documents_tab, id="documents"):
        documents = documents_tab(house.service, house.jobs, code)

    async def fill() -> list[object]:
        return documents.translate(TEXTS[language], await asyncio.to_thread(house.service.collections))

    on_load(fill, None, documents.translated)
