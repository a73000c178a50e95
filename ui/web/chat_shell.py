"""The chat's markup before anything is in it: conversations on the left, the conversation with the composer, the source on the
right. `chat*.js` fill it from the routes of `ui.web.chat`."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape

from ui.web.chat_texts import ChatTexts
from ui.web.icons import icon, sprite
from ui.web.language import PageLanguage


def shell(language: PageLanguage, texts: ChatTexts) -> str:
    """All of it, for one language."""
    told = escape(json.dumps(asdict(texts), ensure_ascii=False))
    return (
        f'{sprite()}<div id="chat" data-at="/page/{language}/chat" data-texts="{told}">'
        f'<h1 class="sr-only">{escape(texts.title)}</h1>'
        f'<div id="said" class="sr-only" role="status" aria-live="polite"></div>'
        f"{_side(texts)}{_talk(texts)}{_panel(texts)}"
        f'<div id="veil" hidden></div><div id="preview" role="tooltip" hidden></div>'
        f"{_delete_dialog(texts)}{_vote_dialog(texts)}{_templates(texts)}</div>"
    )


def _side(texts: ChatTexts) -> str:
    return (
        f'<aside id="side" aria-label="{escape(texts.conversations)}"><div class="side-head">'
        f'<button type="button" id="new" class="wide">{icon("new")}{escape(texts.new)}</button>'
        f"{_tool('hide-side', 'side', texts.hide_conversations)}</div>"
        f'<label class="search">{icon("search")}<span class="sr-only">{escape(texts.search)}</span>'
        f'<input type="search" id="search" placeholder="{escape(texts.search_hint)}" maxlength="200" autocomplete="off">'
        f"</label>"
        f'<nav id="list" aria-label="{escape(texts.conversations)}"></nav></aside>'
    )


def _talk(texts: ChatTexts) -> str:
    return (
        f'<section id="talk" aria-label="{escape(texts.title)}"><div id="trouble" role="alert" hidden></div>'
        f'<div id="bar">{_tool("show-side", "side", texts.show_conversations)}<p id="title"></p>'
        f"{_tool('new-small', 'new', texts.new)}</div>"
        f'<div id="scroll" tabindex="0" role="region" aria-label="{escape(texts.answer)}"><div id="thread"></div></div>'
        f'<div id="dock"><button type="button" id="jump" aria-label="{escape(texts.jump_down)}" hidden>{icon("fold")}</button>'
        f"{_composer(texts)}</div></section>"
    )


def _composer(texts: ChatTexts) -> str:
    return (
        f'<form id="composer"><label class="sr-only" for="question">{escape(texts.question)}</label>'
        f'<textarea id="question" rows="1" placeholder="{escape(texts.question_hint)}"'
        f' aria-describedby="keys"></textarea><span id="keys" class="sr-only">{escape(texts.keys_hint)}</span>'
        f'<div class="options">{_chooser("models", "model", texts.model)}{_chooser("collections", "books", texts.collections)}'
        f'<span class="grow"></span>'
        f'<button type="submit" id="send" class="round" aria-label="{escape(texts.send)}" disabled>{icon("send")}</button>'
        f'<button type="button" id="stop" class="round" aria-label="{escape(texts.stop)}" hidden>{icon("stop")}</button>'
        f'</div></form><p id="whereabouts"></p>'
    )


def _chooser(name: str, image: str, label: str) -> str:
    return (
        f'<details class="chooser" id="{name}"><summary>{icon(image)}<span class="sr-only">{escape(label)}: </span>'
        f'<span class="chosen"></span>{icon("fold")}</summary><div class="menu"></div></details>'
    )


def _panel(texts: ChatTexts) -> str:
    return (
        f'<aside id="panel" aria-label="{escape(texts.source)}" tabindex="-1" hidden>'
        f'<div class="panel-head"><p>{escape(texts.source)}</p>{_tool("close-panel", "close", texts.close)}</div>'
        f'<div class="panel-body"></div></aside>'
    )


def _delete_dialog(texts: ChatTexts) -> str:
    return (
        f'<dialog id="delete-dialog" aria-labelledby="delete-title"><form method="dialog">'
        f'<h2 id="delete-title">{escape(texts.delete_asked)}</h2><p class="told"></p><div class="buttons">'
        f'<button value="no" class="quiet" autofocus>{escape(texts.cancel)}</button>'
        f'<button value="yes" class="danger">{escape(texts.delete)}</button></div></form></dialog>'
    )


def _vote_dialog(texts: ChatTexts) -> str:
    reasons = "".join(
        f'<label><input type="radio" name="reason" value="{reason}"><span>{escape(label)}</span></label>'
        for reason, label in texts.reasons.items()
    )
    return (
        f'<dialog id="vote-dialog" aria-labelledby="vote-title"><form method="dialog">'
        f'<h2 id="vote-title">{escape(texts.vote_asked)}</h2><p>{escape(texts.vote_told)}</p>'
        f'<fieldset class="reasons"><legend class="sr-only">{escape(texts.vote_asked)}</legend>{reasons}</fieldset>'
        f'<label class="comment"><span>{escape(texts.comment)}</span>'
        f'<textarea name="comment" rows="3" maxlength="2000"></textarea></label><div class="buttons">'
        f'<button value="no" class="quiet">{escape(texts.cancel)}</button>'
        f'<button value="yes" class="primary">{escape(texts.send_vote)}</button></div></form></dialog>'
    )


def _templates(texts: ChatTexts) -> str:
    """A turn whose question was just sent, and the form to correct a question."""
    return (
        f'<template id="new-turn"><section class="turn" data-state="writing"><div class="asked"><h2 class="question">'
        f'<span class="sr-only">{escape(texts.you)}: </span></h2></div><div class="answered" aria-busy="true">'
        f'<h3 class="sr-only">{escape(texts.answer)}</h3><p class="notice" hidden></p><div class="text"></div>'
        f'<p class="state">{escape(texts.searching)}</p></div></section></template>'
        f'<template id="edit-form"><form class="edit"><label class="sr-only" for="edited">{escape(texts.edit)}</label>'
        f'<textarea id="edited" rows="2"></textarea><p>{escape(texts.edit_hint)}</p><div class="buttons">'
        f'<button type="button" class="quiet" data-do="keep">{escape(texts.cancel)}</button>'
        f'<button class="primary">{escape(texts.save)}</button></div></form></template>'
    )


def _tool(element_id: str, image: str, label: str) -> str:
    text = escape(label)
    return f'<button type="button" id="{element_id}" class="tool" aria-label="{text}" title="{text}">{icon(image)}</button>'
