"""What the API says of itself at /openapi.json."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from ui.errors import ErrorBody

ERROR = {"application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorBody.__name__}"}}}
OTHERS = "Any other refusal: 409, 410, 413, 429 (with `Retry-After`), 500, 503"


class DescribedApi(FastAPI):
    """FastAPI supposes that errors have the media type of the answer, and that wrong requests are 422 in a format of its own:
    here all errors are JSON in OpenAI's format, and wrong requests are 400."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _mended(super().openapi())
        return self.openapi_schema


def _mended(schema: dict[str, Any]) -> dict[str, Any]:
    for operations in schema["paths"].values():
        for operation in operations.values():
            _tell_errors(operation)
    for unused in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(unused, None)
    return schema


def _tell_errors(operation: dict[str, Any]) -> None:
    """Of those that need a key; the others refuse nothing."""
    responses = operation["responses"]
    responses.pop("422", None)
    if "security" in operation:
        for status in ("400", "401", "403", "404"):
            responses[status]["content"] = ERROR
        responses["default"] = {"description": OTHERS, "content": ERROR}
