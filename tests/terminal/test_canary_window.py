"""A whole session of the window in a real terminal, ended by a crash: no secret leaves the vault."""

from __future__ import annotations

import base64
import os
import re
import signal
import sys
from pathlib import Path

from tests import canary
from tests.canary import Canaries, Onlooker
from tests.stage import consent, free_port
from tests.terminal.pty_driver import PtyProgram
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.secret import Secret
from tui_oauth.vault import KeyOptions, open_vault
from tui_oauth.workspace import Workspace

PASSPHRASE = "canary passphrase /+% 5b1d"
BUNDLE = canary.SPECIAL.format("bundle passphrase")
TYPED = canary.SPECIAL.format("typed secret")
OSC52 = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)(?:\x07|\x1b\\)")
WINDOW = """
import sys
from tui_oauth.cli.main import main
from tui_oauth.tui.screens.manage import ManageScreen
def broken(self):
    vault = self.app.workspace.vault
    held = [vault.secrets(entry) for entry in vault.entries()]
    plain = [each.client_secret.reveal() for each in held if each.client_secret]
    tokens = [each.tokens.access_token.reveal() for each in held if each.tokens]
    raise KeyError(f"{plain} {tokens}", plain, tokens)
if sys.argv[1:]:
    ManageScreen.action_copy_callback = broken
sys.exit(main([]))
"""


def _window(environ: dict[str, str], *more: str) -> PtyProgram:
    return PtyProgram([sys.executable, "-c", WINDOW, *more], size=(100, 30), env=environ)


def _copied(window: PtyProgram, key: str) -> str:
    before = len(OSC52.findall(window.raw))
    window.send(key)
    window.wait_until(lambda: len(OSC52.findall(window.raw)) > before, "the clipboard")
    return base64.b64decode(OSC52.findall(window.raw)[-1]).decode()


def test_rule_113_and_114_no_secret_leaves_the_vault_through_the_window(
    home: Path, tmp_path: Path
) -> None:
    canaries = Canaries(passphrase=PASSPHRASE, typed=TYPED, bundle=BUNDLE)
    behaviour = Behaviour(rotating_refresh=True, expires_in=3600)
    with PracticeProvider(0, behaviour) as provider, Onlooker(canaries) as onlooker:
        settings = tmp_path / "config.toml"
        settings.write_text(
            f'[callback]\nport = {free_port()}\n[defaults.practice]\nport = "{provider.port}"\n'
        )
        environ = {**os.environ, "TUI_OAUTH_CONFIG": str(settings)}
        with _window(environ) as window:
            _make_vault(window)
            _sign_in(window, provider, canaries)
            _learn(canaries, environ)
            _whole_vault(window, tmp_path)
            assert canaries.within(window.raw) == set()
            window.send("q")
            assert window.wait_exit() == 0
        with _window(environ, "broken") as window:
            window.wait_for("Passphrase")
            window.type(PASSPHRASE)
            window.send("enter")
            window.wait_for("practice")
            window.wait_quiet()
            window.send("c")
            assert window.wait_exit() == 1
            assert b"defect" in window.raw
            assert canaries.within(window.raw) == set()
        with _window(environ) as window:  # and one that is ended in its midst
            window.wait_for("Passphrase")
            window.type(PASSPHRASE[:9])
            window.signal(signal.SIGTERM)
            window.wait_exit()
    assert onlooker.looks > 3
    assert onlooker.seen == set()
    assert canaries.on_disk(tmp_path) == {}
    assert list(home.rglob("tui-oauth.log")), "the crash was kept"


def _make_vault(window: PtyProgram) -> None:
    window.wait_for("Key file")
    window.send("down", "enter")
    window.wait_for("The same again")
    window.wait_quiet()
    window.paste(PASSPHRASE)
    window.send("enter")
    window.wait_quiet()
    window.paste(PASSPHRASE)
    window.wait_quiet()
    window.send("ctrl+s")
    window.wait_for("No OAuth entries yet")


def _sign_in(window: PtyProgram, provider: PracticeProvider, canaries: Canaries) -> None:
    window.send("n")
    window.wait_for("Create OAuth Entry")
    window.type("practice")
    window.wait_for("Callback URL for Practice provider")
    window.send("enter", "ctrl+s")
    window.wait_for("Not Configured")
    app = provider.register("Canary", _copied(window, "c"))
    canaries.add(client_secret=app.client_secret)
    _configure(window, app.client_id, TYPED)  # a wrong one first, then the right one
    window.wait_for("Authorization link")
    window.send("esc")
    window.wait_for("Manage OAuth")
    window.wait_quiet()
    window.send("enter")
    window.wait_for("Configure OAuth")
    window.wait_quiet()
    if "It is stored encrypted" not in window.text:  # the hint of the client secret's field
        window.send("tab")
        window.wait_for("It is stored encrypted")
    window.paste(app.client_secret)
    window.wait_quiet()
    window.send("ctrl+s")
    window.wait_for("Authorization link")
    window.wait_for("Listening")
    window.paste(consent(_copied(window, "ctrl+y")))
    window.send("enter")
    window.wait_for("Authorization Successful")
    window.send("enter")
    window.wait_for("Aurora Books")


def _configure(window: PtyProgram, client_id: str, client_secret: str) -> None:
    window.send("enter")
    window.wait_for("Configure OAuth")
    window.wait_for("Copy it from")
    window.paste(client_id)
    window.wait_for(client_id)
    window.send("tab")
    window.wait_for("It is stored encrypted")
    window.paste(client_secret)
    window.wait_for("••••••••")
    window.send("ctrl+s")


def _whole_vault(window: PtyProgram, folder: Path) -> None:
    """What the Vault screen does with passphrases and with everything that is held."""
    window.send("v")
    window.wait_for("Nothing found")
    window.send("u")
    window.wait_until(
        lambda: "For how long" in window.text or "cannot be kept unlocked" in window.text, "unlock"
    )
    if "For how long" in window.text:  # not where the kernel keeps no keys, as in containers
        window.send("tab")
        window.wait_for("nobody prolongs")
        window.paste(PASSPHRASE)
        window.wait_for(
            "••••••••"
        )  # ^s is the screen's own and overtakes what the field still takes
        window.send("ctrl+s")
        window.wait_for("Press l to end it")
        window.send("l")
        window.wait_for("need the")
        window.send("esc")
    window.wait_quiet()
    window.send("x")
    window.wait_for("Passphrase of the bundle")
    window.paste(str(folder / "out.bundle"))
    for _ in range(2):
        window.send("enter")
        window.wait_quiet()
        window.paste(BUNDLE)
        window.wait_quiet()
    window.send("ctrl+s")
    window.wait_for("Exported 1 entry")
    window.send("s")
    window.wait_for("New file")
    window.send("enter")
    window.wait_for("nothing is missing")
    window.send("esc")
    window.wait_for("Protection")
    window.send("esc")
    window.wait_for("Manage OAuth")
    window.wait_quiet()


def _learn(canaries: Canaries, environ: dict[str, str]) -> None:
    """The tokens that the provider gave are canaries too."""
    workspace = Workspace.from_environment(environ)
    vault = open_vault(workspace.places, environ, KeyOptions(), passphrase=Secret(PASSPHRASE))
    held = vault.secrets(vault.find("practice")).tokens
    assert held is not None
    assert held.refresh_token is not None
    canaries.add(access=held.access_token.reveal(), refresh=held.refresh_token.reveal())
