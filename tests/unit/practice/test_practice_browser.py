"""The same pages in a real Chromium: clicks and typing only."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlencode

import pytest
from practice_calls import send

from tests.browser import Browser
from tui_oauth.oauth.http import Request
from tui_oauth.practice.provider import PracticeProvider

pytestmark = pytest.mark.chromium


class _Landing(BaseHTTPRequestHandler):
    """Stands for the callback server: says that the browser arrived."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>Landed</title><h1>Landed</h1>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def landing() -> Iterator[str]:
    """A redirect link with something behind it, on another origin than the provider."""
    with HTTPServer(("127.0.0.1", 0), _Landing) as server:
        server.timeout = 1
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/callback"
        finally:
            server.shutdown()
            thread.join()


def make_app(
    browser: Browser, provider: PracticeProvider, link: str, name: str = "My connector"
) -> None:
    browser.navigate(provider.url)
    browser.follow_text("New app")
    browser.fill("#name", name)
    browser.follow_text("Create app")
    browser.follow_text("Edit")
    assert "Redirect links" not in browser.text
    browser.click_text("Use OAuth\nPeople authorize the app in their browser.")
    browser.wait_for_text("Redirect links")
    browser.follow_text("+ Add redirect link")
    browser.fill("input[name=link]", link)
    browser.follow("#save")
    browser.wait_for_text("Saved.")


def test_from_the_hub_to_the_callback(browser, provider, landing):
    make_app(browser, provider, landing)
    browser.follow_text("Basic Information")
    client_id = browser.value("#client-id")
    (app,) = provider.application.store.apps()
    assert (client_id, browser.value("#client-secret")) == (app.client_id, app.client_secret)
    browser.navigate(f"{provider.url}/oauth?client_id={client_id}&state=xyz")
    assert "My connector asks for access" in browser.text
    browser.click_text("Authorize access")
    url = browser.wait_for_url(landing)
    assert "code=" in url
    assert url.endswith("==&state=xyz")
    browser.wait_for_text("Landed")


def test_cancel(browser, provider, landing):
    app = provider.register("Mine", landing)
    browser.navigate(f"{provider.url}/oauth?client_id={app.client_id}&state=xyz")
    browser.click_text("Cancel")
    assert browser.wait_for_url(landing) == f"{landing}?error=access_denied&state=xyz"


def test_without_javascript(browser, provider, landing):
    browser.without_javascript()
    make_app(browser, provider, landing)
    (app,) = provider.application.store.apps()
    browser.follow_text("Basic Information")
    assert "Copy" not in browser.text
    browser.navigate(f"{provider.url}/oauth?client_id={app.client_id}")
    browser.click_text("Authorize access")
    assert "code=" in browser.wait_for_url(landing)


def device_of(provider: PracticeProvider) -> dict[str, str]:
    """The answer of the device authorization endpoint to an app that may choose the workspace."""
    app = provider.register("My terminal", public=True, auth_method="none")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"client_id={app.client_id}&scope=openid%20read".encode()
    answer = send(Request("POST", f"{provider.url}/oauth/device", "test", form, body))
    found: dict[str, str] = json.loads(answer.body)
    return found


@pytest.mark.parametrize("javascript", [True, False])
def test_a_device_is_let_in(browser, provider, javascript):
    if not javascript:
        browser.without_javascript()
    asked = device_of(provider)
    browser.navigate(asked["verification_uri"])
    browser.fill("#user_code", "WRNG-CODE")
    browser.click_text("Continue")
    browser.wait_for_text("No device waits with this code.")
    browser.fill("#user_code", asked["user_code"].replace("-", " ").lower())
    browser.click_text("Continue")
    browser.wait_for_text("My terminal asks for access")
    assert asked["user_code"] in browser.text
    browser.click_text("Authorize access")
    browser.wait_for_text("Device connected")


def test_a_device_is_turned_away(browser, provider):
    browser.navigate(device_of(provider)["verification_uri_complete"])
    assert "Go on only if the device in front of you shows this code" in browser.text
    browser.click_text("Cancel")
    browser.wait_for_text("Device not connected")


def test_the_standard_consent_page_leads_to_the_callback(browser, provider, landing):
    app = provider.register("Mine", landing)
    asked = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": landing,
        "scope": "read write",
        "state": "xyz",
    }
    browser.navigate(f"{provider.url}/oauth/authorize?{urlencode(asked)}")
    assert "Change orders" in browser.text
    browser.click_text("Authorize access")
    url = browser.wait_for_url(landing)
    assert "code=" in url
    assert "&state=xyz&iss=" in url


def test_one_click_selects_the_secret(browser, provider, landing):
    app = provider.register("Mine", landing)
    browser.navigate(f"{provider.url}/apps/{app.key}/basic-information")
    browser.click("#client-secret")
    assert browser.evaluate("String(getSelection())") == app.client_secret
    assert browser.text.count("Copy") == 2


def test_enter_in_a_link_saves(browser, provider, landing):
    app = provider.register("Mine", landing)
    browser.navigate(f"{provider.url}/apps/{app.key}/authentication?edit=1")
    browser.fill("input[name=link]", "https://localhost:1/other")
    browser.press("Enter")
    browser.wait_for_text("Saved.")
    assert app.redirect_links == ("https://localhost:1/other",)


def test_a_hostile_name_runs_nothing(browser, provider, landing):
    name = '<img src=x onerror="document.title=1"><script>document.title=1</script>'
    make_app(browser, provider, landing, name)
    (app,) = provider.application.store.apps()
    browser.navigate(f"{provider.url}/oauth?client_id={app.client_id}")
    assert f"{name} asks for access" in browser.text
    assert browser.title == f"{name} asks for access - Practice provider"


def test_pages_fit_light_dark_wide_and_narrow(browser, provider, landing, tmp_path):
    app = provider.register("Mine", landing)
    code = device_of(provider)["user_code"]
    for dark in (False, True):
        browser.dark(dark)
        for width in (1100, 390):
            browser.size(width, 800)
            for path in (
                "/",
                f"/apps/{app.key}/authentication?edit=1",
                f"/oauth?client_id={app.client_id}",
                "/device",
                f"/device?user_code={code}",
            ):
                browser.navigate(provider.url + path)
                assert browser.evaluate("document.documentElement.scrollWidth") <= width
        shown = browser.evaluate("getComputedStyle(document.body).backgroundColor")
        assert shown == ("rgb(20, 24, 28)" if dark else "rgb(246, 245, 241)")
    browser.screenshot(tmp_path / "page.png", whole=True)
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
