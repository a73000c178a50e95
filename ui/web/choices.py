"""What can be chosen for a question, and the welcome of a new conversation, as HTML."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from html import escape

from ingest.collection import CollectionInfo
from ui.views import BackendView
from ui.web.chat_texts import ChatTexts
from ui.web.icons import icon
from ui.web.render import badge

FAST_SECONDS = 5.0
"""Under it nobody looks for something else to do meanwhile."""
SLOW_SECONDS = 20.0


def models_menu(backends: Sequence[BackendView], paces: Mapping[str, float], texts: ChatTexts) -> str:
    """One is chosen, the default one at first. `paces` are the seconds that an answer of theirs took lately, by name."""
    clouds = {view.name for view in backends if view.cloud}
    items = "".join(_model(view, clouds, pace_text(paces.get(view.name), texts), texts) for view in backends)
    return f'<fieldset><legend class="sr-only">{escape(texts.model)}</legend>{items}</fieldset>'


def pace_text(seconds: float | None, texts: ChatTexts) -> str:
    """How fast a back end is, as measured."""
    if seconds is None:
        return texts.paces["unknown"]
    name = "fast" if seconds <= FAST_SECONDS else "slow" if seconds > SLOW_SECONDS else "comfortable"
    return texts.paces[name].format(seconds=max(1, round(seconds)))


def _model(view: BackendView, clouds: Collection[str], pace: str, texts: ChatTexts) -> str:
    told = _whereabouts(view, clouds, texts)
    leaves = told != texts.stays
    model = f"{view.model} · {texts.default}" if view.default else view.model
    return (
        f'<label data-leaves="{str(leaves).lower()}" data-where="{escape(told)}">'
        f'<input type="radio" name="model" value="{escape(view.name)}"'
        f"{' checked' if view.default else ''}><span><strong>{escape(view.name)}</strong>{badge(view.cloud, texts)}"
        f"<small>{escape(model)}</small><small>{escape(pace)}</small><small>{escape(told)}</small></span></label>"
    )


def _whereabouts(view: BackendView, clouds: Collection[str], texts: ChatTexts) -> str:
    """Where a question goes, also when another back end must answer it."""
    if view.cloud:
        return texts.leaves
    helper = next((name for name in view.fallback if name in clouds), None)
    return texts.may_leave.format(helper=helper) if helper else texts.stays


def collections_menu(collections: Sequence[CollectionInfo], texts: ChatTexts) -> str:
    """Any of them are chosen; none means all."""
    if not collections:
        return ""
    items = "".join(_collection(info, texts) for info in collections)
    return (
        f'<fieldset><legend class="sr-only">{escape(texts.collections)}</legend>'
        f'<p class="hint">{escape(texts.collections_hint)}</p>{items}</fieldset>'
    )


def _collection(info: CollectionInfo, texts: ChatTexts) -> str:
    private = f'<span class="badge private">{icon("lock")}{escape(texts.private)}</span>' if info.private else ""
    count = texts.document if info.documents == 1 else texts.documents.format(count=info.documents)
    told = f"<small>{escape(info.description)}</small>" if info.description else ""
    return (
        f'<label><input type="checkbox" value="{escape(info.name)}"><span><strong>{escape(info.name)}</strong>{private}'
        f"{told}<small>{escape(count)}</small></span></label>"
    )


def welcome(collections: Sequence[CollectionInfo], suggestions: Sequence[str], texts: ChatTexts) -> str:
    """With questions to begin with."""
    hint = texts.welcome_hint if collections else texts.no_documents
    items = "".join(f'<li><button type="button" class="ask">{escape(question)}</button></li>' for question in suggestions)
    first = f"<h3>{escape(texts.try_these)}</h3><ul>{items}</ul>" if items else ""
    return f'<div class="welcome"><h2>{escape(texts.welcome)}</h2><p>{escape(hint)}</p>{first}</div>'
