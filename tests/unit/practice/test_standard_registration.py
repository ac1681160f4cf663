"""Clients that register themselves at the practice provider (RFC 7591 and 7592)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from standard_calls import CALLBACK, DEVICE_GRANT, Caller, error, good

from tui_oauth.practice.web import Reply

ABOUT = {
    "client_name": "tui-oauth",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
    "application_type": "native",
}


def register(caller: Caller, about: object = ABOUT, **more: Any) -> Reply:
    body = json.dumps({**about, **more} if isinstance(about, dict) else about).encode()
    return caller.call("POST", "/oauth/register", "", body, Content_Type="application/json")


def registered(caller: Caller, **more: Any) -> dict[str, Any]:
    reply = register(caller, **more)
    assert reply.status == 201, reply.body
    made: dict[str, Any] = json.loads(reply.body)
    found = caller.application.store.app_of_client(made["client_id"])
    assert found is not None
    caller.app = found
    return made


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "none"])
def test_a_registered_client_signs_in(method):
    caller = Caller()
    made = registered(caller, token_endpoint_auth_method=method)
    assert made["token_endpoint_auth_method"] == method
    assert made["client_id_issued_at"] == int(caller.clock.now)
    assert ("client_secret" in made) == (method != "none")
    assert made.get("client_secret_expires_at", 0) == 0
    answer = caller.tokens()
    assert good(caller.api(answer["access_token"]))["workspace"] == "Aurora Books"


def test_it_uses_only_the_grants_that_it_registered():
    caller = Caller()
    registered(caller, grant_types=["authorization_code"])
    assert "refresh_token" not in caller.tokens()
    for grant in ("client_credentials", "refresh_token", DEVICE_GRANT):
        assert error(caller.asking("/oauth/token", grant_type=grant))[1] == "unauthorized_client"
    assert error(caller.asking("/oauth/device"))[1] == "unauthorized_client"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://x.example/#f"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["app:callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": CALLBACK}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"scope": "everything"}, "invalid_client_metadata"),
        ({"scope": 1}, "invalid_client_metadata"),
    ],
)
def test_what_cannot_be_registered(more, code):
    assert error(register(Caller(), **more)) == (400, code)


def test_what_is_no_registration():
    caller = Caller()
    assert error(register(caller, [])) == (400, "invalid_client_metadata")
    assert error(caller.form("/oauth/register", ABOUT)) == (400, "invalid_client_metadata")


def test_rule_108_the_server_may_register_another_method_and_let_secrets_end():
    caller = Caller()
    caller.behave(register_as="client_secret_post", secret_lifetime=60)
    made = registered(caller, token_endpoint_auth_method="none")
    assert made["token_endpoint_auth_method"] == "client_secret_post"
    assert made["client_secret_expires_at"] == int(caller.clock.now) + 60
    code = caller.consent(caller.request())["code"]
    caller.clock.now += 60
    refused = caller.exchange(code)
    assert error(refused) == (401, "invalid_client")
    assert b"expired" in refused.body


def test_a_client_sees_and_removes_its_registration():
    caller = Caller()
    made = registered(caller)
    token = caller.tokens()["access_token"]
    path = made["registration_client_uri"].removeprefix("http://127.0.0.1:8977")
    headers = {"Authorization": f"Bearer {made['registration_access_token']}"}
    assert good(caller.call("GET", path, **headers)) == made
    assert caller.call("GET", path).status == 401
    assert caller.call("GET", path, Authorization="Bearer wrong").status == 401
    assert caller.call("POST", path, **headers).status == 405
    assert caller.call("DELETE", path, **headers).status == 204
    assert caller.call("GET", path, **headers).status == 401
    assert caller.api(token).status == 401
    assert error(caller.asking("/oauth/revoke", token=token)) == (401, "invalid_client")


def test_an_app_of_the_web_forms_has_no_registration_to_see():
    caller = Caller()
    path = f"/oauth/register/{caller.app.client_id}"
    assert caller.call("GET", path, Authorization="Bearer ").status == 401
    assert caller.call("DELETE", path).status == 401
