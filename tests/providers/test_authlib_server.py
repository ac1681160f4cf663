"""The Authlib server keeps its own promises: one test for each thing that other tests rely on.

A failing sign-in against it can so be told from a failing server. Nothing here is ours but the
glue; requests are sent with httpx.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.providers.authlib_server import AuthlibServer
from tests.providers.authlib_store import DEVICE_GRANT
from tests.providers.independent import CALLBACK, Registered, http, metadata, parameters

VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


def link(server: AuthlibServer, client: Registered, **more: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": client.redirect_uri,
        "scope": "openid read",
        "state": "state-1",
        "nonce": client.id,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }
    return f"{server.issuer}/authorize?{httpx.QueryParams(asked)}"


def post(server: AuthlibServer, path: str, client: Registered, **form: str) -> httpx.Response:
    return http.post(f"{server.issuer}{path}", **client.authenticate(form))


def exchange(server: AuthlibServer, client: Registered, code: str, **more: str) -> httpx.Response:
    form = {"code": code, "redirect_uri": client.redirect_uri, "code_verifier": VERIFIER, **more}
    return post(server, "/token", client, grant_type="authorization_code", **form)


def tokens(server: AuthlibServer, client: Registered) -> dict[str, Any]:
    code = parameters(server.consent(link(server, client)))["code"]
    answer = exchange(server, client, code)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refresh(server: AuthlibServer, client: Registered, token: str) -> httpx.Response:
    return post(server, "/token", client, grant_type="refresh_token", refresh_token=token)


def api(server: AuthlibServer, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return http.get(f"{server.issuer}/api/read", headers=headers).status_code


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_a_code_becomes_tokens_with_each_client_authentication(authlib_server, method):
    client = authlib_server.client(method)
    answer = tokens(authlib_server, client)
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600
    assert answer["scope"] == "openid read"
    assert api(authlib_server, answer["access_token"]) == 200
    assert api(authlib_server, "wrong") == 401


def test_the_answer_carries_state_and_issuer(authlib_server):
    back = authlib_server.consent(link(authlib_server, authlib_server.client()))
    assert back.startswith(f"{CALLBACK}?")
    found = parameters(back)
    assert found.keys() == {"code", "state", "iss"}
    assert (found["state"], found["iss"]) == ("state-1", authlib_server.issuer)
    authlib_server.names_issuer = False
    again = authlib_server.consent(link(authlib_server, authlib_server.client()))
    assert parameters(again).keys() == {"code", "state"}


def test_refused_consent(authlib_server):
    back = authlib_server.consent(link(authlib_server, authlib_server.client()), allow=False)
    assert (parameters(back)["error"], parameters(back)["state"]) == ("access_denied", "state-1")


def test_a_redirect_uri_that_is_not_registered_stays_on_the_page(authlib_server):
    asked = link(authlib_server, authlib_server.client(), redirect_uri=f"{CALLBACK}/")
    assert error_of(http.get(asked)) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"redirect_uri": f"{CALLBACK}/"}, "invalid_grant"),
        ({"client_secret": "wrong"}, "invalid_client"),
    ],
)
def test_a_code_is_bound_to_verifier_redirect_uri_and_client(authlib_server, more, error):
    client = authlib_server.client("client_secret_post")
    code = parameters(authlib_server.consent(link(authlib_server, client)))["code"]
    if "client_secret" in more:
        client = Registered(client.id, more["client_secret"], client.method)
        more = {}
    assert exchange(authlib_server, client, code, **more).json()["error"] == error


def test_a_code_used_twice_ends_its_tokens(authlib_server):
    client = authlib_server.client()
    code = parameters(authlib_server.consent(link(authlib_server, client)))["code"]
    token = exchange(authlib_server, client, code).json()["access_token"]
    assert error_of(exchange(authlib_server, client, code)) == (400, "invalid_grant")
    assert api(authlib_server, token) == 401


def test_refresh_rotates_and_reuse_ends_the_family(authlib_server):
    client = authlib_server.client()
    first = tokens(authlib_server, client)
    second = refresh(authlib_server, client, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert api(authlib_server, first["access_token"]) == 401
    assert api(authlib_server, second["access_token"]) == 200
    reused = refresh(authlib_server, client, first["refresh_token"])
    assert error_of(reused) == (400, "invalid_grant")
    assert api(authlib_server, second["access_token"]) == 401
    ended = refresh(authlib_server, client, second["refresh_token"])
    assert error_of(ended) == (400, "invalid_grant")


def test_refresh_without_rotation_gives_no_new_refresh_token(authlib_server):
    authlib_server.rotates = False
    client = authlib_server.client()
    first = tokens(authlib_server, client)
    for _ in range(2):
        again = refresh(authlib_server, client, first["refresh_token"]).json()
        assert "refresh_token" not in again
        assert api(authlib_server, again["access_token"]) == 200


def test_id_tokens_are_signed_and_carry_the_nonce(authlib_server):
    client = authlib_server.client()
    answer = tokens(authlib_server, client)
    keys = KeySet.import_key_set(http.get(f"{authlib_server.issuer}/jwks").json())
    read = jwt.decode(answer["id_token"], keys, algorithms=["RS256"])
    assert read.claims["iss"] == authlib_server.issuer
    assert read.claims["aud"] == [client.id]
    assert (read.claims["nonce"], read.claims["sub"]) == (client.id, "robin")
    later = refresh(authlib_server, client, answer["refresh_token"]).json()
    claims = jwt.decode(later["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["sub"], "nonce" in claims) == ("robin", False)
    headers = {"Authorization": f"Bearer {later['access_token']}"}
    info = http.get(f"{authlib_server.issuer}/userinfo", headers=headers)
    assert info.json() == {"sub": "robin", "name": "Robin Vale"}


def test_client_credentials_give_a_token_without_a_person(authlib_server):
    client = authlib_server.client()
    answer = post(authlib_server, "/token", client, grant_type="client_credentials", scope="read")
    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()
    assert api(authlib_server, answer.json()["access_token"]) == 200
    public = authlib_server.client("none")
    refused = post(authlib_server, "/token", public, grant_type="client_credentials")
    assert error_of(refused)[1] == "invalid_client"


def device(server: AuthlibServer, client: Registered) -> dict[str, Any]:
    answer = post(server, "/device_authorization", client, scope="read")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def poll(server: AuthlibServer, client: Registered, device_code: str) -> httpx.Response:
    return post(server, "/token", client, grant_type=DEVICE_GRANT, device_code=device_code)


@pytest.mark.parametrize("method", ["client_secret_basic", "none"])
def test_a_device_gets_tokens_after_consent(authlib_server, method):
    authlib_server.interval = 0
    client = authlib_server.client(method)
    asked = device(authlib_server, client)
    assert asked["verification_uri_complete"].endswith(f"?user_code={asked['user_code']}")
    waiting = poll(authlib_server, client, asked["device_code"])
    assert error_of(waiting) == (400, "authorization_pending")
    authlib_server.decide(asked["user_code"])
    answer = poll(authlib_server, client, asked["device_code"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["refresh_token"]
    assert api(authlib_server, answer.json()["access_token"]) == 200


def test_a_device_that_polls_too_often_is_told_so(authlib_server):
    client = authlib_server.client()
    asked = device(authlib_server, client)
    assert (
        error_of(poll(authlib_server, client, asked["device_code"]))[1] == "authorization_pending"
    )
    assert error_of(poll(authlib_server, client, asked["device_code"]))[1] == "slow_down"


def test_a_device_that_is_refused_or_too_late(authlib_server):
    client = authlib_server.client()
    asked = device(authlib_server, client)
    authlib_server.decide(asked["user_code"], allow=False)
    assert error_of(poll(authlib_server, client, asked["device_code"]))[1] == "access_denied"
    authlib_server.device_lifetime = -1
    late = device(authlib_server, client)
    assert error_of(poll(authlib_server, client, late["device_code"]))[1] == "expired_token"


def test_revocation_of_an_access_token_and_of_the_whole_grant(authlib_server):
    client = authlib_server.client()
    first = tokens(authlib_server, client)
    post(authlib_server, "/revoke", client, token=first["access_token"])
    assert api(authlib_server, first["access_token"]) == 401
    second = refresh(authlib_server, client, first["refresh_token"]).json()
    hint = {"token_type_hint": "refresh_token"}
    gone = post(authlib_server, "/revoke", client, token=second["refresh_token"], **hint)
    assert gone.status_code == 200
    assert api(authlib_server, second["access_token"]) == 401
    assert error_of(refresh(authlib_server, client, second["refresh_token"]))[1] == "invalid_grant"
    unknown = post(authlib_server, "/revoke", client, token="never heard of")
    assert unknown.status_code == 200
    wrong = Registered(client.id, "wrong")
    assert post(authlib_server, "/revoke", wrong, token="x").status_code == 401


def test_introspection_tells_only_the_tokens_own_client(authlib_server):
    client = authlib_server.client()
    token = tokens(authlib_server, client)["access_token"]
    found = post(authlib_server, "/introspect", client, token=token).json()
    assert found["active"] is True
    assert found["scope"] == "openid read"
    assert found["exp"] - found["iat"] == 3600
    other = post(authlib_server, "/introspect", authlib_server.client(), token=token).json()
    assert other == {"active": False}
    post(authlib_server, "/revoke", client, token=token)
    assert post(authlib_server, "/introspect", client, token=token).json() == {"active": False}


@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
def test_its_metadata(authlib_server, name):
    found = metadata(authlib_server.issuer, name)
    assert found["code_challenge_methods_supported"] == ["S256"]
    for key, value in found.items():
        if key.endswith(("_endpoint", "_uri")):
            assert value.startswith(f"{authlib_server.issuer}/")


def test_a_client_registers_itself_and_takes_itself_away_again(authlib_server):
    about = {
        "redirect_uris": [CALLBACK],
        "client_name": "tui-oauth",
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    }
    answer = http.post(f"{authlib_server.issuer}/register", json=about)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert about.items() <= made.items()
    client = Registered(made["client_id"], made["client_secret"], "client_secret_post")
    assert api(authlib_server, tokens(authlib_server, client)["access_token"]) == 200
    headers = {"Authorization": f"Bearer {made['registration_access_token']}"}
    own = made["registration_client_uri"]
    assert http.get(own, headers=headers).json()["client_name"] == "tui-oauth"
    assert http.get(own).status_code >= 400
    assert http.delete(own, headers=headers).status_code == 204
    assert http.get(own, headers=headers).status_code >= 400


def test_requests_are_counted(authlib_server):
    tokens(authlib_server, authlib_server.client())
    assert authlib_server.count == {"/authorize": 2, "/token": 1}
