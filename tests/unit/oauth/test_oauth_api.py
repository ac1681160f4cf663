from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.unit.oauth.making import make_client, make_service, make_tokens
from tui_oauth.errors import ProviderRefused, ProviderUnreachable, UsageProblem
from tui_oauth.model import Account
from tui_oauth.oauth.api import api_headers, authorization_header, may_send_to
from tui_oauth.oauth.http import Response
from tui_oauth.oauth.identity import identity_request, read_identity
from tui_oauth.oauth.revoke import read_revocation, revocation_request, revocation_requests
from tui_oauth.secret import Secret
from tui_oauth.services.format import IdentityProbe

PROBE = IdentityProbe("https://api.example/me", name_paths=("app.name", "email"))


def reply(body: Any, status: int = 200, step: str = "account check") -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {}, raw, "api.example", step)


def test_rule_92_the_token_goes_into_the_authorization_header() -> None:
    assert authorization_header(make_service(), make_tokens()) == (
        "Authorization",
        "Bearer access-1",
    )


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"scheme": "Zoho-oauthtoken"}, ("Authorization", "Zoho-oauthtoken access-1")),
        ({"header": "X-Access-Token", "scheme": ""}, ("X-Access-Token", "access-1")),
    ],
)
def test_rule_5_the_line_that_carries_the_token(
    table: dict[str, Any], line: tuple[str, str]
) -> None:
    assert authorization_header(make_service(api=table), make_tokens()) == line


def test_rule_5_further_headers_of_api_calls_are_filled() -> None:
    table = {"headers": {"Version": "2.16", "Tenant": "{tenant}", "Client-Id": "{client_id}"}}
    service = make_service(api=table)
    assert api_headers(service, make_tokens(extra={"tenant": "t-1"}), "my-client") == {
        "Authorization": "Bearer access-1",
        "Version": "2.16",
        "Tenant": "t-1",
        "Client-Id": "my-client",
    }
    with pytest.raises(UsageProblem, match=r"\{tenant\}"):
        api_headers(service, make_tokens(), "my-client")
    with pytest.raises(UsageProblem, match="Tenant"):
        api_headers(service, make_tokens(extra={"tenant": "a\r\nX: y"}), "my-client")


SENDABLE = [
    ("https://api.example/", True),
    ("https://API.example:443/v1?x=1", True),
    ("https://api.example.evil.example/", False),
    ("https://evil.example/api.example", False),
    ("https://api.example@evil.example/", False),
    ("https://evilapi.example/", False),
    ("https://sub.api.example/", False),
    ("https://api.example:8443/", False),
    ("http://api.example/", False),
    ("https://api.example\\.evil.example/", False),
    ("//api.example/", False),
    ("", False),
]


@pytest.mark.parametrize(("url", "allowed"), SENDABLE)
def test_rule_93_the_token_goes_to_declared_origins_only(url: str, allowed: bool) -> None:
    declared = make_service(api={"origins": ("https://api.example",)})
    assert may_send_to(declared, url) is allowed
    assert may_send_to(make_service(identity_probe=PROBE), url) is allowed
    assert may_send_to(make_service(), url) is False


def test_rule_93_an_origin_that_came_with_the_token_counts_with_it() -> None:
    service = make_service(api={"origins": ("{instance_url}", "https://api.example")})
    tokens = make_tokens(extra={"instance_url": "https://eu7.example/"})
    assert may_send_to(service, "https://eu7.example/data", tokens)
    assert not may_send_to(service, "https://eu7.example/data")
    assert may_send_to(service, "https://api.example/x")
    evil = make_tokens(extra={"instance_url": "http://eu7.example"})
    assert not may_send_to(service, "http://eu7.example/data", evil)


def test_the_identity_request_carries_token_headers_and_accept() -> None:
    service = make_service(identity_probe=PROBE, api={"headers": {"Version": "1"}})
    request = identity_request(service, make_tokens())
    assert request is not None
    assert (request.method, request.url, request.body) == ("GET", "https://api.example/me", b"")
    assert request.headers == {
        "Accept": "application/json",
        "Authorization": "Bearer access-1",
        "Version": "1",
    }
    assert identity_request(make_service(), make_tokens()) is None


def test_the_probe_that_learns_a_tenant_id_goes_without_it() -> None:
    service = make_service(identity_probe=PROBE, api={"headers": {"Tenant": "{t}", "V": "1"}})
    first = identity_request(service, make_tokens())
    later = identity_request(service, make_tokens(extra={"t": "t-1"}))
    assert first is not None
    assert later is not None
    assert (first.headers.get("Tenant"), first.headers["V"]) == (None, "1")
    assert later.headers["Tenant"] == "t-1"


def test_rule_5_the_probe_has_its_own_method_body_headers_and_place() -> None:
    probe = IdentityProbe(
        "https://api.example/tokens/{access_token}?t={tenant}",
        method="POST",
        headers={"authorization": "Token {access_token}", "X-App": "{client_id}"},
        body='{"query":"{ me }"}',
    )
    tokens = make_tokens(access_token=Secret("a/b"), extra={"tenant": "t 1"})
    request = identity_request(make_service(identity_probe=probe), tokens, "my-client")
    assert request is not None
    assert request.url == "https://api.example/tokens/a%2Fb?t=t%201"
    assert "Authorization" not in request.headers
    assert request.headers["authorization"] == "Token a/b"
    assert request.headers["X-App"] == "my-client"
    assert request.headers["Content-Type"] == "application/json"
    assert (request.method, request.body) == ("POST", b'{"query":"{ me }"}')


def test_rule_5_an_authorization_header_of_the_probe_replaces_a_token_header() -> None:
    probe = IdentityProbe("https://api.example/me", headers={"Authorization": "Bearer x"})
    service = make_service(identity_probe=probe, api={"header": "X-Token", "scheme": ""})
    request = identity_request(service, make_tokens())
    assert request is not None
    assert "X-Token" not in request.headers


def test_the_account_is_read_from_the_first_path_that_has_a_text() -> None:
    probe = IdentityProbe(
        "https://api.example/me",
        name_paths=("app.name", "0.tenantName", "email"),
        detail_path="email",
        keep={"region": "app.region", "id": "id", "none": "x.y", "bad": "bad"},
    )
    service = make_service(identity_probe=probe)
    body = {"app": {"name": " ", "region": "EU"}, "email": "a@b\x1b[2J", "id": 7, "bad": "\r\n"}
    account, kept = read_identity(service, reply(body))
    assert account == Account("a@b\\x1b[2J", "a@b\\x1b[2J")
    assert kept == {"region": "EU", "id": "7"}
    assert read_identity(service, reply([{"tenantName": "Acme"}]))[0].name == "Acme"
    assert read_identity(service, reply({"other": 1})) == (Account(""), {})


def test_a_probe_that_the_provider_refuses_says_why() -> None:
    service = make_service(identity_probe=PROBE)
    listed = {"type": "error.list", "errors": [{"code": "unauthorized", "message": "Invalid"}]}
    with pytest.raises(ProviderRefused, match=r"account check, api\.example, HTTP 401") as caught:
        read_identity(service, reply(listed, 401))
    assert caught.value.status == 401
    with pytest.raises(ProviderRefused, match="Bad field"):
        read_identity(service, reply({"errors": [{"message": "Bad field"}], "data": None}))
    for body in (b"<html>", b"", b"{", b"[" * 100_000):
        with pytest.raises(ProviderUnreachable, match="not understood"):
            read_identity(service, reply(body))


def test_rule_95_revocation_is_a_post_with_hint_and_client_authentication() -> None:
    service = make_service(revoke_url="https://as.example/revoke")
    first, second = revocation_requests(service, make_client(), make_tokens())
    assert revocation_request(service, make_client(), make_tokens()) == first
    assert dict(parse_qsl(first.body.decode())) == {
        "token": "refresh-1",
        "token_type_hint": "refresh_token",
        "client_id": "my-client",
        "client_secret": "s3cret-value",
    }
    assert dict(parse_qsl(second.body.decode()))["token"] == "access-1"
    assert dict(parse_qsl(second.body.decode()))["token_type_hint"] == "access_token"
    assert (first.method, first.url) == ("POST", "https://as.example/revoke")


def test_rule_95_without_a_refresh_token_the_access_token_is_revoked() -> None:
    service = make_service(revoke_url="https://as.example/revoke")
    (only,) = revocation_requests(service, make_client(), make_tokens(refresh_token=None))
    assert b"token=access-1&token_type_hint=access_token" in only.body


def test_rule_96_without_an_endpoint_there_is_no_revocation() -> None:
    assert revocation_request(make_service(), make_client(), make_tokens()) is None
    assert revocation_requests(make_service(), make_client(), make_tokens()) == ()


def revoked(url: str = "https://as.example/revoke", **table: Any) -> Any:
    service = make_service(revoke_url=url, revoke=table, api={"headers": {"Version": "1"}})
    (request,) = revocation_requests(service, make_client("client_secret_basic"), make_tokens())
    return request


def test_rule_5_revocation_with_the_access_token_as_bearer() -> None:
    request = revoked(auth="bearer", body="none", token="access")
    assert request.body == b""
    assert request.headers["Authorization"] == "Bearer access-1"
    assert request.headers["Version"] == "1"
    assert "Content-Type" not in request.headers


def test_rule_5_revocation_by_delete_with_basic_and_json() -> None:
    request = revoked(
        "https://api.example/applications/{client_id}/token",
        method="DELETE",
        auth="basic",
        body="json",
        parameters={"access_token": "{access_token}"},
    )
    assert (request.method, request.url) == (
        "DELETE",
        "https://api.example/applications/my-client/token",
    )
    assert json.loads(request.body) == {"access_token": "access-1"}
    credentials = base64.b64decode(request.headers["Authorization"].removeprefix("Basic "))
    assert credentials == b"my-client:s3cret-value"


def test_rule_5_revocation_with_the_token_in_the_path() -> None:
    request = revoked("https://api.example/r/{refresh_token}", method="DELETE", body="none")
    assert request.url == "https://api.example/r/refresh-1"


def test_rule_5_revocation_with_a_scheme_of_its_own() -> None:
    request = revoked(auth="Client {client_secret}", parameters={"id": "{client_id}"})
    assert request.headers["Authorization"] == "Client s3cret-value"
    assert request.body == b"id=my-client"
    nobody = revoked(auth="none", parameters={"access_token": "{access_token}"})
    assert "Authorization" not in nobody.headers


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error":"invalid_token"}'])
@pytest.mark.parametrize("status", [200, 204])
def test_rule_95_a_good_status_is_success_whatever_the_body(status: int, body: bytes) -> None:
    read_revocation(make_service(), reply(body, status, "revocation"))


def test_rule_95_a_declared_flag_can_say_that_it_failed() -> None:
    service = make_service(answer={"success": "ok"})
    read_revocation(service, reply({"ok": True}))
    read_revocation(service, reply({}))
    with pytest.raises(ProviderRefused, match="invalid_auth"):
        read_revocation(service, reply({"ok": False, "error": "invalid_auth"}))


@pytest.mark.parametrize("status", [302, 429, 500, 503])
def test_rule_95_what_may_pass_means_not_revoked(status: int) -> None:
    with pytest.raises(ProviderUnreachable, match="not revoked"):
        read_revocation(make_service(), reply(b"", status, "revocation"))


def test_rule_95_a_refusal_is_told_with_its_code() -> None:
    body = {"error": "unsupported_token_type"}
    with pytest.raises(ProviderRefused, match="cannot revoke") as caught:
        read_revocation(make_service(), reply(body, 400, "revocation"))
    assert caught.value.code == "unsupported_token_type"
    assert "your account" in caught.value.advice
    with pytest.raises(ProviderRefused, match="not revoked"):
        read_revocation(make_service(), reply({"error": "invalid_client"}, 400, "revocation"))
    with pytest.raises(ProviderRefused, match="HTTP 401") as gone:
        read_revocation(make_service(), reply(b"", 401, "revocation"))
    assert "not revoked" not in str(gone.value)
