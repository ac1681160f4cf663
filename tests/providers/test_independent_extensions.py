"""PAR, DPoP, resource indicators and ID tokens against servers that we did not write."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

import tui_oauth
from tests.providers.independent import http, parameters
from tests.providers.machine import machine
from tui_oauth.accounts import check_entry
from tui_oauth.entries import configure_entry
from tui_oauth.oauth.id_token import parse
from tui_oauth.secret import Secret
from tui_oauth.signin import SignIn
from tui_oauth.tokens import access_token, refresh_entry

BOUND = {"dpop_bound_access_tokens": True}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
async def test_rule_11_a_server_that_requires_pushed_requests(
    panva_server: Any, method: str
) -> None:
    required = {"require_pushed_authorization_requests": True}
    here = machine(panva_server, method, metadata=required, par_required=True)
    links: list[str] = []

    def look(signin: SignIn) -> None:
        links.append(signin.authorization_url)
        here.consent(signin)

    before = panva_server.count("/request")
    await here.sign_in(look)
    assert set(parameters(links[0])) == {"client_id", "request_uri"}
    assert panva_server.count("/request") == before + 1
    assert here.now.authorized
    assert here.now.account == "Robin Vale"


@pytest.mark.parametrize("nonces", [False, True])
@pytest.mark.parametrize("par", [False, True])
async def test_rule_110_tokens_bound_to_a_key_at_a_certified_server(
    panva_server: Any, nonces: bool, par: bool
) -> None:
    about = {**BOUND, "nonces": nonces}
    here = machine(panva_server, metadata=about, dpop=True, par_required=par)
    await here.sign_in()
    token = here.held.access_token.reveal()
    assert here.held.token_type == "DPoP"
    assert here.now.account == "Robin Vale"  # userinfo took token and proof
    assert here.person_of(token, "Bearer") >= 400
    assert here.person_of(token, "DPoP") >= 400  # the token alone opens nothing
    account = (await check_entry(here.workspace, here.now)).account
    assert account.name == "Robin Vale"


@pytest.mark.parametrize("nonces", [False, True])
async def test_rule_110_a_bound_grant_is_refreshed_with_the_same_key(
    panva_server: Any, nonces: bool
) -> None:
    about = {**BOUND, "nonces": nonces}
    here = machine(panva_server, "none", metadata=about, dpop=True)
    await here.sign_in()
    first = here.held
    here.workspace.proof_nonces.clear()
    await asyncio.to_thread(refresh_entry, here.workspace, here.now)
    assert here.held.access_token != first.access_token
    assert here.held.bound
    account = (await check_entry(here.workspace, here.now)).account
    assert account.name == "Robin Vale"


@pytest.mark.parametrize("nonces", [False, True])
async def test_rule_110_an_entry_as_authentication_at_a_certified_server(
    panva_server: Any, nonces: bool
) -> None:
    here = machine(panva_server, metadata={**BOUND, "nonces": nonces}, dpop=True)
    await here.sign_in()
    here.workspace.proof_nonces.clear()
    async with httpx.AsyncClient(
        auth=tui_oauth.EntryAuth("independent"), trust_env=False
    ) as client:
        for _ in range(2):
            answer = await client.get(f"{panva_server.issuer}/me")
            assert answer.status_code == 200, answer.text


async def test_rule_110_the_link_binds_the_code_at_a_certified_server(panva_server: Any) -> None:
    """`dpop_jkt` in the link: another key cannot use the code (RFC 9449 section 10)."""
    from tui_oauth.proofs import ProofKey, Proofs

    here = machine(panva_server, metadata=BOUND, dpop=True)

    def swap(signin: SignIn) -> None:
        assert parameters(signin.authorization_url)["dpop_jkt"] == signin.applicant.key_thumbprint
        other = replace(signin.applicant, prover=Proofs(here.workspace, ProofKey.new()))
        assert signin.link is not None
        signin.link._applicant = other
        signin.paste(panva_server.consent(signin.authorization_url))

    with pytest.raises(tui_oauth.errors.ProviderRefused) as refused:
        await here.sign_in(swap)
    assert refused.value.code == "invalid_grant"
    assert not here.now.authorized


@pytest.mark.parametrize("server", ["mock", "panva"], indirect=True)
async def test_rule_109_an_id_token_that_the_servers_own_keys_verify_is_kept(server: Any) -> None:
    here = machine(server)
    await here.sign_in()
    assert here.held.id_token is not None
    kept = parse(here.held.id_token.reveal())
    assert kept.claims["iss"] == server.issuer
    assert kept.algorithm in {"RS256", "ES256"}


async def test_rule_109_the_keys_are_asked_for_once_in_a_sign_in(panva_server: Any) -> None:
    here = machine(panva_server)
    before = panva_server.count("/jwks")
    await here.sign_in()
    assert panva_server.count("/jwks") == before + 1


async def test_rule_109_a_refreshed_id_token_of_a_certified_server_is_of_the_same_person(
    panva_server: Any,
) -> None:
    here = machine(panva_server)
    await here.sign_in()
    first = here.held
    await asyncio.to_thread(refresh_entry, here.workspace, here.now)
    assert here.held.id_token is not None
    assert first.id_token is not None
    one, two = (parse(token.reveal()).claims for token in (first.id_token, here.held.id_token))
    assert one["sub"] == two["sub"]
    assert here.held.id_token != first.id_token


async def test_rule_110_resource_indicators_at_a_certified_server(panva_server: Any) -> None:
    resource = f"{panva_server.issuer}/files"
    here = machine(panva_server, scopes=("read",), resource=[resource])
    text = (here.workspace.places.own_services / "independent.toml").read_text()
    assert resource in text
    await here.sign_in()
    assert here.now.granted_scopes == ("read",)
    token = await asyncio.to_thread(access_token, here.workspace, here.now)
    found = http.post(
        f"{panva_server.issuer}/token/introspection",
        data={"token": token.access_token.reveal()},
        auth=(here.client.id, here.client.secret),
    ).json()
    assert found["aud"] == resource


async def test_rule_11_a_server_that_wants_requests_pushed_and_an_entry_that_does_not_know(
    panva_server: Any,
) -> None:
    required = {"require_pushed_authorization_requests": True}
    here = machine(panva_server, metadata=required)
    with pytest.raises(tui_oauth.errors.ProviderRefused, match=r"(?i)pushed") as refused:
        await here.sign_in()
    assert refused.value.code == "invalid_request"


async def test_rule_11_a_push_with_a_wrong_secret(panva_server: Any) -> None:
    here = machine(panva_server, par_required=True)
    wrong = Secret("not-the-one")
    here.entry = configure_entry(here.workspace, here.entry, client_secret=wrong)
    with pytest.raises(tui_oauth.errors.ProviderRefused) as refused:
        await here.sign_in()
    assert refused.value.code == "invalid_client"


async def test_rule_110_a_stolen_refresh_token_is_of_no_use_without_the_key(
    panva_server: Any,
) -> None:
    here = machine(panva_server, "none", metadata=BOUND, dpop=True)
    await here.sign_in()
    assert here.held.refresh_token is not None
    form = {"grant_type": "refresh_token", "refresh_token": here.held.refresh_token.reveal()}
    stolen = http.post(f"{panva_server.issuer}/token", **here.client.authenticate(form))
    assert stolen.status_code == 400
    await asyncio.to_thread(refresh_entry, here.workspace, here.now)
    assert here.held.bound


@pytest.mark.parametrize(
    ("server", "scopes", "whose"),
    [
        ("authlib", "openid", "Robin Vale"),
        ("mock", "openid email", "robin"),
        ("panva", "openid", "Robin Vale"),
    ],
    indirect=["server"],
)
async def test_rule_109_the_id_token_alone_says_whose_account_it_is(
    server: Any, scopes: str, whose: str
) -> None:
    here = machine(server, scopes=tuple(scopes.split()), probe=False)
    await here.sign_in()
    assert here.now.account == whose
    await asyncio.to_thread(refresh_entry, here.workspace, here.now)
    assert here.held.id_token is not None, "it is kept when the tokens are renewed"
    assert here.now.account == whose
