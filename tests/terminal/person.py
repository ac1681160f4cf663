"""The person of the README's walk: keys in a real terminal, clicks in a real browser."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.browser import Browser
from tests.stage import free_port
from tests.terminal.pty_driver import PtyProgram
from tui_oauth.practice.provider import PracticeProvider

OSC52 = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)(?:\x07|\x1b\\)")
COMMAND = [sys.executable, "-m", "tui_oauth"]
USE_OAUTH = "Use OAuth\nPeople authorize the app in their browser."


class Person:
    """Somebody at a terminal with a browser beside it; the home directory is empty.

    `port` is where the callback server will listen.
    """

    def __init__(
        self, tmp_path: Path, provider: PracticeProvider, browser: Browser, port: int = 0
    ) -> None:
        self.provider = provider
        self.browser = browser
        self.port = port or free_port()
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
