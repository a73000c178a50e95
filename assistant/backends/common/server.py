"""What a server on OpenAI's wire tells of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from assistant.backends.common.backend import Health
from assistant.backends.common.dialect import Dialect, Fact, Fields, Page
from assistant.backends.common.endpoint import Endpoint
from assistant.backends.common.refusals import quoted
from assistant.backends.common.wire import Translator
from assistant.errors import BackendError, BackendRefused

NOTHING_THERE = (404, 405, 501)
"""How servers answer that have no such page. Whatever else they refuse they may tell another time."""


@dataclass(frozen=True)
class Server:
    """The server behind a back end. Everything here blocks, for `LONGEST_PAGE_S` seconds a page at most."""

    endpoint: Endpoint
    dialect: Dialect
    translator: Translator
    model: str

    def window(self) -> int | None:
        """Tokens that prompt and answer may have together; None when it doesn't tell. Raises BackendErrors."""
        refusals: list[BackendRefused] = []
        for page in self.dialect.windows:
            try:
                if window := self._fact(page):
                    return window
            except BackendRefused as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]
        return None

    def models(self) -> tuple[str, ...] | None:
        """Names of the models it serves; None when it doesn't tell. Raises BackendErrors."""
        page = self._read(f"{self.endpoint.base_url.rstrip('/')}/models")
        cards = page.get("data") if page else None
        return tuple(str(card.get("id")) for card in cards) if isinstance(cards, list) else None

    def health(self) -> Health:
        """Raises nothing. A server that refuses to tell is reachable."""
        try:
            version = self._fact(self.dialect.version) if self.dialect.version else None
            return Health(True, self.models(), version, self.window(), self._trouble())
        except BackendError as error:
            return Health(isinstance(error, BackendRefused), error=error.message)

    def _trouble(self) -> str | None:
        """What is wrong with a server that answers."""
        path = self.dialect.health
        answer = self._get(f"{self.endpoint.root}{path}" if path else f"{self.endpoint.base_url.rstrip('/')}/models")
        if answer.is_success:
            return None
        said = self.translator.safe(quoted(answer.status_code, answer.text))
        return f"{self.translator.where} is not well ({said}): check its key, its address and its log."

    def _fact(self, page: Page[Fact]) -> Fact | None:
        fields = self._read(f"{self.endpoint.root}{page.path}")
        with self.translator.translated(self.model):
            return page.read(fields, self.model) if fields else None

    def _read(self, url: str) -> Fields | None:
        """The JSON object at an address; None when there is none. Raises BackendErrors when it can't be had now."""
        answer = self._get(url)
        if not answer.is_success and answer.status_code not in NOTHING_THERE:
            raise self.translator.refusal(answer, self.model)
        try:
            fields: Any = answer.json() if answer.is_success else None
        except ValueError:
            return None
        return fields if isinstance(fields, dict) else None

    def _get(self, url: str) -> httpx.Response:
        with self.translator.translated(self.model):
            return self.endpoint.page(url)
