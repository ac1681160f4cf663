"""oidc-provider keeps its own promises: one test for each thing that other tests rely on.

PAR and DPoP proofs are made here with joserfc, so that neither side is ours.
"""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from tests.providers.independent import CALLBACK, Registered, http, metadata, parameters
from tests.providers.panva_server import PanvaServer

VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def asked(client: Registered, **more: str) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": client.redirect_uri,
        "scope": "openid",
        "state": "state-1",
        "nonce": "nonce-1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }


def post(
    server: PanvaServer, path: str, client: Registered, dpop: str = "", **form: str
) -> httpx.Response:
    headers = {"DPoP": dpop} if dpop else {}
    return http.post(f"{server.issuer}{path}", headers=headers, **client.authenticate(form))


def code(server: PanvaServer, client: Registered, **more: str) -> str:
    link = f"{server.issuer}/auth?{httpx.QueryParams(asked(client, **more))}"
    back = parameters(server.consent(link))
    assert (back["state"], back["iss"]) == ("state-1", server.issuer)
    return back["code"]


def exchange(
    server: PanvaServer, client: Registered, value: str, dpop: str = "", **more: str
) -> httpx.Response:
    form = {"code": value, "redirect_uri": client.redirect_uri, "code_verifier": VERIFIER, **more}
    return post(server, "/token", client, dpop, grant_type="authorization_code", **form)


def tokens(server: PanvaServer, client: Registered, **more: str) -> dict[str, Any]:
    answer = exchange(server, client, code(server, client, **more))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refresh(server: PanvaServer, client: Registered, token: str) -> httpx.Response:
    return post(server, "/token", client, grant_type="refresh_token", refresh_token=token)


def me(server: PanvaServer, token: str, scheme: str = "Bearer", dpop: str = "") -> httpx.Response:
    headers = {"Authorization": f"{scheme} {token}", **({"DPoP": dpop} if dpop else {})}
    return http.get(f"{server.issuer}/me", headers=headers)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_a_code_becomes_tokens_with_each_client_authentication(panva_server, method):
    answer = tokens(panva_server, panva_server.client(method))
    assert answer["token_type"] == "Bearer"
    assert me(panva_server, answer["access_token"]).json() == {"sub": "robin", "name": "Robin Vale"}
    assert me(panva_server, "wrong").status_code == 401


def test_refused_consent(panva_server):
    client = panva_server.client()
    link = f"{panva_server.issuer}/auth?{httpx.QueryParams(asked(client))}"
    assert parameters(panva_server.consent(link, allow=False))["error"] == "access_denied"


def test_a_code_is_bound_to_its_verifier_and_used_once(panva_server):
    client = panva_server.client()
    wrong = exchange(panva_server, client, code(panva_server, client), code_verifier="w" * 43)
    assert error_of(wrong) == (400, "invalid_grant")
    value = code(panva_server, client)
    token = exchange(panva_server, client, value).json()["access_token"]
    assert error_of(exchange(panva_server, client, value)) == (400, "invalid_grant")
    assert me(panva_server, token).status_code == 401


def test_refresh_rotates_and_reuse_ends_the_grant(panva_server):
    client = panva_server.client()
    first = tokens(panva_server, client)
    second = refresh(panva_server, client, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    reused = refresh(panva_server, client, first["refresh_token"])
    assert error_of(reused) == (400, "invalid_grant")
    assert me(panva_server, second["access_token"]).status_code == 401
    ended = refresh(panva_server, client, second["refresh_token"])
    assert error_of(ended) == (400, "invalid_grant")


def test_id_tokens_are_signed_and_carry_the_nonce(panva_server):
    client = panva_server.client()
    answer = tokens(panva_server, client)
    keys = KeySet.import_key_set(http.get(metadata(panva_server.issuer)["jwks_uri"]).json())
    claims = jwt.decode(answer["id_token"], keys, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"]) == (panva_server.issuer, client.id)
    assert (claims["sub"], claims["nonce"]) == ("robin", "nonce-1")


def test_client_credentials(panva_server):
    client = panva_server.client()
    form = {
        "grant_type": "client_credentials",
        "scope": "read",
        "resource": f"{panva_server.issuer}/api",
    }
    answer = post(panva_server, "/token", client, **form)
    assert answer.status_code == 200, answer.text
    assert "refresh_token" not in answer.json()


@pytest.mark.parametrize("allow", [True, False])
def test_a_device(panva_server, allow):
    client = panva_server.client("none")
    answer = post(panva_server, "/device/auth", client, scope="openid")
    assert answer.status_code == 200, answer.text
    device = answer.json()
    form = {"grant_type": DEVICE_GRANT, "device_code": device["device_code"]}
    waiting = post(panva_server, "/token", client, **form)
    assert error_of(waiting) == (400, "authorization_pending")
    panva_server.decide(device["user_code"], allow=allow)
    answer = post(panva_server, "/token", client, **form)
    if not allow:
        assert error_of(answer) == (400, "access_denied")
        return
    assert me(panva_server, answer.json()["access_token"]).status_code == 200
    assert answer.json()["refresh_token"]


def test_revocation_and_introspection(panva_server):
    client = panva_server.client()
    answer = tokens(panva_server, client)
    token = answer["access_token"]
    about = post(panva_server, "/token/introspection", client, token=token).json()
    assert (about["active"], about["client_id"], about["sub"]) == (True, client.id, "robin")
    assert post(panva_server, "/token/revocation", client, token=token).status_code == 200
    gone = post(panva_server, "/token/introspection", client, token=token).json()
    assert gone == {"active": False}
    again = refresh(panva_server, client, answer["refresh_token"]).json()
    post(panva_server, "/token/revocation", client, token=again["refresh_token"])
    assert me(panva_server, again["access_token"]).status_code == 401


def test_its_metadata(panva_server):
    found = metadata(panva_server.issuer)
    assert found["authorization_response_iss_parameter_supported"] is True
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert "ES256" in found["dpop_signing_alg_values_supported"]
    for name, value in found.items():
        if name.endswith("_endpoint"):
            assert value.startswith(f"{panva_server.issuer}/")


def test_a_client_sees_and_removes_its_registration(panva_server):
    made = http.post(f"{panva_server.issuer}/reg", json={"redirect_uris": ["https://x.example/"]})
    about = made.json()
    own = about["registration_client_uri"]
    headers = {"Authorization": f"Bearer {about['registration_access_token']}"}
    assert http.get(own, headers=headers).json()["client_id"] == about["client_id"]
    assert http.delete(own, headers=headers).status_code == 204
    assert http.get(own, headers=headers).status_code == 401


def test_a_client_that_has_to_push_its_requests(panva_server):
    client = panva_server.client(require_pushed_authorization_requests=True)
    link = f"{panva_server.issuer}/auth?{httpx.QueryParams(asked(client))}"
    assert parameters(http.get(link).headers["Location"])["error"] == "invalid_request"
    pushed = post(panva_server, "/request", client, **asked(client))
    assert pushed.status_code == 201, pushed.text
    assert pushed.json()["expires_in"] > 0
    short = {"client_id": client.id, "request_uri": pushed.json()["request_uri"]}
    link = f"{panva_server.issuer}/auth?{httpx.QueryParams(short)}"
    back = parameters(panva_server.consent(link))
    assert back["state"] == "state-1"
    assert exchange(panva_server, client, back["code"]).status_code == 200


def proof(key: ECKey, method: str, url: str, token: str = "", **claims: str) -> str:
    """A DPoP proof (RFC 9449 section 4.2)."""
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    made: dict[str, object] = {
        "jti": uuid.uuid4().hex,
        "htm": method,
        "htu": url,
        "iat": int(time.time()),
        **claims,
    }
    if token:
        digest = hashlib.sha256(token.encode()).digest()
        made["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return jwt.encode(header, made, key, algorithms=["ES256"])


def test_tokens_bound_to_a_key(panva_server):
    client = panva_server.client(dpop_bound_access_tokens=True)
    key = ECKey.generate_key("P-256")
    at = panva_server.issuer
    refused = exchange(panva_server, client, code(panva_server, client))
    assert refused.status_code == 400
    value = code(panva_server, client)
    answer = exchange(panva_server, client, value, proof(key, "POST", f"{at}/token"))
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    assert answer.json()["token_type"] == "DPoP"
    assert me(panva_server, token).status_code == 401
    good = me(panva_server, token, "DPoP", proof(key, "GET", f"{at}/me", token))
    assert good.json()["sub"] == "robin"


def test_proofs_with_a_nonce_of_the_server(panva_server):
    client = panva_server.client(nonces=True)
    key = ECKey.generate_key("P-256")
    at = f"{panva_server.issuer}/token"
    value = code(panva_server, client)
    first = exchange(panva_server, client, value, proof(key, "POST", at))
    assert error_of(first) == (400, "use_dpop_nonce")
    nonce = first.headers["DPoP-Nonce"]
    second = exchange(panva_server, client, value, proof(key, "POST", at, nonce=nonce))
    assert second.status_code == 200, second.text


def test_resources(panva_server):
    client = panva_server.client()
    api = f"{panva_server.issuer}/api"
    answer = tokens(panva_server, client, scope="openid read", resource=api)
    about = post(panva_server, "/token/introspection", client, token=answer["access_token"]).json()
    assert about["aud"] == api


def test_a_redirect_uri_that_is_not_registered_stays_on_the_page(panva_server):
    client = panva_server.client()
    link = httpx.QueryParams(asked(client, redirect_uri=f"{CALLBACK}/"))
    assert http.get(f"{panva_server.issuer}/auth?{link}").status_code == 400


def test_requests_are_counted(panva_server):
    before = panva_server.count("/token")
    post(panva_server, "/token", panva_server.client(), grant_type="nothing")
    assert panva_server.count("/token") == before + 1
