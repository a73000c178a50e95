"""What people see of a collection before they ask: questions to begin with, and who knows more."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.prompts import LANGUAGES, Language
from assistant.suggestions import Suggestions
from ui.desks.desk import Desk


class Curating(Desk):
    """For admins. Everything raises CollectionNotFound."""

    least = "admin"

    def suggestions(self, collection: str) -> dict[Language, list[str]]:
        """The questions that admins wrote for a collection, in their order. Where there are none, its headings make some."""
        self.house.service.store().collection(collection)
        return {language: self._suggestions.written(collection, language) for language in LANGUAGES}

    def suggest(self, collection: str, language: Language, questions: Sequence[str]) -> None:
        """Replaces them; empty ones are left out."""
        tidy = dict.fromkeys(" ".join(question.split()) for question in questions if question.strip())
        self._suggestions.write(collection, language, list(tidy))
        self.house.ledger.audit(self.person, "suggestions_changed", collection, language)

    def set_contact(self, collection: str, contact: str) -> None:
        """Who knows more about its documents: told where they hold no answer. Empty: nobody in particular."""
        self.house.service.store().set_contact(collection, " ".join(contact.split()))
        self.house.ledger.audit(self.person, "collection_changed", collection, "contact")

    @property
    def _suggestions(self) -> Suggestions:
        return Suggestions(self.house.service.store())
