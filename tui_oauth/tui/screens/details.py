"""The details of an entry or a service over its list, where there is no room for the pane."""

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
    """Scrolls with the arrows; i, esc or enter closes it.

    Those of an entry are dismissed with the action that comes next; a service has none.
    """

    BINDINGS = [  # noqa: RUF012 - Textual's declaration
        Binding("i,escape,enter,q", "close", "Close"),
        Binding("w", "next('audit')", "Who took it", show=False),
        Binding("p", "next('marks')", "Programs", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("up,k", "scroll(-1)", show=False),
    ]

    def __init__(self, name: str, lines: Sequence[Line], *, of_entry: bool) -> None:
        super().__init__()
        self._name_shown = neutralise(name)
        self._lines = lines
        self._of_entry = of_entry

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog details-dialog") as dialog:
            dialog.border_title = "Details"
            steps = "w: Who took it · p: Programs and dates · " if self._of_entry else ""
            dialog.border_subtitle = f"{steps}esc: Close"
            yield Details()
            with Horizontal(classes="buttons"):
                yield Button("Close", id="close")
                if self._of_entry:
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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "next" or self._of_entry

    @on(Button.Pressed, "#close")
    def action_close(self) -> None:
        self.dismiss(None)
