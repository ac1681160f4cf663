"""A text that scrolls, drawn by lines; what is in it can be marked with the mouse."""

from __future__ import annotations

from collections.abc import Hashable

from textual.content import Content
from textual.selection import Selection
from textual.strip import Strip
from textual.visual import Visual

from tui_oauth.tui.widgets.drawn_lines import DrawnLines

_FEW = 3
"""Two cells more may save a text so many lines."""


class TextPane(DrawnLines):
    """Shows what a subclass gives as `content_for`, anew after each `write`."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._content = Content("")
        self._strips: list[Strip] = []
        self._written_in: tuple[object, ...] = ()

    def content_for(self, width: int) -> Content:
        """The text, made for so many cells."""
        raise NotImplementedError

    def write(self) -> None:
        """Take in the text anew."""
        width, height = self.size
        if width <= 0:
            return  # not displayed; on_resize comes when it is
        self._written_in = self._style_of_now()
        narrow = width - 2  # room for the bar, only where there is one, and a gap
        if len(self._strips) > height:  # as the last text: most often this saves folding twice
            self._fold(narrow)
            if len(self._strips) > height + _FEW:
                self.redraw()
                return
        self._fold(width)
        if len(self._strips) > height:
            self._fold(narrow)
        self.redraw()

    def _fold(self, width: int) -> None:
        self._content = self.content_for(width).rstrip()
        self._strips = Visual.to_strips(
            self, self._content, width, None, self.visual_style, pad=True
        )

    def on_resize(self) -> None:
        self.write()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_mounted and self._style_of_now() != self._written_in:
            self.call_later(self.write)

    def _style_of_now(self) -> tuple[object, ...]:
        """What decides the look of the text, which is folded with its colours."""
        return self.visual_style, self.app.theme

    # ---- drawing

    @property
    def count(self) -> int:
        return len(self._strips)

    def look(self, place: int) -> Hashable:
        return self._strips[place]

    def draw(self, place: int, width: int) -> Strip:
        return self._strips[place].adjust_cell_length(width, self.kept_style())

    @property
    def bar_width(self) -> int:
        return 1 if self.count > self.size.height else 0

    # ---- marking

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        return selection.extract(self._content.plain), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.write()
