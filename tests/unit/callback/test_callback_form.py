"""The one exception to GET: a service that is declared to answer by POST (form post response mode)."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from callback_client import Client, SignIn, take_apart

from tui_oauth.callback import connection
from tui_oauth.callback.certificate import ensure_certificate, tls_context
from tui_oauth.callback.server import CallbackServer

HEAD = (
    "POST /callback HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
)


@pytest.fixture
async def posted(server: CallbackServer) -> SignIn:
    """A sign-in at a service that answers by POST."""
    waiting = SignIn()
    await server.expect(waiting.state, waiting.finish, form_post=True)
    return waiting


async def test_rule_26_a_declared_service_may_answer_by_post(
    posted: SignIn, client: Client
) -> None:
    answer = await client.post(f"code=a%2Bb==&state={posted.state}&user=%7B%22a%22%3A1%7D&x=a+b")
    assert (answer.status, answer.title) == (200, "Authorization Successful")
    assert posted.got == [
        [("code", "a+b=="), ("state", posted.state), ("user", '{"a":1}'), ("x", "a b")]
    ]


async def test_rule_26_its_answer_by_a_plain_link_counts_as_well(
    posted: SignIn, client: Client
) -> None:
    assert (await client.get(posted.target)).title == "Authorization Successful"
    assert len(posted.got) == 1


async def test_rule_26_post_is_served_only_while_such_a_service_waits(
    server: CallbackServer, sign_in: SignIn, client: Client
) -> None:
    before = await client.post(sign_in.query)
    assert (before.status, before.header("Allow")) == (405, "GET")
    other = SignIn()
    waiting = await server.expect(other.state, other.finish, form_post=True)
    for target in ("/", "/callback/", "/go/abcdefgh"):
        elsewhere = await client.post(other.query, target=target)
        assert (elsewhere.status, elsewhere.header("Allow")) == (405, "GET")
    for method in ("PUT", "OPTIONS", "HEAD"):
        answer = await client.get("/callback", method=method)
        assert (answer.status, answer.header("Allow")) == (405, "GET, POST")
    await server.forget(waiting)
    after = await client.post(sign_in.query)
    assert (after.status, after.header("Allow")) == (405, "GET")
    assert sign_in.got == other.got == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "error=access_denied",
        "code=evil&state=wrong",
        "code=evil&state={state}&state={state}",
        "error=x&state={state}%20",
        "STATE={state}&code=evil",
    ],
)
async def test_rule_27_nothing_in_a_form_counts_before_its_state(
    body: str, posted: SignIn, client: Client
) -> None:
    answer = await client.post(body.format(state=posted.state))
    assert answer.title == "No Sign-In Waits for This"
    assert posted.got == []
    assert (await client.post(posted.query)).title == "Authorization Successful"


async def test_rule_27_the_state_of_a_service_that_does_not_post_is_unknown_in_a_form(
    posted: SignIn, sign_in: SignIn, client: Client
) -> None:
    assert (await client.post(sign_in.query)).title == "No Sign-In Waits for This"
    assert sign_in.got == []
    assert (await client.get(sign_in.target)).title == "Authorization Successful"
    assert posted.got == []


async def test_rule_28_a_repeat_in_a_form_uses_nothing_up(posted: SignIn, client: Client) -> None:
    answer = await client.post(f"code=a&code=b&state={posted.state}")
    assert answer.title == "Request Not Understood"
    many = "&".join(f"x{number}=1" for number in range(100))
    assert (await client.post(f"{many}&{posted.query}")).title == "No Sign-In Waits for This"
    assert posted.got == []


async def test_rule_29_the_same_form_three_times_at_once_is_one_callback(
    posted: SignIn, client: Client
) -> None:
    answers = await asyncio.gather(*(client.post(posted.query) for _ in range(3)))
    assert sorted(answer.title for answer in answers) == [
        "Already Received",
        "Already Received",
        "Authorization Successful",
    ]
    assert len(posted.got) == 1


async def test_rule_30_a_form_that_drips_or_breaks_off_or_goes_on(
    posted: SignIn, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = posted.query
    head = HEAD.format(port=client.port, length=len(body))
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write((head + body[:-1]).encode())
    writer.write_eof()
    assert take_apart(await reader.read()).title == "Form Not Understood"
    writer.close()
    with monkeypatch.context() as patch:
        patch.setattr(connection, "HEAD_SECONDS", 0.1)
        assert (await client.raw((head + body[:-1]).encode())).status == 408
    assert posted.got == []
    more = await client.raw((head + body + "&code=evil\r\n\r\nGET / HTTP/1.1").encode())
    assert more.title == "Authorization Successful"
    assert posted.got == [[("code", "C0de"), ("state", posted.state)]]


async def test_a_form_in_single_bytes_is_the_same_form(posted: SignIn, client: Client) -> None:
    data = HEAD.format(port=client.port, length=len(posted.query)) + posted.query
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in data.encode():
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert take_apart(await reader.read()).title == "Authorization Successful"
    writer.close()


async def test_rule_31_a_form_in_other_bytes_is_refused(posted: SignIn, client: Client) -> None:
    for body in (f"{posted.query}\r\n", f"{posted.query}&x=\x00", f"{posted.query}&x=\u00e4"):
        assert (await client.post(body)).title == "Form Not Understood"
    assert posted.got == []


async def test_rule_32_nothing_of_a_form_comes_back(posted: SignIn, client: Client) -> None:
    mark = "<b>c4nary</b>"
    for body in (f"error={mark}&state={mark}", f"code={mark}&state={posted.state}"):
        answer = await client.post(body)
        assert b"c4nary" not in answer.body
        assert "c4nary" not in str(answer.headers)
        assert posted.state.encode() not in answer.body


async def test_rule_42_a_form_over_tls(
    make_server: Callable[..., CallbackServer], client: Client, tmp_path: Path
) -> None:
    paths = ensure_certificate(tmp_path / "callback" / "certificate.pem", int(time.time()))
    server, posted = make_server(certificate=lambda: tls_context(*paths)), SignIn()
    await server.expect(posted.state, posted.finish, form_post=True)
    trusting = ssl.create_default_context(cafile=str(paths.certificate))
    body = f"{posted.query}&user={'x' * 16_000}"
    assert (await client.post(body, tls=trusting)).title == "Authorization Successful"
    assert len(posted.got) == 1
