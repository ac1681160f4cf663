"""Inputs that do not show what they hold.

The stock password input gives its text away in three ways: ctrl+c and ctrl+x copy it in clear,
the number of bullets is its length, and its messages carry it in their `repr`. None of that here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.strip import Strip
from textual.timer import Timer
from textual.widgets import Input
from textual.widgets.input import Selection

from tui_oauth.secret import MASK, Secret
from tui_oauth.tui.widgets.clean_input import CleanInput, Notice

REVEAL_SECONDS = 10.0


class HiddenInput(CleanInput):
    """An input that draws `outline()` in place of its text as long as `hidden` holds.

    While hidden, the cursor stays at the end and nothing can be selected or copied: otherwise
    both would tell where one is in a text that is not to be seen.
    """

    ALLOW_SELECT = False
    hidden: reactive[bool] = reactive(True, init=False)

    @dataclass
    class Changed(Input.Changed):
        """As `Input.Changed`, without the value in its `repr`."""

        def __repr__(self) -> str:
            return "HiddenInput.Changed()"

    @dataclass
    class Submitted(Input.Submitted):
        """As `Input.Submitted`, without the value in its `repr`."""

        def __repr__(self) -> str:
            return "HiddenInput.Submitted()"

    @dataclass
    class Blurred(Input.Blurred):
        """As `Input.Blurred`, without the value in its `repr`."""

        def __repr__(self) -> str:
            return "HiddenInput.Blurred()"

    def outline(self) -> str:
        """What is drawn in place of the text."""
        return MASK

    def validate_selection(self, selection: Selection) -> Selection:
        if self.hidden:
            return Selection.cursor(len(self.value))
        return super().validate_selection(selection)

    def watch_hidden(self) -> None:
        self.selection = Selection.cursor(len(self.value))
        self.refresh(layout=True)

    @property
    def _value(self) -> Text:
        if self.hidden:
            return Text(self.outline(), no_wrap=True, overflow="ignore", end="")
        return super()._value

    @property
    def _cursor_offset(self) -> int:
        return cell_len(self.outline()) if self.hidden and self.value else super()._cursor_offset

    def render_line(self, y: int) -> Strip:
        if y != 0 or not self.hidden or not self.value:
            return super().render_line(y)
        width = self.scrollable_content_region.width + 1
        drawn = Text(self.outline(), no_wrap=True, overflow="ellipsis", end="")
        drawn.truncate(max(1, width - 2), overflow="ellipsis")
        if self.has_focus:
            drawn.append(" ", self.get_component_rich_style("input--cursor"))
        segments = self.app.console.render(drawn, self.app.console_options.update_width(width))
        return Strip(segments).extend_cell_length(width).apply_style(self.rich_style)

    def action_copy(self) -> None:
        self.post_message(Notice("What is hidden is not copied."))

    def action_cut(self) -> None:
        self.post_message(Notice("What is hidden is not copied. Ctrl+U clears the field."))


class SecretInput(HiddenInput):
    """A field for a client secret or passphrase: a fixed number of dots, shown for ten seconds
    on request.

    `stored` says that one is kept already; it is never filled in, and an empty field leaves it
    as it is. Copying and cutting stay refused while it is shown.
    """

    reveal_seconds: float = REVEAL_SECONDS

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+t",
            "reveal",
            "Show secret",
            tooltip="Show the secret for ten seconds.",
            show=False,
        ),
    ]

    def __init__(self, *, stored: bool = False, **more: Any) -> None:
        placeholder = "stored, type to replace" if stored else ""
        super().__init__(placeholder=placeholder, password=True, **more)
        self._hide_timer: Timer | None = None

    @property
    def secret(self) -> Secret | None:
        """What was typed or pasted, None when nothing was."""
        return Secret(self.value) if self.value else None

    @property
    def _value(self) -> Text:
        if self.hidden:
            return super()._value
        return Text(self.value, no_wrap=True, overflow="ignore", end="")

    def forget(self) -> None:
        """Empty the field and hide it."""
        self.hide()
        self.value = ""

    def action_reveal(self) -> None:
        """Show the text for ten seconds, or hide it when it is shown."""
        if not self.hidden:
            self.hide()
            return
        if not self.value:
            self.post_message(Notice("Nothing was typed here. A stored secret is not shown."))
            return
        self.focus()
        self.hidden = False
        self.border_subtitle = Content("shown for ten seconds")
        self._hide_timer = self.set_timer(self.reveal_seconds, self.hide)

    def hide(self) -> None:
        """Hide the text now."""
        if self._hide_timer is not None:
            self._hide_timer.stop()
            self._hide_timer = None
        self.hidden = True
        self.border_subtitle = Content("")

    def on_blur(self, event: events.Blur) -> None:
        self.hide()
