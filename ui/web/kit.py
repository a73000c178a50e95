"""What pages that manage things share: `kit.js` builds them in the browser from the API's answers, `kit.css` is their look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import NamedTuple

import gradio as gr

from ui.web.language import PageLanguage


class Text(NamedTuple):
    """One text in both languages. The browser fills its `{}` fields, and chooses of "one|many" by the field `n`."""

    es: str
    en: str


Texts = Mapping[str, Mapping[str, Text]]
"""Texts by part of the page and name."""

KIT: Mapping[str, Text] = {
    "away": Text(
        "El servidor no responde: espere un momento y repita.", "The server does not answer: wait a moment and try again."
    ),
    "cancel": Text("Cancelar", "Cancel"),
    "close": Text("Cerrar", "Close"),
    "copied": Text("Copiado.", "Copied."),
    "copy": Text("Copiar", "Copy"),
    "next": Text("Siguiente", "Next"),
    "pages": Text("Páginas", "Pages"),
    "previous": Text("Anterior", "Previous"),
    "range_open": Text("{from}–{to}", "{from}–{to}"),
    "range": Text("{from}–{to} de {total}", "{from}–{to} of {total}"),
}


def canvas(name: str, texts: Texts, language: PageLanguage) -> None:
    """Adds to the open `gr.Blocks` the element in which `midas.start(name, ...)` builds, with its texts."""
    told = {
        part: {key: getattr(text, language) for key, text in named.items()} for part, named in {"kit": KIT, **texts}.items()
    }
    value = f'<div id="{name}" class="kit" data-texts="{escape(json.dumps(told, ensure_ascii=False))}"></div>'
    gr.HTML(value, elem_id=f"{name}-page", apply_default_css=False, js_on_load=None)
