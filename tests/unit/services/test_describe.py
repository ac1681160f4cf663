"""The words about a service in the dropdown."""

from __future__ import annotations

import pytest

from tui_oauth.services.catalogue import BUILT_IN, Catalogue
from tui_oauth.services.describe import facts, summary
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
    if service.refresh.refresh_lifetime:
        assert found["Refresh token"].endswith("(a hint, not verified)")
