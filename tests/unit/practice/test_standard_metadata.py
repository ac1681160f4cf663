"""What the practice provider says of itself, its ID tokens, and the challenge of its API."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from standard_calls import ORIGIN, Caller, good

from tui_oauth.practice.behaviour import ODD_ID_TOKEN

SERVER = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
RESOURCE = "/.well-known/oauth-protected-resource/api"


def test_both_documents_say_the_same_and_name_what_is_there():
    caller = Caller()
    found = good(caller.get(SERVER))
    assert good(caller.get(OPENID)) == found
    assert found["issuer"] == ORIGIN
    for name, value in found.items():
        if name.endswith(("_endpoint", "_uri")):
            path = value.removeprefix(ORIGIN)
            assert path != value
            assert caller.call("DELETE", path).status == 405, name
            assert caller.get(path).status != 404, name


def test_the_document_follows_the_name_by_which_it_was_called():
    caller = Caller()
    reply = caller.application.handle("GET", SERVER, "", {"Host": "localhost:8977"})
    assert json.loads(reply.body)["issuer"] == "http://localhost:8977"


def test_rule_107_the_challenge_leads_to_the_metadata_of_the_resource():
    caller = Caller()
    refused = caller.get("/api")
    assert refused.status == 401
    assert f'resource_metadata="{ORIGIN}{RESOURCE}"' in refused.headers["WWW-Authenticate"]
    assert "error=" not in refused.headers["WWW-Authenticate"]
    found = good(caller.get(RESOURCE))
    assert found["resource"] == f"{ORIGIN}/api"
    assert found["authorization_servers"] == [ORIGIN]
    wrong = caller.api("wrong").headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in wrong
    narrow = caller.tokens(scope="openid")["access_token"]
    reply = caller.api(narrow)
    assert reply.status == 403
    assert 'error="insufficient_scope"' in reply.headers["WWW-Authenticate"]
    assert 'scope="read"' in reply.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("odd", "path", "name", "value"),
    [
        ("issuer", SERVER, "issuer", "http://127.0.0.1:1"),
        ("slash", SERVER, "issuer", f"{ORIGIN}/"),
        ("plain-pkce", SERVER, "code_challenge_methods_supported", ["plain"]),
        ("other-host", SERVER, "token_endpoint", "http://localhost:1/oauth/token"),
        ("no-token-endpoint", SERVER, "token_endpoint", None),
        ("resource", RESOURCE, "resource", "http://127.0.0.1:1/api"),
    ],
)
def test_odd_metadata(odd, path, name, value):
    caller = Caller()
    caller.behave(odd_metadata=odd)
    assert good(caller.get(path)).get(name) == value


def keys(caller: Caller) -> KeySet:
    return KeySet.import_key_set(good(caller.get("/oauth/jwks")))


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_id_tokens_are_signed_with_the_key_that_is_shown():
    caller = Caller()
    answer = caller.tokens(scope="openid profile email")
    read = jwt.decode(answer["id_token"], keys(caller), algorithms=["ES256"]).claims
    now = int(caller.clock.now)
    assert {name: read[name] for name in ("iss", "aud", "sub", "nonce", "iat", "exp")} == {
        "iss": ORIGIN,
        "aud": caller.app.client_id,
        "sub": "1001",
        "nonce": "nonce-1",
        "iat": now,
        "exp": now + 3600,
    }
    assert (read["name"], read["email"]) == ("Robin Vale", "robin@practice.example")
    info = good(
        caller.call("GET", "/oauth/userinfo", Authorization=f"Bearer {answer['access_token']}")
    )
    assert info.items() <= read.items()
    later = good(caller.refresh(answer["refresh_token"]))["id_token"]
    assert "nonce" not in claims(later)
    assert claims(later)["sub"] == "1001"


def test_without_openid_there_is_no_id_token_and_no_userinfo():
    caller = Caller()
    answer = caller.tokens(scope="read")
    assert "id_token" not in answer
    bearer = f"Bearer {answer['access_token']}"
    assert caller.call("GET", "/oauth/userinfo", Authorization=bearer).status == 403


@pytest.mark.parametrize("odd", sorted(ODD_ID_TOKEN))
def test_each_odd_id_token_is_odd(odd):
    caller = Caller()
    usual = claims(caller.tokens()["id_token"])
    caller.behave(odd_id_token=odd)
    answer = caller.tokens()
    token = answer["id_token"]
    if odd == "subject":
        assert claims(token)["sub"] == "1001"
        token = good(caller.refresh(answer["refresh_token"]))["id_token"]
    if odd in {"unsigned", "signature", "text"}:
        with pytest.raises((JoseError, ValueError)):
            jwt.decode(token, keys(caller), algorithms=["ES256"])
        return
    read = jwt.decode(token, keys(caller), algorithms=["ES256"]).claims if odd != "huge" else {}
    changed = {
        "issuer": {"iss"},
        "audience": {"aud"},
        "azp": {"aud", "azp"},
        "expired": {"exp"},
        "future": {"iat"},
        "nonce": {"nonce"},
        "nonce-missing": {"nonce"},
        "subject": {"sub", "nonce"},
    }
    if odd == "huge":
        assert len(token) > 65_536
        return
    names = (usual.keys() | read.keys()) - {"at_hash"}
    assert {name for name in names if usual.get(name) != read.get(name)} == changed[odd]
