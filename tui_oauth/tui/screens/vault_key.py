"""Which kind of key to add, and the recovery code, shown this once."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from tui_oauth.secret import Secret
from tui_oauth.tui.base import AppDialog, in_thread
from tui_oauth.tui.widgets.quiet_line import QuietLine

KINDS = {
    "key-file": ("Key file", "for scripts and cron; known to whoever has the file"),
    "passphrase": ("Passphrase", "known by heart; for when key files are away"),
    "recovery": ("Recovery code", "on paper, for the day every other key is lost"),
}
KEYRING = "keyring"


class NewKeyScreen(AppDialog[str]):
    """Dismissed with the kind of the new key. The system's keyring is offered once it answered."""

    KEY_GROUP: ClassVar[str] = "vault-form"
    BINDINGS = [Binding("escape,q", "back", "Cancel", show=False)]  # noqa: RUF012 - Textual's declaration

    def compose(self) -> ComposeResult:
        with Vertical(id="new-key", classes="dialog scrolling") as dialog:
            dialog.border_title = "Add a key"
            dialog.border_subtitle = "enter chooses, esc cancels"
            yield Static("Whatever you add opens the vault alone. The other keys stay.")
            yield OptionList(
                *(Option(_prompt(*words), id=kind) for kind, words in KINDS.items()), markup=False
            )
            yield Static("Asking whether there is a system keyring…", id="keyring", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        environ = self.home.workspace.environ

        def probe() -> tuple[str, str]:
            from tui_oauth.vault import os_keyring

            try:
                return os_keyring.probe(environ), ""
            except os_keyring.Unavailable as error:
                return "", str(error)

        async def ask() -> tuple[str, str]:
            return await in_thread(probe)

        self.job("", ask, self._probed)

    def _probed(self, found: tuple[str, str]) -> None:
        backend, why_not = found
        note = self.query_one("#keyring", Static)
        if not backend:
            note.update(Content(f"No system keyring: {why_not}."))
            return
        note.display = False
        words = ("System keyring", f"{backend}; opens with your session")
        self.query_one(OptionList).add_option(Option(_prompt(*words), id=KEYRING))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    @on(Button.Pressed, "#cancel")
    def action_back(self) -> None:
        """Add nothing."""
        self.dismiss(None)


class RecoveryCodeScreen(AppDialog[bool]):
    """The code, until the person says that it is written down. Dismissed with True for that."""

    KEY_GROUP: ClassVar[str] = "vault-form"
    BINDINGS = [  # noqa: RUF012 - Textual's declaration
        Binding("c", "copy_code", "Copy", show=False),
        Binding("w", "written", "Written down", show=False),
        Binding("escape,q", "back", "Leave", show=False),
    ]

    def __init__(self, code: Secret) -> None:
        super().__init__()
        self._code = code

    def compose(self) -> ComposeResult:
        with Vertical(id="recovery-code", classes="dialog scrolling") as dialog:
            dialog.border_title = "Recovery code"
            dialog.border_subtitle = "w: I wrote it down · c: Copy"
            yield Static(Content(self._code.reveal()), markup=False, id="code")
            yield Static(
                "Write it down and keep it away from this machine. It opens the vault alone, it is "
                "typed where a passphrase is asked for, and it is not shown again. Case, blanks "
                "and hyphens do not matter.",
                markup=False,
            )
            yield QuietLine()
            with Horizontal(classes="buttons"):
                yield Button("I wrote it down", id="written")
                yield Button("Copy", id="copy")

    def on_mount(self) -> None:
        # Not the button that ends it: a code must not be gone by an enter too many.
        self.query_one("#copy").focus()

    @on(Button.Pressed, "#written")
    def action_written(self) -> None:
        """Take the code off the screen for good."""
        self.dismiss(True)

    @on(Button.Pressed, "#copy")
    def action_copy_code(self) -> None:
        """Send the code to the clipboard."""
        self.home.copy(self._code.reveal(), "Recovery code", secret=True)

    def action_back(self) -> None:
        """Ask first: nobody can show this code again."""
        self.home.ask(
            "Leave without writing it down?",
            "The code is not shown again. It stays a key of the vault until you remove it (d in "
            "the list of keys).",
            yes="Leave",
            no="Show it",
            done=self._left,
        )

    def _left(self, sure: bool) -> None:
        if sure:
            self.dismiss(False)


def _prompt(title: str, words: str) -> Content:
    return Content.assemble((title, "bold"), f"\n  {words}")
