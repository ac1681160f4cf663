"""Introspection as pure functions: the question, and what of the answer is believed (rule 97)."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.unit.oauth.making import NOW, make_client, make_service, make_tokens
from tui_oauth.errors import ProviderRefused, ProviderUnreachable
from tui_oauth.oauth.http import Response
from tui_oauth.oauth.id_token import BadIdToken, Token
from tui_oauth.oauth.introspect import (
    Introspection,
    introspection_request,
    read_introspection,
    read_signed,
    signed_answer,
)

SERVICE = make_service(introspect_url="https://as.example/introspect", issuer="https://as.example")


def reply(body: Any, status: int = 200, content_type: str = "application/json") -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {"content-type": content_type}, raw, "as.example", "introspection")


def test_rule_97_the_question_is_a_form_with_the_client_s_own_authentication() -> None:
    request = introspection_request(SERVICE, make_client(), make_tokens())
    assert request is not None
    assert (request.method, request.url) == ("POST", "https://as.example/introspect")
    assert dict(parse_qsl(request.body.decode())) == {
        "token": "access-1",
        "token_type_hint": "access_token",
        "client_id": "my-client",
        "client_secret": "s3cret-value",
    }
    basic = introspection_request(SERVICE, make_client("client_secret_basic"), make_tokens())
    assert basic is not None
    assert "secret" not in basic.body.decode()
    sent = base64.b64decode(basic.headers["Authorization"].removeprefix("Basic "))
    assert sent == b"my-client:s3cret-value"
    assert "access-1" not in repr(basic)


def test_a_service_that_takes_json_is_asked_in_json() -> None:
    service = make_service(introspect_url="https://as.example/i", token_request_format="json")
    request = introspection_request(service, make_client(), make_tokens())
    assert request is not None
    assert json.loads(request.body)["token"] == "access-1"


def test_without_an_address_there_is_no_question() -> None:
    assert introspection_request(make_service(), make_client(), make_tokens()) is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"active": False},
        {"active": "true"},
        {"active": 1},
        {"active": None},
        {"active": "false", "scope": "read"},
        {"active": [True]},
        {"Active": True},
    ],
)
def test_rule_97_active_is_only_what_says_true(document: Any) -> None:
    assert read_introspection(SERVICE, reply(document)) == Introspection(active=False)


def test_what_an_active_token_is_good_for() -> None:
    said = {
        "active": True,
        "scope": "read write",
        "exp": NOW + 60,
        "client_id": "my-client",
        "username": "ann",
        "sub": "u-1",
        "token_type": "Bearer",
        "anything": {"else": 1},
    }
    assert read_introspection(SERVICE, reply(said)) == Introspection(
        True, ("read", "write"), NOW + 60, "my-client", "ann", "u-1", "Bearer"
    )
    assert read_introspection(SERVICE, reply({"active": True})) == Introspection(True)


@pytest.mark.parametrize("exp", ["soon", True, None, -1, [1], 1e400])
def test_an_end_that_is_none_is_not_known(exp: Any) -> None:
    body = json.dumps({"active": True, "exp": exp}).replace("Infinity", "1e400").encode()
    assert read_introspection(SERVICE, reply(body)).expires_at is None


def test_texts_of_others_are_harmless() -> None:
    said = {"active": True, "scope": "re\x1b[2Jad", "username": "a\u202eb\n", "client_id": 7}
    found = read_introspection(SERVICE, reply(said))
    assert found.scopes == ("re\\x1b[2Jad",)
    assert found.username == "ab"
    assert found.client_id == ""


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (reply({"error": "invalid_client"}, 401), ProviderRefused),
        (reply(b"", 403), ProviderRefused),
        (reply(b"", 503), ProviderUnreachable),
        (reply(b"<html>hello</html>", 200, "text/html"), ProviderUnreachable),
        (reply(b"[true]"), ProviderUnreachable),
        (reply(b'{"active":true,"active":false}'), ProviderUnreachable),
        (reply(b"[" * 100_000), ProviderUnreachable),
        (reply({"active": True}, 302), ProviderUnreachable),
    ],
)
def test_what_is_no_answer_says_nothing(response: Response, problem: type[Exception]) -> None:
    with pytest.raises(problem) as caught:
        read_introspection(SERVICE, response)
    for part in ("introspection", "as.example", f"HTTP {response.status}"):
        assert part in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("content_type", "signed"),
    [
        ("application/token-introspection+jwt", True),
        ("Application/Token-Introspection+JWT; charset=utf-8", True),
        ("application/json", False),
        ("application/jwt", False),
        ("", False),
    ],
)
def test_a_signed_answer_is_known_by_its_type(content_type: str, signed: bool) -> None:
    answer = signed_answer(reply(b"a.b.c\n", content_type=content_type))
    assert answer == ("a.b.c" if signed else None)


def token(**changes: Any) -> Token:
    claims = {
        "iss": "https://as.example",
        "aud": "my-client",
        "iat": NOW,
        "token_introspection": {"active": True, "scope": "read"},
        **changes,
    }
    return Token({"alg": "ES256"}, {k: v for k, v in claims.items() if v != ...}, b"", b"x")


def test_a_signed_answer_says_what_a_plain_one_does() -> None:
    assert read_signed(token(), SERVICE, "my-client", NOW) == Introspection(True, ("read",))
    text = token(token_introspection={"active": "true"})
    assert not read_signed(text, SERVICE, "my-client", NOW).active


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": ...},
        {"aud": "another"},
        {"aud": ...},
        {"iat": NOW - 600},
        {"iat": NOW + 600},
        {"iat": "now"},
        {"token_introspection": ...},
        {"token_introspection": [True]},
    ],
)
def test_a_signed_answer_for_others_or_of_another_time_is_refused(changes: Any) -> None:
    with pytest.raises(BadIdToken):
        read_signed(token(**changes), SERVICE, "my-client", NOW)
    with pytest.raises(BadIdToken):
        read_signed(token(), make_service(), "my-client", NOW)
