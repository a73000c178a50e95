"""SQuAD -> questions, and a document for every paragraph.

Version 1 (Rajpurkar et al. 2016, arXiv:1606.05250) and version 2 (Rajpurkar et al. 2018, arXiv:1806.03822), whose
`is_impossible` makes a question unanswerable; its `plausible_answers` are wrong by definition and stay out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from eval.facts import contains_facts, normalise
from eval.question_import import Imported, Options, Passage
from eval.questions import Question, Reference
from ingest.errors import ConfigError
from ingest.loaders.encoding import decode
from ingest.sentences import sentence_spans
from ingest.text import detect_language

_BOM = "\ufeff"


class _Answer(BaseModel):
    text: str
    answer_start: int = 0


class _Asked(BaseModel):
    id: str | int
    question: str
    answers: list[_Answer] = []
    is_impossible: bool = False


def read_squad(data: bytes, stem: str, options: Options) -> Imported:
    """Raises ConfigError when it is no SQuAD file; what is wrong below a paragraph is rejected one by one."""
    imported = Imported()
    for place, name, raw in _paragraphs(_articles(data, stem), imported):
        context = raw["context"].replace(_BOM, "").strip()
        imported.passages.append(Passage(name, context))
        for number, asked in enumerate(raw.get("qas") or [], 1):
            _take(imported, f"{place}, question {number}", asked, Passage(name, context), options)
    return imported


def _articles(data: bytes, stem: str) -> list[Any]:
    hint = "give a file in SQuAD's format, version 1 or 2"
    try:
        found = from_json(decode(data) or "")
    except ValueError as error:
        raise ConfigError(f"{stem}.json is not JSON ({error}): {hint}.") from error
    articles = found.get("data") if isinstance(found, dict) else None
    if not isinstance(articles, list) or not articles:
        raise ConfigError(f"{stem}.json has no list of articles under “data”: {hint}.")
    return articles


def _paragraphs(articles: list[Any], imported: Imported) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(where it stands, name of its document, the paragraph) of each paragraph that has a text."""
    for first, article in enumerate(articles, 1):
        paragraphs = article.get("paragraphs") if isinstance(article, dict) else None
        if not isinstance(paragraphs, list):
            imported.reject(f"article {first}", "It has no list of paragraphs: correct it.")
            continue
        folder = _folder(first, str(article.get("title") or ""))
        for second, paragraph in enumerate(paragraphs, 1):
            place = f"article {first}, paragraph {second}"
            if _has_text(paragraph):
                yield place, f"{folder}/{second:03}.txt", paragraph
            else:
                imported.reject(place, "It has no text under “context”, so its questions have nothing to be answered from.")


def _has_text(paragraph: object) -> bool:
    return isinstance(paragraph, dict) and isinstance(text := paragraph.get("context"), str) and bool(text.strip())


def _folder(number: int, title: str) -> str:
    slug = re.sub(r"[\W_]+", "-", normalise(title)).strip("-")[:60]
    return f"{number:03}-{slug}" if slug else f"{number:03}"


def _take(imported: Imported, place: str, raw: object, passage: Passage, options: Options) -> None:
    try:
        asked = _Asked.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        part = ".".join(map(str, first["loc"]))
        imported.reject(place, f"{f'Its {part}' if part else 'It'} is wrong ({first['msg']}): correct it.")
        return
    reason = _wrong(asked, passage.text)
    if reason:
        imported.reject(place, reason)
    else:
        imported.add(place, _question(asked, passage, options))


def _wrong(asked: _Asked, context: str) -> str | None:
    if not asked.question.strip():
        return "Its question is empty: write it, or take it out."
    if asked.is_impossible:
        return None
    answers = [answer for answer in asked.answers if answer.text.strip()]
    if not answers:
        return "It has no answer and does not say is_impossible: add either."
    if not any(answer.text.strip() in context for answer in answers):
        return f"Its answer “{answers[0].text.strip()}” is not in the paragraph: correct the answer or the paragraph."
    return None


def _question(asked: _Asked, passage: Passage, options: Options) -> Question:
    language = options.language or detect_language(passage.text)
    text = asked.question.strip()
    if asked.is_impossible:
        tags = ("squad", "unanswerable", *options.tags)
        return Question(id=str(asked.id), question=text, language=language, answerable=False, tags=tags)
    said = [answer for answer in asked.answers if answer.text.strip() and answer.text.strip() in passage.text]
    texts = Counter(answer.text.strip() for answer in said)
    reference = texts.most_common(1)[0][0]
    facts = tuple({normalise(text): text for text in texts}.values())
    return Question(
        id=str(asked.id),
        question=text,
        language=language,
        answerable=True,
        reference=reference,
        facts=(facts,) if contains_facts(reference, [facts]) else (),
        sources=(Reference(document=passage.name, quote=_sentence(passage.text, said[0])),),
        tags=("squad", *options.tags),
    )


def _sentence(context: str, answer: _Answer) -> str:
    """The sentences that the answer touches, as they stand in the paragraph."""
    text = answer.text.strip()
    start = min(
        (match.start() for match in re.finditer(re.escape(text), context)), key=lambda at: abs(at - answer.answer_start)
    )
    end = start + len(text)
    touched = [span for span in sentence_spans(context) if span[0] < end and span[1] > start]
    return context[touched[0][0] : touched[-1][1]]
