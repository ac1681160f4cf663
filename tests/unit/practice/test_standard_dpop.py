"""DPoP at the practice provider (RFC 9449)."""

from __future__ import annotations

import json

import pytest
from standard_calls import ORIGIN, Caller, error, good, sign_proof

from tui_oauth.practice import jose

TOKEN = "/oauth/token"


def bound(caller: Caller) -> dict[str, str]:
    """The token answer of a sign-in with a proof."""
    code = caller.consent(caller.request())["code"]
    return good(caller.exchange(code, _DPoP=caller.proof("POST", TOKEN)))


def test_tokens_are_bound_to_the_key():
    caller = Caller()
    answer = bound(caller)
    token = answer["access_token"]
    assert answer["token_type"] == "DPoP"
    about = good(caller.asking("/oauth/introspect", token=token))
    assert about["cnf"] == {"jkt": jose.thumbprint(caller.key.jwk)}
    assert good(caller.api(token, "DPoP", DPoP=caller.proof("GET", "/api", token)))
    for reply in (
        caller.api(token),
        caller.api(token, "DPoP"),
        caller.api(token, "DPoP", DPoP=caller.proof("GET", "/api")),
        caller.api(token, "DPoP", DPoP=caller.proof("GET", "/api", token, htm="POST")),
    ):
        assert reply.status == 401
        assert "DPoP" in reply.headers["WWW-Authenticate"]
    caller.key = jose.SigningKey()
    assert caller.api(token, "DPoP", DPoP=caller.proof("GET", "/api", token)).status == 401


def test_an_unbound_token_is_no_dpop_token():
    caller = Caller()
    token = caller.tokens()["access_token"]
    assert caller.api(token, "DPoP", DPoP=caller.proof("GET", "/api", token)).status == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"htm": "GET"},
        {"htm": None},
        {"htu": f"{ORIGIN}/oauth/tokens"},
        {"htu": "https://evil.example/oauth/token"},
        {"htu": "http://[/oauth/token"},
        {"htu": None},
        {"iat": 0},
        {"iat": None},
        {"iat": "now"},
        {"jti": None},
        {"jti": ""},
    ],
)
def test_a_proof_of_something_else(claims):
    caller = Caller()
    code = caller.consent(caller.request())["code"]
    refused = caller.exchange(code, _DPoP=caller.proof("POST", TOKEN, **claims))
    assert error(refused) == (400, "invalid_dpop_proof")
    assert good(caller.exchange(code)), "the code was not spent"


def test_query_and_case_of_the_address_do_not_count():
    caller = Caller()
    code = caller.consent(caller.request())["code"]
    proof = caller.proof("POST", TOKEN, htu=f"{ORIGIN.replace('http', 'HTTP')}{TOKEN}?x=1#y")
    assert good(caller.exchange(code, _DPoP=proof))["token_type"] == "DPoP"


@pytest.mark.parametrize("seconds", [-61, 61])
def test_a_clock_that_is_off_by_more_than_a_minute(seconds):
    caller = Caller()
    code = caller.consent(caller.request())["code"]
    proof = caller.proof("POST", TOKEN, iat=int(caller.clock.now) + seconds)
    assert error(caller.exchange(code, _DPoP=proof))[1] == "invalid_dpop_proof"


def test_what_is_no_proof():
    caller = Caller()
    code = caller.consent(caller.request())["code"]
    claims = {"jti": "1", "htm": "POST", "htu": ORIGIN + TOKEN, "iat": int(caller.clock.now)}
    jwk = {name: caller.key.jwk[name] for name in ("kty", "crv", "x", "y")}
    good_proof = sign_proof(caller.key, claims)
    head, _, signature = good_proof.rpartition(".")
    for proof in (
        "",
        "a.b.c",
        "x" * 70_000,
        f"{head}.{signature[:-4]}",
        f"{head}.{signature[::-1]}",
        f"{good_proof}, {good_proof}",
        caller.key.sign(claims),
        jose.unsigned(claims),
        sign_proof(caller.key, claims, typ="JWT"),
        sign_proof(caller.key, claims, alg="RS256"),
        sign_proof(caller.key, claims, jwk={**jwk, "d": "AA"}),
        sign_proof(caller.key, claims, jwk={**jwk, "x": jwk["y"]}),
        sign_proof(caller.key, claims, jwk={**jwk, "crv": "P-384"}),
        sign_proof(caller.key, claims, jwk={"kty": "EC", "crv": "P-256"}),
        sign_proof(caller.key, claims, jwk="no"),
        sign_proof(jose.SigningKey(), claims, jwk=jwk),
    ):
        assert error(caller.exchange(code, _DPoP=proof)) == (400, "invalid_dpop_proof"), proof[:60]
    assert good(caller.exchange(code, _DPoP=good_proof))["token_type"] == "DPoP"


def test_a_proof_is_good_once():
    caller = Caller()
    token = bound(caller)["access_token"]
    proof = caller.proof("GET", "/api", token)
    assert caller.api(token, "DPoP", DPoP=proof).status == 200
    assert caller.api(token, "DPoP", DPoP=proof).status == 401


def test_a_public_clients_refresh_token_is_bound_and_does_not_rotate():
    caller = Caller(auth_method="none")
    answer = bound(caller)
    again = good(caller.refresh(answer["refresh_token"], _DPoP=caller.proof("POST", TOKEN)))
    assert "refresh_token" not in again
    assert error(caller.refresh(answer["refresh_token"])) == (400, "invalid_grant")
    caller.key = jose.SigningKey()
    stolen = caller.refresh(answer["refresh_token"], _DPoP=caller.proof("POST", TOKEN))
    assert error(stolen) == (400, "invalid_grant")


def test_a_code_may_be_bound_before():
    caller = Caller()
    asked = caller.request(dpop_jkt=jose.thumbprint(caller.key.jwk))
    assert error(caller.exchange(caller.consent(asked)["code"])) == (400, "invalid_grant")
    pushed = caller.asking(
        "/oauth/par", **caller.request(), _DPoP=caller.proof("POST", "/oauth/par")
    )
    asked = {
        "client_id": caller.app.client_id,
        "request_uri": json.loads(pushed.body)["request_uri"],
    }
    code = caller.consent(asked)["code"]
    own, caller.key = caller.key, jose.SigningKey()
    other = caller.exchange(code, _DPoP=caller.proof("POST", TOKEN))
    assert error(other) == (400, "invalid_grant")
    caller.key = own
    asked = caller.request(dpop_jkt=jose.thumbprint(own.jwk))
    code = caller.consent(asked)["code"]
    assert good(caller.exchange(code, _DPoP=caller.proof("POST", TOKEN)))["token_type"] == "DPoP"


def test_where_dpop_is_demanded_a_request_without_it_is_refused():
    caller = Caller()
    caller.behave(dpop_required=True)
    code = caller.consent(caller.request())["code"]
    assert error(caller.exchange(code)) == (400, "invalid_dpop_proof")
    assert caller.get("/api").headers["WWW-Authenticate"].startswith("DPoP ")
    assert good(caller.exchange(code, _DPoP=caller.proof("POST", TOKEN)))["access_token"]


def test_rule_110_nonces_are_demanded_and_change():
    caller = Caller()
    caller.behave(dpop_nonces=True)
    code = caller.consent(caller.request())["code"]
    first = caller.exchange(code, _DPoP=caller.proof("POST", TOKEN))
    assert error(first) == (400, "use_dpop_nonce")
    nonce = first.headers["DPoP-Nonce"]
    answer = good(caller.exchange(code, _DPoP=caller.proof("POST", TOKEN, nonce=nonce)))
    token = answer["access_token"]
    asked = caller.api(token, "DPoP", DPoP=caller.proof("GET", "/api", token))
    assert asked.status == 401
    assert 'error="use_dpop_nonce"' in asked.headers["WWW-Authenticate"]
    nonce = asked.headers["DPoP-Nonce"]
    proof = caller.proof("GET", "/api", token, nonce=nonce)
    assert caller.api(token, "DPoP", DPoP=proof).status == 200
    caller.clock.now += 300
    proof = caller.proof("GET", "/api", token, nonce=nonce)
    late = caller.api(token, "DPoP", DPoP=proof)
    assert 'error="use_dpop_nonce"' in late.headers["WWW-Authenticate"]
    assert late.headers["DPoP-Nonce"] != nonce
