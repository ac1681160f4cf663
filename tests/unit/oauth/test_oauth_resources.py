"""Resource indicators (RFC 8707): in each request that leads to a token, once for each resource."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.unit.oauth.making import (
    NOW,
    make_answer,
    make_attempt,
    make_client,
    make_service,
    make_tokens,
)
from tui_oauth.errors import InvalidService, ProviderRefused, UsageProblem
from tui_oauth.oauth.answer import read_tokens
from tui_oauth.oauth.http import Request, Response
from tui_oauth.oauth.par import par_request
from tui_oauth.oauth.token import code_request, refresh_request
from tui_oauth.oauth.urls import with_parameters
from tui_oauth.services.format import Extensions, Service
from tui_oauth.services.loading import parse_service

FILES, MAIL = "https://files.example/api?v=1", "https://mail.example/"


def service(**changes: Any) -> Service:
    return make_service(**{"extensions": Extensions(resource=(FILES, MAIL)), **changes})


def resources(pairs: list[tuple[str, str]]) -> list[str]:
    return [value for name, value in pairs if name == "resource"]


def of_body(request: Request) -> list[str]:
    return resources(parse_qsl(request.body.decode(), strict_parsing=True))


def test_rule_110_the_link_names_each_resource() -> None:
    query = urlsplit(make_attempt(service()).authorization_url).query
    assert resources(parse_qsl(query, strict_parsing=True)) == [FILES, MAIL]


def test_rule_110_the_code_exchange_and_the_refresh_name_each_resource() -> None:
    made = service()
    exchange = code_request(made, make_client(), make_attempt(made), make_answer())
    assert of_body(exchange) == [FILES, MAIL]
    assert of_body(refresh_request(made, make_client(), make_tokens())) == [FILES, MAIL]


def test_rule_110_the_pushed_request_names_each_resource() -> None:
    extensions = Extensions(
        resource=(FILES, MAIL), par_url="https://as.example/par", par_required=True
    )
    made = service(extensions=extensions)
    assert of_body(par_request(made, make_client(), make_attempt(made))) == [FILES, MAIL]


def test_rule_110_a_resource_named_twice_in_the_file_is_sent_once() -> None:
    made = service(extensions=Extensions(resource=(FILES, FILES)))
    assert of_body(refresh_request(made, make_client(), make_tokens())) == [FILES]


def test_rule_110_other_formats_carry_them_too() -> None:
    as_json = service(token_request_format="json")
    request = refresh_request(as_json, make_client(), make_tokens())
    assert json.loads(request.body)["resource"] == [FILES, MAIL]
    one = service(token_request_format="json", extensions=Extensions(resource=(MAIL,)))
    request = refresh_request(one, make_client(), make_tokens())
    assert json.loads(request.body)["resource"] == MAIL
    as_query = service(token={"parameters_in": "query"})
    request = refresh_request(as_query, make_client(), make_tokens())
    assert resources(parse_qsl(urlsplit(request.url).query)) == [FILES, MAIL]


def test_rule_5_without_a_declared_resource_none_is_sent() -> None:
    made = make_service()
    assert "resource" not in make_attempt(made).authorization_url
    assert b"resource" not in refresh_request(made, make_client(), make_tokens()).body


def test_rule_5_declared_refresh_parameters_are_sent_as_they_stand() -> None:
    made = service(refresh_quirks={"parameters": {"grant_type": "ig_refresh"}})
    assert of_body(refresh_request(made, make_client(), make_tokens())) == []


def test_rule_6_nothing_but_the_resource_comes_twice() -> None:
    url = with_parameters("https://as.example/a?resource=x", [("resource", "y"), ("resource", "x")])
    assert url == "https://as.example/a?resource=x&resource=y"
    with pytest.raises(UsageProblem, match="twice"):
        with_parameters("https://as.example/a", [("scope", "x"), ("scope", "y")])


def test_rule_9_the_extra_parameters_do_not_name_a_resource_beside_the_declared_ones() -> None:
    extra = {"resource": "https://other.example"}
    with pytest.raises(UsageProblem, match="resource"):
        make_attempt(service(extra_authorize_params=extra))
    made = service(extra_token_params=extra)
    with pytest.raises(UsageProblem, match="resource"):
        refresh_request(made, make_client(), make_tokens())


@pytest.mark.parametrize(
    "resource", ["files.example", "/api", "https://files.example/#part", "javascript:x", ""]
)
def test_rule_110_a_resource_is_an_absolute_address_without_fragment(resource: str) -> None:
    text = (
        'id = "acme"\nname = "Acme"\ntoken_url = "https://as.example/token"\n'
        'authorize_url = "https://as.example/authorize"\n'
        f'[extensions]\nresource = ["{resource}"]\n'
    )
    with pytest.raises(InvalidService, match="resource"):
        parse_service(text, "acme.toml")


def test_rule_110_invalid_target_says_which_resource_and_where_it_stands() -> None:
    response = Response(400, {}, b'{"error": "invalid_target"}', "as.example", "token request")
    with pytest.raises(ProviderRefused) as caught:
        read_tokens(service(), response, requested=(), sent_at=NOW)
    assert FILES in caught.value.message
    assert MAIL in caught.value.message
    assert "extensions.resource" in caught.value.advice
    with pytest.raises(ProviderRefused) as plain:
        read_tokens(make_service(), response, requested=(), sent_at=NOW)
    assert "()" not in plain.value.message
