"""The heading of every page: name, the areas that the person may open, language, and who is signed in."""

from __future__ import annotations

from html import escape

import gradio as gr

from ui.person import Person, Role
from ui.web.language import LANGUAGES, PageLanguage
from ui.web.who import on_load, who

AREAS: tuple[tuple[str, Role, dict[PageLanguage, str]], ...] = (
    ("chat", "employee", {"es": "Preguntar", "en": "Ask"}),
    ("manage", "admin", {"es": "Administrar", "en": "Manage"}),
    ("evaluate", "evaluator", {"es": "Evaluar", "en": "Evaluate"}),
)
NAMES: dict[PageLanguage, str] = {"es": "Español", "en": "English"}


def heading(area: str, language: PageLanguage) -> None:
    """Adds it to the open `gr.Blocks`; it is filled when the page is loaded, for the person who loads it."""
    shown = gr.HTML("", elem_id="heading")

    def fill(request: gr.Request) -> str:
        return heading_html(who(request), area, language)

    on_load(fill, None, [shown])


def heading_html(person: Person, area: str, language: PageLanguage) -> str:
    links = "".join(
        f'<a href="/{language}/{name}/"{" aria-current=page" if name == area else ""}>{escape(titles[language])}</a>'
        for name, least, titles in AREAS
        if person.may(least)
    )
    others = "".join(
        f'<a href="/{other}/{area}/" lang="{other}" hreflang="{other}">{NAMES[other]}</a>'
        for other in LANGUAGES
        if other != language
    )
    return (
        f'<header class="heading"><span class="brand">Midas</span><nav>{links}</nav><div class="corner">{others}</div></header>'
    )
