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
AREAS_LABEL: dict[PageLanguage, str] = {"es": "Secciones", "en": "Sections"}
ACCOUNT: dict[PageLanguage, str] = {"es": "Mi cuenta", "en": "My account"}
SIGN_OUT: dict[PageLanguage, str] = {"es": "Salir", "en": "Sign out"}
ROLES: dict[PageLanguage, dict[Role, str]] = {
    "es": {"employee": "Empleado", "evaluator": "Evaluador", "admin": "Administrador"},
    "en": {"employee": "Employee", "evaluator": "Evaluator", "admin": "Admin"},
}
MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" aria-hidden="true">'
    '<rect x="1" y="1" width="22" height="22" rx="7" fill="#b45309"></rect>'
    '<path d="M6.5 16.5V8l5.5 6 5.5-6v8.5" fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round"'
    ' stroke-linejoin="round"></path></svg>'
)


def heading(area: str, language: PageLanguage) -> None:
    """Adds it to the open `gr.Blocks`; what depends on the person comes when the page is loaded."""
    shown = gr.HTML(heading_html(None, area, language), elem_id="heading", apply_default_css=False, js_on_load=None)

    def fill(request: gr.Request) -> str:
        return heading_html(who(request), area, language)

    on_load(fill, None, [shown])


def heading_html(person: Person | None, area: str, language: PageLanguage) -> str:
    """Without a person: the area that is open, and nothing of who opened it."""
    links = "".join(
        f'<a href="/{language}/{name}/"{" aria-current=page" if name == area else ""}>{escape(titles[language])}</a>'
        for name, least, titles in AREAS
        if (person.may(least) if person else name == area)
    )
    others = "".join(
        f'<a href="/{other}/{area}/" lang="{other}" hreflang="{other}" aria-label="{NAMES[other]}">'
        f'<span class="long">{NAMES[other]}</span><span class="short">{other.upper()}</span></a>'
        for other in LANGUAGES
        if other != language
    )
    account = _account(person, language) if person and person.entry in ("session", "proxy") else ""
    return (
        f'<header class="heading"><a class="brand" href="/{language}/chat/" aria-label="Midas">{MARK}<span>Midas</span></a>'
        f'<nav aria-label="{AREAS_LABEL[language]}">{links}</nav><div class="corner">{others}{account}</div></header>'
    )


def _account(person: Person, language: PageLanguage) -> str:
    """Who is signed in; a person that a proxy let in signs out there."""
    name, role = escape(person.name), ROLES[language][person.role]
    out = f'<form method="post" action="/{language}/sign-out"><button>{SIGN_OUT[language]}</button></form>'
    return (
        f'<details><summary><span class="initial" aria-hidden="true">{escape(person.name[:1].upper())}</span>'
        f'<span class="name">{name}</span></summary><div class="account"><small>{name} · {role}</small>'
        f'<a href="/{language}/account">{ACCOUNT[language]}</a>{out if person.entry == "session" else ""}</div></details>'
    )
