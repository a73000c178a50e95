"""Plain pages: HTML from templates, no scripts but their own, nothing of Gradio."""

from __future__ import annotations

from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ui.web.language import LANGUAGES, PageLanguage
from ui.web.sign_in_texts import TEXTS

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)

_templates = Environment(
    loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def plain_page(template: str, language: PageLanguage, status: int = 200, **values: object) -> HTMLResponse:
    """`template` is a file beside this one; it gets the texts of the language as `t`, and the values. What a value holds is
    escaped."""
    other: PageLanguage = next(each for each in LANGUAGES if each != language)
    page = _templates.get_template(template).render(t=TEXTS[language], language=language, other=other, **values)
    return HTMLResponse(page, status, headers={"Content-Security-Policy": POLICY})
