"""A sign-in service on loopback that follows OpenID Connect Core 1.0 and RFC 7636 (PKCE), with settable faults."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT_ID = "midas"
CLIENT_SECRET = "a secret between Midas and the service"


class Provider:
    """Signs `person` in without asking. `claims` are put over those of the next token, `signed_by` another key over its own."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.person: dict[str, Any] = {"sub": "4711", "preferred_username": "nuria"}
        self.user_info: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.algorithm = "RS256"
        self.signed_by: RSAKey | OctKey | None = None
        self.issuer = ""
        self.codes: dict[str, dict[str, str]] = {}
        self.problems: list[str] = []

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "code_challenge_methods_supported": ["S256"],
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        for name, value in (("response_type", "code"), ("client_id", CLIENT_ID), ("code_challenge_method", "S256")):
            self.check(query.get(name) == value, f"authorize: {name}")
        self.check("openid" in query.get("scope", "").split(), "authorize: scope")
        self.check(all(len(query.get(name, "")) >= 20 for name in ("state", "nonce", "code_challenge")), "authorize: too short")
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """None where the client or the code is wrong."""
        asked = self.codes.pop(form.get("code", ""), None)
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET.replace(' ', '+')}".encode()).decode()
        plain = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if asked is None or authorization not in (f"Basic {expected}", f"Basic {plain}"):
            return None
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        )
        if challenge != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return None
        return {"access_token": "access", "token_type": "Bearer", "expires_in": 3600, "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 60,
            "nonce": nonce,
            **self.person,
            **self.claims,
        }
        if self.algorithm == "none":
            parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
            return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
        header = {"alg": self.algorithm, "kid": "one"}
        return jwt.encode(header, claims, self.signed_by or self.key, algorithms=[self.algorithm])

    def check(self, holds: bool, problem: str) -> None:
        if not holds:
            self.problems.append(problem)


@contextmanager
def running_provider() -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, query = urlsplit(self.path).path, _single(urlsplit(self.path).query)
            if path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif path == "/.well-known/openid-configuration":
                self._json(provider.metadata())
            elif path == "/jwks":
                self._json({"keys": [provider.key.as_dict(private=False)]})
            else:
                known = self.headers["Authorization"] == "Bearer access"
                self._json({"sub": provider.person["sub"], **provider.user_info} if known else None)

        def do_POST(self) -> None:
            form = _single(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._json(provider.token(form, self.headers.get("Authorization", "")))

        def _json(self, body: object) -> None:
            content = json.dumps(body or {"error": "invalid_grant"}).encode()
            self.send_response(200 if body else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _single(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query).items()}
