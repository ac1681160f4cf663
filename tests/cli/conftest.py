"""A home with the real command in it, a vault, a practice provider, and a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Browser, Running, Shell

from tests.signing import b64, segment
from tui_oauth import entries
from tui_oauth.model import Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.practice.records import Terms, Wanted
from tui_oauth.secret import Secret
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace

TOKEN = "practice-token-7f1c0c6b"


@pytest.fixture
def shell(home: Path, free_port: int) -> Shell:
    """Commands in an empty home; the callback server has a port of its own."""
    shell = Shell(home)
    shell.configure(f"[callback]\nport = {free_port}\n")
    return shell


@pytest.fixture
def workspace(shell: Shell) -> Workspace:
    """The same home from inside, with a vault: for what a test needs to be there already."""
    workspace = Workspace.from_environment(shell.environ)
    workspace.use_vault(create_vault(workspace.places))
    return workspace


@pytest.fixture
def provider() -> Iterator[PracticeProvider]:
    with PracticeProvider() as provider:
        yield provider


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def configured(workspace: Workspace, provider: PracticeProvider) -> Entry:
    """The entry `practice`, ready to be authorized at the practice provider."""
    entry = entries.create_entry(workspace, "practice", "practice", {"port": str(provider.port)})
    app = provider.register("Extract", entries.callback_url(workspace, entry))
    return entries.configure_entry(
        workspace, entry, client_id=app.client_id, client_secret=Secret(app.client_secret)
    )


Authorized = Callable[..., Entry]


@pytest.fixture
def authorized(workspace: Workspace, configured: Entry) -> Authorized:
    """Makes `practice` an authorized entry with a token of the test's choice."""

    def make(*, token: str = TOKEN, ends_in: int | None = None, refresh_token: str = "") -> Entry:
        now = workspace.now()
        tokens = TokenSet(
            access_token=Secret(token),
            token_type="Bearer",
            issued_at=now,
            expires_at=None if ends_in is None else now + ends_in,
            refresh_token=Secret(refresh_token) if refresh_token else None,
            scopes=("read", "write"),
            extra={"region": "eu"},
        )

        def edit(entry: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
            changed = entry._replace(account="Aurora Books")
            return with_tokens(changed, tokens, now), held._replace(tokens=tokens)

        return workspace.vault.change(configured.id, edit)

    return make


@pytest.fixture
def signed_in(authorized: Authorized, provider: PracticeProvider) -> Callable[..., None]:
    """Makes `practice` an entry that somebody signed in at a provider that behaves so."""

    def sign_in(**behaviour: Any) -> None:
        provider.application.behaviour = Behaviour(**behaviour)
        store = provider.application.store
        (app,) = store.apps()
        code = store.consent(app, app.workspace, app.redirect_links[0], "", Terms(scopes=("read",)))
        granted = store.exchange(
            app,
            code,
            verifier="",
            redirect_uri=None,
            wanted=Wanted(behaviour.get("expires_in")),
            refresh=provider.application.behaviour.issues_refresh_tokens,
        )
        authorized(
            token=granted.access_token,
            refresh_token=granted.refresh_token,
            ends_in=behaviour.get("expires_in"),
        )

    return sign_in


@pytest.fixture
def runtime(shell: Shell, tmp_path: Path) -> Path:
    """The agent's folder in a runtime folder, as systemd makes one at log-in."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    shell.more["XDG_RUNTIME_DIR"] = str(folder)
    return folder / "tui-oauth"


@pytest.fixture
def agent(shell: Shell, runtime: Path, workspace: Workspace) -> Iterator[Running]:
    """A running agent over the test's vault."""
    with shell.start("agent") as running:
        running.said("The vault is open")
        yield running


@pytest.fixture
def hold(workspace: Workspace) -> Callable[..., None]:
    """Changes the tokens of the entry `practice`."""

    def change(**changes: Any) -> None:
        entry = workspace.vault.find("practice")

        def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
            assert held.tokens is not None
            return current, held._replace(tokens=held.tokens._replace(**changes))

        workspace.vault.change(entry.id, edit)

    return change


@pytest.fixture
def with_id_token(
    hold: Callable[..., None], authorized: Authorized, workspace: Workspace
) -> Callable[[int], str]:
    """Gives `practice` an ID token that ends so many seconds from now."""

    def make(ends_in: int) -> str:
        authorized()
        claims = {"sub": "robin", "exp": workspace.now() + ends_in}
        text = f"{segment({'alg': 'RS256'})}.{segment(claims)}.{b64(b'signature')}"
        hold(id_token=Secret(text))
        return text

    return make


@pytest.fixture
def unchanged(shell: Shell, configured: Entry) -> Iterator[None]:
    """The vault file, with `practice` configured, is byte for byte the same after the test."""
    before = shell.vault.read_bytes()
    yield
    assert shell.vault.read_bytes() == before, "the vault was changed"
