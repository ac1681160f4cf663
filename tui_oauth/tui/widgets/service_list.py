"""The lines of the Service dropdown: hundreds of them, drawn by lines.

A stock OptionList makes and measures every line anew whenever the list changes, which is at every
letter typed; that alone took longer than all the rest of a key press.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.style import Style
from textual import events
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from tui_oauth.tui.widgets.drawn_lines import DrawnLines
from tui_oauth.tui.widgets.service_line import FromUrl, cells_of

if TYPE_CHECKING:
    from tui_oauth.services.listing import Listing


class _Look(NamedTuple):
    """All that decides what one line in sight looks like."""

    line: Listing | FromUrl
    query: str
    state: str


class ServiceList(DrawnLines):
    """Lines with at most one of them highlighted; the field above it has the focus and the keys."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "service-list--cursor",
        "service-list--hover",
        "service-list--quiet",
    }

    highlighted: reactive[int | None] = reactive(None, repaint=False)
    hovered: reactive[int | None] = reactive(None, repaint=False)

    @dataclass
    class Clicked(Message):
        """A click on the line at `place`."""

        place: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: Sequence[Listing | FromUrl] = ()
        self._query = ""

    @property
    def lines(self) -> Sequence[Listing | FromUrl]:
        """All lines, in order."""
        return self._lines

    @property
    def current(self) -> Listing | FromUrl | None:
        """What the highlighted line stands for."""
        return None if self.highlighted is None else self._lines[self.highlighted]

    def show(self, lines: Sequence[Listing | FromUrl], query: str, highlighted: int | None) -> None:
        """Show `lines`, marking what of them is `query`; `highlighted` is a place or None."""
        self._lines, self._query = lines, query.casefold()
        self.redraw()  # it knows its new height before it scrolls
        self.hovered = None
        self.highlighted = highlighted
        if highlighted is None:
            self.scroll_to(y=0, animate=False, immediate=True)
        else:
            self.reveal(highlighted)
        self.redraw()

    def move(self, by: int) -> None:
        """Move the highlight by so many lines, from none to the first or the last one."""
        if not self._lines:
            return
        last = len(self._lines) - 1
        if self.highlighted is None:
            self.highlighted = 0 if by > 0 else last
        else:
            self.highlighted = max(0, min(self.highlighted + by, last))

    def watch_highlighted(self, before: int | None, after: int | None) -> None:
        if after is not None:
            self.reveal(after)
        self.redraw()

    def watch_hovered(self) -> None:
        self.redraw()

    def on_resize(self) -> None:
        if self.highlighted is not None:
            self.reveal(self.highlighted)

    # ---- the mouse

    def on_mouse_move(self, event: events.MouseMove) -> None:
        away = self.dragging or self.on_bar(event.x)
        self.hovered = None if away else self.place_at(event.y)

    def on_leave(self) -> None:
        self.hovered = None

    def on_click(self, event: events.Click) -> None:
        place = None if self.on_bar(event.x) else self.place_at(event.y)
        if place is not None:
            self.highlighted = place
            self.post_message(self.Clicked(place))

    # ---- drawing

    @property
    def count(self) -> int:
        return len(self._lines)

    def look(self, place: int) -> _Look:
        state = ""
        if place == self.highlighted:
            state = "cursor"
        elif place == self.hovered:
            state = "hover"
        return _Look(self._lines[place], self._query, state)

    def draw(self, place: int, width: int) -> Strip:
        line, query, state = self.look(place)
        style, quiet = self._styled(state)
        cells = cells_of(line, width, query, style, quiet)
        return Strip(cells).adjust_cell_length(width, style)

    def _styled(self, state: str) -> tuple[Style, Style]:
        """The styles of names and of quiet words in a line of this state."""
        style = self.kept_style(f"service-list--{state}" if state else "")
        if state == "cursor":
            return style, style  # quiet words would be too faint on its background
        return style, self.kept_style("service-list--quiet") + Style(bgcolor=style.bgcolor)
