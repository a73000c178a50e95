"""Which servers are trusted with a question when the line is encrypted."""

import asyncio
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from llama_index.core.base.llms.types import ChatMessage

from assistant.backends import make_backend
from assistant.backends.common.endpoint import Endpoint, tls_of
from assistant.config import Settings
from assistant.errors import BackendUnreachable
from tests.fake_openai import FakeOpenAI


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody else signed, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + datetime.timedelta(days=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(key.private_bytes(*form) + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def address(certificate: Path) -> Iterator[str]:
    config = uvicorn.Config(FakeOpenAI().app(), host="127.0.0.1", port=0, ssl_certfile=str(certificate), log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield f"https://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    server.should_exit = True
    thread.join()


def ask(address: str) -> str | None:
    section = {"kind": "openai-compatible", "model": "m", "base_url": address, "context_window": 2048}
    backend = make_backend("x", Settings(backends={"x": section}))
    return asyncio.run(backend.llm.achat([ChatMessage("¿?", role="user")])).message.content


def test_a_server_that_nobody_vouches_for_is_not_trusted(address) -> None:
    with pytest.raises(
        BackendUnreachable, match=r"has a certificate that can't be trusted \(.*\): .* SSL_CERT_FILE\."
    ) as caught:
        ask(address)
    assert caught.value.retry_after_s is None


def test_a_companys_own_authority_is_trusted(address, certificate, monkeypatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert ask(address) == "No lo sé."


def test_public_authorities_are_known_without_the_computers_help(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    context = tls_of("https://api.example.com/v1")
    assert isinstance(context, ssl.SSLContext) and len(context.get_ca_certs()) > 50
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname


def test_the_root_is_where_a_server_has_its_own_pages() -> None:
    roots = [Endpoint(f"http://h:1{path}", 1).root for path in ("/v1", "/v1/", "", "/", "/openai/v1/")]
    assert roots == ["http://h:1", "http://h:1", "http://h:1", "http://h:1", "http://h:1/openai"]
