"""The standard endpoints of the practice provider: authorization code, refresh, PAR, iss, resources."""

from __future__ import annotations

import json

import pytest
from standard_calls import CALLBACK, ORIGIN, Caller, error, good, redirected


@pytest.mark.parametrize("method", ["", "client_secret_basic", "client_secret_post", "none"])
def test_a_code_becomes_tokens_with_each_client_authentication(method):
    caller = Caller(auth_method=method)
    answer = caller.tokens()
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 3600
    assert answer["scope"] == "openid read"
    orders = good(caller.api(answer["access_token"]))
    assert orders["workspace"] == "Aurora Books"
    assert orders["person"] == {"sub": "1001"}
    assert caller.count == {"authorize": 1, "token": 1, "code": 1, "api": 1}


def test_the_consent_page_says_what_is_asked_for():
    caller = Caller()
    shown = caller.get("/oauth/authorize", caller.request(scope="read write")).body.decode()
    assert "Tester asks for access" in shown
    assert "Read orders" in shown
    assert "Change orders" in shown
    assert "Know who you are" not in shown


def test_rule_54_the_answer_names_its_issuer():
    caller = Caller()
    assert caller.consent(caller.request()).keys() == {"code", "state", "iss"}
    denied = caller.consent(caller.request(), answer="cancel")
    assert (denied["error"], denied["iss"]) == ("access_denied", ORIGIN)


@pytest.mark.parametrize(
    ("odd", "issuers"),
    [("missing", []), ("wrong", ["http://127.0.0.1:1"]), ("twice", [ORIGIN] * 2)],
)
def test_odd_issuers(odd, issuers):
    caller = Caller()
    caller.behave(odd_iss=odd)
    page = caller.get("/oauth/authorize", caller.request())
    token = page.body.decode().split('name="csrf" value="')[1].split('"')[0]
    asked = {**caller.request(), "csrf": token, "answer": "allow"}
    target = caller.form("/oauth/authorize", asked).headers["Location"]
    assert target.count("&iss=") == len(issuers)
    assert all(issuer.replace(":", "%3A").replace("/", "%2F") in target for issuer in issuers)


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "unsupported_response_type"),
        ({"scope": "read everything"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"resource": "https://elsewhere.example/api"}, "invalid_target"),
        ({"resource": f"{ORIGIN}/api#part"}, "invalid_target"),
    ],
)
def test_a_request_that_cannot_be_granted_goes_back_with_an_error(asked, code):
    caller = Caller()
    found = redirected(caller.get("/oauth/authorize", caller.request(**asked)))
    assert (found["error"], found["state"], found["iss"]) == (code, "state-1", ORIGIN)
    assert found["error_description"]


@pytest.mark.parametrize(
    "asked",
    [{"client_id": "nobody"}, {"redirect_uri": f"{CALLBACK}/"}, {"redirect_uri": ""}],
)
def test_without_a_known_client_and_redirect_uri_nobody_is_sent_anywhere(asked):
    caller = Caller()
    assert caller.get("/oauth/authorize", caller.request(**asked)).status == 400


def test_a_repeated_parameter_stays_on_the_page():
    caller = Caller()
    query = f"client_id={caller.app.client_id}&client_id={caller.app.client_id}"
    assert caller.call("GET", "/oauth/authorize", query).status == 400


def test_a_public_client_needs_pkce():
    caller = Caller(auth_method="none")
    found = redirected(caller.get("/oauth/authorize", caller.request(code_challenge="")))
    assert found["error"] == "invalid_request"


@pytest.mark.parametrize(
    "more",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": ""},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": ""},
    ],
)
def test_a_code_is_bound_to_verifier_and_redirect_uri(more):
    caller = Caller()
    code = caller.consent(caller.request())["code"]
    assert error(caller.exchange(code, **more)) == (400, "invalid_grant")


def test_a_code_used_twice_ends_its_tokens():
    caller = Caller()
    code = caller.consent(caller.request())["code"]
    token = good(caller.exchange(code))["access_token"]
    assert error(caller.exchange(code)) == (400, "invalid_grant")
    assert caller.api(token).status == 401


def test_a_form_of_another_page_is_refused():
    caller = Caller()
    asked = {**caller.request(), "csrf": "wrong", "answer": "allow"}
    assert caller.form("/oauth/authorize", asked).status == 403


def test_refresh_keeps_the_refresh_token_of_a_confidential_client():
    caller = Caller()
    first = caller.tokens()
    again = good(caller.refresh(first["refresh_token"]))
    assert "refresh_token" not in again
    assert caller.api(again["access_token"]).status == 200
    assert caller.api(first["access_token"]).status == 200


@pytest.mark.parametrize("method", ["none", "client_secret_post"])
def test_a_rotated_refresh_token_used_again_ends_everything(method):
    caller = Caller(auth_method=method)
    caller.behave(rotating_refresh=method != "none")  # a public client's rotates anyway
    first = caller.tokens()
    second = good(caller.refresh(first["refresh_token"]))
    assert second["refresh_token"] != first["refresh_token"]
    assert error(caller.refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert caller.api(second["access_token"]).status == 401
    assert error(caller.refresh(second["refresh_token"])) == (400, "invalid_grant")


def test_refresh_for_fewer_scopes_and_never_for_more():
    caller = Caller()
    token = caller.tokens()["refresh_token"]
    fewer = good(caller.refresh(token, scope="openid"))
    assert fewer["scope"] == "openid"
    assert caller.api(fewer["access_token"]).status == 403
    assert error(caller.refresh(token, scope="openid write")) == (400, "invalid_scope")


def test_access_tokens_end_and_the_switch_says_when():
    caller = Caller()
    caller.behave(expires_in=90)
    answer = caller.tokens()
    assert answer["expires_in"] == 90
    caller.clock.now += 89
    assert caller.api(answer["access_token"]).status == 200
    caller.clock.now += 1
    assert caller.api(answer["access_token"]).status == 401


def test_a_pushed_request_is_used_once():
    caller = Caller()
    reply = caller.asking("/oauth/par", **caller.request())
    pushed = json.loads(reply.body)
    assert (reply.status, pushed["expires_in"]) == (201, 60)
    asked = {"client_id": caller.app.client_id, "request_uri": pushed["request_uri"]}
    shown = caller.get("/oauth/authorize", asked)
    assert "state-1" not in shown.body.decode()
    assert caller.get("/oauth/authorize", asked).status == 200, "a reload is no use"
    found = caller.consent(asked)
    assert found["state"] == "state-1"
    assert good(caller.exchange(found["code"]))["access_token"]
    assert caller.get("/oauth/authorize", asked).status == 400


def test_a_pushed_request_ends_and_belongs_to_its_client():
    caller = Caller()
    caller.behave(par_lifetime=5)
    pushed = json.loads(caller.asking("/oauth/par", **caller.request()).body)
    other = caller.application.register("Other", CALLBACK)
    uri = pushed["request_uri"]
    assert pushed["expires_in"] == 5
    asked = {"client_id": other.client_id, "request_uri": uri}
    assert caller.get("/oauth/authorize", asked).status == 400
    asked = {"client_id": caller.app.client_id, "request_uri": uri}
    caller.clock.now += 5
    assert caller.get("/oauth/authorize", asked).status == 400


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"request_uri": "urn:x"}, "invalid_request"),
        ({"redirect_uri": f"{CALLBACK}/"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
    ],
)
def test_a_push_that_cannot_be_granted(more, code):
    caller = Caller()
    assert error(caller.asking("/oauth/par", **caller.request(**more))) == (400, code)


def test_where_requests_have_to_be_pushed_others_are_refused():
    caller = Caller()
    caller.behave(par_required=True)
    found = redirected(caller.get("/oauth/authorize", caller.request()))
    assert found["error"] == "invalid_request"


def test_resources_are_kept_and_can_be_narrowed():
    caller = Caller()
    api, other = f"{ORIGIN}/api", f"{ORIGIN}/other"
    answer = caller.tokens(resource=api)
    assert caller.api(answer["access_token"]).status == 200
    about = good(caller.asking("/oauth/introspect", token=answer["access_token"]))
    assert about["aud"] == [api]
    refused = caller.refresh(answer["refresh_token"], resource=other)
    assert error(refused) == (400, "invalid_target")
    elsewhere = caller.tokens(resource=other)
    assert caller.api(elsewhere["access_token"]).status == 401


def test_it_goes_on_misbehaving_as_the_switches_say():
    caller = Caller()
    code = caller.consent(caller.request())["code"]
    caller.behave(redirects=True)
    assert caller.exchange(code).status == 307
    caller.behave(down=True)
    assert caller.exchange(code).status == 503
    assert caller.get("/api").status == 503
    caller.behave(html=True)
    assert caller.exchange(code).headers["Content-Type"].startswith("text/html")
    caller.behave(odd_json="nested")
    assert good(caller.exchange(code))["data"]["access_token"]
    caller.behave(deny=True)
    assert caller.consent(caller.request())["error"] == "access_denied"
    caller.behave(drop_state=True)
    assert caller.consent(caller.request()).keys() == {"code", "iss"}
    caller.behave(any_redirect=True)
    assert (
        caller.get("/oauth/authorize", caller.request(redirect_uri=f"{CALLBACK}/x")).status == 200
    )
