"""The built-in Intercom service, unmodified, by commands alone, through an HTTPS proxy.

The proxy stands in for the network: it ends TLS with certificates of a test authority and hands
every request to the practice provider's application, which answers as Intercom does.
"""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cli_tools import Browser
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tui_oauth.practice.application import Application
from tui_oauth.practice.behaviour import Behaviour

HOSTS = ("app.eu.intercom.com", "api.eu.intercom.io", "api.intercom.io")


def test_intercom_from_create_to_token(shell, world):
    shell.run("init")
    created = shell.run("create", "my-intercom", "--service", "intercom", "--set", "region=eu")
    assert created.out == "Created my-intercom (Intercom): Not Configured\n"
    callback = shell.run("callback-url", "my-intercom").out.strip()
    assert callback.startswith("https://localhost:")
    app = world.application.register("Extract", callback)
    shell.run(
        "configure", "my-intercom", "--client-id", app.client_id, "--client-secret-stdin",
        stdin=f"{app.client_secret}\n",
    )  # fmt: skip
    shell.more = world.environ
    with shell.start("authorize", "my-intercom", "--json") as running:
        link = running.event()["authorization_url"]
        assert link.startswith("https://app.eu.intercom.com/oauth?")
        sent = parse_qs(urlsplit(link).query)
        assert set(sent) == {"client_id", "redirect_uri", "state"}
        certificate = shell.state / "callback" / "certificate.pem"
        browser = Browser(world.address, world.authority, certificate)
        page = browser.get(browser.consent(link))
        assert page.status == 200
        assert "Authorization Successful" in page.text
        assert running.event() == {
            "event": "authorized", "account": "Aurora Books", "scopes": [], "expires_at": None,
        }  # fmt: skip
        running.end()
    assert world.calls == [
        ("GET", "app.eu.intercom.com", "/oauth"),
        ("POST", "app.eu.intercom.com", "/oauth"),
        ("POST", "api.intercom.io", "/auth/eagle/token"),
        ("GET", "api.eu.intercom.io", "/me"),
    ]
    world.calls.clear()
    assert shell.run("check", "my-intercom").out.startswith("my-intercom: Aurora Books")
    assert world.calls == [("GET", "api.eu.intercom.io", "/me")]
    world.calls.clear()
    token = shell.run("token", "my-intercom").out.strip()
    assert world.application.store.grant_of(token) is not None
    assert shell.run("list", "--json").json[0]["status"] == "authorized"
    assert world.calls == []


def test_a_certificate_that_nobody_vouches_for_is_refused(shell, world):
    shell.run("init")
    shell.run("create", "x", "--service", "intercom", "--set", "region=eu")
    app = world.application.register("Extract", shell.run("callback-url", "x").out.strip())
    shell.run(
        "configure",
        "x",
        "--client-id",
        app.client_id,
        "--client-secret-stdin",
        stdin=app.client_secret,
    )
    before = shell.vault.read_bytes()
    shell.more = {"HTTPS_PROXY": world.environ["HTTPS_PROXY"]}
    with shell.start("authorize", "x", "--json") as running:
        link = running.event()["authorization_url"]
        browser = Browser(
            world.address, world.authority, shell.state / "callback" / "certificate.pem"
        )
        browser.get(browser.consent(link))
        assert running.event()["error"] == "provider_unreachable"
        done = running.end(11)
    assert "api.intercom.io" in done.err
    assert "certificate" in done.err
    assert ("POST", "api.intercom.io", "/auth/eagle/token") not in world.calls
    assert shell.vault.read_bytes() == before


class World:
    """The network beyond the proxy."""

    def __init__(self, folder: Path) -> None:
        self.application = Application(Behaviour(https_only=True))
        self.calls: list[tuple[str, str, str]] = []
        self.authority = folder / "authority.pem"
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*_certificates(self.authority, folder))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
        self.server.daemon_threads = True
        self.server.world = self  # type: ignore[attr-defined]

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.server.server_port

    @property
    def environ(self) -> dict[str, str]:
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self.server.server_port}",
            "SSL_CERT_FILE": str(self.authority),
        }


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    thread = threading.Thread(target=world.server.serve_forever, args=(0.02,))
    thread.start()
    yield world
    world.server.shutdown()
    world.server.server_close()
    thread.join()


class _Proxy(BaseHTTPRequestHandler):
    """CONNECT, then TLS as the named host, then requests."""

    protocol_version = "HTTP/1.1"
    server: ThreadingHTTPServer
    host = ""

    def do_CONNECT(self) -> None:
        self.host, _, port = self.path.partition(":")
        if self.host not in HOSTS or port != "443":
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        world: World = self.server.world  # type: ignore[attr-defined]
        try:
            self.connection = world.context.wrap_socket(self.connection, server_side=True)
        except OSError:  # the other side does not trust us
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb")
        self.close_connection = False

    def do_GET(self) -> None:
        self._hand_on()

    def do_POST(self) -> None:
        self._hand_on()

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.connection.close()

    def _hand_on(self) -> None:
        world: World = self.server.world  # type: ignore[attr-defined]
        target = urlsplit(self.path)
        assert self.headers["Host"] == self.host
        world.calls.append((self.command, self.host, target.path))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {**dict(self.headers.items()), "Host": "127.0.0.1"}
        reply = world.application.handle(self.command, target.path, target.query, headers, body)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()

    def log_message(self, *words: object) -> None:
        """Nothing is logged."""


def _certificates(authority: Path, folder: Path) -> tuple[Path, Path]:
    """Write a test authority to `authority`; certificate and key that it signed for `HOSTS`."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    usage = {
        "digital_signature": False, "content_commitment": False, "key_encipherment": False,
        "data_encipherment": False, "key_agreement": False, "key_cert_sign": False,
        "crl_sign": False, "encipher_only": False, "decipher_only": False,
    }  # fmt: skip
    ca = (
        _builder(name, name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**{**usage, "key_cert_sign": True}), critical=True)
        .add_extension(identifier, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    names = [*(x509.DNSName(host) for host in HOSTS), x509.IPAddress(ip_address("127.0.0.1"))]
    leaf = (
        _builder(x509.Name([]), name, key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{**usage, "digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())
    )
    authority.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    chain, private = folder / "hosts.pem", folder / "hosts.key"
    chain.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=1))
    )
