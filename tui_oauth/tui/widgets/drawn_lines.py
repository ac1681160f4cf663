"""Lines that scroll, of which only those in sight are drawn, and of those only what has changed.

The stock ways make every line anew at each change, have the whole screen laid out again, and paint
their scrollbar, a widget of its own, after what it stands beside: in all more than the rest of a key
press takes. Here the bar is a cell of each line.
"""

from __future__ import annotations

from collections.abc import Hashable
from itertools import zip_longest
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.strip import Strip

from tui_oauth.tui.widgets.kept_styles import KeptStyles


class DrawnLines(KeptStyles, can_focus=False):
    """A subclass tells how many lines there are, what decides the look of one, and draws it.

    It calls `redraw` after each change of any of them.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"drawn-lines--bar"}

    # Its own height does not follow from the lines, so no other widget has to be laid out anew.
    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False, repaint=False)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.dragging = False
        """Whether the bar is being dragged."""
        self._drawn: list[tuple[Hashable, bool]] = []

    # ---- what subclasses tell

    @property
    def count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def look(self, place: int) -> Hashable:
        """All that decides how the line at `place` looks."""
        raise NotImplementedError

    def draw(self, place: int, width: int) -> Strip:
        """The line at `place`, in `width` cells."""
        raise NotImplementedError

    @property
    def bar_width(self) -> int:
        """The cells that are kept for the bar: one or none."""
        return 1

    @property
    def head(self) -> int:
        """How many of the first lines stay at the top while others scroll."""
        return 0

    @property
    def foot(self) -> int:
        """How many of the last lines stay at the bottom."""
        return 0

    # ---- drawing

    def redraw(self) -> None:
        """Have the lines drawn that look different now."""
        count = self.count
        if count != self.virtual_size.height:
            self.virtual_size = Size(0, count)
        width, thumb = self.size.width, self._thumb()
        lines = [
            (None if place is None else self.look(place), y in thumb)
            for y, place in enumerate(self._places())
        ]
        changed = [y for y, (old, new) in enumerate(zip_longest(self._drawn, lines)) if old != new]
        self._drawn = lines
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        place, bar = self.place_at(y), self.bar_width
        width, base = max(0, self.size.width - bar), self.kept_style()
        strip = Strip.blank(width, base) if place is None else self.draw(place, width)
        if not bar:
            return strip
        if y in self._thumb():
            edge = Segment(" ", self.kept_style("drawn-lines--bar"))
        else:
            edge = Segment(" ", base)
        return Strip([*strip, edge], width + bar)

    def place_at(self, y: int) -> int | None:
        """Which line is at `y` in sight."""
        places = self._places()
        return places[y] if 0 <= y < len(places) else None

    def _places(self) -> list[int | None]:
        """Which lines are in sight, from the first row of cells to the last."""
        height, count, head, foot = self.size.height, self.count, self.head, self.foot
        first, end = head + self.scroll_offset.y, count - foot
        scrolling = max(0, height - head - foot)
        places: list[int | None] = [
            *range(head),
            *range(first, min(end, first + scrolling)),
            *[None] * (first + scrolling - max(first, end)),
            *range(end, count),
        ]
        return places[:height]

    # ---- scrolling

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._drawn.clear()  # other lines are in sight now

    def reveal(self, place: int) -> None:
        """Scroll as far as is needed to have the line at `place` in sight."""
        place, top, height = place - self.head, self.scroll_offset.y, max(1, self.scrolling)
        if place < top:
            self.scroll_to(y=place, animate=False, immediate=True)
        elif place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False, immediate=True)

    @property
    def scrolling(self) -> int:
        """How many lines in sight scroll."""
        return self.size.height - self.head - self.foot

    def on_bar(self, x: int) -> bool:
        """Whether the bar is there to be dragged, at this column."""
        return x == self.size.width - 1 and self.count > self.size.height

    def on_mouse_down(self, event: events.MouseDown) -> None:
        if self.on_bar(event.x):
            self.dragging = True
            self.capture_mouse()
            self._drag_to(event.y)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self.dragging:
            self._drag_to(event.y)

    def on_mouse_up(self) -> None:
        if self.dragging:
            self.dragging = False
            self.release_mouse()

    def _drag_to(self, y: int) -> None:
        """Scroll so far that the middle of the bar is at `y`."""
        height, rest = self.scrolling, self.count - self.size.height
        length = _bar_length(height, height + rest)
        top = y - self.head - (length - 1) / 2
        self.scroll_to(y=rest * top / max(1, height - length), animate=False)

    def _thumb(self) -> range:
        """The lines in sight beside which the scrollbar's thumb is."""
        height, rest = self.scrolling, self.count - self.size.height
        if rest <= 0 or height <= 0:
            return range(0)
        length = _bar_length(height, height + rest)
        first = self.head + round((height - length) * self.scroll_offset.y / rest)
        return range(first, first + length)


def _bar_length(height: int, count: int) -> int:
    return max(1, round(height * height / count))
