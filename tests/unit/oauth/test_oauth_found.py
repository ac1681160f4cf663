"""What metadata amounts to: a service, a warning, or a reason why it is none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.publishing import metadata
from tui_oauth.errors import UsageProblem
from tui_oauth.oauth.client import choose_client
from tui_oauth.oauth.discovery import ResourceMetadata, read_resource, read_server
from tui_oauth.oauth.found import DEVICE_GRANT, Found, found_of, service_of
from tui_oauth.secret import Secret
from tui_oauth.services.format import Extensions, Service
from tui_oauth.services.pinned import pin, unpin

AS = "https://as.example"
API = "https://api.example/mcp"


def service(**members: Any) -> Service:
    return service_of(AS, read_server(metadata(AS, **members), AS, f"{AS}/doc", AS))


def resource(**members: Any) -> ResourceMetadata:
    document = {"resource": API, "authorization_servers": [AS], **members}
    return read_resource(document, API, "https://api.example/doc")


def found(*, of: ResourceMetadata | None = None, **members: Any) -> Found:
    given = of.resource if of else AS
    return found_of(given, read_server(metadata(AS, **members), AS, f"{AS}/doc", given), of)


def test_a_plain_server() -> None:
    made = service()
    assert (made.id, made.name, made.issuer) == ("from-url", "as.example", AS)
    assert (made.authorize_url, made.token_url) == (f"{AS}/authorize", f"{AS}/token")
    assert made.grants == ("authorization_code", "refresh_token")
    assert made.client_auth == ("none", "client_secret_basic")
    assert made.pkce == "supported"
    assert made.sources == (f"{AS}/doc",)
    assert made.default_scopes == (), "what a server offers is not what a person wants"
    assert made.identity_probe is None
    assert made.extensions == Extensions()


def test_everything_that_a_server_offers_is_taken_over() -> None:
    made = service(
        revocation_endpoint=f"{AS}/revoke",
        introspection_endpoint=f"{AS}/introspect",
        device_authorization_endpoint=f"{AS}/device",
        pushed_authorization_request_endpoint=f"{AS}/par",
        require_pushed_authorization_requests=True,
        registration_endpoint=f"{AS}/register",
        userinfo_endpoint=f"{AS}/me",
        jwks_uri=f"{AS}/jwks",
        authorization_response_iss_parameter_supported=True,
        client_id_metadata_document_supported=True,
        grant_types_supported=["authorization_code", DEVICE_GRANT, "client_credentials"],
        scopes_supported=["openid", "email", "profile", "offline_access", "files"],
    )
    assert made.revoke_url == f"{AS}/revoke"
    assert made.introspect_url == f"{AS}/introspect"
    assert made.device_authorization_url == f"{AS}/device"
    assert made.grants == ("authorization_code", "device_code", "client_credentials")
    assert made.default_scopes == ("openid", "email", "offline_access")
    assert made.identity_probe is not None
    assert made.identity_probe.url == f"{AS}/me"
    assert made.identity_probe.name_paths == ("email", "preferred_username", "name", "sub")
    assert made.extensions == Extensions(
        par_url=f"{AS}/par",
        par_required=True,
        iss_parameter=True,
        jwks_url=f"{AS}/jwks",
        registration_url=f"{AS}/register",
        client_id_metadata_document=True,
    )
    assert unpin(pin(made)) == made


@pytest.mark.parametrize("methods", [["plain"], [], ["plain", "s256"], ["S256 "]])
def test_rule_13_pkce_without_s256_stops_with_a_reason(methods: list[str]) -> None:
    with pytest.raises(UsageProblem, match="not with S256"):
        service(code_challenge_methods_supported=methods)


def test_rule_13_without_the_member_s256_is_sent_all_the_same() -> None:
    assert service(code_challenge_methods_supported=None).pkce == "unknown"
    assert service(code_challenge_methods_supported=["plain", "S256"]).pkce == "supported"


def test_rule_13_where_no_browser_takes_part_there_is_no_code_to_be_stolen() -> None:
    made = service(
        code_challenge_methods_supported=["plain"],
        authorization_endpoint=None,
        grant_types_supported=["client_credentials"],
    )
    assert made.grants == ("client_credentials",)


@pytest.mark.parametrize(
    ("methods", "accepted"),
    [
        (None, ("client_secret_basic", "none")),
        (["none"], ("none",)),
        (["client_secret_post"], ("client_secret_post",)),
        (
            ["private_key_jwt", "client_secret_post", "client_secret_basic"],
            ("client_secret_basic", "client_secret_post"),
        ),
    ],
)
def test_rule_61_the_methods_come_from_the_metadata(
    methods: list[str] | None, accepted: tuple[str, ...]
) -> None:
    made = service(token_endpoint_auth_methods_supported=methods)
    assert made.client_auth == accepted
    with_secret = [method for method in accepted if method != "none"]
    chosen = choose_client(made, "id", Secret("secret")).auth_method
    assert chosen == (with_secret or ["none"])[0]


def test_rule_61_left_out_means_basic() -> None:
    made = service(token_endpoint_auth_methods_supported=None)
    assert choose_client(made, "id", Secret("secret")).auth_method == "client_secret_basic"


@pytest.mark.parametrize("methods", [[], ["private_key_jwt"], ["tls_client_auth", "NONE"]])
def test_rule_61_methods_that_are_not_offered_here_stop_with_a_reason(methods: list[str]) -> None:
    with pytest.raises(UsageProblem, match="client authentication that is not offered here"):
        service(token_endpoint_auth_methods_supported=methods)


@pytest.mark.parametrize(
    "members",
    [
        {"grant_types_supported": ["implicit"]},
        {"grant_types_supported": ["password", "urn:ietf:params:oauth:grant-type:saml2-bearer"]},
        {"grant_types_supported": []},
        {"response_types_supported": ["token", "id_token token"]},
        {"authorization_endpoint": None},
        {"token_endpoint": None},
    ],
    ids=repr,
)
def test_rule_2_a_server_without_a_safe_grant_is_no_service(members: dict[str, Any]) -> None:
    with pytest.raises(UsageProblem):
        service(**members)


@pytest.mark.parametrize(
    ("grants", "made"),
    [
        (None, ("authorization_code", "refresh_token")),
        (["authorization_code"], ("authorization_code",)),
        (
            ["implicit", "refresh_token", "authorization_code"],
            ("authorization_code", "refresh_token"),
        ),
    ],
)
def test_only_grants_that_are_offered_there_and_here(
    grants: list[str] | None, made: tuple[str, ...]
) -> None:
    assert service(grant_types_supported=grants).grants == made


def test_a_device_endpoint_speaks_for_itself() -> None:
    made = service(authorization_endpoint=None, device_authorization_endpoint=f"{AS}/device")
    assert made.grants == ("device_code", "refresh_token")
    assert made.authorize_url == ""


def test_rule_106_endpoints_on_another_origin_are_warned_of_once_each() -> None:
    warned = found(
        token_endpoint="https://tokens.example/t",
        revocation_endpoint="https://tokens.example/r",
        jwks_uri="https://as.example:8443/keys",
        userinfo_endpoint=f"{AS}/me",
    ).warnings
    assert len(warned) == 2
    assert warned[0].startswith(
        "The token endpoint and revocation endpoint lie on https://tokens.example, the issuer on https://as.example."
    )
    assert "https://as.example:8443" in warned[1]
    assert found(token_endpoint="https://AS.example:443/t").warnings == ()


def test_a_resource_is_asked_for_by_name_and_its_tokens_go_nowhere_else() -> None:
    made = found(
        of=resource(scopes_supported=["files:read", "files:write"]),
        userinfo_endpoint=f"{AS}/me",
        scopes_supported=["openid", "email", "offline_access"],
    )
    assert made.service.name == "api.example"
    assert made.service.issuer == AS
    assert made.service.extensions.resource == (API,)
    assert made.service.quirks.api.origins == ("https://api.example",)
    assert made.service.identity_probe is None, "the token is the resource's alone"
    assert made.service.default_scopes == ("files:read", "files:write", "offline_access")
    assert made.scopes == ("files:read", "files:write")
    assert made.documents == ("https://api.example/doc", f"{AS}/doc")
    assert unpin(pin(made.service)) == made.service


def test_the_scopes_of_the_challenge_come_before_those_on_offer() -> None:
    server = read_server(metadata(AS), AS, f"{AS}/doc", API)
    made = service_of(API, server, resource(scopes_supported=["a", "b"]), ("b",))
    assert made.default_scopes == ("b",)


@pytest.mark.parametrize("scope", ["", "two words", 'a"b', "a\\b", "\x1b[31m", "é", "{tenant}"])
def test_what_can_be_no_scope_is_left_out(scope: str) -> None:
    made = found(of=resource(scopes_supported=[scope, "good"]))
    assert made.service.default_scopes == ("good",)
    assert made.scopes == ("good",)


@pytest.mark.parametrize(
    ("of_resource", "of_server", "bound"),
    [
        ({}, {"dpop_signing_alg_values_supported": ["ES256"]}, False),
        ({"dpop_bound_access_tokens_required": True}, {}, True),
        (
            {"dpop_bound_access_tokens_required": True, "bearer_methods_supported": []},
            {"dpop_signing_alg_values_supported": ["RS256", "ES256"]},
            True,
        ),
    ],
)
def test_dpop_only_where_the_resource_requires_it(
    of_resource: dict[str, Any], of_server: dict[str, Any], bound: bool
) -> None:
    assert found(of=resource(**of_resource), **of_server).service.extensions.dpop is bound


@pytest.mark.parametrize(
    ("of_resource", "of_server"),
    [
        ({"dpop_bound_access_tokens_required": True}, {"dpop_signing_alg_values_supported": []}),
        (
            {
                "dpop_bound_access_tokens_required": True,
                "dpop_signing_alg_values_supported": ["EdDSA"],
            },
            {},
        ),
        ({"bearer_methods_supported": ["query"]}, {}),
        ({"bearer_methods_supported": ["body", "query"]}, {}),
    ],
)
def test_a_resource_that_wants_what_is_not_offered_here_is_refused(
    of_resource: dict[str, Any], of_server: dict[str, Any]
) -> None:
    with pytest.raises(UsageProblem, match=r"api\.example"):
        found(of=resource(**of_resource), **of_server)


def test_each_fact_says_which_document_it_is_from() -> None:
    made = found(of=resource(resource_name="Files"), registration_endpoint=f"{AS}/register")
    facts = {fact.label: fact for fact in made.facts}
    assert (facts["API"].value, facts["API"].source) == (API, "https://api.example/doc")
    assert (facts["Its name"].value, facts["Its name"].source) == (
        "Files",
        "https://api.example/doc",
    )
    assert facts["Signs in at"].source == "https://api.example/doc"
    assert facts["Token endpoint"].source == f"{AS}/doc"
    assert "by itself" in facts["Registration"].value
    assert made.registers
    assert not found().registers
    assert all(fact.value and fact.source for fact in made.facts)
