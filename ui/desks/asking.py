"""Questions, searches, and what one can choose for them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from assistant.types import Event
from ingest.collection import CollectionInfo
from ingest.types import Filter
from ui.desks.desk import Desk
from ui.service import Question
from ui.views import BackendView, SearchView


class Asking(Desk):
    """For everyone who is signed in."""

    for_asking = True

    def stream(self, question: Question) -> AsyncGenerator[Event, None]:
        """What happens until the answer, then the answer. Raises what `Assistant.stream` raises."""
        return self.house.service.stream(question, self.person.access)

    def search(self, query: str, collections: Sequence[str] | None, top_k: int | None, filter: Filter) -> SearchView:
        """The passages nearest to the query. Raises CollectionNotFound, ConfigError."""
        return self.house.service.search(query, collections, top_k, filter, self.person.access)

    def collections(self) -> list[CollectionInfo]:
        """Those that this person may read, by name."""
        return self.house.service.collections(self.person.access)

    def backends(self) -> list[BackendView]:
        """The configured back ends that can be chosen, the default one first."""
        return [view for view in self.house.service.backends() if not view.problem]
