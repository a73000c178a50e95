"""The page of those who compare language models. It is a row of tabs; `evaluate.js` fetches what is on them from
`ui.web.evaluate.parts`, for the person who looks."""

from __future__ import annotations

import json

import gradio as gr

from ui.house import House
from ui.web.evaluate.markup import e, join
from ui.web.evaluate.parts import TABS
from ui.web.evaluate_texts import EvaluateTexts
from ui.web.language import PageLanguage

SCRIPT_TEXTS = ("away", "again")


def evaluate_page(house: House, language: PageLanguage) -> None:
    """Fills the open `gr.Blocks`."""
    gr.HTML(shell(language), elem_id="evaluate-area", apply_default_css=False)


def shell(language: PageLanguage) -> str:
    """The tabs before anything is on them."""
    say = EvaluateTexts(language)
    told = json.dumps({name: say(name) for name in SCRIPT_TEXTS}, ensure_ascii=False)
    tabs = join(
        f'<a role="tab" id="tab-{name}" href="#{name}" aria-controls="ev-panel" aria-selected="false" tabindex="-1">'
        f"{e(say(f'tab.{name}'))}</a>"
        for name in TABS
    )
    return (
        f'<div id="evaluate" data-at="/page/{language}/evaluate" data-texts="{e(told)}">'
        f'<h1 class="sr-only">{e(say("tabs"))}</h1>'
        f'<div class="ev-tabs" role="tablist" aria-label="{e(say("tabs"))}">{tabs}</div>'
        '<div class="sr-only" role="status" aria-live="polite" id="ev-said"></div>'
        '<div id="ev-panel" role="tabpanel" tabindex="-1" aria-busy="true"></div>'
        '<dialog id="ev-dialog"><form method="dialog"><p></p><div class="ev-actions">'
        f'<button value="no" class="ev-button">{e(say("cancel"))}</button>'
        '<button value="yes" class="ev-button danger"></button></div></form></dialog></div>'
    )
