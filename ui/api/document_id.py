"""Paths of routes that take a document by its id, beside those that take it by its source, which may hold slashes."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor

DOCUMENT = "document_id"
"""Name of the convertor."""


class _DocumentId(Convertor[str]):
    regex = "[0-9a-f]{20}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor(DOCUMENT, _DocumentId())
