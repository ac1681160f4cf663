"""The walk of the README, as a person goes it: keys in a real terminal, clicks in a real browser.

From an empty home directory to an authorized entry that hands out a token which the provider takes.
"""

from __future__ import annotations

import base64
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, Chromium
from tests.chromium import find_chromium
from tests.stage import free_port
from tests.terminal.pty_driver import PtyProgram
from tui_oauth.practice.provider import PracticeProvider

pytestmark = pytest.mark.chromium

OSC52 = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)(?:\x07|\x1b\\)")
COMMAND = [sys.executable, "-m", "tui_oauth"]
USE_OAUTH = "Use OAuth\nPeople authorize the app in their browser."


class Person:
    """Somebody at a terminal with a browser beside it; the home directory is empty."""

    def __init__(self, tmp_path: Path, provider: PracticeProvider, browser: Browser) -> None:
        self.provider = provider
        self.browser = browser
        self.port = free_port()
        settings = tmp_path / "settings" / "config.toml"
        settings.parent.mkdir(mode=0o700)
        settings.write_text(
            f"[callback]\nport = {self.port}\n"
            f'[defaults.practice]\nport = "{provider.port}"\n'
            f'[defaults.practice-https]\nport = "{provider.port}"\n'
        )
        self.environ = {
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "TUI_OAUTH_CONFIG": str(settings),
        }

    def terminal(self) -> PtyProgram:
        return PtyProgram(COMMAND, size=(80, 24), env=self.environ)

    def copied(self, window: PtyProgram, key: str) -> str:
        """Press a copy key; what the terminal is asked to put into its clipboard."""
        before = len(OSC52.findall(window.raw))
        window.send(key)
        window.wait_until(lambda: len(OSC52.findall(window.raw)) > before, "the clipboard")
        return base64.b64decode(OSC52.findall(window.raw)[-1]).decode()

    def to_configured(self, window: PtyProgram, typed: str, service: str) -> None:
        """Steps 1 to 5: the vault, the entry, the app at the provider, the credentials."""
        window.wait_for("Key file")
        window.send("ctrl+s")
        window.wait_for("No OAuth entries yet")
        window.send("n")
        window.wait_for("Create OAuth Entry")
        window.type(typed)
        window.wait_for(f"Callback URL for {service}")
        window.send("enter")
        window.send("ctrl+s")
        window.wait_for("Not Configured")
        callback_url = self.copied(window, "c")
        client_id, client_secret = self.register(callback_url)
        window.send("enter")
        window.wait_for("Configure OAuth")
        window.wait_for("Copy it from")
        window.paste(f"  {client_id}\n")
        window.wait_for(client_id)
        window.send("tab")
        window.wait_for("It is stored encrypted")
        window.paste(f"\n {client_secret} ")
        window.wait_for("••••••••")
        assert client_secret not in window.text
        window.send("ctrl+s")
        window.wait_for("Authorization link")

    def register(self, callback_url: str) -> tuple[str, str]:
        """Step 4, with the mouse: Developer Hub, New app, Authentication, Basic Information."""
        browser = self.browser
        browser.navigate(self.provider.url)
        browser.follow_text("New app")
        browser.fill("#name", "My connector")
        browser.follow_text("Create app")
        browser.follow_text("Edit")
        browser.click_text(USE_OAUTH)
        browser.wait_for_text("Redirect links")
        browser.follow_text("+ Add redirect link")
        browser.fill("input[name=link]", callback_url)
        browser.follow("#save")
        browser.wait_for_text("Saved.")
        browser.follow_text("Basic Information")
        return browser.value("#client-id"), browser.value("#client-secret")

    def ends_authorized(self, window: PtyProgram, name: str) -> None:
        """Steps 8 and 9: the account on the screen, and a token that the provider takes."""
        window.wait_for("Authorization Successful")
        window.wait_for("Aurora Books")
        window.send("enter")
        window.wait_for("Authorized")
        window.send("q")
        assert window.wait_exit() == 0
        secret = self.provider.application.store.apps()[0].client_secret
        assert secret.encode() not in window.raw
        done = subprocess.run(
            [*COMMAND, "check", name], env=self.environ, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
        assert "Aurora Books" in done.stdout
        token = subprocess.run(
            [*COMMAND, "token", name], env=self.environ, capture_output=True, text=True, timeout=30
        )
        assert self.provider.application.store.grant_of(token.stdout.strip()) is not None


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
