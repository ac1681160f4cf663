"""The token endpoint, /me and uninstall, as Intercom documents them."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest
from practice_calls import CALLBACK

from tui_oauth.practice.application import Application


def errors_of(reply):
    answer = json.loads(reply.body)
    assert answer["type"] == "error.list"
    assert answer["request_id"]
    return [(error["code"], error["message"]) for error in answer["errors"]]


def test_a_code_gives_the_token_twice_and_nothing_else(client):
    answer = client.tokens()
    assert answer.keys() == {"token_type", "token", "access_token"}
    assert answer["token_type"] == "Bearer"
    assert answer["token"] == answer["access_token"]


def test_the_code_ends_in_raw_equal_signs(client):
    asked = {"client_id": client.app.client_id, "state": "s"}
    page = client.get("/oauth", **asked).body.decode()
    token = page.split('name="csrf" value="')[1].split('"')[0]
    reply = client.post("/oauth", {**asked, "csrf": token, "answer": "allow"})
    assert reply.headers["Location"].startswith(f"{CALLBACK}?code=")
    assert reply.headers["Location"].endswith("==&state=s")


def test_json_is_accepted_as_well_as_a_form(client):
    code = client.consent()["code"]
    fields = {
        "code": code,
        "client_id": client.app.client_id,
        "client_secret": client.app.client_secret,
    }
    reply = client.call(
        "POST",
        "/auth/eagle/token",
        "",
        json.dumps(fields).encode(),
        Content_Type="application/json",
    )
    assert reply.status == 200
    assert json.loads(reply.body)["access_token"]
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"code": 1}', b'{"code":"a","code":"b"}', b"{", b"[" * 50_000, b"\xff"]
)
def test_odd_json_requests_are_refused(client, body):
    reply = client.call("POST", "/auth/eagle/token", "", body, Content_Type="application/json")
    assert reply.status in {400, 401}
    assert errors_of(reply)


def test_a_repeated_parameter_is_refused(client):
    reply = client.call(
        "POST",
        "/auth/eagle/token",
        "",
        b"code=a&code=b",
        Content_Type="application/x-www-form-urlencoded",
    )
    assert reply.status == 400


def test_a_code_is_good_once_and_its_second_use_ends_the_grant(client):
    code = client.consent()["code"]
    token = json.loads(client.token(code=code).body)["access_token"]
    assert client.me(token).status == 200
    again = client.token(code=code)
    assert (again.status, errors_of(again)) == (401, [("unauthorized", "Unauthorized Code")])
    assert client.me(token).status == 401


@pytest.mark.parametrize(
    "cut", [lambda code: code.rstrip("="), lambda code: code + "=", lambda code: ""]
)
def test_a_wrong_code_is_unauthorized(client, cut):
    reply = client.token(code=cut(client.consent()["code"]))
    assert (reply.status, errors_of(reply)) == (401, [("unauthorized", "Unauthorized Code")])


def test_a_code_lives_five_minutes(client):
    clock = [1_000_000.0]
    client = type(client)(Application(now=lambda: clock[0]))
    first, second = client.consent()["code"], client.consent()["code"]
    clock[0] += 299
    assert client.token(code=first).status == 200
    clock[0] += 1
    assert client.token(code=second).status == 401


def test_a_wrong_secret_is_refused_and_the_code_stays_good(client):
    code = client.consent()["code"]
    for fields in ({"client_secret": "wrong"}, {"client_secret": "é"}, {"client_id": "nobody"}):
        reply = client.token(code=code, **fields)
        assert (reply.status, errors_of(reply)[0][0]) == (401, "unauthorized")
    assert client.token(code=code).status == 200


def test_a_code_of_another_app_is_refused(client):
    other = client.application.register("Other", CALLBACK)
    assert client.token(app=other, code=client.consent()["code"]).status == 401


def test_the_redirect_uri_is_compared_when_it_is_sent(client):
    assert client.token(code=client.consent()["code"], redirect_uri=CALLBACK).status == 200
    assert client.token(code=client.consent()["code"], redirect_uri=CALLBACK + "/").status == 401


def test_rule_pkce_the_verifier_is_demanded_after_a_challenge(client):
    verifier = "v" * 43
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    asked = {"code_challenge": challenge, "code_challenge_method": "S256"}
    assert client.token(code=client.consent(**asked)["code"]).status == 401
    assert client.token(code=client.consent(**asked)["code"], code_verifier="w" * 43).status == 401
    assert client.token(code=client.consent(**asked)["code"], code_verifier=verifier).status == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"code_challenge": "v" * 43, "code_challenge_method": "plain"},
        {"code_challenge": "v" * 43},
        {"code_challenge": "short", "code_challenge_method": "S256"},
    ],
)
def test_only_s256_is_known(client, asked):
    reply = client.get("/oauth", client_id=client.app.client_id, state="s", **asked)
    assert reply.status == 303
    assert reply.headers["Location"] == f"{CALLBACK}?error=invalid_request&state=s"


def test_me_names_the_person_and_the_workspace_with_rate_limits(client):
    reply = client.me(client.tokens()["access_token"])
    answer = json.loads(reply.body)
    assert reply.status == 200
    assert {
        "type",
        "id",
        "name",
        "email",
        "email_verified",
        "has_inbox_seat",
        "app",
        "avatar",
    } == answer.keys()
    assert answer["email_verified"] is True
    assert answer["app"]["id_code"] == "aurora01"
    assert answer["app"]["name"] == "Aurora Books"
    assert answer["app"]["region"] == "US"
    assert reply.headers["X-RateLimit-Limit"] == "1666"
    assert reply.headers["X-RateLimit-Remaining"] == "1665"
    assert int(reply.headers["X-RateLimit-Reset"]) % 10 == 0


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic eDp5", "Bearer \u00e9"])
def test_me_without_a_good_token(client, header):
    reply = client.call("GET", "/me", Authorization=header)
    assert (reply.status, errors_of(reply)) == (401, [("unauthorized", "Access Token Invalid")])
    assert "X-RateLimit-Limit" not in reply.headers


def test_uninstall_ends_every_token_of_the_grant(client):
    first, other = client.tokens()["access_token"], client.tokens()["access_token"]
    reply = client.call("POST", "/auth/uninstall", Authorization=f"Bearer {first}")
    assert reply.status == 200
    assert client.me(first).status == 401
    assert client.me(other).status == 200
    assert client.call("POST", "/auth/uninstall", Authorization=f"Bearer {first}").status == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/auth/eagle/token"), ("POST", "/me"), ("GET", "/auth/uninstall"), ("PUT", "/")],
)
def test_other_methods_are_refused(client, method, path):
    reply = client.call(method, path)
    assert reply.status == 405
    assert reply.headers["Allow"]


def test_refresh_is_unknown_without_the_switch(client):
    reply = client.refresh("anything")
    assert (reply.status, json.loads(reply.body)) == (400, {"error": "unsupported_grant_type"})


def test_requests_are_counted(client):
    token = client.tokens()["access_token"]
    client.me(token)
    client.token(code="wrong", client_secret="wrong")
    assert client.application.count == {"oauth": 1, "token": 2, "code": 1, "me": 1}
