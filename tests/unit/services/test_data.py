"""Every service file that comes with the program, as it is found in the folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tui_oauth.services.addresses import is_address, is_loopback, problem_with
from tui_oauth.services.catalogue import BUILT_IN, Catalogue
from tui_oauth.services.fields import configure_fields
from tui_oauth.services.guide import as_text, guide
from tui_oauth.services.loading import parse_service
from tui_oauth.services.public import as_facts
from tui_oauth.services.redirect import callback_url
from tui_oauth.services.resolve import asked_variables, resolve
from tui_oauth.services.templates import templates

IDS = sorted(path.stem for path in BUILT_IN.glob("*.toml"))
EXPECTED: dict[str, dict[str, Any]] = {
    facts["id"]: facts
    for facts in json.loads(
        (Path(__file__).parent / "expected_facts.json").read_text(encoding="utf-8")
    )
}
PUBLIC_CLIENTS_ONLY = {one for one, facts in EXPECTED.items() if facts["client_auth"] == "none"}
# Providers of sign-ins for other APIs, whose addresses their own operators decide.
NO_API_OF_ITS_OWN = {"custom-oauth2", "azure-blob-storage"}


@pytest.mark.parametrize("service_id", IDS)
def test_each_file_loads_under_its_own_name(service_id: str) -> None:
    service = Catalogue().get(service_id)
    assert service.id == service_id
    assert not service.own
    assert service.confidence in {"checked", "single-source"}
    assert service.sources


@pytest.mark.parametrize("service_id", IDS)
def test_each_service_resolves_with_its_examples(service_id: str) -> None:
    service = Catalogue().get(service_id)
    given = {variable.name: variable.example for variable in asked_variables(service)}
    resolved = resolve(service, given)
    for key, text, known in templates(resolved):
        for variable in service.variables:
            assert f"{{{variable.name}}}" not in text or variable.name in known
        if key != "guide" and is_address(text):
            assert problem_with(text, fragment=True) == ""


@pytest.mark.parametrize("service_id", IDS)
def test_each_guide_holds_the_callback_url_and_is_complete(service_id: str) -> None:
    service = Catalogue().get(service_id)
    url = callback_url(service, port=8976, path="/callback")
    view = guide(service, url)
    assert 3 <= len(view.steps) <= 8
    if "authorization_code" in service.grants:
        assert any(url in step for step in view.steps)
    if service.guide.steps:
        assert service.guide.sources
        assert not view.note
    else:
        assert "not walked at the provider" in view.note
    assert "{" not in as_text(view)


@pytest.mark.parametrize("service_id", IDS)
def test_each_service_asks_for_its_credentials(service_id: str) -> None:
    fields = configure_fields(Catalogue().get(service_id))
    assert fields[0].name == "client_id"
    secret = [] if service_id in PUBLIC_CLIENTS_ONLY else ["client_secret"]
    assert [field.name for field in fields if field.secret] == secret
    assert len({field.name for field in fields}) == len(fields)


@pytest.mark.parametrize("service_id", [one for one in IDS if one not in NO_API_OF_ITS_OWN])
def test_each_service_says_where_its_token_may_go(service_id: str) -> None:
    service = Catalogue().get(service_id)
    assert service.quirks.api.origins
    for origin in service.quirks.api.origins:
        assert origin.startswith("{") or is_address(origin)


@pytest.mark.parametrize("service_id", IDS)
def test_the_public_json_is_a_service_file_without_its_nulls(service_id: str) -> None:
    service = Catalogue().get(service_id)
    facts = as_facts(service)
    again = as_facts(parse_service(_toml(_without_nulls(facts)), "again.toml"))
    assert again == facts


LOCALHOST_ONLY = {"hubspot", "microsoft", "notion", "salesforce", "xero"}


@pytest.mark.parametrize(
    ("service_id", "url"),
    [
        ("intercom", "https://localhost:8976/callback"),
        ("practice", "http://127.0.0.1:8976/callback"),
        ("practice-https", "https://localhost:8976/callback"),
        ("practice-standard", "http://127.0.0.1:8976/callback"),
        ("github", "http://127.0.0.1:8976/callback"),
        ("gitlab", "http://127.0.0.1:8976/callback"),
        ("google", "http://127.0.0.1:8976/callback"),
        ("slack", "https://localhost:8976/callback"),
        ("zendesk", "http://127.0.0.1:8976/callback"),
        *((one, "http://localhost:8976/callback") for one in sorted(LOCALHOST_ONLY)),
    ],
)
def test_rule_19_the_callback_url_follows_the_rule_of_the_service(
    service_id: str, url: str
) -> None:
    service = Catalogue().get(service_id)
    assert callback_url(service, port=8976, path="/callback") == url


@pytest.mark.parametrize(
    ("region", "authorize", "revoke", "probe"),
    [
        (
            "us",
            "https://app.intercom.com/oauth",
            "https://api.intercom.io/auth/uninstall",
            "https://api.intercom.io/me",
        ),
        (
            "eu",
            "https://app.eu.intercom.com/oauth",
            "https://api.eu.intercom.io/auth/uninstall",
            "https://api.eu.intercom.io/me",
        ),
        (
            "au",
            "https://app.au.intercom.com/oauth",
            "https://api.au.intercom.io/auth/uninstall",
            "https://api.au.intercom.io/me",
        ),
    ],
)
def test_one_region_sets_all_hosts_of_intercom(
    region: str, authorize: str, revoke: str, probe: str
) -> None:
    service = resolve(Catalogue().get("intercom"), {"region": region})
    assert service.authorize_url == authorize
    assert service.token_url == "https://api.intercom.io/auth/eagle/token"
    assert service.revoke_url == revoke
    assert service.identity_probe is not None
    assert service.identity_probe.url == probe
    # The region that the workspace itself names counts afterwards, so that each host may get the token.
    assert set(service.quirks.api.origins) == {
        "https://api.intercom.io",
        "https://api.eu.intercom.io",
        "https://api.au.intercom.io",
    }


def test_intercom_declares_everything_that_it_does_differently() -> None:
    service = Catalogue().get("intercom")
    quirks = service.quirks
    assert not quirks.authorize.scope
    assert quirks.authorize.response_type == ""
    assert not quirks.token.grant_type
    assert not quirks.token.redirect_uri
    assert quirks.answer.access_token == ("access_token", "token")
    assert (quirks.revoke.method, quirks.revoke.auth, quirks.revoke.body) == (
        "POST",
        "bearer",
        "none",
    )
    assert quirks.api.headers["Intercom-Version"] == "2.14"
    assert service.identity_probe is not None
    assert service.identity_probe.name_paths == ("app.name", "email", "name")
    assert service.identity_probe.detail_path == "email"
    assert service.pkce == "unsupported"
    assert [field.name for field in configure_fields(service)] == [
        "client_id",
        "client_secret",
        "region",
    ]


def test_the_practice_provider_stays_on_this_machine() -> None:
    for service_id, authorize, token in (
        ("practice", "/oauth", "/auth/eagle/token"),
        ("practice-https", "/oauth", "/auth/eagle/token"),
        ("practice-standard", "/oauth/authorize", "/oauth/token"),
    ):
        service = resolve(Catalogue().get(service_id), {"port": "40404"})
        assert service.authorize_url == f"http://127.0.0.1:40404{authorize}"
        assert service.token_url == f"http://127.0.0.1:40404{token}"
        assert service.quirks.api.origins == ("http://127.0.0.1:40404",)
        for _, text, _ in templates(service):
            if is_address(text):
                assert is_loopback(text.partition("://")[2].partition(":")[0])


def test_the_standard_practice_service_says_what_the_provider_says_of_itself() -> None:
    from tui_oauth.practice.application import Application

    service = resolve(Catalogue().get("practice-standard"), {"port": "40404"})
    reply = Application().handle(
        "GET", "/.well-known/oauth-authorization-server", "", {"Host": "127.0.0.1:40404"}
    )
    said = json.loads(reply.body)
    assert {
        "issuer": service.issuer,
        "authorization_endpoint": service.authorize_url,
        "token_endpoint": service.token_url,
        "device_authorization_endpoint": service.device_authorization_url,
        "revocation_endpoint": service.revoke_url,
        "introspection_endpoint": service.introspect_url,
        "pushed_authorization_request_endpoint": service.extensions.par_url,
        "registration_endpoint": service.extensions.registration_url,
        "jwks_uri": service.extensions.jwks_url,
        "authorization_response_iss_parameter_supported": service.extensions.iss_parameter,
        "token_endpoint_auth_methods_supported": list(service.client_auth),
    }.items() <= said.items()
    assert {grant.rpartition(":")[2] for grant in said["grant_types_supported"]} == set(
        service.grants
    )
    assert set(service.default_scopes) <= set(said["scopes_supported"])


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _toml(facts: dict[str, Any]) -> str:
    return "".join(f"{key} = {_value(item)}\n" for key, item in facts.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        pairs = ", ".join(f"{json.dumps(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {pairs} }}"
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)


@pytest.mark.parametrize("service_id", IDS)
def test_what_a_revoked_token_takes_with_it_says_what_that_rests_on(service_id: str) -> None:
    ends = Catalogue().get(service_id).quirks.revoke.ends_consent
    text = (BUILT_IN / f"{service_id}.toml").read_text(encoding="utf-8")
    assert ends == ("# ends_consent rests on " in text)
