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
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip


class DrawnLines(ScrollView, can_focus=False):
    """A subclass tells how many lines there are, what decides the look of one, and draws it.

    It calls `redraw` after each change of any of them.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"drawn-lines--bar"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.dragging = False
        """Whether the bar is being dragged."""
        self._drawn: list[tuple[Hashable, bool]] = []
        self._kept_styles: dict[str, Style] = {}

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

    # ---- drawing

    def redraw(self) -> None:
        """Have the lines drawn that look different now."""
        count = self.count
        if count != self.virtual_size.height:
            self.virtual_size = Size(0, count)
        (width, height), top = self.size, self.scroll_offset.y
        thumb = _thumb(top, height, count)
        lines = [
            (self.look(top + y) if top + y < count else None, y in thumb) for y in range(height)
        ]
        changed = [y for y, (old, new) in enumerate(zip_longest(self._drawn, lines)) if old != new]
        self._drawn = lines
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        (whole, height), top, bar = self.size, self.scroll_offset.y, self.bar_width
        width, base = max(0, whole - bar), self.kept_style("")
        strip = self.draw(top + y, width) if top + y < self.count else Strip.blank(width, base)
        if not bar:
            return strip
        if y in _thumb(top, height, self.count):
            edge = Segment(" ", self.kept_style("drawn-lines--bar"))
        else:
            edge = Segment(" ", base)
        return Strip([*strip, edge], width + bar)

    def kept_style(self, name: str) -> Style:
        """The style of the widget itself, or of a component over it.

        Kept, because Textual puts it together from all that the widget is in, at each question.
        """
        found = self._kept_styles.get(name)
        if found is None:
            found = self.rich_style
            if name:
                found += self.get_component_rich_style(name, partial=True)
            self._kept_styles[name] = found
        return found

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._kept_styles.clear()
        self.refresh()

    # ---- scrolling

    def reveal(self, place: int) -> None:
        """Scroll as far as is needed to have the line at `place` in sight."""
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if place < top:
            self.scroll_to(y=place, animate=False, immediate=True)
        elif place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False, immediate=True)

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
        height, rest = self.size.height, self.count - self.size.height
        length = _bar_length(height, self.count)
        top = y - (length - 1) / 2
        self.scroll_to(y=rest * top / max(1, height - length), animate=False)


def _thumb(top: int, height: int, count: int) -> range:
    """The lines in sight beside which the scrollbar's thumb is, where `top` is the first of them."""
    if count <= height:
        return range(0)
    length = _bar_length(height, count)
    first = round((height - length) * top / (count - height))
    return range(first, first + length)


def _bar_length(height: int, count: int) -> int:
    return max(1, round(height * height / count))
