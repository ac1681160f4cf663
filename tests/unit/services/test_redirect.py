"""The Callback URL: by the service's rule and the settings, and always the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tui_oauth.services.format import RedirectUriRules, Service
from tui_oauth.services.redirect import callback_url, candidates

HTTP_IP = "http://127.0.0.1:8976/callback"
HTTP_NAME = "http://localhost:8976/callback"
HTTPS_IP = "https://127.0.0.1:8976/callback"
HTTPS_NAME = "https://localhost:8976/callback"
PLAIN = Service(id="acme", name="Acme", token_url="https://acme.example/token")


def service(https: bool | None = None, loopback: bool | None = None, host: str = "") -> Service:
    rules = RedirectUriRules(https_required=https, loopback_http_allowed=loopback, host=host)
    return replace(PLAIN, redirect_uri_rules=rules)


@pytest.mark.parametrize(
    ("https", "loopback", "host", "url"),
    [
        (None, None, "", HTTP_IP),
        (False, None, "", HTTP_IP),
        (False, True, "", HTTP_IP),
        (None, True, "", HTTP_IP),
        (True, True, "", HTTP_IP),
        (None, False, "", HTTPS_NAME),
        (False, False, "", HTTPS_NAME),
        (True, None, "", HTTPS_NAME),
        (True, False, "", HTTPS_NAME),
        (True, True, "localhost", HTTP_NAME),
        (None, None, "localhost", HTTP_NAME),
        (True, False, "127.0.0.1", HTTPS_IP),
        (None, None, "127.0.0.1", HTTP_IP),
    ],
)
def test_rule_19_scheme_and_host_by_the_rule_of_the_service(
    https: bool | None, loopback: bool | None, host: str, url: str
) -> None:
    assert callback_url(service(https, loopback, host), port=8976, path="/callback") == url


def test_before_a_service_is_chosen_the_plain_one_is_shown() -> None:
    assert callback_url(None, port=8976, path="/callback") == HTTP_IP


@pytest.mark.parametrize(
    ("rule", "host", "url"),
    [
        ("", "localhost", "http://localhost:9001/back"),
        ("", "[::1]", "http://[::1]:9001/back"),
        ("", "::1", "http://[::1]:9001/back"),
        ("localhost", "127.0.0.1", "http://localhost:9001/back"),
    ],
)
def test_the_settings_decide_where_the_service_has_no_wish(rule: str, host: str, url: str) -> None:
    found = callback_url(service(host=rule), port=9001, path="/back", host=host)
    assert found == url


def test_a_public_url_is_sent_as_it_stands() -> None:
    public = "https://oauth.example.com/deep/callback"
    for one in (None, service(True, False, "localhost")):
        assert callback_url(one, port=8976, path="/callback", public_url=public) == public
        assert candidates(one, port=8976, path="/callback", public_url=public)[0] == public


@pytest.mark.parametrize(
    ("https", "loopback", "host", "urls"),
    [
        (True, None, "", (HTTPS_NAME, HTTPS_IP, HTTP_IP, HTTP_NAME)),
        (True, False, "", (HTTPS_NAME, HTTPS_IP)),
        (True, True, "localhost", (HTTP_NAME, HTTPS_NAME)),
        (None, None, "", (HTTP_IP, HTTP_NAME, HTTPS_IP, HTTPS_NAME)),
    ],
)
def test_candidates_leave_out_what_is_ruled_out(
    https: bool | None, loopback: bool | None, host: str, urls: tuple[str, ...]
) -> None:
    assert candidates(service(https, loopback, host), port=8976, path="/callback") == urls
