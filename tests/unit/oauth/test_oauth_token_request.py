from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

import pytest

from tests.unit.oauth.making import (
    CALLBACK,
    make_answer,
    make_attempt,
    make_client,
    make_service,
    make_tokens,
)
from tui_oauth.errors import NeedsPerson, UsageProblem
from tui_oauth.oauth.client import Client, choose_client
from tui_oauth.oauth.http import Request
from tui_oauth.oauth.token import code_request, long_lived_request, refresh_request
from tui_oauth.secret import Secret
from tui_oauth.services.format import LongLivedExchange, Service


def form(request: Request) -> dict[str, str]:
    pairs = parse_qsl(request.body.decode("ascii"), keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs), "a parameter comes twice"
    return dict(pairs)


def basic(request: Request) -> tuple[str, str]:
    scheme, _, value = request.headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    user, _, password = base64.b64decode(value).decode().partition(":")
    return user, password


def exchange(service: Service, method: str = "client_secret_post", code: str = "c") -> Request:
    return code_request(service, make_client(method), make_attempt(service), make_answer(code))


def test_rule_58_and_62_the_code_goes_out_as_a_form_with_verifier_and_redirect_uri() -> None:
    service = make_service()
    attempt = make_attempt(service)
    request = code_request(service, make_client(), attempt, make_answer("ab=="))
    assert attempt.code_verifier is not None
    assert form(request) == {
        "grant_type": "authorization_code",
        "code": "ab==",
        "redirect_uri": CALLBACK,
        "code_verifier": attempt.code_verifier.reveal(),
        "client_id": "my-client",
        "client_secret": "s3cret-value",
    }
    assert (request.method, request.url) == ("POST", "https://as.example/token")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Accept"] == "application/json"
    assert request.step == "token request"


def test_rule_114_a_request_shows_no_secret() -> None:
    shown = repr(exchange(make_service(), "client_secret_basic"))
    assert "s3cret" not in shown
    assert "czNjcmV0" not in shown


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [("we ird:cl+i%ent/&=", "p@ss:w%rd+ /é"), ("plain", "plain"), ("a~b", "ä:ö%20+")],
)
def test_rule_59_basic_encodes_id_and_secret_separately(client_id: str, secret: str) -> None:
    service = make_service()
    client = Client(client_id, Secret(secret), "client_secret_basic")
    request = code_request(service, client, make_attempt(service), make_answer())
    user, password = basic(request)
    assert (unquote_plus(user), unquote_plus(password)) == (client_id, secret)
    assert (unquote(user), unquote(password)) == (client_id, secret)
    assert not {"client_id", "client_secret"} & set(form(request))


def test_rule_59_raw_basic_is_a_declared_quirk() -> None:
    service = make_service(token={"basic_unencoded": True})
    client = Client("a b", Secret("c+d:e"), "client_secret_basic")
    request = code_request(service, client, make_attempt(service), make_answer())
    assert basic(request) == ("a b", "c+d:e")


def test_rule_60_without_a_secret_only_the_client_id_is_sent() -> None:
    service = make_service()
    client = Client("my-client", None, "none")
    request = code_request(service, client, make_attempt(service), make_answer())
    assert form(request)["client_id"] == "my-client"
    assert "client_secret" not in form(request)
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    ("accepted", "secret", "method"),
    [
        (("client_secret_post", "client_secret_basic"), "s", "client_secret_post"),
        (("client_secret_basic", "none"), "s", "client_secret_basic"),
        (("none", "client_secret_post"), "s", "client_secret_post"),
        (("client_secret_basic", "none"), "", "none"),
        (("none",), "s", "none"),
        (("private_key_jwt", "client_secret_post"), "s", "client_secret_post"),
    ],
)
def test_rule_61_the_method_follows_from_the_service_and_the_secret(
    accepted: tuple[str, ...], secret: str, method: str
) -> None:
    client = choose_client(make_service(client_auth=accepted), "id", Secret(secret))
    assert client.auth_method == method


def test_rule_61_what_cannot_be_done_is_said() -> None:
    with pytest.raises(UsageProblem, match="private_key_jwt"):
        choose_client(make_service(client_auth=("private_key_jwt",)), "id", Secret("s"))
    with pytest.raises(UsageProblem, match="none at all"):
        choose_client(make_service(client_auth=()), "id", Secret("s"))
    with pytest.raises(NeedsPerson, match="Client secret"):
        choose_client(make_service(), "id", None)
    with pytest.raises(NeedsPerson, match="Client ID"):
        choose_client(make_service(), "", Secret("s"))


@pytest.mark.parametrize(
    ("table", "gone", "there"),
    [
        ({"grant_type": False}, "grant_type", {}),
        ({"redirect_uri": False}, "redirect_uri", {}),
        ({"client_id_parameter": "app_id"}, "client_id", {"app_id": "my-client"}),
        ({"client_secret_parameter": "secret"}, "client_secret", {"secret": "s3cret-value"}),
    ],
)
def test_rule_5_each_quirk_of_the_token_request_changes_just_its_part(
    table: dict[str, Any], gone: str, there: dict[str, str]
) -> None:
    plain = form(exchange(make_service()))
    del plain[gone]
    assert form(exchange(make_service(token=table))) == {**plain, **there}


def test_rule_5_the_state_is_sent_again_where_declared() -> None:
    service = make_service(token={"state": True})
    attempt = make_attempt(service)
    request = code_request(service, make_client(), attempt, make_answer())
    assert form(request)["state"] == attempt.state
    assert "state" not in form(exchange(make_service()))


def test_rule_5_basic_with_the_secret_alone() -> None:
    request = exchange(make_service(token={"basic_secret_only": True}), "client_secret_basic")
    assert basic(request) == ("s3cret-value", "")


def test_rule_5_json_bodies_where_declared() -> None:
    request = exchange(make_service(token_request_format="json"))
    assert json.loads(request.body)["code"] == "c"
    assert request.headers["Content-Type"] == "application/json"


def test_rule_5_parameters_in_the_query_where_declared() -> None:
    service = make_service(token={"parameters_in": "query"}, token_url="https://as.example/t?v=1")
    request = exchange(service, "client_secret_basic", "a b==")
    assert request.url.startswith(
        "https://as.example/t?v=1&grant_type=authorization_code&code=a%20b"
    )
    assert (request.method, request.body) == ("POST", b"")


def test_rule_5_further_headers_and_parameters() -> None:
    headers = {"accept": "application/vnd.x+json", "X-App": "{client_id}"}
    service = make_service(
        token={"headers": headers}, extra_token_params={"audience": "{client_id}"}
    )
    request = exchange(service)
    assert {"accept", "X-App"} <= set(request.headers)
    assert "Accept" not in request.headers
    assert request.headers["X-App"] == "my-client"
    assert form(request)["audience"] == "my-client"


def test_an_extra_parameter_may_not_replace_one_of_the_request() -> None:
    with pytest.raises(UsageProblem, match="code"):
        exchange(make_service(extra_token_params={"code": "x"}))


def test_a_header_may_not_be_broken_out_of() -> None:
    service = make_service(token={"headers": {"X-App": "{client_id}"}})
    client = Client("a\r\nX-Evil: 1", Secret("s"), "client_secret_post")
    with pytest.raises(UsageProblem, match="X-App"):
        code_request(service, client, make_attempt(service), make_answer())


def test_rule_18_the_redirect_uri_is_the_text_that_the_link_carried() -> None:
    odd = "http://LOCALHOST:8976/Callback/?a=%2f"
    service = make_service()
    attempt = make_attempt(service, redirect_uri=odd)
    request = code_request(service, make_client(), attempt, make_answer())
    assert form(request)["redirect_uri"] == odd
    link = dict(parse_qsl(urlsplit(attempt.authorization_url).query))
    assert link["redirect_uri"] == odd


def test_rule_18_a_redirect_uri_that_was_left_out_is_left_out_again() -> None:
    service = make_service()
    attempt = make_attempt(service, redirect_uri="")
    request = code_request(service, make_client(), attempt, make_answer())
    assert "redirect_uri" not in form(request)


def test_rule_18_a_name_in_place_of_the_redirect_uri_is_repeated() -> None:
    assert form(exchange(make_service(authorize={"redirect_uri": "RuName"})))["redirect_uri"] == (
        "RuName"
    )


def test_rule_65_a_token_endpoint_without_tls_is_refused_at_use() -> None:
    with pytest.raises(UsageProblem, match="unencrypted"):
        exchange(make_service(token_url="http://as.example/token"))


def test_rule_89_a_refresh_asks_for_no_scope() -> None:
    request = refresh_request(make_service(), make_client(), make_tokens())
    assert form(request) == {
        "grant_type": "refresh_token",
        "refresh_token": "refresh-1",
        "client_id": "my-client",
        "client_secret": "s3cret-value",
    }
    assert request.url == "https://as.example/token"
    assert request.step == "refresh"


def test_rule_90_without_a_refresh_token_there_is_nothing_to_send() -> None:
    with pytest.raises(NeedsPerson, match="no refresh token"):
        refresh_request(make_service(), make_client(), make_tokens(refresh_token=None))


def test_rule_5_refresh_at_another_place_with_parameters_of_its_own() -> None:
    service = make_service(
        refresh_quirks={
            "url": "{api_base}/oauth/refresh",
            "parameters": {"type": "refresh", "token": "{refresh_token}", "id": "{client_id}"},
        }
    )
    tokens = make_tokens(extra={"api_base": "https://eu.api.example/"})
    request = refresh_request(service, make_client(), tokens)
    assert request.url == "https://eu.api.example/oauth/refresh"
    assert form(request) == {"type": "refresh", "token": "refresh-1", "id": "my-client"}
    assert "Authorization" not in request.headers
    authenticated = refresh_request(service, make_client("client_secret_basic"), tokens)
    assert basic(authenticated) == ("my-client", "s3cret-value")


def test_rule_60_a_secret_in_declared_parameters_is_not_sent_a_second_time() -> None:
    service = make_service(refresh_quirks={"parameters": {"s": "{client_secret}"}})
    request = refresh_request(service, make_client("client_secret_basic"), make_tokens())
    assert form(request) == {"s": "s3cret-value"}
    assert "Authorization" not in request.headers


def test_rule_5_renewal_with_the_access_token_by_get() -> None:
    service = make_service(
        refresh_quirks={
            "url": "https://graph.example/refresh",
            "method": "GET",
            "parameters": {"grant_type": "x_refresh", "access_token": "{access_token}"},
            "with_access_token": True,
        }
    )
    request = refresh_request(service, make_client(), make_tokens(refresh_token=None))
    assert (request.method, request.body) == ("GET", b"")
    assert request.url == (
        "https://graph.example/refresh?grant_type=x_refresh&access_token=access-1"
    )


def test_rule_5_renewal_with_the_access_token_in_the_standard_form() -> None:
    service = make_service(refresh_quirks={"with_access_token": True})
    assert (
        form(refresh_request(service, make_client(), make_tokens()))["refresh_token"] == "access-1"
    )


def test_a_kept_value_cannot_take_the_place_of_a_reserved_name() -> None:
    service = make_service(refresh_quirks={"parameters": {"t": "{refresh_token}"}})
    tokens = make_tokens(extra={"refresh_token": "evil"})
    assert form(refresh_request(service, make_client(), tokens)) == {"t": "refresh-1"}


def test_rule_5_a_long_lived_token_by_a_second_request() -> None:
    exchange_data = LongLivedExchange(
        "https://graph.example/swap",
        parameters={"secret": "{client_secret}", "short": "{access_token}"},
    )
    service = make_service(answer={"long_lived": exchange_data})
    request = long_lived_request(service, make_client(), make_tokens())
    assert request is not None
    assert request.url == "https://graph.example/swap?secret=s3cret-value&short=access-1"
    assert (request.method, request.step) == ("GET", "long-lived token request")
    assert long_lived_request(make_service(), make_client(), make_tokens()) is None
