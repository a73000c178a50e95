"""The pages: one for each area and language, at `/es/chat`, `/en/manage` and so on. Gradio is told before its import to phone
nobody."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import gradio as gr
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from ui.house import House
from ui.person import Role
from ui.web.chat_page import chat_page
from ui.web.chat_routes import chat
from ui.web.evaluate.parts import parts
from ui.web.evaluate_page import evaluate_page
from ui.web.heading import MARK, heading
from ui.web.kit import Text
from ui.web.language import LANGUAGES, PageLanguage, language_of
from ui.web.look import theme
from ui.web.manage_page import manage_page

HERE = Path(__file__).parent
TEXTS = {
    "signed_out": Text("Su sesión ha terminado.", "Your session has ended."),
    "sign_in": Text("Entrar de nuevo", "Sign in again"),
}
"""What any page may have to say."""


@dataclass(frozen=True, slots=True)
class Area:
    """A page. `build` fills the open `gr.Blocks` in one language; `least` is the role that may open it. `chat.css` and
    `chat.js`, of the same name, are its own look and behaviour, beside those of the whole site."""

    name: str
    least: Role
    build: Callable[[House, PageLanguage], None]


AREAS = (
    Area("chat", "employee", chat_page),
    Area("manage", "admin", manage_page),
    Area("evaluate", "evaluator", evaluate_page),
)


def mount_site(app: FastAPI, house: House) -> None:
    """Serves all pages, next to the API's routes; `/` leads to the chat in the language of the browser."""
    _empty_uploads(house.settings.home / "temporary")
    app.include_router(chat)
    app.include_router(parts)
    for area in AREAS:
        for language in LANGUAGES:
            _mount(app, house, area, language)

    @app.get("/favicon.ico", include_in_schema=False)
    def mark() -> Response:
        return Response(MARK, media_type="image/svg+xml")

    @app.get("/", include_in_schema=False)
    @app.get("/es", include_in_schema=False)
    @app.get("/en", include_in_schema=False)
    def start(request: Request) -> RedirectResponse:
        return RedirectResponse(f"/{language_of(request)}/chat/")


def _empty_uploads(folder: Path) -> None:
    """Throws away what a server that was killed left."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)


def _mount(app: FastAPI, house: House, area: Area, language: PageLanguage) -> None:
    page: gr.Blocks
    with gr.Blocks(title="Midas", analytics_enabled=False, fill_width=True, delete_cache=(3600, 86400)) as page:
        heading(area.name, language)
        area.build(house, language)
    gr.mount_gradio_app(
        app,
        page,
        path=f"/{language}/{area.name}",
        theme=theme(),
        css_paths=_files(area, "css"),
        head=_head(area, language),
        footer_links=[],
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        pwa=False,
        show_error=True,
        max_file_size=house.settings.ingest.file_bytes,
    )


def _head(area: Area, language: PageLanguage) -> str:
    texts = json.dumps({name: getattr(text, language) for name, text in TEXTS.items()}, ensure_ascii=False)
    scripts = [f'document.documentElement.lang = "{language}";', f"window.midas = {{ texts: {texts} }};"]
    scripts += [file.read_text(encoding="utf-8") for file in _files(area, "js")]
    return "".join(f"<script>{script}</script>" for script in scripts)


def _files(area: Area, ending: str) -> list[Path]:
    """Those of the whole site, then the area's own: `chat.js`, and what is in the folder `chat`."""
    named = [file for name in ("site", "kit", area.name) if (file := HERE / f"{name}.{ending}").exists()]
    return [*named, *sorted((HERE / area.name).glob(f"*.{ending}"))]
