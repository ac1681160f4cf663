"""A vault that does not open: why, what doctor says of it, and saving what can be saved."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Center, Vertical
from textual.content import Content
from textual.widgets import Static

from tui_oauth.doctor import can_salvage
from tui_oauth.errors import TuiOauthError
from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppScreen
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.salvaging import ask_salvage
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.words import short_path, with_tilde

_MAX_TEXT = 2_000
_SALVAGE = (
    "Salvage (s) finds the entries that are whole and writes them to a new vault; the file itself "
    "is only read. Doctor (h) says what else is wrong, and which copies beside it are good."
)
_DOCTOR = "Doctor (h) looks over the vault and all that belongs to it, and says what to do."


class UnopenedScreen(AppScreen[bool]):
    """Dismissed with True when the person wants it opened once more; q leaves the program."""

    KEY_GROUP: ClassVar[str] = "unopened"
    BINDINGS = bindings("unopened")

    def __init__(self, error: TuiOauthError) -> None:
        super().__init__()
        self._error = error
        self._may_salvage = can_salvage(error)

    def compose(self) -> ComposeResult:
        workspace, error = self.home.workspace, self._error
        why = neutralise(with_tilde(workspace, error.message), _MAX_TEXT)
        yield TitleBar("The vault cannot be opened", short_path(workspace))
        with Center(classes="centered"), Vertical(id="unopened"):
            yield Static(Content(f"✕ {why}"), markup=False, id="unopened-why")
            if error.advice:
                advice = neutralise(with_tilde(workspace, error.advice), _MAX_TEXT)
                yield Static(Content(advice), markup=False)
            yield Static(_SALVAGE if self._may_salvage else _DOCTOR, markup=False, id="unopened-do")
        yield QuietLine()
        yield KeyBar("unopened")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._may_salvage if action == "salvage" else True

    def action_salvage(self) -> None:
        """Ask where to, and write what can be saved there."""
        ask_salvage(self.home)

    def action_doctor(self) -> None:
        """All of doctor's findings."""
        self.home.open_findings(None)

    def action_copy_problem(self) -> None:
        """Copy what happened."""
        self.home.copy(f"{self._error.message}\n{self._error.advice}", "The message")

    def action_again(self) -> None:
        """Open the vault once more."""
        self.dismiss(True)
