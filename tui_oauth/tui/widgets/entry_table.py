"""The list of entries: one line each, as many columns as there is room for.

Drawn line by line (Textual's line API): a stock DataTable cannot share out the width, reads
markup in cells, and takes a click for a choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from tui_oauth.tui.rows import Row
from tui_oauth.tui.widgets.kept_styles import KeptStyles

_GAP = 2
_MARK = "▌ "


class Column(NamedTuple):
    """`least` and `most` cells wide; of two that may shrink the wider does."""

    name: str
    label: str
    least: int
    most: int


COLUMNS = (
    Column("name", "Name", 10, 36),
    Column("service", "Service", 9, 26),
    Column("status", "Status", 18, 22),
    Column("account", "Account", 9, 34),
    Column("expires", "Expires", 9, 16),
)
# The first to go when the room is too small.
_DROPPED_FIRST = ("account", "expires", "service")


def column_widths(rows: Sequence[Row], room: int) -> dict[str, int]:
    """The columns that fit into `room` cells and their widths, gaps not counted."""
    columns = list(COLUMNS)
    for victim in ("", *_DROPPED_FIRST):
        columns = [column for column in columns if column.name != victim]
        least = sum(column.least for column in columns) + _GAP * (len(columns) - 1)
        if least <= room:
            break
    wanted = {
        column.name: min(
            column.most,
            max(
                column.least,
                cell_len(column.label) + 2,
                *(cell_len(row.cell(column.name)) for row in rows),
            )
            if rows
            else column.least,
        )
        for column in columns
    }
    least_of = {column.name: column.least for column in columns}
    excess = sum(wanted.values()) + _GAP * (len(columns) - 1) - room
    while excess > 0:
        # What a column has above its least share is what it can give.
        name = max(wanted, key=lambda key: wanted[key] - least_of[key])
        if wanted[name] <= least_of[name]:
            break
        wanted[name] -= 1
        excess -= 1
    return wanted


class EntryTable(KeptStyles, can_focus=True):
    """Rows with a cursor. Sends Highlighted when it moves, Opened for enter or a double click."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "entry-table--header",
        "entry-table--cursor",
        "entry-table--cursor-blurred",
        "entry-table--hover",
        "entry-table--mark",
        "entry-table--quiet",
        "entry-table--good",
        "entry-table--warn",
        "entry-table--bad",
        "entry-table--busy",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "edge(0)", "First", show=False),
        Binding("end,G", "edge(-1)", "Last", show=False),
        Binding("enter", "open", "Configure", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)
    hovered: reactive[int | None] = reactive(None, repaint=False)

    @dataclass
    class Highlighted(Message):
        """The cursor is on another entry now, or on none."""

        entry_id: str | None

    @dataclass
    class Opened(Message):
        """Enter, or a double click, on an entry."""

        entry_id: str

    @dataclass
    class SortAsked(Message):
        """A click on the head of a column."""

        column: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._rows: list[Row] = []
        self._sorted_by = "name"
        self._told: str | None = None
        self._widths: dict[str, int] = {}

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    @property
    def highlighted(self) -> str | None:
        """The id of the entry under the cursor."""
        return self._rows[self.cursor].id if self.cursor < len(self._rows) else None

    def show(self, rows: Sequence[Row], sorted_by: str, select: str | None = None) -> None:
        """Show `rows`. The cursor stays on its entry, or goes to `select`, or keeps its place."""
        wanted = select or self.highlighted
        before = (self._sorted_by, self._widths)
        self._sorted_by = sorted_by
        old, self._rows = self._rows, list(rows)
        places = {row.id: place for place, row in enumerate(self._rows)}
        place = places.get(wanted or "", min(self.cursor, max(0, len(self._rows) - 1)))
        if len(old) != len(self._rows):
            self.virtual_size = Size(0, len(self._rows) + 1)
        self._measure()
        same = before == (self._sorted_by, self._widths)
        if same and [row.id for row in old] == list(places):
            self._refresh_cells(old)
        else:
            self.refresh()
        self.cursor = place
        self._scroll_to_cursor()
        self._tell()

    def select(self, entry_id: str) -> None:
        """Put the cursor on this entry, if it is shown."""
        for place, row in enumerate(self._rows):
            if row.id == entry_id:
                self.cursor = place

    def watch_cursor(self, before: int, after: int) -> None:
        self._refresh_rows(before, after)
        self._scroll_to_cursor()
        self._tell()

    def watch_hovered(self, before: int | None, after: int | None) -> None:
        self._refresh_rows(before, after)

    def on_resize(self) -> None:
        self.virtual_size = Size(0, len(self._rows) + 1)
        self._measure()
        self._scroll_to_cursor()
        self.refresh()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def action_move(self, by: int) -> None:
        self.cursor = self._within(self.cursor + by)

    def action_page(self, by: int) -> None:
        self.cursor = self._within(self.cursor + by * max(1, self._height - 1))

    def action_edge(self, place: int) -> None:
        self.cursor = self._within(len(self._rows) - 1 if place < 0 else 0)

    def action_open(self) -> None:
        if self.highlighted is not None:
            self.post_message(self.Opened(self.highlighted))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self.hovered = self._row_at(event.y)

    def on_leave(self) -> None:
        self.hovered = None

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            column = self._column_at(event.x)
            if column:
                self.post_message(self.SortAsked(column))
            return
        row = self._row_at(event.y)
        if row is None:
            return
        self.cursor = row
        if event.chain == 2:
            self.action_open()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.kept_style()
        if y == 0:
            return self._header(width, base)
        place = y - 1 + self.scroll_offset.y
        if place >= len(self._rows):
            return Strip.blank(width, base)
        return self._line(place, width, base)

    @property
    def _height(self) -> int:
        return max(1, self.size.height - 1)

    def _within(self, place: int) -> int:
        return max(0, min(place, len(self._rows) - 1))

    def _row_at(self, y: int) -> int | None:
        place = y - 1 + self.scroll_offset.y
        return place if y > 0 and place < len(self._rows) else None

    def _column_at(self, x: int) -> str:
        left = len(_MARK)
        for name, width in self._widths.items():
            left += width + _GAP
            if x < left:
                return name
        return ""

    def _measure(self) -> None:
        self._widths = column_widths(self._rows, self.size.width - len(_MARK) - 1)

    def _refresh_rows(self, *places: int | None) -> None:
        """Draw these rows anew; what scrolls is drawn anew as a whole."""
        top, width = 1 - self.scroll_offset.y, self.size.width
        self.refresh(*(Region(0, place + top, width, 1) for place in places if place is not None))

    def _refresh_cells(self, old: Sequence[Row]) -> None:
        """Draw anew what differs from `old`: a countdown must not have all lines sent each second."""
        for place, (before, after) in enumerate(zip(old, self._rows, strict=True)):
            left = len(_MARK)
            for name, width in self._widths.items():
                toned = name == "status" and before.tone != after.tone
                if toned or before.cell(name) != after.cell(name):
                    self.refresh(Region(left, place + 1 - self.scroll_offset.y, width, 1))
                left += width + _GAP

    def _scroll_to_cursor(self) -> None:
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, immediate=True)
        elif self.cursor >= top + self._height:
            self.scroll_to(y=self.cursor - self._height + 1, animate=False, immediate=True)

    def _tell(self) -> None:
        if self.highlighted != self._told:
            self._told = self.highlighted
            self.post_message(self.Highlighted(self._told))

    def _header(self, width: int, base: Style) -> Strip:
        style = base + self.kept_part("entry-table--header")
        segments = [Segment(" " * len(_MARK), style)]
        for column in COLUMNS:
            if column.name in self._widths:
                mark = " ↓" if column.name == self._sorted_by else ""
                segments.append(
                    Segment(_cell(column.label + mark, self._widths[column.name]), style)
                )
                segments.append(Segment(" " * _GAP, style))
        return Strip(segments).adjust_cell_length(width, style)

    def _line(self, place: int, width: int, base: Style) -> Strip:
        row = self._rows[place]
        under_cursor = place == self.cursor
        if under_cursor:
            which = "cursor" if self.has_focus else "cursor-blurred"
            base = self.kept_style(f"entry-table--{which}")
        elif place == self.hovered:
            base = self.kept_style("entry-table--hover")
        # Quiet words would be too faint on the cursor's background.
        quiet = base if under_cursor else base + self._tone("quiet")
        styles = {
            "name": base,
            "service": quiet,
            "status": base + self._tone(row.tone),
            "account": base,
            "expires": quiet,
        }
        mark = _MARK if under_cursor and self.has_focus else " " * len(_MARK)
        segments = [Segment(mark, base + self._tone("mark"))]
        for name, cells in self._widths.items():
            segments.append(Segment(_cell(row.cell(name), cells), styles[name]))
            segments.append(Segment(" " * _GAP, base))
        return Strip(segments).adjust_cell_length(width, base).simplify()

    def _tone(self, name: str) -> Style:
        found = self.kept_part(f"entry-table--{name}")
        return Style(color=found.color, bold=found.bold)


def _cell(text: str, width: int) -> str:
    if cell_len(text) > width:
        return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)
    return set_cell_size(text, width)
