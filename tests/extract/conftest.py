"""An authorized entry, and a place on loopback that it can extract from."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))

from cli_tools import Shell

from tui_oauth import entries
from tui_oauth.model import Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.practice.records import PERMISSIONS, Terms, Wanted
from tui_oauth.secret import Secret
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace

TOKEN = "extract-token-2b7d9e"


@pytest.fixture
def workspace(home: Path) -> Workspace:
    workspace = Workspace.from_environment(dict(os.environ))
    workspace.use_vault(create_vault(workspace.places))
    return workspace


@pytest.fixture
def shell(home: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Commands in the test's home, which is also the folder that one is in."""
    monkeypatch.chdir(home)
    return Shell(home)


@pytest.fixture
def entry_at(workspace: Workspace) -> Callable[..., Entry]:
    """Makes an authorized entry whose API listens on a port of loopback."""

    def make(port: int, token: str = TOKEN, name: str = "my-intercom") -> Entry:
        entry = entries.create_entry(workspace, name, "practice", {"port": str(port)})
        entry = entries.configure_entry(
            workspace, entry, client_id="client", client_secret=Secret("secret")
        )
        now = workspace.now()
        tokens = TokenSet(
            access_token=Secret(token),
            token_type="Bearer",
            issued_at=now,
            expires_at=None,
            refresh_token=None,
            scopes=(),
            extra={"region": "EU"},
        )

        def edit(entry: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
            return with_tokens(entry, tokens, now), held._replace(tokens=tokens)

        return workspace.vault.change(entry.id, edit)

    return make


@pytest.fixture
def practice_entry(workspace: Workspace) -> Callable[..., str]:
    """Makes an entry that somebody has signed in at a practice provider; gives its name."""

    def make(provider: PracticeProvider, name: str = "my-intercom") -> str:
        variables = {"port": str(provider.port)}
        entry = entries.create_entry(workspace, name, "practice", variables)
        link = entries.callback_url(workspace, entry)
        app = provider.register(name, link, permissions=PERMISSIONS)
        entry = entries.configure_entry(
            workspace, entry, client_id=app.client_id, client_secret=Secret(app.client_secret)
        )
        authorize(workspace, provider, entry)
        return entry.name

    return make


def authorize(workspace: Workspace, provider: PracticeProvider, entry: Entry) -> None:
    """The entry gets a token, as by a sign-in."""
    store = provider.application.store
    (app,) = (one for one in store.apps() if one.name == entry.name)
    code = store.consent(app, app.workspace, app.redirect_links[0], "", Terms())
    issued = store.exchange(
        app, code, verifier="", redirect_uri=None, wanted=Wanted(), refresh=False
    )
    now = workspace.now()
    tokens = TokenSet(Secret(issued.access_token), "Bearer", now, None, None)

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        return with_tokens(current, tokens, now), held._replace(tokens=tokens)

    workspace.vault.change(entry.id, edit)
