"""All settings of the product: ingestion's, plus retrieval, answering, back ends and the server."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from ingest.config import IngestSettings, Section


class RetrievalSettings(Section):
    top_k: int = Field(8, ge=1, le=100, description="passages that a search returns")
    candidates: int = Field(50, ge=1, le=1000, description="hits taken from each leg before fusion")
    alpha: float = Field(0.7, ge=0, le=1, description="weight of the dense leg; the lexical leg has the rest")
    reranker: str | None = Field(None, description="cross-encoder (hub id or local path, extra `hf`); None means none")


class AnswerSettings(Section):
    evidence_tokens: int = Field(
        450, ge=50, description="most evidence a prompt may hold, in the model's tokens; a small window lowers it"
    )
    max_tokens: int = Field(200, ge=16, description="longest answer, in the model's tokens")
    history_turns: int = Field(3, ge=0, description="earlier questions and answers looked at to understand a follow-up")


class ServerSettings(Section):
    host: str = "127.0.0.1"
    port: int = Field(7860, ge=0, le=65535)
    allowed_hosts: list[str] = Field([], description="names that the server is called by; none: any, once people sign in")
    public_url: str | None = Field(
        None, pattern=r"^https?://[^/\s?#]+$", description="address that people type, without a slash at its end, for links"
    )
    tls_certificate: Path | None = Field(
        None, description="PEM file with the certificate and its chain; the page is then https"
    )
    tls_key: Path | None = Field(None, description="PEM file with the certificate's key, without a passphrase")

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("tls_certificate and tls_key need each other")
        return self


class UploadSettings(Section):
    files: int = Field(2000, ge=1, le=20_000, description="most files of one upload")
    total_bytes: int = Field(5 * 2**30, gt=0, description="most bytes of one upload; ingest.file_bytes limits each file")
    types: tuple[str, ...] = Field(
        (
            ".pdf", ".docx", ".pptx", ".xlsx", ".xlsm", ".csv", ".tsv", ".tab", ".html", ".htm", ".md", ".markdown", ".txt",
            ".text", ".log", ".json", ".jsonl", ".ndjson", ".eml",
        ),
        description="endings of file names that are taken; what a file is, its content decides",
    )  # fmt: skip


class WatchSettings(Section):
    seconds: float = Field(60.0, ge=1, description="time between two looks at a watched folder")
    settle_seconds: float = Field(5.0, ge=0, description="a file that was changed so recently is left for the next look")
    roots: tuple[Path, ...] = Field(
        (), description="folders of the server that admins may load and watch from the page, with all that is in them"
    )


class OidcSettings(Section):
    """A sign-in service that speaks OpenID Connect (extra `oidc`)."""

    issuer: str = Field(pattern=r"^https?://\S+$", description="address of the service, as it names itself in its tokens")
    client_id: str
    client_secret_env: str | None = Field(None, description="environment variable that holds the secret; None: public client")
    label: str = Field("OpenID Connect", min_length=1, description="name of the service on the sign-in page")
    scopes: str = Field("openid profile email", description="what is asked for")
    name_claim: str = Field("preferred_username", description="claim that becomes the name of the account")
    groups_claim: str | None = Field(None, description="claim with the names of the groups; None: they are looked after here")
    groups: dict[str, str] = Field({}, description="the service's name of a group -> Midas's; others keep their names")
    admin_group: str | None = Field(None, description="whoever the service puts into this group is an admin")
    evaluator_group: str | None = Field(None, description="whoever the service puts into this group is an evaluator")


class ProxySettings(Section):
    """A reverse proxy that has signed people in and says who they are in a header."""

    addresses: list[str] = Field(min_length=1, description="addresses or networks of the proxy; nobody else is believed")
    header: str | None = Field(None, description="header with the person's name; None: the proxy only forwards")
    groups_header: str | None = Field(None, description="header with the names of their groups, separated by commas")

    @field_validator("addresses")
    @classmethod
    def _addresses(cls, addresses: list[str]) -> list[str]:
        return [str(ip_network(address)) for address in addresses]


class AccessSettings(Section):
    """Who may come in."""

    sign_in: Literal["auto", "on", "off"] = Field(
        "auto", description="auto: off on this machine alone until there is an account"
    )
    session_idle_hours: float = Field(12, gt=0, description="a session that is not used ends after this time")
    session_hours: float = Field(168, gt=0, description="every session ends after this time")
    sign_in_failures: int = Field(
        10, ge=1, description="wrong passwords for a name from one address in 15 minutes; five times as many for either"
    )
    questions_per_minute: int = Field(30, ge=1, description="questions and searches of one person")
    oidc: OidcSettings | None = None
    proxy: ProxySettings | None = None


class RetentionSettings(Section):
    """How many days things are kept; None: until somebody deletes them."""

    conversations_days: int | None = Field(None, ge=1, description="conversations since their last question, and votes")
    audit_days: int | None = Field(None, ge=1, description="lines of the audit log")
    usage_days: int | None = Field(None, ge=1, description="counts of questions and tokens")


class InboxSettings(Section):
    unanswered: bool = Field(
        True, description="whether admins see questions that the documents don't answer, without who asked; people are told"
    )


def embedded_backend() -> dict[str, dict[str, Any]]:
    return {"local": {"kind": "llama-cpp", "model": "qwen2.5-coder-1.5b-instruct"}}


class Settings(IngestSettings):
    """Everything in `midas.toml`.

    A back end's section is checked by its own kind (see `assistant.backends`), but for `kind` and `fallback`: the names of
    those that answer in its place, in this order, when it can't.
    """

    retrieval: RetrievalSettings = RetrievalSettings()
    answer: AnswerSettings = AnswerSettings()
    server: ServerSettings = ServerSettings()
    uploads: UploadSettings = UploadSettings()
    watch: WatchSettings = WatchSettings()
    retention: RetentionSettings = RetentionSettings()
    inbox: InboxSettings = InboxSettings()
    access: AccessSettings = AccessSettings()
    backends: dict[str, dict[str, Any]] = Field(default_factory=embedded_backend)
    default_backend: str = "local"

    @field_validator("backends")
    @classmethod
    def _fallbacks_exist(cls, backends: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, section in backends.items():
            fallback = section.get("fallback", [])
            if not isinstance(fallback, list):
                raise ValueError(f"fallback of {name} must be a list of names of back ends")
            if wrong := [other for other in fallback if other == name or other not in backends]:
                others = ", ".join(other for other in backends if other != name) or "no others"
                raise ValueError(f"{name} can't fall back to {wrong[0]!r}, there are {others}")
        return backends

    def candidates(self, backend: str | None) -> tuple[str, ...]:
        """Who may answer, in order: this back end (None: the default one), then the fallbacks that its section names."""
        name = backend or self.default_backend
        return (name, *self.backends.get(name, {}).get("fallback", []))
