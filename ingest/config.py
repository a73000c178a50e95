"""Settings: `midas.toml`, overridden by `MIDAS_*` environment variables, overridden by flags.

Nested settings use two underscores in the environment: `MIDAS_EMBEDDER__KIND=ollama`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Self

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from ingest.errors import ConfigError


class Section(BaseModel):
    """A section of the configuration; an unknown key is an error, not a typo that is silently ignored."""

    model_config = ConfigDict(extra="forbid")


class EmbedderSettings(Section):
    kind: Literal["e5-onnx", "sentence-transformers", "openai-compatible", "ollama"] = "e5-onnx"
    model: str = Field("multilingual-e5-small", description="name, hub id or local path, as the kind takes it")
    base_url: str | None = Field(None, description="address of the server, for openai-compatible and ollama")
    api_key_env: str | None = Field(None, description="name of the environment variable that holds the key")
    query_prefix: str | None = Field(None, description="text put before each question; None means the model's own")
    passage_prefix: str | None = Field(None, description="text put before each passage; None means the model's own")


class ChunkingSettings(Section):
    tokens: int = Field(220, ge=40, le=2000, description="largest chunk, in the embedder's tokens, heading path included")


class IngestLimits(Section):
    file_bytes: int = Field(200 * 2**20, gt=0, description="larger files are refused")
    expanded_bytes: int = Field(1 * 2**30, gt=0, description="largest unpacked size of a zipped format (DOCX, XLSX, PPTX)")
    text_chars: int = Field(20_000_000, gt=0, description="largest text of one document")
    parse_seconds: float = Field(120.0, gt=0, description="longest time a file may take to parse")
    parse_memory_bytes: int = Field(2 * 2**30, gt=0, description="memory a parsing process may use")
    workers: int = Field(0, ge=0, description="parsing processes; 0 means one per core, at most four")
    keep_originals: bool = Field(True, description="whether uploaded files are kept, to be shown and downloaded")


class StoreSettings(Section):
    chroma_url: str | None = Field(None, description="address of a `chroma run` server; None means embedded")


class IngestSettings(BaseSettings):
    """What ingestion needs to know. `assistant.config.Settings` adds the rest."""

    model_config = SettingsConfigDict(env_prefix="MIDAS_", env_nested_delimiter="__", extra="forbid")

    home: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("midas", appauthor=False)))
    embedder: EmbedderSettings = EmbedderSettings()
    chunking: ChunkingSettings = ChunkingSettings()
    ingest: IngestLimits = IngestLimits()
    store: StoreSettings = StoreSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=config_file())

    @classmethod
    def load(cls, **overrides: Any) -> Self:
        """Reads file and environment. Raises ConfigError naming the key that is wrong."""
        try:
            settings = cls(**overrides)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"])
            problem = first["msg"].removeprefix("Value error, ")
            raise ConfigError(f"Setting {key!r} is wrong ({problem}): correct it in {config_file()} or in MIDAS_*.") from error
        except ValueError as error:
            raise ConfigError(f"{config_file()} can't be read ({error}): correct the file.") from error
        settings.home = settings.home.expanduser().absolute()
        return settings


def config_file() -> Path:
    """`MIDAS_CONFIG`, else `./midas.toml` when it exists, else `midas.toml` in the user's configuration directory."""
    if named := os.environ.get("MIDAS_CONFIG"):
        return Path(named)
    here = Path("midas.toml")
    return here.absolute() if here.exists() else Path(platformdirs.user_config_dir("midas", appauthor=False)) / "midas.toml"
