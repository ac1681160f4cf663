"""Which Callback URLs can be served, and which of them a service is known to accept."""

from __future__ import annotations

import pytest

from tui_oauth.services.callback_matrix import CallbackChoice, callback_choices
from tui_oauth.services.catalogue import BUILT_IN, Catalogue
from tui_oauth.services.format import RedirectUriRules, Service
from tui_oauth.services.redirect import callback_url

HTTP_IP = "http://127.0.0.1:8976/callback"
HTTP_NAME = "http://localhost:8976/callback"
HTTPS_NAME = "https://localhost:8976/callback"
HTTPS_IP = "https://127.0.0.1:8976/callback"
ALL = (HTTP_IP, HTTP_NAME, HTTPS_NAME, HTTPS_IP)


def choices(rules: RedirectUriRules, public_url: str = "") -> dict[str, CallbackChoice]:
    service = Service(id="x", name="X", token_url="https://x.example/t", redirect_uri_rules=rules)
    found = callback_choices(service, port=8976, path="/callback", public_url=public_url)
    return {choice.url: choice for choice in found}


@pytest.mark.parametrize(
    ("rules", "accepted"),
    [
        (RedirectUriRules(), (None, None, None, None)),
        (RedirectUriRules(True, False), (False, False, None, None)),
        (RedirectUriRules(True, True), (True, True, True, True)),
        (RedirectUriRules(False, True), (True, True, True, True)),
        (RedirectUriRules(False), (True, True, True, True)),
        (RedirectUriRules(True), (None, None, True, True)),
        (RedirectUriRules(True, True, host="localhost"), (False, True, True, False)),
        (RedirectUriRules(True, True, host="127.0.0.1"), (True, False, False, True)),
    ],
)
def test_what_the_rules_say_of_each(
    rules: RedirectUriRules, accepted: tuple[bool | None, ...]
) -> None:
    found = choices(rules)
    assert tuple(found) == ALL
    assert tuple(choice.accepted for choice in found.values()) == accepted
    assert all(choice.why for choice in found.values())


@pytest.mark.parametrize(
    ("url", "accepted"),
    [("https://oauth.example.com/back", True), ("http://10.0.0.7/back", False)],
)
def test_the_public_url_is_one_of_them(url: str, accepted: bool) -> None:
    found = choices(RedirectUriRules(True, True), url)
    assert tuple(found) == (*ALL, url)
    assert found[url].accepted is accepted


@pytest.mark.parametrize("service_id", sorted(path.stem for path in BUILT_IN.glob("*.toml")))
def test_the_one_that_is_sent_is_never_one_that_is_refused(service_id: str) -> None:
    service = Catalogue().get(service_id)
    sent = callback_url(service, port=8976, path="/callback")
    found = {one.url: one for one in callback_choices(service, port=8976, path="/callback")}
    assert found[sent].accepted is not False
