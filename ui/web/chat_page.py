"""The page where people ask."""

from __future__ import annotations

import asyncio

import gradio as gr

from ui.house import House
from ui.web.chat import chat_tab
from ui.web.language import PageLanguage
from ui.web.texts import TEXTS
from ui.web.who import on_load


def chat_page(house: House, language: PageLanguage) -> None:
    """Fills the open `gr.Blocks`."""
    code = gr.State(language)
    chat = chat_tab(house.service, code)

    async def fill(backend: str) -> list[object]:
        collections = await asyncio.to_thread(house.service.collections)
        return chat.translate(TEXTS[language], [], collections, house.service.backends(), backend)

    on_load(fill, [chat.backend], chat.translated)
