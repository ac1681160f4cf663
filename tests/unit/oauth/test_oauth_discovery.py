"""Where metadata is looked for, and what of it is believed (RFC 8414, RFC 9728, OpenID Connect Discovery)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.providers.publishing import metadata
from tui_oauth.errors import ProviderRefused, ProviderUnreachable, TuiOauthError, UsageProblem
from tui_oauth.oauth.discovery import (
    NamesAnother,
    ServerMetadata,
    check_issuer,
    document_in,
    metadata_request,
    read_resource,
    read_server,
    resource_metadata_url,
    server_metadata_urls,
)
from tui_oauth.oauth.http import Response

AS = "https://as.example"
SOURCE = f"{AS}/.well-known/oauth-authorization-server"
API = "https://api.example/mcp"
API_SOURCE = "https://api.example/.well-known/oauth-protected-resource/mcp"


def read(given: str = AS, **members: Any) -> ServerMetadata:
    return read_server(metadata(AS, **members), AS, SOURCE, given)


# ---- where


@pytest.mark.parametrize(
    ("issuer", "paths"),
    [
        (
            "https://as.example",
            ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"],
        ),
        (
            "https://as.example/",
            ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"],
        ),
        (
            "https://as.example/a/b/",
            [
                "/.well-known/oauth-authorization-server/a/b",
                "/.well-known/openid-configuration/a/b",
                "/a/b/.well-known/openid-configuration",
            ],
        ),
    ],
)
def test_rule_103_the_three_places_in_their_order(issuer: str, paths: list[str]) -> None:
    assert list(server_metadata_urls(issuer)) == [AS + path for path in paths]


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        ("https://api.example", "https://api.example/.well-known/oauth-protected-resource"),
        ("https://api.example/", "https://api.example/.well-known/oauth-protected-resource"),
        (API, API_SOURCE),
        (API + "/", API_SOURCE + "/"),
        (API + "?k=v", API_SOURCE + "?k=v"),
        ("https://api.example/?k", "https://api.example/.well-known/oauth-protected-resource?k"),
        ("http://[::1]:80/x", "http://[::1]:80/.well-known/oauth-protected-resource/x"),
    ],
)
def test_rule_107_the_place_of_a_resource(resource: str, url: str) -> None:
    assert resource_metadata_url(resource) == url


def test_a_request_for_metadata_carries_nothing_secret() -> None:
    request = metadata_request(SOURCE, "search")
    assert (request.method, request.body) == ("GET", b"")
    assert dict(request.headers) == {"Accept": "application/json"}


@pytest.mark.parametrize(
    ("status", "body", "taken"),
    [
        (200, b'{"issuer": "x"}', True),
        (200, b'\xef\xbb\xbf{"issuer": "x"}', True),
        (200, b"<!doctype html><title>Sign in</title>", False),
        (200, b"", False),
        (200, b"[]", False),
        (200, b'"https://as.example"', False),
        (200, b"null", False),
        (200, b'{"issuer": "a", "issuer": "b"}', False),
        (200, b'{"issuer": NaN}', False),
        (200, b'{"issuer": "\xff"}', False),
        (200, b'{"a":' * 50_000, False),
        (200, b'{"a": ' + b"9" * 5_000 + b"}", False),
        (404, b'{"issuer": "x"}', False),
        (401, b'{"issuer": "x"}', False),
        (500, b'{"issuer": "x"}', False),
        (204, b"", False),
        (302, b'{"issuer": "x"}', False),
    ],
)
def test_rule_103_only_a_200_with_a_json_object_is_an_answer(
    status: int, body: bytes, taken: bool
) -> None:
    document = document_in(Response(status, {"location": "https://evil.example"}, body))
    assert (document is not None) is taken


# ---- whose


@pytest.mark.parametrize(
    "named",
    [
        "https://evil.example",
        "https://as.example/",
        "https://AS.example",
        "https://as.example:443",
        "https://as.example/tenant",
        "http://as.example",
        " https://as.example",
        "https://as.example\n",
        "",
        None,
    ],
)
def test_rule_104_the_issuer_has_to_be_the_same_character_by_character(named: str | None) -> None:
    with pytest.raises(NamesAnother, match="not used") as caught:
        read(issuer=named)
    assert caught.value.named == (named or "")
    assert caught.value.message.isprintable()


def test_rule_104_a_slash_is_told_apart_and_the_way_out_named() -> None:
    with pytest.raises(NamesAnother) as caught:
        read(issuer="https://as.example/")
    assert "A slash at the end makes another issuer" in caught.value.advice
    assert "https://as.example/ exactly so" in caught.value.advice


@pytest.mark.parametrize("named", ["https://api.example", API + "/", "https://evil.example", None])
def test_rule_107_the_resource_has_to_be_the_one_that_was_asked_for(named: str | None) -> None:
    with pytest.raises(NamesAnother, match="not used"):
        read_resource({"resource": named, "authorization_servers": [AS]}, API, API_SOURCE)


# ---- what


def test_what_is_read_of_a_server() -> None:
    found = read(
        revocation_endpoint="https://as.example/revoke",
        introspection_endpoint="https://as.example/introspect",
        device_authorization_endpoint="https://as.example/device",
        pushed_authorization_request_endpoint="https://as.example/par",
        require_pushed_authorization_requests=True,
        registration_endpoint="https://as.example/register",
        userinfo_endpoint="https://as.example/me",
        jwks_uri="https://as.example/jwks",
        authorization_response_iss_parameter_supported=True,
        client_id_metadata_document_supported=True,
        dpop_signing_alg_values_supported=["ES256"],
        service_documentation="https://as.example/docs#start",
        check_session_iframe="javascript:alert(1)",
        surprise={"deep": [1, 2, 3]},
    )
    assert found == ServerMetadata(
        issuer=AS,
        source=SOURCE,
        token_endpoint="https://as.example/token",
        authorization_endpoint="https://as.example/authorize",
        revocation_endpoint="https://as.example/revoke",
        introspection_endpoint="https://as.example/introspect",
        device_authorization_endpoint="https://as.example/device",
        pushed_authorization_request_endpoint="https://as.example/par",
        registration_endpoint="https://as.example/register",
        userinfo_endpoint="https://as.example/me",
        jwks_uri="https://as.example/jwks",
        documentation="https://as.example/docs#start",
        scopes=("read", "write"),
        response_types=("code",),
        grant_types=("authorization_code", "refresh_token"),
        auth_methods=("client_secret_basic", "none"),
        challenge_methods=("S256",),
        dpop_algorithms=("ES256",),
        par_required=True,
        iss_parameter=True,
        client_id_metadata_document=True,
    )


def test_what_is_left_out_is_not_the_same_as_what_is_empty() -> None:
    bare = read(
        scopes_supported=None,
        code_challenge_methods_supported=None,
        token_endpoint_auth_methods_supported=None,
        grant_types_supported=None,
    )
    assert (bare.scopes, bare.challenge_methods, bare.auth_methods, bare.grant_types) == (None,) * 4
    assert read(code_challenge_methods_supported=[]).challenge_methods == ()


def test_null_counts_as_left_out() -> None:
    document = {**metadata(AS), "revocation_endpoint": None, "scopes_supported": None}
    found = read_server(document, AS, SOURCE, AS)
    assert (found.revocation_endpoint, found.scopes) == ("", None)


_BAD_ADDRESSES = [
    "http://as.example/token",
    "//as.example/token",
    "/token",
    "javascript:alert(1)",
    "file:///etc/passwd",
    " https://as.example/token",
    "https://good.example@evil.example/token",
    "https://as.example/token#f",
    "https://as.example/to ken",
    "https://as.example/$(id)'",
    "https://as.example/\x1b[31m",
    "https://as.exämple/token",
    "https://as.example/{tenant}",
    "https://as.example:0/token",
    "https://",
    "https://as.example/" + "x" * 1_000,
    17,
    ["https://as.example/token"],
    {"url": "https://as.example/token"},
    True,
]
_MEMBERS = [
    "token_endpoint",
    "authorization_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "registration_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
]


@pytest.mark.parametrize("member", _MEMBERS)
@pytest.mark.parametrize("url", _BAD_ADDRESSES, ids=lambda value: repr(value)[:40])
def test_rule_105_every_endpoint_is_checked(member: str, url: object) -> None:
    with pytest.raises(ProviderUnreachable) as caught:
        read(**{member: url})
    words = str(caught.value)
    assert SOURCE in words
    assert words.isprintable()


@pytest.mark.parametrize("member", _MEMBERS)
@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest",
        "http://127.0.0.1:2375/v1",
        "https://10.1.2.3/",
        "https://db/",
    ],
)
def test_rule_72_no_endpoint_leads_inside(member: str, url: str) -> None:
    with pytest.raises(ProviderRefused, match="no business"):
        read(**{member: url})


def test_rule_72_who_looks_up_this_machine_may_be_led_to_this_machine() -> None:
    issuer = "http://127.0.0.1:9000"
    found = read_server(metadata(issuer), issuer, issuer, issuer)
    assert found.token_endpoint == "http://127.0.0.1:9000/token"
    with pytest.raises(ProviderRefused, match="link-local"):
        read_server(
            metadata(issuer, token_endpoint="https://169.254.169.254/x"), issuer, issuer, issuer
        )


@pytest.mark.parametrize(
    "members",
    [
        {"issuer": 1},
        {"scopes_supported": "read write"},
        {"scopes_supported": [1]},
        {"scopes_supported": ["x" * 1_001]},
        {"scopes_supported": ["s"] * 1_001},
        {"grant_types_supported": {"authorization_code": True}},
        {"response_types_supported": "code"},
        {"token_endpoint_auth_methods_supported": "none"},
        {"token_endpoint_auth_methods_supported": [None]},
        {"code_challenge_methods_supported": "S256"},
        {"dpop_signing_alg_values_supported": "ES256"},
        {"require_pushed_authorization_requests": "true"},
        {"require_pushed_authorization_requests": 1},
        {"require_pushed_authorization_requests": True},
        {"authorization_response_iss_parameter_supported": "yes"},
        {"client_id_metadata_document_supported": []},
    ],
    ids=lambda members: json.dumps(members)[:50],
)
def test_malformed_members_are_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ProviderUnreachable, match="malformed"):
        read(**members)


@pytest.mark.parametrize(
    "page", ["javascript:alert(1)", "http://as.example/docs", "https://x/\x1b]0;t\x07", 5, ""]
)
def test_a_page_that_is_not_safe_to_open_is_left_out(page: object) -> None:
    assert read(service_documentation=page).documentation == ""


# ---- resources


def test_what_is_read_of_a_resource() -> None:
    found = read_resource(
        {
            "resource": API,
            "authorization_servers": [AS, AS, "https://other.example"],
            "resource_name": "Files \x1b[31m[/b]",
            "scopes_supported": ["files"],
            "bearer_methods_supported": ["header"],
            "dpop_bound_access_tokens_required": True,
            "dpop_signing_alg_values_supported": ["ES256"],
            "resource_documentation": "https://api.example/docs",
            "surprise": 1,
        },
        API,
        API_SOURCE,
    )
    assert found.authorization_servers == (AS, "https://other.example")
    assert found.name == "Files \\x1b[31m[/b]"
    assert found.dpop_required
    assert found.documentation == "https://api.example/docs"


@pytest.mark.parametrize(
    "members",
    [
        {"authorization_servers": AS},
        {"authorization_servers": [None]},
        {"authorization_servers": [f"https://as{number}.example" for number in range(21)]},
        {"scopes_supported": "files"},
        {"bearer_methods_supported": "header"},
        {"dpop_bound_access_tokens_required": "yes"},
        {"resource_name": {"en": "Files"}},
    ],
    ids=lambda members: json.dumps(members)[:50],
)
def test_a_malformed_resource_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(ProviderUnreachable, match="malformed"):
        read_resource({"resource": API, **members}, API, API_SOURCE)


@pytest.mark.parametrize(
    ("issuer", "given", "error"),
    [
        ("http://as.example", "https://api.example", UsageProblem),
        ("https://as.example?x=1", "https://api.example", UsageProblem),
        ("https://as.example#x", "https://api.example", UsageProblem),
        ("https://a@as.example", "https://api.example", UsageProblem),
        ("ftp://as.example", "https://api.example", UsageProblem),
        ("http://127.0.0.1:8080", "https://api.example", ProviderRefused),
        ("https://169.254.169.254", "https://api.example", ProviderRefused),
    ],
)
def test_rule_72_an_authorization_server_is_checked_before_it_is_asked(
    issuer: str, given: str, error: type[TuiOauthError]
) -> None:
    with pytest.raises(error):
        check_issuer(issuer, given)
