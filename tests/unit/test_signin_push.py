"""Pushed authorization requests (RFC 9126) in a sign-in: the link comes late, ends soon, comes anew."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.providers.misbehaving import Conversation, answering, serving, silence
from tests.stage import Stage, redirect_of, visit
from tests.standards import service_like
from tui_oauth import signin_push
from tui_oauth.errors import ProviderRefused, ProviderUnreachable, SignInEnded, TuiOauthError
from tui_oauth.model import Entry
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.signin import SignIn, SignIns, SignInState

REQUIRED = Behaviour(par_required=True, par_lifetime=60)
PAR = 'par_url = "http://127.0.0.1:{port}/oauth/par"'
URN = "urn:ietf:params:oauth:request_uri:"


def pushing_entry(stage: Stage, *changes: tuple[str, str], more: str = "") -> Entry:
    extensions = f"par_required = true\n{more}"
    return stage.configured("work", service_like(stage, "pushed", *changes, extensions=extensions))


@asynccontextmanager
async def running(stage: Stage, entry: Entry) -> AsyncIterator[SignIn]:
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    task = asyncio.create_task(signin.run())
    try:
        yield signin
    finally:
        signin.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await signins.close()


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def count(stage: Stage, name: str) -> int:
    return stage.provider.application.count[name]


def request_uri(link: str) -> str:
    return parse_qs(urlsplit(link).query)["request_uri"][0]


async def test_rule_11_a_server_that_requires_it_gets_its_push_and_the_link_says_no_more(
    stage: Stage,
) -> None:
    stage.provider.application.behaviour = REQUIRED
    entry = pushing_entry(stage)
    async with running(stage, entry) as signin:
        assert signin.authorization_url == ""  # nothing was sent yet
        assert count(stage, "par") == 0
        await until(lambda: signin.listening)
        query = parse_qs(urlsplit(signin.authorization_url).query)
        assert set(query) == {"client_id", "request_uri"}
        assert request_uri(signin.authorization_url).startswith(URN)
        signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
        await until(lambda: signin.ended)
    assert signin.state is SignInState.AUTHORIZED
    assert count(stage, "par") == 1


async def test_rule_11_without_the_push_such_a_server_refuses(stage: Stage) -> None:
    stage.provider.application.behaviour = REQUIRED
    entry = stage.configured("work", "practice-standard")
    async with running(stage, entry) as signin:
        await until(lambda: signin.listening)
        target = await asyncio.to_thread(redirect_of, signin.authorization_url)
    assert "error=invalid_request" in target


async def test_rule_11_a_link_that_is_about_to_end_is_replaced_while_the_sign_in_waits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin_push, "SHORTEST_PAUSE", 0.05)
    stage.provider.application.behaviour = Behaviour(par_required=True, par_lifetime=1)
    entry = pushing_entry(stage)
    async with running(stage, entry) as signin:
        await until(lambda: signin.listening)
        first, short = signin.authorization_url, signin.short_link
        told: list[str] = []
        signin.on_change = lambda: told.append(signin.authorization_url)
        await until(lambda: told and told[-1] != first)
        assert signin.short_link == short  # which leads to the new one
        assert signin.attempt is not None
        # The first one has ended there, and a new one never has by the time it is shown.
        await until(lambda: "not known" in visit(first))
        assert request_uri(await asyncio.to_thread(redirect_of, short)) != request_uri(first)
        signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
        await until(lambda: signin.ended)
        pushed = count(stage, "par")
    assert signin.state is SignInState.AUTHORIZED
    assert pushed >= 2
    assert count(stage, "par") == pushed  # none after the answer


async def test_rule_11_the_answer_to_an_earlier_link_fits_as_well(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin_push, "LONGEST_MARGIN", 60)
    monkeypatch.setattr(signin_push, "SHORTEST_PAUSE", 0.05)
    stage.provider.application.behaviour = Behaviour(par_required=True, par_lifetime=1)
    entry = pushing_entry(stage)
    async with running(stage, entry) as signin:
        await until(lambda: signin.listening)
        first = signin.authorization_url
        back = await asyncio.to_thread(stage.consent, first)
        await until(lambda: signin.authorization_url != first)
        signin.paste(back)
        await until(lambda: signin.ended)
    assert signin.state is SignInState.AUTHORIZED


async def test_rule_110_the_push_carries_the_key_and_the_servers_nonce(stage: Stage) -> None:
    stage.provider.application.behaviour = Behaviour(
        par_required=True, dpop_required=True, dpop_nonces=True
    )
    entry = pushing_entry(stage, more="dpop = true")
    async with running(stage, entry) as signin:
        await until(lambda: signin.listening or signin.ended)
        signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
        await until(lambda: signin.ended)
    assert signin.error is None
    assert signin.state is SignInState.AUTHORIZED


# ---- what goes wrong


def at(url: str) -> tuple[str, str]:
    return (PAR, f'par_url = "{url}/par"')


async def outcome(stage: Stage, entry: Entry) -> TuiOauthError:
    signins = SignIns(stage.workspace)
    signin = signins.begin(entry)
    with pytest.raises(TuiOauthError) as caught:
        await signin.run()
    await signins.close()
    assert signin.authorization_url == ""
    return caught.value


@pytest.mark.parametrize(
    ("behaviour", "kind", "words"),
    [
        (
            answering(b'{"error": "invalid_client"}', "401 Unauthorized"),
            ProviderRefused,
            "Client secret",
        ),
        (
            answering(b'{"error":"invalid_request","error_description":"no\x1b[31m"}', "400 Bad"),
            ProviderUnreachable,
            "invalid",
        ),
        (answering(b"", "503 Service Unavailable"), ProviderUnreachable, "trouble"),
        (answering(b"<html>hello", "200 OK"), ProviderUnreachable, "not JSON"),
        (answering(b'{"request_uri": "urn:x"}', "201 Created"), ProviderUnreachable, "expires_in"),
        (
            answering(b"", "307 Temporary Redirect", "Location: https://evil.example/par"),
            ProviderUnreachable,
            "evil.example",
        ),
    ],
)
async def test_rule_121_without_a_link_the_sign_in_ends_and_says_why(
    stage: Stage, behaviour: Callable[[Conversation], None], kind: type, words: str
) -> None:
    with serving(behaviour) as server:
        before_entry = pushing_entry(stage, at(server.url))
        before = stage.vault_bytes()
        error = await outcome(stage, before_entry)
        assert server.connections == 1
    if words != "invalid":
        assert isinstance(error, kind)
        assert words in str(error)
    assert "pushed authorization request" in error.message
    assert str(error).isprintable()
    assert stage.vault_bytes() == before


async def test_rule_68_cancelling_does_not_wait_for_the_link(stage: Stage) -> None:
    with serving(silence) as server:
        entry = pushing_entry(stage, at(server.url))
        signins = SignIns(stage.workspace)
        signin = signins.begin(entry)
        task = asyncio.create_task(signin.run())
        await until(server.arrived.is_set)
        signin.cancel()
        async with asyncio.timeout(2):
            with pytest.raises(SignInEnded, match="cancelled"):
                await task
        await signins.close()
    assert signin.state is SignInState.CANCELLED


async def test_rule_16_the_time_of_a_sign_in_covers_the_wait_for_its_link(stage: Stage) -> None:
    with serving(silence) as server:
        entry = pushing_entry(stage, at(server.url))
        signins = SignIns(stage.workspace)
        signin = signins.begin(entry, lifetime=1)
        async with asyncio.timeout(5):
            with pytest.raises(SignInEnded):
                await signin.run()
        await signins.close()
    assert signin.state is SignInState.EXPIRED


async def test_rule_11_trouble_with_a_later_link_ends_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin_push, "SHORTEST_PAUSE", 0.05)
    down = False

    def behave(conversation: Conversation) -> None:
        body = json.dumps({"request_uri": f"{URN}{len(server.requests)}", "expires_in": 1})
        if down:
            answering(b"", "503 Service Unavailable")(conversation)
        else:
            answering(body.encode(), "201 Created")(conversation)

    with serving(behave) as server:
        entry = pushing_entry(stage, at(server.url))
        async with running(stage, entry) as signin:
            await until(lambda: signin.listening)
            assert signin.link is not None
            down = True
            await until(lambda: signin.link and signin.link.trouble)
            assert "no newer link" in signin.link.trouble
            assert signin.state is SignInState.WAITING
            before = signin.authorization_url
            down = False
            await until(lambda: signin.authorization_url != before)
            await until(lambda: signin.link and not signin.link.trouble)
            assert signin.state is SignInState.WAITING


async def test_rule_11_a_server_that_refuses_a_later_push_is_not_asked_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin_push, "SHORTEST_PAUSE", 0.05)

    def behave(conversation: Conversation) -> None:
        if len(server.requests) == 1:
            body = b'{"request_uri": "urn:example:1", "expires_in": 1}'
            answering(body, "201 Created")(conversation)
        else:
            answering(b'{"error": "invalid_client"}', "401 Unauthorized")(conversation)

    with serving(behave) as server:
        entry = pushing_entry(stage, at(server.url))
        async with running(stage, entry) as signin:
            await until(lambda: signin.link and signin.link.trouble)
            assert signin.link is not None
            assert signin.link._renewing is not None
            await until(signin.link._renewing.done)
            assert signin.state is SignInState.WAITING
        assert server.connections == 2


def test_rule_11_links_are_replaced_in_time_and_not_too_often() -> None:
    """The waits between pushes, by a clock of the test's own."""
    from tests.unit.oauth.making import NOW, make_attempt, make_service
    from tui_oauth.oauth.par import Pushed
    from tui_oauth.signin_push import PushedLinks

    waits: list[float] = []
    now = NOW

    class Workspace:
        def now(self) -> int:
            return now

    class Applicant:
        workspace = Workspace()
        service = make_service()

    class Enough(Exception):
        pass

    async def sleep(seconds: float) -> None:
        nonlocal now
        waits.append(seconds)
        now += int(seconds)
        if len(waits) == 9:
            raise Enough

    lives = iter([60, 600, 5, 2, 1, None, None, None])

    async def push(attempt: object) -> Pushed:
        life = next(lives)
        if life is None:
            raise ProviderUnreachable("down")
        return Pushed("urn:x", now + life)

    links = PushedLinks(Applicant(), lambda attempt: None, lambda: None, sleep)  # type: ignore[arg-type]
    links.push = push  # type: ignore[method-assign]
    with pytest.raises(Enough):
        asyncio.run(links.keep_fresh(make_attempt(), Pushed("urn:x", NOW + 90)))
    assert waits == [80, 50, 590, 5, 5, 5, 10, 20, 40]
