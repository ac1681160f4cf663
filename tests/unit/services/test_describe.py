"""The words about a service in the dropdown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui_oauth.services.catalogue import BUILT_IN, Catalogue
from tui_oauth.services.describe import facts, summary, unverified
from tui_oauth.services.format import RedirectUriRules, RefreshFacts
from tui_oauth.text import is_plain

IDS = sorted(path.stem for path in BUILT_IN.glob("*.toml"))


@pytest.mark.parametrize(
    ("service_id", "words"),
    [
        ("intercom", "browser sign-in · no PKCE · no refresh token"),
        ("xero", "no person · PKCE · one-use refresh tokens"),
        ("instagram", "renewed with the access token"),
        ("google", "browser sign-in, device code · PKCE · refresh tokens"),
    ],
)
def test_one_line_says_how_it_is(service_id: str, words: str) -> None:
    assert words in summary(Catalogue().get(service_id))


@pytest.mark.parametrize("service_id", IDS)
def test_every_service_has_its_facts(service_id: str) -> None:
    service = Catalogue().get(service_id)
    found = dict(facts(service))
    assert found["Sign-in"]
    assert found["PKCE"]
    assert len(summary(service)) <= 76 or "not verified" in summary(service)
    assert all(is_plain(value) for value in found.values())
    if service.confidence == "single-source":
        assert "not verified" in found["Addresses"]
        assert "not verified" in summary(service)
        assert next(iter(found)) == "Addresses", "before all else"
        assert "the addresses" in found["Not verified"]
    if service.confidence and service.developer_portal_url:
        assert "the links" in found["Not verified"]
    if service.refresh.refresh_lifetime:
        assert found["Refresh token"].endswith("(a hint, not verified)")


def test_only_what_is_a_hint_is_called_one() -> None:
    plain = Catalogue().get("practice")
    own = replace(plain, confidence="", developer_portal_url="https://a.example/")
    assert unverified(own) == (), "who wrote it knows"
    checked = replace(
        plain,
        confidence="checked",
        redirect_uri_rules=RedirectUriRules(https_required=True),
        refresh=RefreshFacts(access_token_lifetime_s=60),
        developer_portal_url="https://a.example/",
    )
    assert unverified(checked) == (
        "the redirect rule",
        "how long tokens live",
        "the links to portal and docs",
    )
    assert dict(facts(checked))["Redirect rule"] == "https only (a hint, not verified)"
    noted = replace(checked, redirect_uri_rules=RedirectUriRules(True, note="as documented"))
    assert "the redirect rule" not in unverified(noted)
    assert dict(facts(noted))["Redirect rule"] == "as documented"
