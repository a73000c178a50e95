"""Orders to the model that stand in documents. What the model does not read it can't obey: they are left out of the evidence.

People still see the passage as it is. The rules look for what documents for people have no need to say: control tokens and
tags, somebody speaking to the assistant, of its prompt, its answer or the other excerpts, or telling it to forget something. A
manual for a hotline ("if a customer asks, reply that ...") stays, unless it stands beside such an order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from ingest.text import fold

GAP = "…"
"""Stands for what was left out."""

_LOOK_ALIKES = str.maketrans("асеорхуіјѕԁоαοειν", "aceopxyijsdoaoeiv")
"""Cyrillic and Greek letters that look like Latin ones."""
_FORGED = re.compile(r"\[\d{1,2}\][^\n]{1,200}\(\d{4}-\d\d-\d\d\):")
"""The beginning of an excerpt as prompts have it."""
_TAGS = re.compile(
    r"<\|[^|>]{1,40}\|>|\[/?INST\]|<</?SYS>>|</?(?:system|assistant|user|tool_call|tool_response|excerpts?|context|fragmentos?)\b",
    re.IGNORECASE,
)
_BRACKETED_NUMBER = re.compile(r"[\[【](\d{1,3})[\]】]")

_ANSWER = (
    r"(?:respond(?:e|es|er|eras)|contest(?:a|as|ar|aras)|di(?:le|les)?|digas|decir|escrib(?:e|es|ir)|imprim(?:e|es|ir)|repite|"
    r"anade|cita|traduce|habla|recomienda|menciones|reply|replies|respond|answer(?:ed|s)?|say|print|write|append|mention|repeat|"
    r"output|tell|reponds|respuestas?|escribirse|se contesta)"
)
_FORGET = (
    r"(?:ignora(?:r|ndo)?|ignores?|ignoring|olvida(?:r|te)?|forget|disregard|overrid(?:e|es|den)|desobedece|saltart?e|obedece|"
    r"obey|desc?odifica|decode|unrestricted|sin reglas|sin restricciones)"
)
_WHAT = (
    r"(?:instrucciones|indicaciones|reglas|normas|instructions|rules|prompt|fragmentos?|excerpts?|pregunta|question|"
    r"lo anterior|(?:demas|otras) filas|la tabla|the table|the rest|previous|above|modelo|model|asistente|assistant)"
)
_ADDRESSED = r"(?:asistente|assistant|ai assistants?|chatbot|bot|ia|ai|llm|modelo de lenguaje|language model)"
_ASKED = r"\b(?:si|cuando|al|a la|when(?:ever)?|if|to the|the)\b.{0,60}\b(?:pregunt\w+|question|ask(?:s|ed)?)\b"

_ORDERS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_FORGET}\b.{{0,60}}\b(?:{_WHAT}|{_ANSWER})\b",
        rf"\b{_ANSWER}\b.{{0,60}}\b{_FORGET}\b",
        rf"(?:^|[.:;(\"“¡!?\n] ?){_ADDRESSED} ?[:,]",
        rf"\b(?:instruccion(?:es)?|notas?|avisos?|instructions?|notes?)\b.{{0,30}}\b{_ADDRESSED}\b",
        rf"\b(?:this|este|el|the) {_ADDRESSED} (?:must|debe|should|siempre|always)\b",
        r"\b(?:as an ai|como (?:una )?ia|este asistente|this assistant|system prompt)\b",
        r"\b(?:developer mode|modo (?:\w+ ){0,2}desarrollador)\b",
        r"\b(?:tus|your) (?:initial |previous )?(?:instrucciones|instructions)\b",
        r"\b(?:tu respuesta|your (?:answer|reply|response)|(?:any|every|toda|cualquier) (?:answer|respuesta))\b",
        r"\b(?:any|every|cualquier|toda) (?:other |otra )?(?:question|pregunta)\b.{0,40}\b(?:es|is|siempre|always)\b",
        r"\b(?:end|fin|final) (?:of|de) (?:the |los )?(?:excerpts|fragmentos|context|contexto)\b",
        r"\b(?:ningun|los demas|otros?|other) (?:otro )?(?:fragmentos?|excerpts?)\b",
        rf"{_ASKED}.{{0,300}}\b{_ANSWER}\b.{{0,30}}"
        r"\b(?:only|solo|unicamente|exactly|siempre|always|can'?t find|no lo encuentr\w+)\b",
        rf"{_ASKED}.{{0,300}}\bdi que (?:no|nunca|ningun\w*)\b",
        r"(?:^|[.:;,\"] ?)(?:reply|answer|respond) (?:only|exactly|just)\b",
        rf"\b(?:prohibido|forbidden to) {_ANSWER}\b",
        rf"\b{_ANSWER}\b.{{0,40}}\b(?:la palabra|the word)\b",
        r"\b(?:a partir de ahora|desde ahora),? (?:tu )?(?:contestas|respondes|eres)\b",
        r"\bfrom now on,? (?:you )?(?:answer|reply|must|will|are)\b",
        r"\b(?:eres|you are) (?:ahora |now )?(?:una?|el|la|an?|the)\b.{0,80}\b(?:obedece|reglas|restric\w+|pirat[ae])\b",
    )
)
_BESIDE = re.compile(
    rf"\b(?:{_FORGET}|responde|contest(?:a|ar|are)|di|digas|decir|escribe|imprim[ea]|repite|menciones|reponds|reply|answer|say|write|"
    r"print|mention|reveal|respuesta|pregunt\w+|question|usuario|user|sistema|system)\b"
)
"""What a sentence has that only serves an order beside it."""


def without_orders(sentences: Sequence[str]) -> list[str]:
    """The sentences of a passage that the model may read; of one with a control token, what stands before it."""
    spared = [_TAGS.split(sentence, 1)[0].strip() for sentence in sentences]
    if not any(map(gives_orders, sentences)):
        return list(sentences)
    return [sentence for sentence in spared if sentence and not (gives_orders(sentence) or _BESIDE.search(_plain(sentence)))]


@lru_cache(maxsize=4096)
def gives_orders(text: str) -> bool:
    """Whether a sentence, a title or a cell speaks to the model instead of to people."""
    if _TAGS.search(text) or _FORGED.search(text):
        return True
    plain = _plain(text)
    return any(pattern.search(plain) for pattern in _ORDERS)


def row_without_orders(row: str) -> str:
    """A row of a Markdown table whose cells give no orders."""
    return "|".join(f" {GAP} " if gives_orders(cell) else cell for cell in row.split("|"))


def harmless(text: str) -> str:
    """The text on one line, without invisible letters, and without what could be taken for the number of an excerpt."""
    visible = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return _BRACKETED_NUMBER.sub(r"(\1)", visible)


def _plain(text: str) -> str:
    return fold(harmless(text)).translate(_LOOK_ALIKES)
