"""Pushed authorization requests (RFC 9126): what is pushed, what comes back, what the link carries."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tests.unit.oauth.making import NOW, make_attempt, make_client, make_service
from tui_oauth.errors import ProviderRefused, ProviderUnreachable, TuiOauthError, UsageProblem
from tui_oauth.oauth.authorize import RESERVED_PARAMETERS, Attempt, is_pushed
from tui_oauth.oauth.http import Response
from tui_oauth.oauth.par import Pushed, par_request, read_pushed, with_link
from tui_oauth.services.format import Extensions, Service

URN = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"


def pushing(**changes: Any) -> Service:
    extensions = Extensions(par_url="https://as.example/par", par_required=True)
    return make_service(**{"extensions": extensions, **changes})


def answered(status: int, body: object, **headers: str) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers, data, "as.example", "pushed authorization request")


def read(response: Response) -> Pushed:
    return read_pushed(pushing(), response, sent_at=NOW)


def sent(attempt: Attempt) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(attempt.authorization_url).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_rule_11_what_the_link_would_carry_is_pushed_instead() -> None:
    plain, attempt = make_attempt(make_service()), make_attempt(pushing())
    assert attempt.authorization_url == ""
    request = par_request(pushing(), make_client(), attempt)
    assert (request.method, request.url) == ("POST", "https://as.example/par")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    pairs = parse_qsl(request.body.decode(), strict_parsing=True)
    assert dict(pairs) == {**sent(plain), "client_secret": "s3cret-value"}
    assert len(dict(pairs)) == len(pairs)
    assert attempt.code_verifier is not None
    assert attempt.code_verifier.reveal() not in request.body.decode()


def test_rule_11_the_client_authenticates_as_at_the_token_endpoint() -> None:
    service = pushing(client_auth=("client_secret_basic",))
    request = par_request(service, make_client("client_secret_basic"), make_attempt(service))
    given = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
    assert given == "my-client:s3cret-value"
    assert "client_secret" not in parse_qs(request.body.decode())
    assert parse_qs(request.body.decode())["client_id"] == ["my-client"]
    public = par_request(pushing(), make_client("none", ""), make_attempt(pushing()))
    assert "Authorization" not in public.headers
    assert parse_qs(public.body.decode())["client_id"] == ["my-client"]


def test_rule_11_the_link_carries_client_id_and_request_uri_only() -> None:
    attempt = with_link(pushing(), make_attempt(pushing()), Pushed(URN, NOW + 60))
    assert sent(attempt) == {"client_id": "my-client", "request_uri": URN}
    assert attempt.authorization_url.startswith("https://as.example/authorize?client_id=")


def test_rule_11_the_endpoints_own_query_stays_and_the_request_uri_is_encoded_once() -> None:
    service = pushing(authorize_url="https://as.example/authorize?tenant=1&x=%20")
    odd = "https://as.example/r?a=b&c=d%20e"
    attempt = with_link(service, make_attempt(service), Pushed(odd, NOW + 60))
    assert sent(attempt) == {
        "tenant": "1",
        "x": " ",
        "client_id": "my-client",
        "request_uri": odd,
    }


def test_rule_11_a_second_push_is_the_same_request_for_the_same_attempt() -> None:
    attempt = make_attempt(pushing())
    first = with_link(pushing(), attempt, Pushed(URN, NOW + 60))
    again = par_request(pushing(), make_client(), first)
    assert again == par_request(pushing(), make_client(), attempt)
    second = with_link(pushing(), first, Pushed(URN + "2", NOW + 120))
    assert (second.state, second.code_verifier) == (attempt.state, attempt.code_verifier)
    assert sent(second)["request_uri"] == URN + "2"


def test_rule_11_the_endpoint_alone_is_only_an_offer() -> None:
    offered = make_service(extensions=Extensions(par_url="https://as.example/par"))
    assert not is_pushed(offered)
    assert make_attempt(offered).authorization_url
    assert is_pushed(pushing())
    assert not is_pushed(make_service())


@pytest.mark.parametrize("name", ["request_uri", "dpop_jkt"])
def test_rule_9_a_service_cannot_set_what_refers_to_another_request(name: str) -> None:
    assert name in RESERVED_PARAMETERS
    with pytest.raises(UsageProblem, match=name):
        make_attempt(make_service(extra_authorize_params={name: "x"}))


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    ("given", "seconds"), [(60, 60), ("90", 90), (5.9, 5), (10**12, 315_360_000)]
)
def test_rule_11_a_good_answer(status: int, given: object, seconds: int) -> None:
    body = {"request_uri": URN, "expires_in": given, "more": [1]}
    assert read(answered(status, body)) == Pushed(URN, NOW + seconds)


BAD: dict[str, Response] = {
    "202": answered(202, {"request_uri": URN, "expires_in": 60}),
    "204": answered(204, b""),
    "empty": answered(201, b""),
    "html": answered(201, b"<html><body>Sign in</body></html>"),
    "list": answered(201, [URN, 60]),
    "text": answered(201, URN),
    "no request_uri": answered(201, {"expires_in": 60}),
    "request_uri null": answered(201, {"request_uri": None, "expires_in": 60}),
    "request_uri number": answered(201, {"request_uri": 7, "expires_in": 60}),
    "request_uri list": answered(201, {"request_uri": [URN], "expires_in": 60}),
    "request_uri empty": answered(201, {"request_uri": "", "expires_in": 60}),
    "request_uri blank": answered(201, {"request_uri": "urn: x", "expires_in": 60}),
    "request_uri CR LF": answered(201, {"request_uri": "urn:x\r\nA: b", "expires_in": 60}),
    "request_uri ESC": answered(201, {"request_uri": "urn:\x1b[31m", "expires_in": 60}),
    "request_uri beyond ASCII": answered(201, {"request_uri": "urn:é", "expires_in": 60}),
    "request_uri huge": answered(201, {"request_uri": "u" * 5_000, "expires_in": 60}),
    "no expires_in": answered(201, {"request_uri": URN}),
    "expires_in 0": answered(201, {"request_uri": URN, "expires_in": 0}),
    "expires_in negative": answered(201, {"request_uri": URN, "expires_in": -60}),
    "expires_in true": answered(201, {"request_uri": URN, "expires_in": True}),
    "expires_in null": answered(201, {"request_uri": URN, "expires_in": None}),
    "expires_in soon": answered(201, {"request_uri": URN, "expires_in": "soon"}),
    "expires_in half": answered(201, {"request_uri": URN, "expires_in": 0.5}),
    "twice": answered(201, b'{"request_uri":"a","request_uri":"b","expires_in":60}'),
    "NaN": answered(201, b'{"request_uri":"urn:a","expires_in":NaN}'),
    "not UTF-8": answered(201, b'{"request_uri":"\xff","expires_in":60}'),
    "redirect": answered(302, b"", location="https://evil.example/par"),
    "503": answered(503, b"", **{"retry-after": "5"}),
    "429": answered(429, {"error": "slow_down"}),
}


@pytest.mark.parametrize("what", BAD)
def test_rule_11_a_bad_answer_gives_no_link(what: str) -> None:
    with pytest.raises(ProviderUnreachable) as caught:
        read(BAD[what])
    error = caught.value
    assert "pushed authorization request" in error.message
    assert "as.example" in error.message or "Example" in error.message
    assert error.advice
    assert str(error).isprintable()


@pytest.mark.parametrize(
    ("response", "code", "words"),
    [
        (answered(400, {"error": "invalid_request"}), "invalid_request", "Callback URL"),
        (answered(401, {"error": "invalid_client"}), "invalid_client", "Client secret"),
        (answered(400, {"error": "invalid_scope"}), "invalid_scope", "scopes"),
        (answered(200, {"error": "invalid_request"}), "invalid_request", "Callback URL"),
        (answered(400, {"error": "invalid_dpop_proof"}), "invalid_dpop_proof", "clock"),
        (answered(400, {"error": {"code": "odd", "message": "No."}}), "odd", "No."),
        (
            answered(400, {"error": "x\x1b[31m", "error_description": "[@click=a]b[/]"}),
            "x\\x1b[31m",
            "",
        ),
        (answered(405, b"Method not allowed"), "", "HTTP 405"),
        (answered(413, b""), "", "HTTP 413"),
    ],
)
def test_rule_76_a_refusal_says_what_and_where(response: Response, code: str, words: str) -> None:
    with pytest.raises(ProviderRefused) as caught:
        read(response)
    error: TuiOauthError = caught.value
    assert caught.value.code == code
    assert words in str(error)
    assert "pushed authorization request, as.example, HTTP" in error.message
    assert error.advice
    assert str(error).isprintable()


def test_the_link_shows_neither_state_nor_request_uri_in_a_repr() -> None:
    attempt = with_link(pushing(), make_attempt(pushing()), Pushed(URN, NOW + 60))
    shown = repr(attempt) + repr(Pushed(URN, NOW + 60))
    assert URN not in shown
    assert attempt.state not in shown
