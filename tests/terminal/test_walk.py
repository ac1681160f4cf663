"""The walk of the README, as a person goes it: keys in a real terminal, clicks in a real browser.

From an empty home directory to an authorized entry that hands out a token which the provider takes.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, Chromium
from tests.chromium import find_chromium
from tests.terminal.person import Person
from tui_oauth.practice.provider import PracticeProvider

pytestmark = pytest.mark.chromium


@pytest.fixture
def provider() -> Iterator[PracticeProvider]:
    with PracticeProvider() as running:
        yield running


@pytest.fixture
def person(tmp_path: Path, provider: PracticeProvider, browser: Browser) -> Person:
    return Person(tmp_path, provider, browser)


def test_the_walk_over_http(person: Person) -> None:
    with person.terminal() as window:
        person.to_configured(window, "practice", "Practice provider")
        window.wait_for("Listening")
        link = person.copied(window, "ctrl+y")
        person.browser.navigate(link)
        person.browser.click_text("Authorize access")
        person.browser.wait_for_text("Authorization Successful")
        person.ends_authorized(window, "practice")


def test_the_walk_over_https(tmp_path: Path, provider: PracticeProvider) -> None:
    program = find_chromium()
    if program is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path))
        (tmp_path / "profile").mkdir()
        chromium = Chromium(program, tmp_path / "profile")
    try:
        page = chromium.new_page()
        person = Person(tmp_path, provider, page)
        with person.terminal() as window:
            person.to_configured(window, "https callback", "Practice provider (HTTPS callback)")
            window.wait_for("Listening")
            link = person.copied(window, "ctrl+y")
            assert "https%3A%2F%2Flocalhost" in link
            page.accept_any_certificate()  # what a person does on the browser's warning page
            page.navigate(link)
            page.click_text("Authorize access")
            assert page.wait_for_url(f"https://localhost:{person.port}/callback")
            page.wait_for_text("Authorization Successful")
            person.ends_authorized(window, "practice-https")
    finally:
        chromium.close()


def test_the_walk_by_pasting_the_address_the_browser_ended_on(person: Person) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", person.port))  # the callback server cannot listen: no way back
        with person.terminal() as window:
            person.to_configured(window, "practice", "Practice provider")
            window.wait_for(str(person.port))
            link = person.copied(window, "ctrl+y")
            person.browser.navigate(link)
            person.browser.click_text("Authorize access")
            person.browser.wait_for_text("can’t be reached")
            ended_on = person.browser.address
            assert ended_on.startswith(f"http://127.0.0.1:{person.port}/callback?")
            half = len(ended_on) // 2
            window.paste(f"{ended_on[:half]}\n{ended_on[half:]}\n")
            person.ends_authorized(window, "practice")
