"""Authorization code and PKCE against servers that we did not write: link, consent, callback, tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.providers.independent import http, parameters
from tests.providers.machine import machine
from tui_oauth.entries import configure_entry, describe, status
from tui_oauth.errors import ProviderRefused
from tui_oauth.model import Status
from tui_oauth.secret import Secret
from tui_oauth.signin import SignIn
from tui_oauth.tokens import access_token

METHODS = ["client_secret_basic", "client_secret_post", "none"]
EVERY = [
    ("authlib", "client_secret_basic"),
    ("authlib", "client_secret_post"),
    ("authlib", "none"),
    ("mock", "client_secret_basic"),
    ("mock", "client_secret_post"),
    ("panva", "client_secret_basic"),
    ("panva", "client_secret_post"),
    ("panva", "none"),
]


@pytest.mark.parametrize(("server", "method"), EVERY, indirect=["server"])
async def test_a_sign_in_gives_a_token_that_the_server_takes(server: Any, method: str) -> None:
    here = machine(server, method)
    entry = await here.sign_in()
    assert status(here.workspace, entry) is Status.AUTHORIZED
    assert entry.account
    tokens = access_token(here.workspace, entry)
    assert tokens.token_type == "Bearer"
    assert here.person_of(tokens.access_token.reveal()) == 200
    shown = describe(here.workspace, here.now)
    assert shown["scopes"] == ["openid"]
    assert shown["expires_at"]


@pytest.mark.parametrize("server", ["authlib", "mock", "panva"], indirect=True)
async def test_rule_8_the_link_asks_for_what_the_server_needs_and_holds_no_secret(
    server: Any,
) -> None:
    here = machine(server)
    links: list[str] = []

    def look(signin: SignIn) -> None:
        links.append(signin.authorization_url)
        here.consent(signin)

    await here.sign_in(look)
    asked = parameters(links[0])
    assert asked["response_type"] == "code"
    assert asked["client_id"] == here.client.id
    assert asked["redirect_uri"] == here.client.redirect_uri
    assert asked["code_challenge_method"] == "S256"
    assert asked["nonce"]
    assert here.client.secret not in links[0]


@pytest.mark.parametrize("server", ["authlib", "panva"], indirect=True)
async def test_a_person_who_says_no(server: Any) -> None:
    here = machine(server)
    before = here.workspace.places.vault.read_bytes()
    with pytest.raises(ProviderRefused) as refused:
        await here.sign_in(here.refuse)
    assert refused.value.code == "access_denied"
    assert here.workspace.places.vault.read_bytes() == before


async def test_rule_27_a_refusal_without_the_state_ends_nothing(mock_server: Any) -> None:
    """oidc-provider-mock leaves the state out when a person says no (RFC 6749 section 4.1.2.1)."""
    here = machine(mock_server)

    def refuse_then_consent(signin: SignIn) -> None:
        back = mock_server.consent(signin.authorization_url, allow=False)
        said = parameters(back)
        assert (said["error"], "state" in said) == ("access_denied", False)
        assert http.get(back).status_code == 400
        assert not signin.ended
        here.consent(signin)

    await here.sign_in(refuse_then_consent)
    assert here.now.authorized


@pytest.mark.parametrize("server", ["authlib", "mock", "panva"], indirect=True)
async def test_rule_122_a_wrong_client_secret_is_named(server: Any) -> None:
    here = machine(server)
    wrong = Secret("not-the-one")
    here.entry = configure_entry(here.workspace, here.entry, client_secret=wrong)
    with pytest.raises(ProviderRefused) as refused:
        await here.sign_in()
    assert refused.value.code == "invalid_client"
    assert not here.now.authorized


@pytest.mark.parametrize("server", ["authlib", "mock", "panva"], indirect=True)
async def test_the_address_pasted_instead(server: Any) -> None:
    here = machine(server)
    await here.sign_in(lambda signin: signin.paste(server.consent(signin.authorization_url)))
    assert here.person_of(here.held.access_token.reveal()) == 200


@pytest.mark.parametrize("server", ["authlib", "panva"], indirect=True)
async def test_rule_54_the_answer_of_another_issuer_is_refused(server: Any) -> None:
    here = machine(server)

    def mixed_up(signin: SignIn) -> None:
        back = server.consent(signin.authorization_url)
        issuer = parse_qs(urlsplit(back).query)["iss"][0]
        assert issuer == server.issuer
        other = back.replace("iss=http%3A%2F%2F127.0.0.1%3A", "iss=http%3A%2F%2F127.0.0.1%3A9")
        assert other != back
        http.get(other)

    with pytest.raises(ProviderRefused, match="says that it comes from"):
        await here.sign_in(mixed_up)
    assert not here.now.authorized


async def test_rule_54_an_answer_without_the_promised_issuer_is_refused(
    authlib_server: Any,
) -> None:
    here = machine(authlib_server)
    authlib_server.names_issuer = False
    with pytest.raises(ProviderRefused, match="does not say whom it comes from"):
        await here.sign_in()
    assert authlib_server.count["/token"] == 0


@pytest.mark.parametrize(
    "secret", ["with space+plus", "per%cent&amp=", "colon:in:it", "ü and 漢字", "tilde~._-"]
)
async def test_rule_59_any_secret_survives_basic_authentication(
    authlib_server: Any, secret: str
) -> None:
    here = machine(authlib_server)
    known = authlib_server.store.clients[here.client.id]
    known.client_secret = secret
    configure_entry(here.workspace, here.entry, client_secret=Secret(secret))
    await here.sign_in()
    assert here.now.authorized


async def test_the_code_is_sent_once(authlib_server: Any) -> None:
    here = machine(authlib_server, scopes=("openid", "read"))
    await here.sign_in()
    assert authlib_server.count["/token"] == 1
    assert authlib_server.store.codes == {}
    assert here.now.granted_scopes == ("openid", "read")


async def test_two_entries_of_one_server_keep_apart(authlib_server: Any) -> None:
    here = machine(authlib_server)
    await here.sign_in()
    first = here.held
    other = replace(here, entry=_another(here))
    await other.sign_in()
    assert other.held.access_token != first.access_token
    assert here.held == first


def _another(here: Any) -> Any:
    from tui_oauth.entries import create_entry

    entry = create_entry(here.workspace, "another", "independent")
    secret = Secret(here.client.secret)
    return configure_entry(here.workspace, entry, client_id=here.client.id, client_secret=secret)
