"""The passphrase of the vault."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Center, Vertical
from textual.widgets import Input, Static

from tui_oauth.errors import TuiOauthError, VaultDamaged, VaultLocked
from tui_oauth.secret import Secret
from tui_oauth.tui.base import AppScreen, in_thread, sentence
from tui_oauth.tui.forms import PASSPHRASE
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.clean_input import Notice
from tui_oauth.tui.widgets.field_error import FieldError
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.secret_input import SecretInput
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.words import short_path


class UnlockScreen(AppScreen[bool]):
    """Dismissed with True once the vault is open; ctrl+q leaves the program."""

    KEY_GROUP = "unlock"
    BINDINGS = bindings("unlock")

    def __init__(self, kinds: Sequence[str]) -> None:
        """`kinds` are the slots that something typed opens (`vault_care.typed_kinds`)."""
        super().__init__()
        self._kinds = frozenset(kinds)

    def compose(self) -> ComposeResult:
        yield TitleBar("Unlock", short_path(self.home.workspace))
        with Center(classes="centered"), Vertical(id="unlock", classes="form small"):
            yield Static(self._words(), markup=False)
            field = SecretInput(id="passphrase", classes="field")
            field.border_title = "Passphrase" if PASSPHRASE in self._kinds else "Recovery code"
            yield field
            yield FieldError()
        yield QuietLine("Nothing you type here is shown or stored.")
        yield KeyBar("unlock")

    def _words(self) -> str:
        if PASSPHRASE not in self._kinds:
            return "No key file opens this vault here. Its recovery code does."
        more = " A recovery code opens it as well." if len(self._kinds) > 1 else ""
        return f"This vault is protected by a passphrase.{more}"

    def on_mount(self) -> None:
        self.query_one(SecretInput).focus()

    @on(Input.Submitted)
    def action_save(self) -> None:
        field = self.query_one(SecretInput)
        passphrase = field.secret
        if passphrase is None:
            self.query_one(FieldError).show("Type the passphrase first.")
            return
        workspace = self.home.workspace

        async def unlock() -> None:
            await in_thread(_unlock, passphrase)

        def _unlock(given: Secret) -> None:
            from tui_oauth.vault import KeyOptions, open_vault

            vault = open_vault(workspace.places, workspace.environ, KeyOptions(), passphrase=given)
            workspace.use_vault(vault)

        self.query_one(FieldError).show("")
        self.job(
            "Deriving the key from the passphrase; this takes a moment on purpose…",
            unlock,
            lambda _: self.dismiss(True),
            self._failed,
        )

    def _failed(self, error: TuiOauthError) -> None:
        self.query_one(SecretInput).forget()
        self.query_one(SecretInput).focus()
        if isinstance(error, VaultDamaged):
            # The passphrase has opened a key slot, and the rest is not as it was left.
            self.home.open_unopened(error, lambda _: None)
        elif isinstance(error, VaultLocked) and self._kinds == {PASSPHRASE}:
            text = "That is not the passphrase of this vault. Nothing was changed; type it again."
            self.query_one(FieldError).show(text)
        else:
            self.query_one(FieldError).show(sentence(error))

    @on(Notice)
    def _notice(self, event: Notice) -> None:
        self.say(event.text)
