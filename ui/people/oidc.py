"""Signing in at a service that speaks OpenID Connect: authorization code with PKCE, state and nonce (extra `oidc`)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from assistant.config import OidcSettings
from ingest.errors import ConfigError, MissingExtra
from ui.people.errors import SignInFailed
from ui.person import Role

if TYPE_CHECKING:
    from authlib.integrations.starlette_client import StarletteOAuth2App

SIGNED_WITH = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures that only the service can make, whatever else it offers."""
TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Stranger:
    """Whom the service signed in. `groups` and `role` are None where Midas's admins look after them."""

    issuer: str
    subject: str
    name: str
    groups: tuple[str, ...] | None
    role: Role | None


class SignInService:
    """`start` and `finish` keep what belongs together in `request.session`, which the caller signs."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings

    async def start(self, request: Request, callback: str) -> Response:
        """Leads the browser to the service. Raises SignInFailed."""
        with _translated():
            await self._metadata()
            response: Response = await self._app.authorize_redirect(request, callback)
            return response

    async def finish(self, request: Request) -> Stranger:
        """Who came back with an answer of the service. Raises SignInFailed."""
        with _translated():
            await self._metadata()
            token = await self._app.authorize_access_token(request, claims_options=self._expected())
            return self._stranger(await self._claims(token))

    @cached_property
    def _app(self) -> StarletteOAuth2App:
        from authlib.integrations.starlette_client import OAuth

        settings = self._settings
        return OAuth().register(
            "midas",
            client_id=settings.client_id,
            client_secret=os.environ[settings.client_secret_env] if settings.client_secret_env else None,
            server_metadata_url=f"{settings.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": settings.scopes,
                "code_challenge_method": "S256",
                "timeout": TIMEOUT_SECONDS,
                "token_endpoint_auth_method": "client_secret_basic" if settings.client_secret_env else "none",
            },
        )

    async def _metadata(self) -> Mapping[str, Any]:
        """What the service tells of itself. It must be the one that is configured, and only strong signatures are taken."""
        metadata: dict[str, Any] = await self._app.load_server_metadata()
        if metadata.get("issuer") != self._settings.issuer:
            raise SignInFailed(f"The service calls itself {metadata.get('issuer')!r}: set access.oidc.issuer to that.")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [name for name in offered if name in SIGNED_WITH] or ["RS256"]
        return metadata

    def _expected(self) -> dict[str, dict[str, Any]]:
        return {
            "iss": {"essential": True, "value": self._settings.issuer},
            "aud": {"essential": True, "value": self._settings.client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "nonce": {"essential": True},
        }

    async def _claims(self, token: Mapping[str, Any]) -> Mapping[str, Any]:
        """Those of the signed token, and of the service's user info where the token has not all that is needed."""
        claims: Mapping[str, Any] | None = token.get("userinfo")
        if not claims:
            raise SignInFailed("The service sent no signed token.")
        needed = {self._settings.name_claim, self._settings.groups_claim} - {None}
        if needed <= set(claims) or not (await self._metadata()).get("userinfo_endpoint"):
            return claims
        more = await self._app.userinfo(token=token)
        if more.get("sub") != claims["sub"]:
            raise SignInFailed("The service's user info is about somebody else.")
        return {**more, **claims}

    def _stranger(self, claims: Mapping[str, Any]) -> Stranger:
        settings, name = self._settings, claims.get(self._settings.name_claim)
        if not isinstance(name, str) or not name:
            raise SignInFailed(
                f"The service sent no claim {settings.name_claim!r}: set access.oidc.name_claim to one it sends."
            )
        theirs = _names(claims.get(settings.groups_claim)) if settings.groups_claim else ()
        ours = tuple(settings.groups.get(group, group) for group in theirs) if settings.groups_claim else None
        return Stranger(settings.issuer, str(claims["sub"]), name, ours, self._role(theirs))

    def _role(self, groups: tuple[str, ...]) -> Role | None:
        if self._settings.admin_group in groups:
            return "admin"
        if self._settings.evaluator_group in groups:
            return "evaluator"
        return "employee" if self._settings.admin_group or self._settings.evaluator_group else None


def check_oidc(settings: OidcSettings) -> None:
    """Raises MissingExtra, and ConfigError where the secret is missing or a role needs groups that nobody sends."""
    if find_spec("authlib") is None:
        raise MissingExtra("authlib", "oidc", "Signing in with OpenID Connect")
    if settings.client_secret_env and settings.client_secret_env not in os.environ:
        raise ConfigError(f"The environment variable {settings.client_secret_env} is not set: put the client's secret into it.")
    if (settings.admin_group or settings.evaluator_group) and not settings.groups_claim:
        raise ConfigError("access.oidc.admin_group and evaluator_group need groups_claim: name the claim with the groups.")


def _names(claim: object) -> tuple[str, ...]:
    """A claim is a list of names, or one name."""
    names = claim if isinstance(claim, list) else [claim]
    return tuple(name for name in names if isinstance(name, str))


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever goes wrong with what a stranger or the service sent."""
    import httpx
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError

    try:
        yield
    except (
        AuthlibBaseError,
        JoseError,
        httpx.HTTPError,
        RuntimeError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise SignInFailed(f"{type(error).__name__}: {str(error)[:200]}") from error
