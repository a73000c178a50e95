"""The models of a server that serves what it was started with."""

from __future__ import annotations

from typing import NoReturn

from assistant.backends.common.manager import LoadedModel, ModelDetails, PullProgress, ServedModel
from assistant.backends.common.server import Server
from ingest.errors import ModelError


class FixedModels:
    """A ModelManager that tells what is served and changes nothing."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def installed(self) -> list[ServedModel]:
        names = self._server.models()
        if names is None:
            raise ModelError(f"{self._server.translator.where} doesn't tell its models: look into its own documentation.")
        return [ServedModel(name) for name in names]

    def show(self, name: str) -> ModelDetails:
        if name not in {model.name for model in self.installed()}:
            raise ModelError(f"{self._server.translator.where} doesn't serve the model {name!r}: see midas models list.")
        return ModelDetails(name, context_window=self._server.window())

    def pull(self, name: str, progress: PullProgress | None = None) -> None:
        self._refuse("fetch")

    def remove(self, name: str) -> int | None:
        self._refuse("delete")

    def loaded(self) -> list[LoadedModel]:
        return [LoadedModel(model.name) for model in self.installed()]

    def _refuse(self, what: str) -> NoReturn:
        start = self._server.dialect.start
        remedy = f"start it with the model you want ({start})" if start else "do it where that server runs"
        raise ModelError(f"{self._server.translator.where} can't {what} models from here: {remedy}.")
