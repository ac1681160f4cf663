"""The ways in which the answer can come, below the link: all of them open, in a useful order."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from tui_oauth.oauth.urls import host_of
from tui_oauth.tui.widgets.device_panel import device_words
from tui_oauth.tui.widgets.paste_row import PasteRow
from tui_oauth.tui.widgets.sign_in_status import SignInStatus
from tui_oauth.ways import Way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_oauth.signin import SignIn

_WIDGETS = {Way.CALLBACK: "#status", Way.PASTE: "#paste-row", Way.DEVICE: "#code-line"}


class CodeLine(Vertical):
    """That a device code waits beside the link, and how to see it.

    Not the code itself: whoever sees that has to see whose it is and whom never to tell it (checklist rule 101).
    """

    class Pressed(Message):
        """Show the code."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="field")
        self.border_title = Content("Or confirm a code on another device")

    def compose(self) -> ComposeResult:
        yield Static(markup=False, id="code-words")

    def show(self, signin: SignIn) -> None:
        """Bring the words up to date with `signin`; without a code asked for there are none."""
        device = signin.device
        self.display = device is not None
        if device is None:
            return
        sign, words = device_words(signin)
        if sign == "●" and device.code is not None:
            words = f"A code for {host_of(device.code.verification_uri)} waits; ^g shows it"
        line = self.query_one("#code-words", Static)
        line.set_class(sign in "▲✕", "-warning")
        line.update(Content(f"{sign} {words}"))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Pressed())


class Ways(Vertical):
    """Callback server, paste field and device code."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._order: tuple[Way, ...] = tuple(Way)

    def compose(self) -> ComposeResult:
        yield SignInStatus(id="status")
        yield PasteRow(id="paste-row")
        yield CodeLine(id="code-line")

    def put_in_order(self, order: Sequence[Way]) -> None:
        """Show the ways in this order; what they hold stays."""
        if tuple(order) == self._order:
            return
        self._order = tuple(order)
        widgets: list[Widget] = [self.query_one(_WIDGETS[way]) for way in self._order]
        if self.children[0] is not widgets[0]:
            self.move_child(widgets[0], before=0)
        for before, after in pairwise(widgets):
            self.move_child(after, after=before)
