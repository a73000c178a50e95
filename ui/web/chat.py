"""The tab where people ask: question, streamed answer, citations, and the passage behind each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr

from assistant.errors import CollectionIsPrivate
from assistant.types import AnswerEvent, Event, Message, StatusEvent, TokenEvent
from ingest.collection import CollectionInfo
from ui.errors import told
from ui.service import LocalService, Question
from ui.views import BackendView
from ui.web.language import PageLanguage
from ui.web.render import Turn, panel, transcript, turn_html
from ui.web.texts import TEXTS, Texts

Update = dict[str, Any]
"""What Gradio takes as a change of a component."""


@dataclass(slots=True)
class Asking:
    """The question being answered; `begun`: something answers it. `forgotten`: the conversation is to be cleared.

    Stop and clear only say so here: what answers it then ends by itself, so that none of its updates comes after the last.
    """

    turn: Turn
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    begun: bool = False
    forgotten: bool = False


@dataclass(frozen=True, slots=True)
class ChatTab:
    """The components of the tab that other parts of the page change."""

    turns: gr.State
    past: gr.HTML
    live: gr.HTML
    panel: gr.HTML
    question: gr.Textbox
    send: gr.Button
    stop: gr.Button
    clear: gr.Button
    collections: gr.Dropdown
    backend: gr.Dropdown

    @property
    def translated(self) -> list[Any]:
        """What `translate` returns a change for, in this order."""
        return [self.past, self.panel, self.question, self.send, self.stop, self.clear, self.collections, self.backend]

    def translate(
        self,
        texts: Texts,
        turns: Sequence[Turn],
        collections: Sequence[CollectionInfo],
        backends: Sequence[BackendView],
        chosen: str,
    ) -> list[Any]:
        return [
            transcript(turns, texts),
            panel(texts),
            gr.update(placeholder=texts.question_hint, label=texts.question),
            gr.update(value=texts.send),
            gr.update(value=texts.stop),
            gr.update(value=texts.new_chat),
            gr.update(label=texts.collections, info=texts.collections_hint, choices=collection_choices(collections, texts)),
            gr.update(label=texts.backend, info=whereabouts(backends, chosen, texts), choices=backend_choices(backends, texts)),
        ]


def chat_tab(service: LocalService, language: gr.State) -> ChatTab:
    """Builds the tab inside the open `gr.Blocks`."""
    texts = TEXTS[language.value]
    backends = [view for view in service.backends() if not view.problem]
    chosen = backends[0].name if backends else None
    turns, pending = gr.State([]), gr.State(None)
    with gr.Row(elem_id="chat-area"):
        with gr.Column(scale=3, min_width=280, elem_id="chat-column"):
            past = gr.HTML(transcript([], texts), elem_id="past")
            live = gr.HTML("", elem_id="live")
            with gr.Row(elem_id="composer"):
                question = gr.Textbox(
                    placeholder=texts.question_hint, label=texts.question, show_label=False, autofocus=True, max_lines=6,
                    scale=1, max_length=4000, elem_id="question", container=False,
                )  # fmt: skip
                send = gr.Button(texts.send, variant="primary", elem_id="send")
                stop = gr.Button(texts.stop, variant="stop", visible=False, elem_id="stop")
            with gr.Row(elem_id="options"):
                collections = gr.Dropdown(
                    [], multiselect=True, label=texts.collections, info=texts.collections_hint, elem_id="collections", scale=1
                )
                backend = gr.Dropdown(
                    backend_choices(backends, texts), value=chosen, label=texts.backend, visible=len(backends) > 1,
                    info=whereabouts(backends, chosen, texts), elem_id="backend", filterable=False, scale=1,
                )  # fmt: skip
                clear = gr.Button(texts.new_chat, size="sm", elem_id="clear", scale=0)
        with gr.Column(scale=2, min_width=280, elem_id="panel-column"):
            passages = gr.HTML(panel(texts), elem_id="panel")
    tab = ChatTab(turns, past, live, passages, question, send, stop, clear, collections, backend)
    _wire(service, tab, pending, language)
    _tell_where(service, tab, language)
    return tab


def backend_choices(backends: Sequence[BackendView], texts: Texts) -> list[tuple[str, str]]:
    """What the menu shows of each back end, and its name."""
    return [(_menu_entry(view, texts), view.name) for view in backends if not view.problem]


def _menu_entry(view: BackendView, texts: Texts) -> str:
    place = f"☁ {texts.in_cloud}" if view.cloud else f"⌂ {texts.local}"
    return f"{view.name} · {place} · {view.model}"


def whereabouts(backends: Sequence[BackendView], chosen: str | None, texts: Texts) -> str:
    """Whether what is asked leaves the company."""
    cloud = any(view.cloud for view in backends if view.name == chosen)
    return texts.leaves if cloud else texts.stays


def collection_choices(collections: Sequence[CollectionInfo], texts: Texts) -> list[tuple[str, str]]:
    """What the menu shows of each collection, and its name."""
    return [(f"{info.name} ({texts.private})" if info.private else info.name, info.name) for info in collections]


def _tell_where(service: LocalService, tab: ChatTab, language: gr.State) -> None:
    def tell(chosen: str, code: PageLanguage) -> Update:
        return gr.update(info=whereabouts(service.backends(), chosen, TEXTS[code]))

    tab.backend.input(tell, [tab.backend, language], [tab.backend], show_progress="hidden", api_visibility="private")


def _wire(service: LocalService, tab: ChatTab, pending: gr.State, language: gr.State) -> None:
    buttons = [tab.send, tab.stop]

    async def answer(
        asking: Asking | None, turns: list[Turn], chosen: list[str], backend: str, code: PageLanguage
    ) -> AsyncGenerator[list[Any], None]:
        async with aclosing(_answer(service, asking, turns, chosen, backend, TEXTS[code])) as updates:
            async for update in updates:
                yield update

    started = gr.on(
        [tab.send.click, tab.question.submit],
        _start,
        [tab.question, tab.turns, pending, language],
        [tab.question, tab.past, tab.live, pending, *buttons],
        show_progress="hidden",
        concurrency_limit=None,
        api_visibility="private",
    )
    started.then(
        answer,
        [pending, tab.turns, tab.collections, tab.backend, language],
        [tab.past, tab.live, tab.turns, pending, *buttons],
        show_progress="hidden",
        concurrency_limit=None,
        api_visibility="private",
    )
    tab.stop.click(
        _stop,
        [pending, tab.turns, language],
        [tab.past, tab.live, tab.turns, pending, *buttons],
        show_progress="hidden",
        concurrency_limit=None,
        api_visibility="private",
    )
    tab.clear.click(
        _clear,
        [pending, language],
        [tab.past, tab.live, tab.turns, pending, *buttons, tab.panel],
        show_progress="hidden",
        concurrency_limit=None,
        api_visibility="private",
    )


async def _start(text: str, turns: list[Turn], pending: Asking | None, code: PageLanguage) -> list[Any]:
    """Shows the question at once; a question sent while another is being answered waits in the box."""
    if pending is not None or not text.strip():
        return _unchanged(6)
    turn = Turn(text.strip(), status=StatusEvent("searching"))
    html = turn_html(turn, len(turns), TEXTS[code])
    return ["", gr.skip() if turns else "", html, Asking(turn), *_buttons(working=True)]


async def _answer(
    service: LocalService, asking: Asking | None, turns: list[Turn], chosen: Sequence[str], backend: str, texts: Texts
) -> AsyncGenerator[list[Any], None]:
    if asking is None or asking.begun:
        yield _unchanged(6)
        return
    asking.begun = True
    asked = Question(asking.turn.question, history(turns), tuple(chosen) or None, backend)
    try:
        async with aclosing(service.stream(asked)) as events, aclosing(_until(asking.ended, events)) as heard:
            async for event in heard:
                asking.turn = after(asking.turn, event)
                if not asking.turn.answer:
                    html = turn_html(asking.turn, len(turns), texts)
                    yield [gr.skip(), html, *_unchanged(4)]
    except CollectionIsPrivate as error:
        asking.turn = replace(
            asking.turn, error=texts.private_refused.format(collection=error.collection, backend=error.backend)
        )
    except Exception as error:
        asking.turn = replace(asking.turn, error=told(error).message)
    yield _finished([] if asking.forgotten else [*turns, _ended(asking.turn)], texts)


async def _until(ended: asyncio.Event, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """The events until somebody ends it; waiting for the next one does not hold that up."""
    ending = asyncio.ensure_future(ended.wait())
    following: asyncio.Future[Event | None] | None = None
    try:
        while True:
            following = asyncio.ensure_future(anext(events, None))
            await asyncio.wait([ending, following], return_when=asyncio.FIRST_COMPLETED)
            if ending.done() or (event := following.result()) is None:
                return
            yield event
    finally:
        ending.cancel()
        if following:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def _ended(turn: Turn) -> Turn:
    """The turn as it stays in the transcript: without an answer or an error, somebody stopped it."""
    return replace(turn, stopped=not (turn.answer or turn.error), status=None)


def after(turn: Turn, event: Event) -> Turn:
    """The turn once the event has happened."""
    if isinstance(event, TokenEvent):
        return replace(turn, text=turn.text + event.text)
    if isinstance(event, AnswerEvent):
        return replace(turn, text=event.answer.text, answer=event.answer, status=None)
    if event.state == "fallback":
        return replace(turn, text="", status=event, notice=event.notice)
    return replace(turn, status=event)


def history(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """The answered turns as messages."""
    return tuple(message for turn in turns if turn.answer for message in turn.answer.exchange)


async def _stop(asking: Asking | None, turns: list[Turn], code: PageLanguage) -> list[Any]:
    if asking is None:
        return _finished(turns, TEXTS[code])
    asking.ended.set()
    return _unchanged(6)


async def _clear(asking: Asking | None, code: PageLanguage) -> list[Any]:
    if asking is None:
        return [*_finished([], TEXTS[code]), panel(TEXTS[code])]
    asking.forgotten = True
    asking.ended.set()
    return [*_unchanged(6), panel(TEXTS[code])]


def _unchanged(components: int) -> list[Any]:
    return [gr.skip() for _ in range(components)]


def _finished(turns: list[Turn], texts: Texts) -> list[Any]:
    return [transcript(turns, texts), "", turns, None, *_buttons(working=False)]


def _buttons(*, working: bool) -> list[Update]:
    return [gr.update(visible=not working), gr.update(visible=working)]
