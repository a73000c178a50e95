"""Back ends and the state of the data directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from assistant.config import Settings
from ingest.config import config_file
from ingest.doctor import Finding
from ingest.errors import ConfigError
from ui import health, settings_file
from ui.backends import (
    BackendCheck,
    KindView,
    SectionView,
    check_new,
    kind_views,
    new_section,
    require,
    require_fallbacks,
    section_of,
    section_view,
)
from ui.desks.desk import Desk
from ui.evidence import EvidenceView
from ui.health import EmbedderState, HealthView
from ui.service import Question
from ui.settings_file import Section
from ui.views import BackendView

KEY_ENDING = "API_KEY"
"""How the variables end whose content may be sent to a back end that is set up from the page: no other secret does."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a change of the settings. `written`: the file has it. `effective`: it holds already; False when an
    environment variable says otherwise. `check` is what trying it showed; what does not work is not written."""

    written: bool
    effective: bool = False
    check: BackendCheck | None = None


class Operating(Desk):
    """For admins."""

    least = "admin"

    def backends(self) -> list[BackendView]:
        """All configured back ends, those with a problem too."""
        return self.house.service.backends()

    def check_backend(self, name: str) -> BackendCheck:
        """Tries a back end: some forty tokens. Blocks."""
        check = self.house.service.check_backend(name)
        self.house.ledger.audit(self.person, "backend_checked", name, "works" if check.works else "does not work")
        return check

    def kinds(self) -> list[KindView]:
        """The kinds of back ends there are, with the options of their sections."""
        return kind_views()

    def section(self, name: str) -> SectionView:
        """A back end's section, to be edited. Raises ConfigError."""
        return section_view(name, self.house.settings)

    def add_backend(self, name: str, kind: str, options: Mapping[str, str], *, tried: bool) -> Change:
        """Blocks while it is `tried`. Raises ConfigError."""
        self._check_key(options)
        section = new_section(name, kind, options, self.house.settings)
        write = partial(settings_file.add_backend, name=name, section=section)
        return self._write(name, section, write, "added", tried=tried)

    def change_backend(self, name: str, kind: str, options: Mapping[str, str], *, tried: bool) -> Change:
        """Blocks while it is `tried`. Raises ConfigError."""
        require(name, self.house.settings)
        self._check_key(options)
        section = section_of(kind, options)
        write = partial(settings_file.change_backend, name=name, section=section)
        return self._write(name, section, write, "changed", tried=tried)

    def _check_key(self, options: Mapping[str, str]) -> None:
        """Whatever the variable holds is sent to an address that was typed beside it: only keys of models may be. Raises
        ConfigError."""
        known = {section.get("api_key_env") for section in self.house.settings.backends.values()}
        name = options.get("api_key_env")
        if name and name not in known and not name.upper().endswith(KEY_ENDING):
            raise ConfigError(
                f"From here api_key_env names variables that end in {KEY_ENDING}: rename it, or use `midas backends add`."
            )

    def remove_backend(self, name: str) -> Change:
        """Raises ConfigError for the default one, and for one that others fall back to."""
        settings = self.house.settings
        require(name, settings)
        if name == settings.default_backend:
            raise ConfigError(f"{name!r} is the default back end: make another one the default first.")
        if users := [other for other in settings.backends if name in settings.candidates(other)[1:]]:
            raise ConfigError(f"{', '.join(users)} would fall back to {name!r}: change that first.")
        return self._settle(partial(settings_file.remove_backend, name=name), name, "removed")

    def set_default(self, name: str) -> Change:
        """Raises ConfigError."""
        require(name, self.house.settings)
        return self._settle(partial(settings_file.set_default, name=name), name, "made the default")

    async def evidence(self, question: Question) -> EvidenceView:
        """What the question would be answered from; no model is asked. Raises what `Assistant.find` raises."""
        return await self.house.service.evidence(question, self.person.access)

    def health(self) -> HealthView:
        """How the server and its machine are, at a glance."""
        service, settings = self.house.service, self.house.settings
        return HealthView(
            since=health.running_since(),
            now=datetime.now(UTC),
            versions=health.versions(),
            disk=health.disk(settings.home),
            memory=health.memory(),
            embedder=EmbedderState(settings.embedder.kind, settings.embedder.model, service.embeds),
            readiness=service.readiness(),
            lines=health.lines(service.opened()),
            jobs=self.house.jobs.pending(),
        )

    def doctor(self, *, repair: bool) -> list[Finding]:
        """Checks the data directory, and mends it with `repair`. Blocks; nothing is published meanwhile."""
        found = self.house.service.doctor(repair=repair)
        if repair:
            self.house.ledger.audit(self.person, "repaired", "", f"{sum(each.repaired for each in found)} findings")
        return found

    def _write(self, name: str, section: Section, write: Callable[[Path], None], what: str, *, tried: bool) -> Change:
        """Writes the section, unless it is tried and does not work. Raises ConfigError when it can't be."""
        require_fallbacks(name, section, self.house.settings)
        check = check_new(name, section, self.house.settings) if tried else None
        if check and not check.works:
            return Change(False, check=check)
        return self._settle(write, name, what, check)

    def _settle(self, write: Callable[[Path], None], name: str, what: str, check: BackendCheck | None = None) -> Change:
        """Writes, and takes over what the settings say then."""
        write(config_file())
        self.house.ledger.audit(self.person, "setting_changed", f"backends.{name}", what)
        written, loaded = settings_file.read(config_file()), Settings.load(home=self.house.settings.home)
        self.house.service.reconfigure(loaded)
        wanted = written.get("backends", {}).get(name) == loaded.backends.get(name)
        return Change(True, wanted and written.get("default_backend", loaded.default_backend) == loaded.default_backend, check)
