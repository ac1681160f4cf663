"""oidc-provider-mock keeps its own promises: one test for each thing that other tests rely on."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.providers.independent import CALLBACK, Registered, http, metadata, parameters
from tests.providers.mock_server import MockServer


def sign_in(server: MockServer, client: Registered) -> dict[str, Any]:
    asked = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": client.redirect_uri,
        "scope": "openid email",
        "state": "state-1",
        "nonce": client.id,
    }
    at = metadata(server.issuer)
    back = server.consent(f"{at['authorization_endpoint']}?{httpx.QueryParams(asked)}")
    assert back.startswith(f"{CALLBACK}?")
    found = parameters(back)
    assert found["state"] == "state-1"
    form = {
        "grant_type": "authorization_code",
        "code": found["code"],
        "redirect_uri": client.redirect_uri,
    }
    answer = http.post(at["token_endpoint"], **client.authenticate(form))
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def person(server: MockServer, access_token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {access_token}"}
    return http.get(f"{server.issuer}/userinfo", headers=headers)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_code_becomes_tokens_with_each_client_authentication(mock_server, method):
    tokens = sign_in(mock_server, mock_server.client(method))
    assert tokens["token_type"] == "Bearer"
    assert person(mock_server, tokens["access_token"]).json() == {"sub": "robin", "email": "robin"}


def test_id_tokens_are_signed_and_carry_the_nonce(mock_server):
    client = mock_server.client()
    tokens = sign_in(mock_server, client)
    keys = KeySet.import_key_set(http.get(metadata(mock_server.issuer)["jwks_uri"]).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["sub"], claims["nonce"]) == (
        mock_server.issuer,
        "robin",
        client.id,
    )


def test_a_refresh_token_stays_and_the_old_access_token_ends(mock_server):
    client = mock_server.client()
    first = sign_in(mock_server, client)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    at = metadata(mock_server.issuer)["token_endpoint"]
    second = http.post(at, **client.authenticate(form)).json()
    assert "refresh_token" not in second
    assert person(mock_server, second["access_token"]).status_code == 200
    assert person(mock_server, first["access_token"]).json()["error"] == "access_denied"


def test_refused_consent(mock_server):
    client = mock_server.client()
    asked = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": CALLBACK,
        "scope": "openid",
    }
    at = metadata(mock_server.issuer)["authorization_endpoint"]
    back = mock_server.consent(f"{at}?{httpx.QueryParams(asked)}", allow=False)
    assert parameters(back)["error"] == "access_denied"


def test_clients_have_to_register(mock_server):
    asked = {
        "response_type": "code",
        "client_id": "nobody",
        "redirect_uri": CALLBACK,
        "scope": "openid",
    }
    at = metadata(mock_server.issuer)["authorization_endpoint"]
    assert http.get(at, params=asked).status_code == 400
