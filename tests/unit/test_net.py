"""Sending requests, against real servers on loopback that misbehave."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.providers.misbehaving import (
    Conversation,
    answering,
    certificate,
    dripping,
    endless,
    reset,
    serving,
    silence,
)
from tui_oauth import __version__, net
from tui_oauth.errors import ProviderUnreachable, UsageProblem
from tui_oauth.oauth.http import Request, Response

NOTHING: dict[str, str] = {}


def post(url: str, **headers: str) -> Request:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("POST", url, "token request", given, b"code=the-code")


async def send(request: Request, environ: dict[str, str] = NOTHING, **limits: Any) -> Response:
    return await net.send(request, environ=environ, **limits)


async def failure(request: Request, environ: dict[str, str] = NOTHING, **limits: Any) -> Any:
    with pytest.raises(ProviderUnreachable) as caught:
        await send(request, environ, **limits)
    assert "the-code" not in str(caught.value)
    assert str(caught.value).isprintable()
    return caught.value


async def test_an_answer_comes_back_whole() -> None:
    behaviour = answering(b'{"a":1}', "201 Created", "X-One: 1", "X-One: 2")
    with serving(behaviour) as server:
        response = await send(post(server.url + "/token?x=1", Accept="application/json"))
    assert (response.status, response.body) == (201, b'{"a":1}')
    assert response.headers["x-one"] == "1, 2"
    assert (response.host, response.step) == (f"127.0.0.1:{server.port}", "token request")
    head, body = server.requests[0]
    assert head.startswith(b"POST /token?x=1 HTTP/1.1\r\n")
    assert b"accept: application/json" in head.lower()
    assert head.lower().count(b"accept:") == 1
    assert body == b"code=the-code"


async def test_rule_70_and_74_nothing_of_the_environment_goes_along(home: Path) -> None:
    (home / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (home / ".netrc").chmod(0o600)
    with serving(answering()) as server:
        await send(post(server.url))
    head = server.requests[0][0].lower()
    assert f"user-agent: tui-oauth/{__version__}".encode() in head
    assert b"accept-encoding: identity" in head
    for unwanted in (b"cookie", b"referer", b"authorization", b"python", b"httpx"):
        assert unwanted not in head


async def test_rule_74_a_declared_user_agent_replaces_ours() -> None:
    with serving(answering()) as server:
        await send(post(server.url, user_agent="special/1"))
    assert server.requests[0][0].lower().count(b"user-agent:") == 1
    assert b"special/1" in server.requests[0][0]


async def test_rule_70_a_cookie_is_not_returned() -> None:
    with serving(answering(b"{}", "200 OK", "Set-Cookie: a=b; Path=/")) as server:
        first = await send(post(server.url))
        await send(post(server.url))
    assert "set-cookie" not in first.headers
    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1][0].lower()


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 T", "308 P"])
async def test_rule_66_a_redirect_is_not_followed(status: str) -> None:
    with serving(answering()) as target:
        location = f"Location: {target.url}/elsewhere"
        with serving(answering(b"", status, location)) as server:
            response = await send(post(server.url))
    assert response.status == int(status[:3])
    assert response.headers["location"] == f"{target.url}/elsewhere"
    assert target.connections == 0


DRIPPING = {
    "body": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
    "chunks": dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "headers": dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "one header": dripping(b"HTTP/1.1 200 OK\r\nX-A: "),
    "interim answers": dripping(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "silence": silence,
}


@pytest.mark.parametrize("behaviour", DRIPPING.values(), ids=DRIPPING.keys())
async def test_rule_68_the_deadline_is_for_the_whole_exchange(behaviour: Any) -> None:
    with serving(behaviour) as server:
        began = time.monotonic()
        error = await failure(post(server.url), deadline=0.5)
        took = time.monotonic() - began
    assert took < 2.5
    assert error.sent
    assert f"127.0.0.1:{server.port} gave no complete answer" in error.message
    assert "within 0.5 s" in error.message


async def test_rule_68_a_cancelled_request_ends_at_once_and_the_loop_stays_alive() -> None:
    with serving(silence) as server:
        task = asyncio.create_task(send(post(server.url), deadline=30))
        async with asyncio.timeout(5):
            while not server.arrived.is_set():
                await asyncio.sleep(0.01)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 1


PLAIN = b"HTTP/1.1 200 OK\r\n\r\n"
PACKED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"


@cache
def bomb() -> bytes:
    """Made when it is asked for: it takes a second, and every worker collects this module."""
    return gzip.compress(bytes(200_000_000), 9)


def packed_bomb(conversation: Conversation) -> None:
    answering(bomb(), "200 OK", "Content-Encoding: gzip")(conversation)


def packed_bombs(conversation: Conversation) -> None:
    endless(PACKED, bomb())(conversation)


HUGE = {
    "10 MB": (answering(bytes(10_000_000)), 1_048_576),
    "endless": (endless(PLAIN, bytes(65_536)), 1_048_576),
    "gzip bomb": (packed_bomb, 1_048_576),
    "gzip bomb, endless": (packed_bombs, 1_048_576),
    "error page": (answering(bytes(300_000), "500 Oops"), 1_048_576),
    "one byte too much": (answering(bytes(1001)), 1000),
}


@pytest.mark.parametrize(("behaviour", "limit"), HUGE.values(), ids=HUGE.keys())
async def test_rule_69_a_huge_body_is_stopped_early(behaviour: Any, limit: int) -> None:
    with serving(behaviour) as server:
        await failure(post(server.url), max_bytes=limit)  # imports what the first request imports
        tracemalloc.start()
        try:
            error = await failure(post(server.url), max_bytes=limit, deadline=10)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert "more than" in error.message
    assert error.sent
    assert peak < 20_000_000


async def test_rule_69_the_limit_itself_is_allowed() -> None:
    with serving(answering(bytes(1000))) as server:
        assert len((await send(post(server.url), max_bytes=1000)).body) == 1000


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (gzip.compress(b'{"a":1}', mtime=0), "gzip"),
        (gzip.compress(b'{"a":1}', mtime=0), "X-GZIP"),
        (zlib.compress(b'{"a":1}'), "deflate"),
        (b'{"a":1}', "identity"),
    ],
    ids=str,
)
async def test_an_encoding_that_was_not_asked_for_is_still_read(
    packed: bytes, encoding: str
) -> None:
    with serving(answering(packed, "200 OK", f"Content-Encoding: {encoding}")) as server:
        assert (await send(post(server.url))).body == b'{"a":1}'


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip"])
async def test_an_encoding_that_cannot_be_read_is_an_error(encoding: str) -> None:
    with serving(answering(b"no", "200 OK", f"Content-Encoding: {encoding}")) as server:
        error = await failure(post(server.url))
    assert error.sent


async def test_rule_62_a_reset_after_the_request_is_one_request_and_counts_as_sent() -> None:
    with serving(reset) as server:
        error = await failure(post(server.url))
    assert len(server.requests) == 1
    assert server.connections == 1
    assert error.sent
    assert "may have arrived" in error.advice


def garbage(conversation: Conversation) -> None:
    conversation.write(b"\x16\x03\x01 what is this\r\n\r\n")


def cut(conversation: Conversation) -> None:
    conversation.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")


@pytest.mark.parametrize("behaviour", [garbage, cut, lambda conversation: None])
async def test_what_is_no_whole_answer_is_an_error_after_sending(behaviour: Any) -> None:
    with serving(behaviour) as server:
        error = await failure(post(server.url))
    assert f"127.0.0.1:{server.port}" in error.message
    assert "token request" in error.message
    assert error.sent


async def test_a_refused_connection_was_surely_not_sent(free_port: int) -> None:
    error = await failure(post(f"http://127.0.0.1:{free_port}/token"))
    assert not error.sent
    assert f"127.0.0.1:{free_port} could not be reached for the token request" in error.message
    assert "may have arrived" not in error.advice


async def test_a_port_that_accepts_nothing_was_surely_not_sent() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        # A full backlog: the next connection hangs.
        filling = []
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
            filling.append(filler)
        error = await failure(post(f"http://127.0.0.1:{port}"), deadline=0.4)
        for filler in filling:
            filler.close()
    assert not error.sent


@pytest.mark.parametrize(
    "url", ["http://as.example.test/token", "https://a:b@127.0.0.1/", "ftp://127.0.0.1/", "x", ""]
)
async def test_rule_65_an_address_without_tls_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(UsageProblem, match="token request address"):
        await send(post(url))


async def test_a_header_that_would_break_out_is_refused() -> None:
    with serving(answering()) as server:
        with pytest.raises(UsageProblem, match="Authorization"):
            await send(post(server.url, Authorization="Bearer a\r\nX-Evil: 1"))
        assert server.connections == 0


async def test_rule_64_a_self_signed_certificate_is_refused(tmp_path: Path) -> None:
    made = certificate(tmp_path)
    with serving(answering(), made.context) as server:
        error = await failure(post(server.url))
    assert "self-signed" in error.message
    assert "SSL_CERT_FILE" in error.advice
    assert f"127.0.0.1:{server.port}" in error.message
    assert not error.sent
    assert server.requests == []


async def test_rule_64_a_certificate_file_of_the_person_is_trusted(tmp_path: Path) -> None:
    made = certificate(tmp_path)
    with serving(answering(b"{}"), made.context) as server:
        response = await send(post(server.url), {"SSL_CERT_FILE": str(made.path)})
    assert response.body == b"{}"


@pytest.mark.parametrize(
    ("host", "expired", "words"),
    [
        ("127.0.0.2", False, "another host"),
        ("as.example", False, "another host"),
        ("127.0.0.1", True, "expired"),
    ],
)
async def test_rule_64_wrong_host_and_expired_are_told_apart(
    tmp_path: Path, host: str, expired: bool, words: str
) -> None:
    made = certificate(tmp_path, host, expired=expired)
    with serving(answering(), made.context) as server:
        error = await failure(post(server.url), {"SSL_CERT_FILE": str(made.path)})
    assert words in error.message
    assert not error.sent
    assert server.requests == []


async def test_rule_64_a_broken_certificate_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.pem", tmp_path / "bad.pem"):
        (tmp_path / "bad.pem").write_text("not a certificate")
        with pytest.raises(UsageProblem, match="SSL_CERT_FILE=") as caught:
            await send(post("https://127.0.0.1:1/"), {"SSL_CERT_FILE": str(path)})
        assert path.name in caught.value.message


async def test_https_to_a_port_that_speaks_http_is_explained() -> None:
    with serving(answering()) as server:
        error = await failure(post(server.url.replace("http:", "https:")), deadline=8)
    assert not error.sent
    assert "encrypted" in error.message


async def test_rule_71_loopback_never_goes_through_a_proxy(free_port: int) -> None:
    closed = f"http://127.0.0.1:{free_port}"
    environ = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"), closed)
    with serving(answering(b"direct")) as server:
        assert (await send(post(server.url), environ)).body == b"direct"


async def test_rule_71_a_proxy_that_is_not_there_is_named_without_its_password(
    free_port: int,
) -> None:
    environ = {"HTTPS_PROXY": f"http://me:hunter2@127.0.0.1:{free_port}"}
    error = await failure(post("https://as.example/token"), environ)
    assert f"as.example (through the proxy 127.0.0.1:{free_port})" in error.message
    assert "hunter2" not in str(error)
    assert not error.sent
    assert "proxy" in error.advice


async def test_rule_71_the_proxy_is_asked_to_connect_and_learns_no_more() -> None:
    with serving(answering(b"", "407 Proxy Authentication Required")) as proxy:
        error = await failure(post("https://as.example/token"), {"https_proxy": proxy.url})
    head, body = proxy.requests[0]
    assert head.startswith(b"CONNECT as.example:443 ")
    assert b"the-code" not in head + body
    assert "407" in error.message
    assert not error.sent


P = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://a.example/", {}, None),
        ("https://a.example/", {"HTTPS_PROXY": P}, P),
        ("https://a.example/", {"https_proxy": P, "HTTPS_PROXY": "http://other:1"}, P),
        ("https://a.example/", {"HTTP_PROXY": P}, None),
        ("https://a.example/", {"ALL_PROXY": P}, P),
        ("https://a.example/", {"all_proxy": "http://o:1", "https_proxy": P}, P),
        ("https://a.example/", {"https_proxy": "proxy.example:3128"}, P),
        ("https://a.example/", {"https_proxy": P, "NO_PROXY": "*"}, None),
        ("https://a.example/", {"https_proxy": P, "NO_PROXY": "b.example, a.example"}, None),
        ("https://x.a.example/", {"https_proxy": P, "NO_PROXY": "a.example"}, None),
        ("https://x.a.example/", {"https_proxy": P, "NO_PROXY": ".a.example"}, None),
        ("https://x.a.example/", {"https_proxy": P, "NO_PROXY": "*.a.example"}, None),
        ("https://xa.example/", {"https_proxy": P, "NO_PROXY": "a.example"}, P),
        ("https://a.example/", {"https_proxy": P, "NO_PROXY": "A.EXAMPLE:443"}, None),
        ("https://a.example/", {"https_proxy": P, "NO_PROXY": "a.example:8443"}, P),
        ("https://a.example:8443/", {"https_proxy": P, "no_proxy": "a.example:8443"}, None),
        ("https://10.1.2.3/", {"https_proxy": P, "no_proxy": "10.0.0.0/8"}, None),
        ("https://11.1.2.3/", {"https_proxy": P, "no_proxy": "10.0.0.0/8,,:"}, P),
        ("https://[2001:db8::7]/", {"https_proxy": P, "no_proxy": "[2001:db8::7]:443"}, None),
        ("https://[2001:db8::7]/", {"https_proxy": P, "no_proxy": "2001:db8::/32"}, None),
        ("https://localhost/", {"https_proxy": P}, None),
        ("https://127.0.0.1/", {"all_proxy": P}, None),
        ("https://[::1]:8/", {"all_proxy": P}, None),
    ],
)
def test_rule_71_the_proxy_follows_from_the_environment(
    url: str, environ: dict[str, str], proxy: str | None
) -> None:
    assert net.choose_proxy(url, environ) == proxy


@pytest.mark.parametrize("value", ["socks5://p:1", "http://", "http://p:99999", "http://p\x1b:1"])
def test_rule_71_a_proxy_that_cannot_be_used_is_a_clear_error(value: str) -> None:
    with pytest.raises(UsageProblem, match="HTTPS_PROXY") as caught:
        net.choose_proxy("https://a.example/", {"HTTPS_PROXY": value})
    assert value not in caught.value.message


def test_fetch_works_without_a_loop() -> None:
    with serving(answering(b"sync")) as server:
        assert net.fetch(post(server.url), environ=NOTHING).body == b"sync"


async def test_fetch_works_where_a_loop_runs_and_raises_the_same_errors(free_port: int) -> None:
    with serving(answering(b"sync")) as server:
        assert net.fetch(post(server.url), environ=NOTHING).body == b"sync"
    with pytest.raises(ProviderUnreachable):
        net.fetch(post(f"http://127.0.0.1:{free_port}"), environ=NOTHING)
    assert not [thread for thread in threading.enumerate() if thread.name == "tui-oauth-fetch"]


def test_rule_68_a_name_that_is_looked_up_for_ever_does_not_outlast_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = threading.Event()

    def slow(*args: object, **more: object) -> list[object]:
        ended.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    began = time.monotonic()
    with pytest.raises(ProviderUnreachable, match=r"within 0\.5 s"):
        net.fetch(post("https://as.example/token"), deadline=0.5, environ=NOTHING)
    assert time.monotonic() - began < 10
    ended.set()


async def test_a_scheme_in_capitals_is_https_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = certificate(tmp_path)
    with serving(answering(b"ok"), made.context) as server:
        url = server.url.replace("https", "HTTPS")
        response = await send(post(url), {"SSL_CERT_FILE": str(made.path)})
    assert response.body == b"ok"


async def test_the_loop_is_not_held_up_while_certificates_are_read() -> None:
    longest, last = 0.0, time.monotonic()

    async def tick() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.005)
            now = time.monotonic()
            longest, last = max(longest, now - last), now

    ticking = asyncio.create_task(tick())
    for _ in range(3):
        await failure(post("https://127.0.0.1:1/token"), deadline=5)
    ticking.cancel()
    assert 0 < longest < 0.5
