"""HTTP and HTTPS on the one port, with the certificate made on this machine."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from callback_client import Client, SignIn, exchange

from tui_oauth.callback import connection
from tui_oauth.callback.certificate import CertificatePaths, ensure_certificate, tls_context
from tui_oauth.callback.server import CallbackServer

MakeServer = Callable[..., CallbackServer]


@pytest.fixture
def paths(tmp_path: Path) -> CertificatePaths:
    return ensure_certificate(tmp_path / "callback" / "certificate.pem", int(time.time()))


@pytest.fixture
def trusting(paths: CertificatePaths) -> ssl.SSLContext:
    """A client that was told to trust this certificate."""
    return ssl.create_default_context(cafile=str(paths.certificate))


@pytest.fixture
async def server(make_server: MakeServer, paths: CertificatePaths) -> CallbackServer:
    return make_server(certificate=lambda: tls_context(*paths))


async def test_rule_42_both_schemes_on_the_one_port(
    server: CallbackServer, client: Client, trusting: ssl.SSLContext
) -> None:
    plain, secure = SignIn(), SignIn()
    for each in (plain, secure):
        await server.expect(each.state, each.finish)
    name = f"localhost:{client.port}"
    over_tls = await client.get(secure.target, tls=trusting, host_header=name)
    assert over_tls.title == "Authorization Successful"
    assert (await client.get(plain.target)).title == "Authorization Successful"
    assert (await client.get("/", tls=trusting, host="::1")).status == 200
    assert (len(plain.got), len(secure.got)) == (1, 1)


async def test_rule_42_alpn_offers_http_1_1_only(
    sign_in: SignIn, client: Client, trusting: ssl.SSLContext
) -> None:
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    _reader, writer = await asyncio.open_connection(
        "127.0.0.1", client.port, ssl=trusting, server_hostname="localhost"
    )
    secured = writer.get_extra_info("ssl_object")
    assert secured.selected_alpn_protocol() == "http/1.1"
    assert secured.version() == "TLSv1.3"
    writer.transport.abort()
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2
    assert (await client.get(sign_in.target, tls=trusting)).status == 200


async def test_rule_42_old_tls_is_refused(sign_in: SignIn, client: Client) -> None:
    openssl = shutil.which("openssl")
    assert openssl is not None
    command = [openssl, "s_client", "-connect", f"127.0.0.1:{client.port}", "-tls1_1"]
    command += ["-cipher", "ALL:@SECLEVEL=0"]
    done = await asyncio.to_thread(
        subprocess.run, command, input=b"", capture_output=True, check=False, timeout=10
    )
    assert done.returncode != 0
    assert (await client.get(sign_in.target)).status == 200


async def test_rule_42_a_handshake_has_a_deadline(
    sign_in: SignIn, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    started = time.monotonic()
    assert await exchange(client.port, b"\x16\x03\x01\x02\x00") == b""
    assert time.monotonic() - started < 2
    assert sign_in.got == []


async def test_the_certificate_is_made_once_in_a_thread_when_tls_comes(
    make_server: MakeServer, paths: CertificatePaths, client: Client, trusting: ssl.SSLContext
) -> None:
    calls: list[threading.Thread] = []

    def make() -> ssl.SSLContext:
        calls.append(threading.current_thread())
        return tls_context(*paths)

    server, sign_in = make_server(certificate=make), SignIn()
    await server.expect(sign_in.state, sign_in.finish)
    assert (await client.get("/")).status == 200
    assert calls == []
    answers = await asyncio.gather(*(client.get("/", tls=trusting) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
    assert len(calls) == 1
    assert calls[0] is not threading.main_thread()


async def test_without_a_certificate_tls_is_turned_away(
    make_server: MakeServer, client: Client, trusting: ssl.SSLContext
) -> None:
    server, sign_in = make_server(), SignIn()
    await server.expect(sign_in.state, sign_in.finish)
    with pytest.raises((ConnectionError, ssl.SSLError)):
        await exchange(client.port, b"", tls=trusting)
    assert await server.load_certificate() is None
    assert (await client.get(sign_in.target)).status == 200


async def test_a_certificate_that_cannot_be_had_is_remembered_and_http_goes_on(
    make_server: MakeServer, client: Client, trusting: ssl.SSLContext, paths: CertificatePaths
) -> None:
    problems = [PermissionError("not yours"), PermissionError("still not")]

    def make() -> ssl.SSLContext:
        if problems:
            raise problems.pop()
        return tls_context(*paths)

    server, sign_in = make_server(certificate=make), SignIn()
    await server.expect(sign_in.state, sign_in.finish)
    with pytest.raises((ConnectionError, ssl.SSLError)):
        await exchange(client.port, b"", tls=trusting)
    assert isinstance(server.certificate_error, PermissionError)
    with pytest.raises(PermissionError):
        await server.load_certificate()
    assert (await client.get("/")).status == 200
    assert (await client.get(sign_in.target, tls=trusting)).title == "Authorization Successful"
    assert server.certificate_error is None
