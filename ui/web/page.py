"""The web page: tabs, language, look. Gradio is told before its import to phone nobody."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from fastapi import FastAPI
from gradio.themes.utils import sizes

from ui.jobs import Jobs
from ui.service import LocalService
from ui.web.chat import chat_tab, collection_choices
from ui.web.documents import documents_tab
from ui.web.render import Turn
from ui.web.texts import TEXTS, PageLanguage, Texts

HERE = Path(__file__).parent
SYSTEM_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "Arial", "sans-serif")
SYSTEM_MONO = ("ui-monospace", "Menlo", "Consolas", "Liberation Mono", "monospace")

LANGUAGE_OF_BROWSER = """(language_before, turns, backend) => {
  const kept = localStorage.getItem("midas-language");
  const language = kept || (navigator.language.startsWith("en") ? "en" : "es");
  document.documentElement.lang = language;
  return [language, [], backend];
}"""
KEEP_LANGUAGE = """(language, turns, backend) => {
  localStorage.setItem("midas-language", language);
  document.documentElement.lang = language;
  return [language, turns, backend];
}"""


def mount_page(app: FastAPI, service: LocalService, jobs: Jobs) -> FastAPI:
    """Serves the page at `/` of the app, next to the API's routes."""
    uploads = service.settings.home / "uploads"
    shutil.rmtree(uploads, ignore_errors=True)  # what a server that was killed left
    uploads.mkdir(parents=True, exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        make_page(service, jobs),
        path="",
        theme=_theme(),
        css_paths=[HERE / "page.css"],
        head=f"<script>{(HERE / 'page.js').read_text(encoding='utf-8')}</script>",
        footer_links=[],
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        show_error=True,
        max_file_size=service.settings.ingest.file_bytes,
    )
    return mounted


def make_page(service: LocalService, jobs: Jobs) -> gr.Blocks:
    page: gr.Blocks
    with gr.Blocks(title="Midas", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400)) as page:
        with gr.Row(elem_id="heading"):
            brand = gr.HTML(_brand(TEXTS["es"]), scale=1)
            language = gr.Radio(
                [("Español", "es"), ("English", "en")], value="es", show_label=False, label="Idioma / Language",
                container=False, elem_id="language", interactive=True, scale=0,
            )  # fmt: skip
        with gr.Tabs():
            with gr.Tab(TEXTS["es"].chat_tab, id="chat") as ask_tab:
                chat = chat_tab(service, language)
            with gr.Tab(TEXTS["es"].documents_tab, id="documents") as files_tab:
                documents = documents_tab(service, jobs, language)

        async def translate(code: PageLanguage, turns: list[Turn], backend: str) -> list[Any]:
            texts = TEXTS[code]
            collections = await asyncio.to_thread(service.collections)
            asking = chat.translate(texts, turns, collections, service.backends(), backend)
            tabs = [gr.update(label=texts.chat_tab), gr.update(label=texts.documents_tab)]
            return [
                code, _brand(texts), *tabs, *asking, *documents.translate(texts, collections),
            ]  # fmt: skip

        outputs = [language, brand, ask_tab, files_tab, *chat.translated, *documents.translated]
        quiet: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private"}
        page.load(translate, [language, chat.turns, chat.backend], outputs, js=LANGUAGE_OF_BROWSER, **quiet)
        language.input(translate, [language, chat.turns, chat.backend], outputs, js=KEEP_LANGUAGE, **quiet)
        ask_tab.select(_choices(service), [language], [chat.collections], **quiet)
    return page


def _choices(service: LocalService) -> Any:
    async def choices(code: PageLanguage) -> Any:
        """Collections may have come since the page was opened."""
        collections = await asyncio.to_thread(service.collections)
        return gr.update(choices=collection_choices(collections, TEXTS[code]))

    return choices


def _brand(texts: Texts) -> str:
    return f'<div class="brand"><h1>Midas</h1><p>{texts.tagline}</p></div>'


def _theme() -> gr.themes.Base:
    """System fonts only: the fonts of Gradio's themes come from elsewhere."""
    return gr.themes.Base(
        primary_hue="amber",
        secondary_hue="amber",
        neutral_hue="stone",
        font=SYSTEM_FONTS,
        font_mono=SYSTEM_MONO,
        radius_size=sizes.radius_lg,
    ).set(
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        color_accent="*primary_700",
        link_text_color="*primary_800",
        link_text_color_dark="*primary_300",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
        button_primary_text_color="white",
        checkbox_background_color_selected="*primary_700",
    )
