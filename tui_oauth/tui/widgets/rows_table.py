"""Rows of a service as a table: many columns, and texts that may hold anything.

Drawn by lines: the stock table makes every cell of a line anew, forty columns of them, and has the
screen laid out, each time the cursor moves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from tui_oauth.text import neutralise
from tui_oauth.tui.widgets.drawn_lines import DrawnLines

Row = Mapping[str, Any]
_MOST_COLUMNS = 40
_WIDEST = 32
_RAIL, _CAR = "─", "━"
"""The bar of the columns; letters, since there are terminals without colour."""


def value_words(value: object, limit: int) -> str:
    """One value on one line: a text as it is, what is nested as JSON."""
    if value is None:
        return ""
    if not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return neutralise(value, limit)


class _Look(NamedTuple):
    """All that decides what one line in sight looks like."""

    words: str
    style: str


class RowsTable(DrawnLines, can_focus=True):
    """A cursor over rows, below the names of the columns, of which there are more than have room."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows-table--head",
        "rows-table--cursor",
        "rows-table--hover",
        "rows-table--rail",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home,ctrl+home", "to(0)", show=False),
        Binding("end,ctrl+end", "to(-1)", show=False),
        Binding("left", "turn(-1)", show=False),
        Binding("right", "turn(1)", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)
    """The row that the cursor is on."""
    hovered: reactive[int | None] = reactive(None, repaint=False)
    first: reactive[int] = reactive(0, repaint=False)
    """The first column in sight."""

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        row: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.add_class("field")
        self._lines: list[list[str]] = [[]]
        """The names of the columns, then the rows, each cell padded to the width of its column."""
        self._widths: list[int] = []
        self._begins = [0]
        """Where each column begins, and the last one ends, if all had room."""
        self._room = self._bar = self._foot = self._last_first = 0
        self._turning = False

    def show(self, rows: Sequence[Row]) -> None:
        """Show `rows` in place of what is shown. The columns are the names that the rows have."""
        names = list(dict.fromkeys(name for row in rows for name in row))[:_MOST_COLUMNS]
        lines = [[_cell(name) for name in names]]
        lines += [[_cell(row.get(name)) for name in names] for row in rows]
        self._widths = [max(map(cell_len, column)) + 2 for column in zip(*lines, strict=True)]
        self._lines = [
            [
                set_cell_size(f" {cell}", width)
                for cell, width in zip(line, self._widths, strict=True)
            ]
            for line in lines
        ]
        self._measure()
        self.cursor, self.hovered, self.first = 0, None, 0
        self.redraw()  # it knows its new height before it scrolls
        self.scroll_to(y=0, animate=False, immediate=True)
        self.redraw()

    # ---- the cursor

    def action_move(self, by: int) -> None:
        """So many rows down."""
        self.cursor += by

    def action_page(self, pages: int) -> None:
        """So many times the rows that have room."""
        self.cursor += pages * max(1, self.scrolling)

    def action_to(self, row: int) -> None:
        """To the first row, or with -1 to the last one."""
        self.cursor = row % max(1, len(self._lines) - 1)

    def validate_cursor(self, row: int) -> int:
        return max(0, min(row, len(self._lines) - 2))

    def watch_cursor(self, row: int) -> None:
        self.reveal(row + self.head)
        self.redraw()
        self.post_message(self.Moved(row))

    def watch_hovered(self) -> None:
        self.redraw()

    # ---- the columns

    def action_turn(self, by: int) -> None:
        """So many columns to the right."""
        self.first += by

    def validate_first(self, column: int) -> int:
        return max(0, min(column, self._last_first))

    def watch_first(self) -> None:
        self.redraw()

    def _rail(self) -> str:
        """The bar below the columns: which part of them is in sight."""
        width, begin, end = self._room, self._begins[self.first], self._begins[-1]
        length = max(1, width * width // end)
        at = round((width - length) * min(1.0, begin / max(1, end - width)))
        return _RAIL * at + _CAR * length + _RAIL * (width - length - at)

    def _turn_to(self, x: int) -> None:
        """Begin with the column that has the middle of the bar at `x`, or is next to that."""
        width, end = self._room, self._begins[-1]
        length = max(1, width * width // end)
        wanted = (x - (length - 1) / 2) / max(1, width - length) * (end - width)
        columns = range(self._last_first + 1)
        self.first = min(columns, key=lambda column: abs(self._begins[column] - wanted))

    def on_resize(self) -> None:
        self._measure()
        self.reveal(self.cursor + self.head)
        self.redraw()

    def _measure(self) -> None:
        """What follows from the room: the bars, and the columns that there are to begin with."""
        (room, height), whole = self.size, sum(self._widths)
        # The rail may take the row for which the other bar, and so the rail, is needed.
        self._bar = int(len(self._lines) + int(whole > room) > height)
        self._room = max(0, room - self._bar)
        self._foot = int(whole > self._room)
        self._begins = [*accumulate(self._widths, initial=0)]
        fitting = (at for at, begin in enumerate(self._begins) if whole - begin <= self._room)
        self._last_first = max(0, min(next(fitting), len(self._widths) - 1))
        self.first = min(self.first, self._last_first)

    # ---- the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self._on_rail(event):
            event.prevent_default()  # the last cell of the rail belongs to no other bar
            self._turning = True
            self.capture_mouse()
            self._turn_to(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        place = None if self.dragging or self.on_bar(event.x) else self.place_at(event.y)
        if self._turning:
            self._turn_to(event.x)
        else:
            self.hovered = None if place is None or not self._is_row(place) else place - self.head

    def on_mouse_up(self) -> None:
        if self._turning:
            self._turning = False
            self.release_mouse()

    def on_leave(self) -> None:
        self.hovered = None

    def on_click(self, event: events.Click) -> None:
        place = None if self.on_bar(event.x) else self.place_at(event.y)
        if place is not None and self._is_row(place):
            self.cursor = place - self.head

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn_with(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn_with(event, -1)

    def on_mouse_scroll_right(self) -> None:
        self.first += 1

    def on_mouse_scroll_left(self) -> None:
        self.first -= 1

    def _turn_with(self, event: events.MouseEvent, by: int) -> None:
        """The wheel with shift or ctrl goes over the columns."""
        if event.shift or event.ctrl:
            event.prevent_default()
            event.stop()
            self.first += by

    def _on_rail(self, event: events.MouseEvent) -> bool:
        return bool(self.foot) and event.y == self.size.height - 1

    def _is_row(self, place: int) -> bool:
        return self.head <= place < len(self._lines)

    # ---- drawing

    @property
    def head(self) -> int:
        return 1

    @property
    def foot(self) -> int:
        return self._foot

    @property
    def count(self) -> int:
        return len(self._lines) + self._foot

    @property
    def bar_width(self) -> int:
        return self._bar

    def look(self, place: int) -> _Look:
        if place == len(self._lines):
            return _Look(self._rail(), "rows-table--rail")
        name, row = "", place - self.head
        if row < 0:
            name = "rows-table--head"
        elif row == self.cursor:
            name = "rows-table--cursor"
        elif row == self.hovered:
            name = "rows-table--hover"
        return _Look(self._in_sight(self._lines[place]), name)

    def _in_sight(self, cells: Sequence[str]) -> str:
        """Those of a line's cells that have room; the last of them may be cut off."""
        left, shown = self._room, []
        for cell, width in zip(cells[self.first :], self._widths[self.first :], strict=True):
            shown.append(cell if width <= left else set_cell_size(cell, left))
            left -= width
            if left <= 0:
                break
        return "".join(shown) + " " * left

    def draw(self, place: int, width: int) -> Strip:
        words, name = self.look(place)
        return Strip([Segment(words, self.kept_style(name))], width)


def _cell(value: object) -> str:
    words = value_words(value, 120)
    if cell_len(words) <= _WIDEST:
        return words
    return Content(words).truncate(_WIDEST, ellipsis=True).plain
