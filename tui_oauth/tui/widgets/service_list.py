"""The lines of the Service dropdown: hundreds of them, of which only those in sight are drawn.

A stock OptionList makes and measures every line anew whenever the list changes, which is at every
letter typed; that alone took longer than all the rest of a key press. And a stock scrollbar is a
widget of its own, painted after the list that it stands beside. Here a key press draws the rows that
it changes, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_oauth.tui.widgets.service_line import FromUrl, cells_of

if TYPE_CHECKING:
    from tui_oauth.services.listing import Listing

_BAR_WIDTH = 1


class _Row(NamedTuple):
    """All that decides what one row in sight looks like."""

    line: Listing | FromUrl | None
    query: str
    state: str
    bar: bool


class ServiceList(ScrollView, can_focus=False):
    """Lines with at most one of them highlighted; the field above it has the focus and the keys."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "service-list--bar",
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
        self._dragging = False
        self._drawn: list[_Row] = []
        self._looks: dict[str, tuple[Style, Style]] = {}

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
        if len(lines) != self.virtual_size.height:
            self.virtual_size = Size(0, len(lines))
        self.hovered = None
        self.highlighted = highlighted
        if highlighted is None:
            self.scroll_to(y=0, animate=False, immediate=True)
        else:
            self._reveal(highlighted)
        self._redraw()

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
            self._reveal(after)
        self._redraw()

    def watch_hovered(self) -> None:
        self._redraw()

    def on_resize(self) -> None:
        if self.highlighted is not None:
            self._reveal(self.highlighted)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._looks.clear()
        self.refresh()

    # ---- the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self._on_bar(event.x):
            self._dragging = True
            self.capture_mouse()
            self._drag_to(event.y)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._dragging:
            self._drag_to(event.y)
        else:
            self.hovered = None if self._on_bar(event.x) else self._place_at(event.y)

    def on_mouse_up(self) -> None:
        if self._dragging:
            self._dragging = False
            self.release_mouse()

    def on_leave(self) -> None:
        self.hovered = None

    def on_click(self, event: events.Click) -> None:
        place = None if self._on_bar(event.x) else self._place_at(event.y)
        if place is not None:
            self.highlighted = place
            self.post_message(self.Clicked(place))

    def _on_bar(self, x: int) -> bool:
        return x == self.size.width - 1 and len(self._lines) > self.size.height

    def _drag_to(self, y: int) -> None:
        """Scroll so far that the middle of the bar is at `y`."""
        height, rest = self.size.height, len(self._lines) - self.size.height
        length = _bar_length(height, len(self._lines))
        top = y - (length - 1) / 2
        self.scroll_to(y=rest * top / max(1, height - length), animate=False)

    # ---- drawing

    def _redraw(self) -> None:
        """Have the rows drawn that look different now."""
        rows = [self._row(y) for y in range(self.size.height)]
        changed = [y for y, (old, new) in enumerate(zip_longest(self._drawn, rows)) if old != new]
        self._drawn = rows
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def _row(self, y: int) -> _Row:
        place = y + self.scroll_offset.y
        if place >= len(self._lines):
            return _Row(None, "", "", False)
        state = ""
        if place == self.highlighted:
            state = "cursor"
        elif place == self.hovered:
            state = "hover"
        return _Row(self._lines[place], self._query, state, self._bar_at(y))

    def render_line(self, y: int) -> Strip:
        width, row = max(0, self.size.width - _BAR_WIDTH), self._row(y)
        base, quiet = self._look("")
        bar = Segment(" ", self._look("bar")[0] if row.bar else base)
        if row.line is None:
            return Strip([Segment(" " * width, base), bar], width + _BAR_WIDTH)
        style, quiet = self._look(row.state)
        cells = cells_of(row.line, width, row.query, style, quiet)
        return Strip([*Strip(cells).adjust_cell_length(width, style), bar], width + _BAR_WIDTH)

    def _look(self, state: str) -> tuple[Style, Style]:
        """The styles of names and of quiet words in a row of this state."""
        found = self._looks.get(state)
        if found is None:
            base = self.rich_style
            style = base + self._style(state) if state else base
            quiet = base + self._style("quiet") + Style(bgcolor=style.bgcolor)
            if state == "cursor":
                quiet = style  # quiet words would be too faint on its background
            found = self._looks[state] = style, quiet
        return found

    def _bar_at(self, y: int) -> bool:
        """Whether the scrollbar's thumb is beside the row."""
        height, count = self.size.height, len(self._lines)
        if count <= height:
            return False
        length = _bar_length(height, count)
        top = round((height - length) * self.scroll_offset.y / (count - height))
        return top <= y < top + length

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"service-list--{name}", partial=True)

    def _place_at(self, y: int) -> int | None:
        place = y + self.scroll_offset.y
        return place if 0 <= place < len(self._lines) else None

    def _reveal(self, place: int) -> None:
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if place < top:
            self.scroll_to(y=place, animate=False, immediate=True)
        elif place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False, immediate=True)


def _bar_length(height: int, count: int) -> int:
    return max(1, round(height * height / count))
