from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.unit.oauth.making import NOW, make_client, make_service
from tui_oauth.errors import NeedsPerson, ProviderRefused, UsageProblem
from tui_oauth.oauth.client_credentials import client_request, client_scopes, read_client_tokens
from tui_oauth.oauth.http import Response
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.format import Service
from tui_oauth.services.resolve import resolve

GOOD = {"access_token": "tok-1", "token_type": "Bearer", "expires_in": 3600}


def service_without_person(**changes: Any) -> Service:
    return make_service(**{"grants": ("client_credentials",), **changes})


def reply(body: Any, status: int = 200) -> Response:
    return Response(
        status, {}, json.dumps(body).encode(), "as.example", "client credentials request"
    )


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_rule_4_the_client_asks_with_its_own_credentials(method: str) -> None:
    request = client_request(service_without_person(), make_client(method), ("read", "write"))
    sent = dict(parse_qsl(request.body.decode()))
    assert (request.method, request.url) == ("POST", "https://as.example/token")
    assert sent["grant_type"] == "client_credentials"
    assert sent["scope"] == "read write"
    assert ("client_secret" in sent) == (method == "client_secret_post")
    assert ("Authorization" in request.headers) == (method == "client_secret_basic")


def test_no_scope_is_sent_where_none_is_asked_for_or_the_service_takes_none() -> None:
    assert b"scope" not in client_request(service_without_person(), make_client(), ()).body
    service = service_without_person(authorize={"scope": False})
    assert b"scope" not in client_request(service, make_client(), ("read",)).body


def test_rule_4_a_refresh_token_in_the_answer_is_ignored() -> None:
    tokens = read_client_tokens(
        service_without_person(),
        reply({**GOOD, "refresh_token": "r", "id_token": "a.b.c"}),
        requested=("read",),
        sent_at=NOW,
    )
    assert tokens.access_token == Secret("tok-1")
    assert (tokens.refresh_token, tokens.id_token) == (None, None)
    assert (tokens.expires_at, tokens.scopes) == (NOW + 3600, ("read",))


def test_rule_4_only_where_the_service_offers_it_and_never_without_a_secret() -> None:
    with pytest.raises(UsageProblem, match="client credentials"):
        client_request(make_service(), make_client(), ())
    with pytest.raises(NeedsPerson, match="Client secret"):
        client_request(service_without_person(), make_client("none", ""), ())


@pytest.mark.parametrize(
    ("service", "chosen", "scopes"),
    [
        ("microsoft", None, ("https://graph.microsoft.com/.default",)),
        ("microsoft", ("x/.default",), ("x/.default",)),
        ("power-bi", None, ("https://analysis.windows.net/powerbi/api/.default",)),
        ("xero", None, ("accounting.settings.read",)),
        ("xero", (), ()),
        ("zendesk", None, ("read",)),
    ],
)
def test_scopes_that_speak_of_a_person_are_not_asked_for(
    service: str, chosen: tuple[str, ...] | None, scopes: tuple[str, ...]
) -> None:
    assert client_scopes(Catalogue(None).get(service), chosen) == scopes


def test_a_scope_may_hold_a_variable_of_the_service() -> None:
    service = resolve(
        Catalogue(None).get("dynamics-365"), {"org_host": "acme.crm.dynamics.com", "tenant": "t"}
    )
    assert client_scopes(service, None) == ("https://acme.crm.dynamics.com/.default",)


@pytest.mark.parametrize("code", ["unauthorized_client", "invalid_client", "access_denied", "odd"])
def test_rule_121_a_refusal_tells_of_the_app_and_not_of_a_person(code: str) -> None:
    with pytest.raises(ProviderRefused) as caught:
        read_client_tokens(
            service_without_person(), reply({"error": code}, 400), requested=(), sent_at=NOW
        )
    assert caught.value.code == code
    assert "sign-in" not in str(caught.value)
    assert "Callback URL" not in str(caught.value)
