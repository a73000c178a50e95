"""What a reader is told of how an answer came about: a sentence each, in the language of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.errors import (
    BackendBusy,
    BackendTimeout,
    BackendUnavailable,
    BackendUnreachable,
    CollectionIsPrivate,
    PromptTooLong,
)
from assistant.prompts import Language
from ingest.errors import MidasError


@dataclass(frozen=True, slots=True)
class Failure:
    """A back end that could not answer. `begun` tells that a part of its answer was shown."""

    backend: str
    error: MidasError
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Phrases:
    """The sentences in one language. `reasons` go from the special to the general."""

    reasons: tuple[tuple[type[MidasError], str], ...]
    interrupted: str
    joint: str
    fallback: str
    shrunk: str
    forgotten: str
    withheld: str


PHRASES: dict[Language, Phrases] = {
    "es": Phrases(
        reasons=(
            (CollectionIsPrivate, "la colección «{collection}» es privada y «{backend}» está en la nube"),
            (BackendUnavailable, "«{backend}» ha fallado varias veces y está en pausa"),
            (BackendUnreachable, "no se puede contactar con «{backend}»"),
            (BackendTimeout, "«{backend}» tarda demasiado en responder"),
            (BackendBusy, "«{backend}» está saturado"),
            (PromptTooLong, "la pregunta no cabe en «{backend}»"),
            (MidasError, "«{backend}» ha fallado"),
        ),
        interrupted="la respuesta de «{backend}» se interrumpió",
        joint="{first} y {last}",
        fallback="{reasons}; en su lugar responde «{backend}».",
        shrunk="En «{backend}» caben {window} tokens: el modelo leyó {budget} tokens de los documentos en vez de {usual}.",
        forgotten="Lo hablado antes sobre colecciones privadas no se envió a «{backend}», que está en la nube.",
        withheld="Se ha retirado lo que procedía de documentos que usted ya no puede consultar.",
    ),
    "en": Phrases(
        reasons=(
            (CollectionIsPrivate, "collection “{collection}” is private and “{backend}” is in the cloud"),
            (BackendUnavailable, "“{backend}” failed several times and is being left alone"),
            (BackendUnreachable, "“{backend}” can't be reached"),
            (BackendTimeout, "“{backend}” takes too long to answer"),
            (BackendBusy, "“{backend}” has too much to do"),
            (PromptTooLong, "the question doesn't fit “{backend}”"),
            (MidasError, "“{backend}” failed"),
        ),
        interrupted="the answer of “{backend}” broke off",
        joint="{first} and {last}",
        fallback="{reasons}; “{backend}” answers in its place.",
        shrunk="“{backend}” holds {window} tokens: the model read {budget} tokens of the documents instead of {usual}.",
        forgotten="What was said before about private collections was not sent to “{backend}”, which is in the cloud.",
        withheld="What came from documents that you can no longer read has been removed.",
    ),
}


def fell_back(failures: Sequence[Failure], backend: str, language: Language) -> str:
    """Why `backend` answers: because these could not, which are one or more."""
    phrases = PHRASES[language]
    *others, last = (_reason(failure, phrases) for failure in failures)
    reasons = phrases.joint.format(first=", ".join(others), last=last) if others else last
    return _sentence(phrases.fallback.format(reasons=reasons, backend=backend))


def shrunk(backend: str, window: int, budget: int, usual: int, language: Language) -> str:
    """The window of `backend` left room for `budget` tokens of evidence, less than the `usual`."""
    return PHRASES[language].shrunk.format(backend=backend, window=window, budget=budget, usual=usual)


def forgotten(backend: str, language: Language) -> str:
    """Turns of the conversation were kept from `backend`."""
    return PHRASES[language].forgotten.format(backend=backend)


def withheld(language: Language) -> str:
    """Stands in place of what came from collections that the reader may no longer read."""
    return PHRASES[language].withheld


def _reason(failure: Failure, phrases: Phrases) -> str:
    if failure.begun:
        return phrases.interrupted.format(backend=failure.backend)
    pattern = next(phrase for kind, phrase in phrases.reasons if isinstance(failure.error, kind))
    return pattern.format(backend=failure.backend, collection=getattr(failure.error, "collection", ""))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
