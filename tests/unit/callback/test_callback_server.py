"""The callback server over real sockets: who gets an answer, and what it does to a sign-in."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import re
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from callback_client import Client, SignIn

from tui_oauth.callback import listener
from tui_oauth.callback.page import Page
from tui_oauth.callback.server import CallbackServer
from tui_oauth.errors import CallbackUnavailable

MakeServer = Callable[..., CallbackServer]
Until = Callable[[Callable[[], bool]], Awaitable[None]]
LINK = "https://provider.example/authorize?client_id=x&state=y"


def listening_addresses(port: int) -> set[str]:
    """The addresses on which this machine listens on `port`, as the kernel writes them."""
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            address, _, local_port = fields[1].partition(":")
            if int(local_port, 16) == port and fields[3] == "0A":
                found.add(address)
    return found


async def test_a_callback_reaches_its_sign_in(
    server: CallbackServer, sign_in: SignIn, client: Client
) -> None:
    answer = await client.get(f"/callback?code=a%2Bb==&state={sign_in.state}&realmId=7")
    assert (answer.status, answer.title) == (200, "Authorization Successful")
    assert sign_in.got == [[("code", "a+b=="), ("state", sign_in.state), ("realmId", "7")]]


async def test_rule_21_localhost_is_reached_by_both_addresses(
    sign_in: SignIn, client: Client
) -> None:
    for host in ("127.0.0.1", "::1"):
        assert (await client.get("/", host=host)).status == 200
    name = f"[::1]:{client.port}"
    answer = await client.get(sign_in.target, host="::1", host_header=name)
    assert answer.title == "Authorization Successful"


async def test_rule_23_the_bind_table_shows_loopback_only(sign_in: SignIn, client: Client) -> None:
    assert sign_in.state
    assert listening_addresses(client.port) == {"0100007F", "00000000000000000000000001000000"}


async def test_rule_24_the_port_is_open_only_while_someone_waits(
    server: CallbackServer, client: Client
) -> None:
    assert await client.refused()
    assert not server.listening
    first, second = SignIn(), SignIn()
    one = await server.expect(first.state, first.finish)
    two = await server.expect(second.state, second.finish)
    assert server.listening
    await server.forget(one)
    assert not await client.refused()
    await server.forget(two)
    await server.forget(two)
    assert not server.listening
    assert await client.refused()
    assert await client.refused("::1")
    assert listening_addresses(client.port) == set()
    await server.expect(first.state, first.finish)
    assert (await client.get(first.target)).title == "Authorization Successful"


async def test_rule_16_a_forgotten_sign_in_is_out_of_reach(
    server: CallbackServer, client: Client
) -> None:
    gone, stays = SignIn(), SignIn()
    waiting = await server.expect(gone.state, gone.finish, link=LINK)
    await server.expect(stays.state, stays.finish)
    await server.forget(waiting)
    assert (await client.get(gone.target)).title == "No Sign-In Waits for This"
    assert (await client.get(f"/go/{waiting.slug}")).status == 404
    assert gone.got == []


async def test_rule_25_each_of_our_own_names_is_answered(sign_in: SignIn, client: Client) -> None:
    for name in ("127.0.0.1", "[::1]", "localhost"):
        assert (await client.get("/", host_header=f"{name}:{client.port}")).status == 200
    local = f"localhost:{client.port}"
    assert (await client.get(sign_in.target, host_header=local)).status == 200


async def test_rule_25_the_host_of_a_reverse_proxy_is_let_through(
    make_server: MakeServer, client: Client
) -> None:
    server, sign_in = make_server(extra_hosts=["oauth.example.com"]), SignIn()
    await server.expect(sign_in.state, sign_in.finish)
    assert (await client.get(sign_in.target, host_header="www.example.com")).status == 421
    answer = await client.get(sign_in.target, host_header="oauth.example.com")
    assert answer.title == "Authorization Successful"
    assert "0100007F" in listening_addresses(client.port)


async def test_rule_26_a_refusal_names_the_method_that_works(
    sign_in: SignIn, client: Client
) -> None:
    for method in ("POST", "HEAD"):
        answer = await client.get(sign_in.target, method=method, extra="Content-Length: 0\r\n")
        assert (answer.status, answer.header("Allow")) == (405, "GET")
        assert bool(answer.body) == (method != "HEAD")


async def test_rule_26_the_home_page_says_that_the_browser_gets_here(
    make_server: MakeServer, client: Client
) -> None:
    came: list[bool] = []
    server, sign_in = make_server(on_browser=lambda: came.append(True)), SignIn()
    await server.expect(sign_in.state, sign_in.finish)
    assert not server.seen_browser
    await client.get("/", extra="Sec-Fetch-Dest: image\r\n")
    await client.get("/favicon.ico")
    assert not server.seen_browser
    answer = await client.get("/", extra="Sec-Fetch-Dest: document\r\n")
    assert (answer.status, answer.title) == (200, "This Browser Reaches Your Terminal")
    assert server.seen_browser
    assert came == [True]
    assert sign_in.got == []


async def test_rule_26_a_short_link_leads_to_the_authorization_link(
    server: CallbackServer, client: Client
) -> None:
    first, second = SignIn(), SignIn()
    waiting = await server.expect(first.state, first.finish, link=LINK)
    plain = await server.expect(second.state, second.finish)
    pattern = rf"http://127\.0\.0\.1:{client.port}/go/[a-z2-9]{{8}}"
    assert re.fullmatch(pattern, waiting.short_link)
    assert plain.short_link == ""
    for _ in range(2):
        answer = await client.get(f"/go/{waiting.slug}")
        assert (answer.status, answer.header("Location")) == (302, LINK)
        assert answer.header("Referrer-Policy") == "no-referrer"
    for slug in ("", "x", waiting.slug[:-1], waiting.slug.upper(), f"{waiting.slug}/"):
        assert (await client.get(f"/go/{slug}")).status == 404
    assert first.got == []


async def test_rule_28_unknown_parameters_are_let_through(sign_in: SignIn, client: Client) -> None:
    many = "&".join(f"unknown{number}={number}" for number in range(60))
    assert (await client.get(f"{sign_in.target}&{many}&x=1&x=2")).status == 200
    assert len(sign_in.got[0]) == 64


async def test_rule_29_the_same_address_three_times_at_once_is_one_callback(
    sign_in: SignIn, client: Client
) -> None:
    answers = await asyncio.gather(*(client.get(sign_in.target) for _ in range(3)))
    assert sorted(answer.title for answer in answers) == [
        "Already Received",
        "Already Received",
        "Authorization Successful",
    ]
    assert len(sign_in.got) == 1


async def test_rule_29_a_reload_after_the_end_is_already_received(
    server: CallbackServer, client: Client
) -> None:
    done, other = SignIn(), SignIn()
    waiting = await server.expect(done.state, done.finish)
    await server.expect(other.state, other.finish)
    await client.get(done.target)
    await server.forget(waiting)
    assert (await client.get(done.target)).title == "Already Received"
    assert len(done.got) == 1


async def test_rule_32_nothing_of_the_request_comes_back(sign_in: SignIn, client: Client) -> None:
    mark = "<b>c4nary</b>"
    coded = "%3Cb%3Ec4nary%3C/b%3E"
    requests = [
        f"/callback?error={text}&error_description={text}&state={text}&code={text}"
        for text in (mark, coded)
    ]
    requests += [f"/{mark}", f"/callback/{coded}", f"/go/{mark}", f"/?{mark}"]
    requests.append(f"/callback?error={mark}&code={mark}&state={sign_in.state}")
    for target in requests:
        answer = await client.get(target, extra=f"X-Thing: {mark}\r\nReferer: http://{mark}\r\n")
        assert b"c4nary" not in answer.body
        assert "c4nary" not in str(answer.headers)
        assert sign_in.state.encode() not in answer.body
    answer = await client.get("/", host_header=mark)
    assert b"c4nary" not in answer.body


async def test_rule_33_the_headers_arrive(sign_in: SignIn, client: Client) -> None:
    for target in ("/", "/nothing", "/callback?state=x", sign_in.target):
        answer = await client.get(target)
        assert answer.header("Content-Security-Policy").startswith("default-src 'none'; style-src")
        assert answer.header("Cache-Control") == "no-store"
        assert answer.header("Connection") == "close"
        assert answer.header("Server") == ""
        assert int(answer.header("Content-Length")) == len(answer.body)


async def test_rule_36_three_sign_ins_answered_in_reverse(
    server: CallbackServer, client: Client
) -> None:
    three = [SignIn(page=page) for page in (Page.SUCCESS, Page.DENIED, Page.FAILED)]
    for each in three:
        await server.expect(each.state, each.finish)
    titles = [
        (await client.get(f"/callback?code={number}&state={each.state}")).title
        for number, each in reversed(list(enumerate(three)))
    ]
    assert titles == ["Authorization Failed", "Authorization Denied", "Authorization Successful"]
    assert [each.got[0][0] for each in three] == [("code", "0"), ("code", "1"), ("code", "2")]


async def test_rule_37_success_is_shown_only_after_the_exchange(
    sign_in: SignIn, client: Client, until: Until
) -> None:
    sign_in.may_end.clear()
    asking = asyncio.create_task(client.get(sign_in.target))
    await until(lambda: bool(sign_in.got))
    assert not asking.done()
    sign_in.may_end.set()
    assert (await asking).title == "Authorization Successful"


async def test_rule_37_a_slow_exchange_is_received_and_goes_on(
    make_server: MakeServer, client: Client, until: Until
) -> None:
    server, sign_in = make_server(patience=0.05), SignIn()
    waiting = await server.expect(sign_in.state, sign_in.finish)
    sign_in.may_end.clear()
    assert (await client.get(sign_in.target)).title == "Authorization Received"
    assert waiting.task is not None
    assert not waiting.task.done()
    sign_in.may_end.set()
    assert await waiting.task is Page.SUCCESS


async def test_a_finish_that_raises_is_a_failed_page_and_the_server_lives(
    server: CallbackServer, client: Client
) -> None:
    async def finish(parameters: list[tuple[str, str]]) -> Page:
        raise RuntimeError("the exchange broke")

    broken, other = SignIn(), SignIn()
    waiting = await server.expect(broken.state, finish)
    await server.expect(other.state, other.finish)
    assert (await client.get(broken.target)).title == "Authorization Failed"
    assert isinstance(waiting.error, RuntimeError)
    assert (await client.get(other.target)).title == "Authorization Successful"


async def test_a_browser_that_leaves_does_not_stop_the_exchange(
    server: CallbackServer, sign_in: SignIn, client: Client, until: Until
) -> None:
    sign_in.may_end.clear()
    _reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(f"GET {sign_in.target} HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\n\r\n".encode())
    await until(lambda: bool(sign_in.got))
    writer.transport.abort()
    sign_in.may_end.set()
    assert (await client.get(sign_in.target)).title == "Already Received"


async def test_forgetting_in_the_midst_still_gives_the_browser_its_page(
    server: CallbackServer, client: Client
) -> None:
    """As a sign-in does it: the result is known, so it stops waiting, perhaps before the page left."""
    sign_in = SignIn()
    ended = asyncio.Event()

    async def finish(parameters: list[tuple[str, str]]) -> Page:
        ended.set()
        return Page.SUCCESS

    waiting = await server.expect(sign_in.state, finish)
    asking = asyncio.create_task(client.get(sign_in.target))
    await ended.wait()
    await server.forget(waiting)
    assert await client.refused()
    assert (await asking).title == "Authorization Successful"


async def test_finish_itself_may_forget(server: CallbackServer, client: Client) -> None:
    sign_in = SignIn()

    async def finish(parameters: list[tuple[str, str]]) -> Page:
        await server.forget(waiting)
        return Page.SUCCESS

    waiting = await server.expect(sign_in.state, finish)
    async with asyncio.timeout(1):
        assert (await client.get(sign_in.target)).title == "Authorization Successful"
    assert not server.listening


async def test_forgetting_a_sign_in_whose_exchange_hangs_takes_two_seconds_at_most(
    server: CallbackServer, sign_in: SignIn, client: Client, until: Until
) -> None:
    other = SignIn()
    waiting = await server.expect(other.state, other.finish)
    other.may_end.clear()
    asking = asyncio.create_task(client.get(other.target))
    await until(lambda: bool(other.got))
    async with asyncio.timeout(3):
        await server.forget(waiting)
    assert (await asking).title == "Authorization Received"
    other.may_end.set()


async def test_trap_10_closing_does_not_wait_for_strangers(
    make_server: MakeServer, client: Client, until: Until
) -> None:
    server, sign_in = make_server(), SignIn()
    await server.expect(sign_in.state, sign_in.finish)
    strangers = [await asyncio.open_connection("127.0.0.1", client.port) for _ in range(5)]
    strangers[0][1].write(b"GET / HT")
    await until(lambda: len(server._connections) == 5)
    async with asyncio.timeout(0.5):
        await server.close()
    for reader, writer in strangers:
        with contextlib.suppress(ConnectionError):  # cut off, with or without a reset
            assert await reader.read() == b""
        writer.close()
    assert await client.refused()


async def test_cancelling_the_owner_leaves_nothing_open(
    server: CallbackServer, client: Client, until: Until
) -> None:
    sign_in = SignIn()

    async def own() -> None:
        waiting = await server.expect(sign_in.state, sign_in.finish)
        try:
            await asyncio.Event().wait()
        finally:
            await server.forget(waiting)

    owner = asyncio.create_task(own())
    await until(lambda: server.listening)
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert not server.listening
    assert await client.refused()
    await server.expect(sign_in.state, sign_in.finish)
    assert server.listening


async def test_a_state_can_wait_only_once(server: CallbackServer, sign_in: SignIn) -> None:
    for state in (sign_in.state, ""):
        with pytest.raises(ValueError, match="fresh"):
            await server.expect(state, sign_in.finish)
    with pytest.raises(ValueError, match="printable"):
        await server.expect("other", sign_in.finish, link="https://a.example/\r\nX: y")


async def test_rule_45_a_plus_may_stand_for_itself(server: CallbackServer, client: Client) -> None:
    plain, literal = SignIn(), SignIn()
    await server.expect(plain.state, plain.finish)
    await server.expect(literal.state, literal.finish, plus_is_literal=True)
    for each in (plain, literal):
        await client.get(f"/callback?code=a+b%2B==&state={each.state}")
    assert plain.got[0][0] == ("code", "a b+==")
    assert literal.got[0][0] == ("code", "a+b+==")


async def test_rule_38_no_repr_shows_state_code_or_link(
    server: CallbackServer, client: Client
) -> None:
    sign_in = SignIn()
    waiting = await server.expect(sign_in.state, sign_in.finish, link=LINK)
    await client.get(sign_in.target)
    shown = repr(waiting) + repr(server)
    assert sign_in.state not in shown
    assert "C0de" not in shown
    assert waiting.slug not in shown
    assert "provider.example" not in shown


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "::1", "::"])
async def test_rule_20_a_port_taken_by_another_program_is_named(
    address: str, server: CallbackServer, free_port: int
) -> None:
    sign_in = SignIn()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((address, free_port))
        other.listen()
        with pytest.raises(CallbackUnavailable) as caught:
            await server.expect(sign_in.state, sign_in.finish)
        assert f"Port {free_port}" in caught.value.message
        assert "another program" in caught.value.message
        assert "paste" in caught.value.advice
        assert not server.listening
    await server.expect(sign_in.state, sign_in.finish)
    assert server.listening


async def test_rule_20_a_port_held_by_our_own_kind_is_recognised(
    make_server: MakeServer, client: Client
) -> None:
    first, second = make_server(), make_server()
    sign_in = SignIn()
    await first.expect(sign_in.state, sign_in.finish)
    with pytest.raises(CallbackUnavailable, match="held by another tui-oauth sign-in"):
        await second.expect(sign_in.state, sign_in.finish)
    assert not first.seen_browser
    assert (await client.get(sign_in.target)).title == "Authorization Successful"


async def test_rule_20_where_binding_does_not_tell_a_listener_is_asked_for(
    server: CallbackServer, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = os.uname()
    monkeypatch.setattr(listener.os, "uname", lambda: os.uname_result(("Darwin", *tuple(name)[1:])))
    with socket.create_server(("127.0.0.1", free_port)), pytest.raises(OSError, match="in use"):
        await listener.check_unheld(free_port)
    await listener.check_unheld(free_port)
    assert not server.listening


async def test_two_sign_ins_that_begin_at_once_share_the_port(
    server: CallbackServer, client: Client
) -> None:
    both = [SignIn(), SignIn()]
    await asyncio.gather(*(server.expect(each.state, each.finish) for each in both))
    for each in both:
        assert (await client.get(each.target)).title == "Authorization Successful"


async def test_a_reserved_port_is_explained() -> None:
    error = await listener.unavailable(80, PermissionError(13, "Permission denied"))
    assert "port 80" in error.message
    assert "1024" in error.message
    assert "paste" in error.advice


async def test_rule_19_a_machine_without_ipv4_loopback_announces_ipv6(
    server: CallbackServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "LOOPBACK", listener.LOOPBACK[1:])
    sign_in = SignIn()
    waiting = await server.expect(sign_in.state, sign_in.finish, link=LINK)
    assert waiting.short_link.startswith(f"http://[::1]:{client.port}/go/")


async def test_a_sign_in_right_after_another_gets_the_port(
    server: CallbackServer, client: Client
) -> None:
    for _ in range(5):
        sign_in = SignIn()
        waiting = await server.expect(sign_in.state, sign_in.finish)
        assert (await client.get(sign_in.target)).title == "Authorization Successful"
        await server.forget(waiting)
        assert await client.refused()
    await server.close()
    gc.collect()  # a socket left open would be a ResourceWarning, which fails the test
