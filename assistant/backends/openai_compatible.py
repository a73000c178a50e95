"""Kind `openai-compatible`: any server that speaks OpenAI's chat completions (LM Studio, llama-server, SGLang...)."""

from __future__ import annotations

from assistant.backends.common.backend import Backend
from assistant.backends.common.capabilities import Capabilities
from assistant.backends.common.dialect import Dialect
from assistant.backends.common.remote import RemoteOptions, build_remote
from assistant.config import Settings


class Options(RemoteOptions):
    """Nothing of its own."""


CAPABILITIES = Capabilities(lists_models=True, stop=True, notes=("What a server can do is known when it is checked.",))
DIALECT = Dialect("openai-compatible", CAPABILITIES)


def build(name: str, options: Options, settings: Settings) -> Backend:
    """Raises what `build_remote` raises."""
    return build_remote(name, options, DIALECT)
