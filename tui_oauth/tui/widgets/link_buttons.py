"""What can be done with the Authorization link, for the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Button

if TYPE_CHECKING:
    from tui_oauth.signin import SignIn

_OF_THE_LINK = "#open, #copy-link, #qr, #bare, #file"


class LinkButtons(Horizontal):
    """Those that make no sense now are not there, or cannot be pressed while there is no link."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="buttons")

    def compose(self) -> ComposeResult:
        yield Button("Open", id="open")
        yield Button("Copy", id="copy-link")
        yield Button("QR", id="qr")
        yield Button("Plain", id="bare")
        yield Button("File", id="file")
        yield Button("ssh line", id="ssh")
        yield Button("Code", id="get-code")

    def show(self, signin: SignIn, *, can_open: bool) -> None:
        """Bring the buttons up to date; `can_open`: there is a browser here."""
        self.query_one("#open").display = can_open
        self.query_one("#ssh").display = signin.tunnel
        self.query_one("#get-code").display = signin.offers_device
        for button in self.query(_OF_THE_LINK).results(Button):
            button.disabled = not signin.authorization_url
