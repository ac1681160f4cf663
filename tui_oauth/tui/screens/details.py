"""The details of an entry over the list, where there is no room for the pane."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppDialog
from tui_oauth.tui.widgets.details import Details, Line


class DetailsScreen(AppDialog[str]):
    """Scrolls with the arrows; i, esc or enter closes it. Dismissed with the action that comes next."""

    BINDINGS = [  # noqa: RUF012 - Textual's declaration
        Binding("i,escape,enter,q", "close", "Close"),
        Binding("w", "next('audit')", "Who took it", show=False),
        Binding("p", "next('marks')", "Programs", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
    ]

    def __init__(self, name: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self._name_shown = neutralise(name)
        self._lines = lines

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog details-dialog") as dialog:
            dialog.border_title = "Details"
            dialog.border_subtitle = "w: Who took it · p: Programs and dates · esc: Close"
            yield Details()
            with Horizontal(classes="buttons"):
                yield Button("Close", id="close")
                yield Button("Who took it", id="audit")
                yield Button("Programs and dates", id="marks")

    def on_mount(self) -> None:
        self.query_one(Details).show(self._name_shown, self._lines)

    def action_scroll(self, by: int) -> None:
        self.query_one(Details).scroll_relative(y=by, animate=False)

    @on(Button.Pressed, "#audit, #marks")
    def _pressed(self, event: Button.Pressed) -> None:
        self.action_next(event.button.id or "")

    def action_next(self, action: str) -> None:
        self.dismiss(action)

    @on(Button.Pressed, "#close")
    def action_close(self) -> None:
        self.dismiss(None)
