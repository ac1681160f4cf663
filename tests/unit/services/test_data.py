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
EXPECTED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "expected_facts.json").read_text(encoding="utf-8")
)


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
    assert 4 <= len(view.steps) <= 8
    assert any(url in step for step in view.steps)
    assert service.guide.sources
    assert "{" not in as_text(view)


@pytest.mark.parametrize("service_id", IDS)
def test_each_service_asks_for_its_credentials(service_id: str) -> None:
    fields = configure_fields(Catalogue().get(service_id))
    assert fields[0].name == "client_id"
    assert [field.name for field in fields if field.secret] == ["client_secret"]
    assert len({field.name for field in fields}) == len(fields)


@pytest.mark.parametrize("service_id", [one for one in IDS if one != "custom-oauth2"])
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


@pytest.mark.parametrize("service_id", sorted(EXPECTED))
def test_the_facts_are_those_that_were_checked(service_id: str) -> None:
    facts = as_facts(Catalogue().get(service_id))
    expected = EXPECTED[service_id]
    facts["redirect_uri_rules"].pop("host", None)  # said in the note of the facts, a key of ours
    if facts["identity_probe"]:
        probe = facts["identity_probe"]
        paths = probe["name_path"]
        probe["name_path"] = paths if isinstance(paths, str) else paths[0]
        for ours in ("detail_path", "keep"):
            probe.pop(ours, None)
        probe.setdefault("note", None)
        expected["identity_probe"].setdefault("note", None)
    if service_id == "custom-oauth2":  # asks for whole addresses, so its labels differ
        for variable in facts["variables"]:
            assert variable.pop("kind") == "address"
            variable["label"] += " without https://"
        expected["response_quirks"] = None
    assert {key: facts[key] for key in expected} == expected


LOCALHOST_ONLY = {"hubspot", "microsoft", "notion", "salesforce", "xero"}


@pytest.mark.parametrize(
    ("service_id", "url"),
    [
        ("intercom", "https://localhost:8976/callback"),
        ("practice", "http://127.0.0.1:8976/callback"),
        ("practice-https", "https://localhost:8976/callback"),
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
    assert set(service.quirks.api.origins) == {
        probe.removesuffix("/me"),
        "https://api.intercom.io",
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
    for service_id in ("practice", "practice-https"):
        service = resolve(Catalogue().get(service_id), {"port": "40404"})
        assert service.authorize_url == "http://127.0.0.1:40404/oauth"
        assert service.token_url == "http://127.0.0.1:40404/auth/eagle/token"
        assert service.quirks.api.origins == ("http://127.0.0.1:40404",)
        for _, text, _ in templates(service):
            if is_address(text):
                assert is_loopback(text.partition("://")[2].partition(":")[0])


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
