"""Client authentication, client credentials, revocation and introspection at the practice provider."""

from __future__ import annotations

import base64

import pytest
from standard_calls import CALLBACK, ORIGIN, Caller, basic, error, good

CREDENTIALS = {"grant_type": "client_credentials", "scope": "read"}


def test_client_credentials_give_a_token_of_no_person():
    caller = Caller()
    answer = good(caller.asking("/oauth/token", **CREDENTIALS))
    assert "refresh_token" not in answer
    assert "id_token" not in answer
    orders = good(caller.api(answer["access_token"]))
    assert "person" not in orders
    about = good(caller.asking("/oauth/introspect", token=answer["access_token"]))
    assert "sub" not in about
    assert caller.application.store.grants(caller.app) == ()


def test_a_public_client_cannot_have_client_credentials():
    caller = Caller(auth_method="none")
    refused = caller.asking("/oauth/token", **CREDENTIALS)
    assert error(refused) == (400, "unauthorized_client")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({}, (400, "unsupported_grant_type")),
        ({**CREDENTIALS, "scope": "everything"}, (400, "invalid_scope")),
        ({**CREDENTIALS, "client_id": "other"}, (400, "invalid_request")),
        ({**CREDENTIALS, "client_secret": "x"}, (400, "invalid_request")),
        ({**CREDENTIALS, "resource": "https://elsewhere.example"}, (400, "invalid_target")),
    ],
)
def test_token_requests_that_are_refused(fields, wrong):
    assert error(Caller().asking("/oauth/token", **fields)) == wrong


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic !", "Basic eA==", "Bearer eDp5", basic("nobody", "x"), "Basic " + "x" * 9],
)
def test_rule_59_a_header_that_does_not_authenticate(header):
    reply = Caller().form("/oauth/token", CREDENTIALS, Authorization=header)
    assert error(reply) == (401, "invalid_client")
    assert reply.headers["WWW-Authenticate"] == 'Basic realm="practice"'


def test_rule_59_id_and_secret_are_form_urlencoded_before_basic():
    caller = Caller()
    caller.app.client_secret = "a b+c:%é&="
    header = basic(caller.app.client_id, caller.app.client_secret)
    good(caller.form("/oauth/token", CREDENTIALS, Authorization=header))
    pair = f"{caller.app.client_id}:{caller.app.client_secret}"
    raw = "Basic " + base64.b64encode(pair.encode()).decode()
    assert error(caller.form("/oauth/token", CREDENTIALS, Authorization=raw))[1] == "invalid_client"


@pytest.mark.parametrize("registered", ["client_secret_basic", "client_secret_post", "none"])
@pytest.mark.parametrize("used", ["client_secret_basic", "client_secret_post", "none"])
def test_a_client_authenticates_only_as_it_is_registered(registered, used):
    caller = Caller(auth_method=registered)
    secret = caller.app.client_secret or "x"
    known = {"client_id": caller.app.client_id}
    headers = {}
    if used == "client_secret_basic":
        headers = {"Authorization": basic(caller.app.client_id, secret)}
    elif used == "client_secret_post":
        known["client_secret"] = secret
    reply = caller.form("/oauth/revoke", {"token": "x", **known}, **headers)
    assert reply.status == (200 if registered == used else 401)


def test_a_body_that_is_no_form_and_a_parameter_that_is_there_twice():
    caller = Caller()
    reply = caller.call("POST", "/oauth/token", "", b"{}", Content_Type="application/json")
    assert error(reply) == (400, "invalid_request")
    assert (
        error(caller.asking("/oauth/token", ("scope", "read"), **CREDENTIALS))[1]
        == "invalid_request"
    )


def test_rule_95_an_access_token_ends_alone_a_refresh_token_with_all():
    caller = Caller()
    first = caller.tokens()
    assert good(caller.asking("/oauth/revoke", token=first["access_token"])) == {}
    assert caller.api(first["access_token"]).status == 401
    second = good(caller.refresh(first["refresh_token"]))
    hint = {"token_type_hint": "refresh_token"}
    good(caller.asking("/oauth/revoke", token=first["refresh_token"], **hint))
    assert caller.api(second["access_token"]).status == 401
    assert error(caller.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert caller.application.store.grants(caller.app) == ()


def test_revocation_of_what_is_not_there_or_not_yours():
    caller = Caller()
    token = caller.tokens()["access_token"]
    assert good(caller.asking("/oauth/revoke", token="never heard of")) == {}
    assert error(caller.asking("/oauth/revoke")) == (400, "invalid_request")
    caller.app = caller.application.register("Other", CALLBACK)
    assert error(caller.asking("/oauth/revoke", token=token)) == (400, "invalid_grant")
    assert caller.api(token).status == 200


def test_introspection_of_both_tokens():
    caller = Caller()
    answer = caller.tokens()
    about = good(caller.asking("/oauth/introspect", token=answer["access_token"]))
    now = int(caller.clock.now)
    assert about == {
        "active": True,
        "client_id": caller.app.client_id,
        "iss": ORIGIN,
        "scope": "openid read",
        "sub": "1001",
        "token_type": "Bearer",
        "iat": now,
        "exp": now + 3600,
    }
    other = good(caller.asking("/oauth/introspect", token=answer["refresh_token"]))
    assert other["active"] is True
    assert "exp" not in other


def test_introspection_tells_nothing_of_tokens_that_are_not_yours_or_have_ended():
    caller = Caller()
    token = caller.tokens()["access_token"]
    mine = caller.app
    caller.app = caller.application.register("Other", CALLBACK)
    assert good(caller.asking("/oauth/introspect", token=token)) == {"active": False}
    caller.app = mine
    caller.clock.now += 3600
    assert good(caller.asking("/oauth/introspect", token=token)) == {"active": False}
    public = caller.application.register("Public", CALLBACK, auth_method="none")
    assert error(caller.asking("/oauth/introspect", app=public, token=token)) == (
        401,
        "invalid_client",
    )


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/oauth/token", "POST"),
        ("POST", "/api", "GET"),
        ("POST", "/.well-known/openid-configuration", "GET"),
    ],
)
def test_other_methods_are_refused(method, path, allowed):
    reply = Caller().call(method, path)
    assert (reply.status, reply.headers["Allow"]) == (405, allowed)
