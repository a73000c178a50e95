"""What people are shown of the configured back ends."""

from __future__ import annotations

from collections.abc import Mapping

from assistant.backends import Backend, check_section
from assistant.config import Settings
from ingest.errors import ConfigError
from ui.views import BackendView


def views(settings: Settings, opened: Mapping[str, Backend]) -> list[BackendView]:
    """All of them, the default one first; those of a wrong section with their problem. Opens none."""
    found = [_view(name, settings, opened.get(name)) for name in settings.backends]
    return sorted(found, key=lambda view: not view.default)


def _view(name: str, settings: Settings, backend: Backend | None) -> BackendView:
    section = settings.backends[name]
    options, problem = None, None
    try:
        options = check_section(name, section)
    except ConfigError as error:
        problem = error.message
    return BackendView(
        name=name,
        kind=str(section.get("kind", "")),
        model=str(getattr(options, "model", "")),
        default=name == settings.default_backend,
        cloud=bool(getattr(options, "cloud", False)),
        address=getattr(options, "base_url", None),
        fallback=settings.candidates(name)[1:],
        state=backend.breaker.state if backend else None,
        last_error=backend.breaker.last_error if backend else None,
        last_error_at=backend.breaker.last_error_at if backend else None,
        problem=problem,
    )
