"""Guides, fields and the public JSON: what people see of a service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.fields import configure_fields
from tui_oauth.services.format import Guide, RedirectUriRules, RefreshFacts, Service
from tui_oauth.services.guide import as_text, guide, links_in
from tui_oauth.services.loading import parse_service
from tui_oauth.services.public import as_facts
from tui_oauth.services.resolve import resolve

URL = "https://localhost:8976/callback"
PLAIN = Service(
    id="acme",
    name="Acme",
    token_url="https://acme.example/token",
    authorize_url="https://acme.example/authorize",
)


def test_the_steps_of_intercom_are_those_of_the_walk() -> None:
    view = guide(Catalogue().get("intercom"), URL)
    for step, words in zip(
        view.steps,
        (
            "Your Apps",
            "New app",
            "Create app",
            "press Edit",
            f"tick Use OAuth, press + Add redirect link, paste the Callback URL {URL} into Redirect URIs",
            "copy the values below Client ID and Client secret",
        ),
        strict=True,
    ):
        assert words in step
    assert any("Read conversations" in gotcha for gotcha in view.gotchas)
    assert view.portal_url == "https://app.intercom.com/a/apps/_/developer-hub"
    assert view.docs_url.startswith("https://developers.intercom.com/")


def test_a_guide_as_text_is_numbered_and_names_url_and_portal() -> None:
    text = as_text(guide(Catalogue().get("github"), URL))
    assert text.startswith("GitHub: how to get the credentials\n\n1. ")
    assert f"\nCallback URL: {URL}\nApp name: tui-oauth\n" in text
    assert "\nPortal: https://github.com/settings/developers\n" in text
    assert "General steps" not in text, "these were written"
    assert text.splitlines()[-1].startswith("Not verified: "), "lifetimes and links are hints"


def test_a_service_without_a_guide_gets_honest_steps_from_its_facts() -> None:
    service = replace(
        PLAIN,
        default_scopes=("read", "write"),
        client_auth=("client_secret_post", "none"),
        redirect_uri_rules=RedirectUriRules(note="https only"),
        refresh=RefreshFacts(issues_refresh_token=False, refresh_lifetime="tokens last a year"),
    )
    view = guide(service, URL)
    assert any(URL in step for step in view.steps)
    assert any("read, write" in step for step in view.steps)
    assert any("leave that field empty" in step for step in view.steps)
    assert "not walked at the provider" in view.note
    assert as_text(view).splitlines()[2] == view.note, "said before the first step"
    assert ("Scopes", "read write") in view.values
    assert "Redirect URI: https only" in view.gotchas
    assert "There is no refresh token: tokens last a year." in view.gotchas
    assert view.portal_url == ""


@pytest.mark.parametrize("service_id", ["intercom", "zendesk", "microsoft", "practice"])
def test_steps_made_from_facts_hold_the_callback_url_too(service_id: str) -> None:
    service = replace(Catalogue().get(service_id), guide=Guide())
    view = guide(service, URL)
    assert any(URL in step for step in view.steps)
    assert "{" not in as_text(view)


def test_a_link_that_needs_a_variable_appears_once_it_is_known() -> None:
    zendesk = Catalogue().get("zendesk")
    assert guide(zendesk, URL).portal_url == ""
    view = guide(resolve(zendesk, {"subdomain": "acme"}), URL)
    assert view.portal_url.startswith("https://acme.zendesk.com/admin/")


def test_the_guide_of_the_practice_provider_follows_its_port() -> None:
    practice = Catalogue().get("practice")
    assert guide(practice, URL).portal_url == "http://127.0.0.1:8977/"
    view = guide(resolve(practice, {"port": "40404"}), URL)
    assert any("http://127.0.0.1:40404/" in step for step in view.steps)


def test_fields_ask_for_credentials_variables_and_scopes() -> None:
    fields = {field.name: field for field in configure_fields(Catalogue().get("microsoft"))}
    assert list(fields) == ["client_id", "client_secret", "tenant", "scopes"]
    assert fields["client_id"].label == "Application (client) ID"
    assert fields["client_secret"].secret
    assert fields["client_secret"].required
    assert fields["tenant"].default == "common"
    assert not fields["tenant"].required
    assert "contoso.onmicrosoft.com" in fields["tenant"].help
    assert fields["scopes"].default.split()[0] == "offline_access"


def test_a_public_client_needs_no_secret() -> None:
    fields = {field.name: field for field in configure_fields(Catalogue().get("gitlab"))}
    assert not fields["client_secret"].required
    only_public = replace(PLAIN, client_auth=("none",))
    assert [field.name for field in configure_fields(only_public)] == ["client_id", "scopes"]


def test_choices_are_offered_with_their_labels() -> None:
    region = configure_fields(Catalogue().get("intercom"))[-1]
    assert [choice.label for choice in region.choices] == ["United States", "Europe", "Australia"]
    assert region.default == "us"


def test_the_public_json_says_null_for_what_is_not_known() -> None:
    facts = as_facts(PLAIN)
    for key in ("revoke_url", "issuer", "identity_probe", "docs_url", "confidence"):
        assert facts[key] is None
    assert facts["redirect_uri_rules"] == {
        "https_required": None,
        "loopback_http_allowed": None,
        "loopback_port_wildcard": None,
        "note": None,
    }
    assert facts["quirks"] == {}


def test_the_public_json_holds_the_quirks_that_are_declared() -> None:
    quirks = as_facts(Catalogue().get("quickbooks-online"))["quirks"]
    assert quirks["callback"] == {"keep": ["realmId"]}
    assert quirks["revoke"]["body"] == "json"
    assert set(quirks) == {"callback", "revoke", "api"}


def test_a_guide_of_an_own_service_is_shown_as_it_was_written() -> None:
    text = """
id = "acme"
name = "Acme"
authorize_url = "https://acme.example/a"
token_url = "https://acme.example/t"
[guide]
steps = ["Paste {callback_url} twice: {callback_url}."]
"""
    view = guide(parse_service(text, "acme.toml", own=True), URL)
    assert view.steps == (f"Paste {URL} twice: {URL}.",)


def test_the_values_to_carry_to_the_provider_are_those_of_the_entry() -> None:
    shopify = Catalogue().get("shopify")
    view = guide(shopify, URL, {"shop": "my-store"}, ("read_orders", "read_products"))
    assert dict(view.values) == {
        "App name": "tui-oauth",
        "Scopes": "read_orders,read_products",
        "Shop name (before .myshopify.com)": "my-store",
    }
    assert "Scopes" not in dict(guide(PLAIN, URL).values)


def test_addresses_in_a_text_are_found_whole_or_not_at_all() -> None:
    text = (
        "Open https://a.example/x?y=1. Then (HTTP://b.example), not https://{sub}.c.example/z,"
        " javascript:alert(1), file:///etc/passwd or https://. https, except http://localhost."
    )
    found = [text[begin:end] for begin, end in links_in(text)]
    assert found == ["https://a.example/x?y=1", "HTTP://b.example"]


def test_a_scope_with_a_variable_is_a_value_once_that_is_chosen() -> None:
    dynamics = Catalogue().get("dynamics-365")
    assert "{" not in dict(guide(dynamics, URL).values)["Scopes"]
    chosen = dict(guide(dynamics, URL, {"org_host": "acme.crm.dynamics.com"}).values)
    assert "https://acme.crm.dynamics.com/user_impersonation" in chosen["Scopes"].split()
