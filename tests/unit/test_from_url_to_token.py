"""The whole way: a URL, a look-up, a registration, a sign-in, a token, and the end of the client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.providers.authlib_server import AuthlibServer
from tests.providers.mock_server import MockServer
from tests.stage import consent, make_workspace
from tui_oauth import net
from tui_oauth.discover import look_up
from tui_oauth.discovered import create_discovered
from tui_oauth.model import Entry
from tui_oauth.oauth.http import Request
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.registering import register
from tui_oauth.signin import SignIns
from tui_oauth.tokens import access_token, refresh_entry
from tui_oauth.workspace import Workspace


@pytest.fixture
def workspace(home: object) -> Workspace:
    return make_workspace(8977)


async def signed_in(
    workspace: Workspace,
    url: str,
    agree: Callable[[str], str],
    scopes: tuple[str, ...] | None = None,
) -> Entry:
    """From `url` to an authorized entry; `agree` is the person in the browser."""
    found = await look_up(workspace, url)
    entry = await register(workspace, create_discovered(workspace, "mine", found, scopes))
    signins = SignIns(workspace)
    signin = signins.begin(entry)
    changed = asyncio.Event()
    signin.on_change = changed.set
    running = asyncio.create_task(signin.run())
    try:
        async with asyncio.timeout(20):
            while not (signin.listening and signin.authorization_url):
                await changed.wait()
                changed.clear()
            back = await asyncio.to_thread(agree, signin.authorization_url)
            await net.send(Request("GET", back, "callback"))
            return await running
    finally:
        await signins.close()


@pytest.mark.parametrize("path", ["", "/api"])
@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(),
        Behaviour(par_required=True, register_as="client_secret_basic"),
        Behaviour(register_as="client_secret_post", rotating_refresh=True),
    ],
    ids=["public", "PAR and basic", "post and rotation"],
)
def test_at_the_practice_provider(workspace: Workspace, path: str, behaviour: Behaviour) -> None:
    with PracticeProvider(0, behaviour) as provider:
        entry = asyncio.run(signed_in(workspace, provider.url + path, consent))
        assert entry.authorized
        tokens = access_token(workspace, entry)
        answer = net.fetch(
            Request(
                "GET",
                f"{provider.url}/api" if path else f"{provider.url}/oauth/userinfo",
                "API",
                {"Authorization": f"Bearer {tokens.access_token.reveal()}"},
            )
        )
        assert answer.status == 200
        refreshed = refresh_entry(workspace, entry)
        assert access_token(workspace, refreshed).access_token != tokens.access_token


def test_an_api_that_requires_bound_tokens_gets_them(workspace: Workspace) -> None:
    """RFC 9728 says so in the API's metadata; the entry has a key of its own then (RFC 9449)."""
    with PracticeProvider(0, Behaviour(dpop_required=True, dpop_nonces=True)) as provider:
        entry = asyncio.run(signed_in(workspace, f"{provider.url}/api", consent))
        assert access_token(workspace, entry).token_type == "DPoP"
        assert workspace.vault.secrets(entry).proof_key is not None
        assert access_token(workspace, refresh_entry(workspace, entry)).token_type == "DPoP"


def test_rule_4_without_a_person_from_the_url_to_a_token_by_two_requests(
    workspace: Workspace,
) -> None:
    with PracticeProvider() as provider:
        found = asyncio.run(look_up(workspace, provider.url))
        entry = create_discovered(workspace, "robot", found, ("read",), without_person=True)
        entry = asyncio.run(register(workspace, entry))
        assert entry.callback_url is None
        client = workspace.vault.secrets(entry)
        assert client.client_secret is not None
        registered = provider.application.store.app_of_client(client.client_id)
        assert registered is not None
        assert registered.grants == ("client_credentials",)
        assert registered.redirect_links == ()
        assert access_token(workspace, entry).scopes == ("read",)


def test_at_a_server_of_authlib(workspace: Workspace, authlib_server: AuthlibServer) -> None:
    entry = asyncio.run(
        signed_in(workspace, authlib_server.issuer, authlib_server.consent, ("openid", "read"))
    )
    assert entry.authorized
    assert entry.account
    answer = net.fetch(
        Request(
            "GET",
            f"{authlib_server.issuer}/api/read",
            "API",
            {"Authorization": f"Bearer {access_token(workspace, entry).access_token.reveal()}"},
        )
    )
    assert answer.status == 200
    before = access_token(workspace, entry)
    after = access_token(workspace, refresh_entry(workspace, entry))
    assert after.access_token != before.access_token


def test_at_oidc_provider_mock(workspace: Workspace, mock_server: MockServer) -> None:
    entry = asyncio.run(signed_in(workspace, mock_server.issuer, mock_server.consent))
    assert entry.authorized
    assert entry.account
