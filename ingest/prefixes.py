"""What a model was trained to see before a question and before a passage."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.config import EmbedderSettings


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Text put before each question and each passage."""

    query: str = ""
    passage: str = ""

    def to_query(self, text: str) -> str:
        """The text a model sees for a question."""
        return well_formed(self.query + text)

    def to_passages(self, texts: Sequence[str]) -> list[str]:
        """The texts a model sees for passages."""
        return [well_formed(self.passage + text) for text in texts]

    def configured(self, settings: EmbedderSettings) -> Prefixes:
        """These, unless the settings name others."""
        query = self.query if settings.query_prefix is None else settings.query_prefix
        return Prefixes(query, self.passage if settings.passage_prefix is None else settings.passage_prefix)

    def mark(self, own: Prefixes) -> str:
        """What passages embedded with another prefix than the model's own add to the embedder's name."""
        return "" if self.passage == own.passage else f":{self.passage.strip() or 'no prefix'}"


E5 = Prefixes("query: ", "passage: ")
_FAMILIES = {
    r"\be5\b": E5,
    r"\bnomic-embed-text\b": Prefixes("search_query: ", "search_document: "),
}


def family_prefixes(model: str) -> Prefixes:
    """The prefixes of the family that the model's name tells, none for others."""
    return next((prefixes for pattern, prefixes in _FAMILIES.items() if re.search(pattern, model.lower())), Prefixes())


def well_formed(text: str) -> str:
    """Lone surrogates, which have no UTF-8 form, become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
