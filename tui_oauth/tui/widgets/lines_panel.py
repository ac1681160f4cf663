"""Lines of label and value in a bordered panel that scrolls."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui_oauth.tui.widgets.details import Line, lines_content
from tui_oauth.tui.widgets.text_pane import TextPane


class LinesPanel(TextPane, can_focus=True):
    """Shows lines that may hold foreign text; a tone names what they are about."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.add_class("field", "lines-panel")
        self._lines: Sequence[Line] = ()

    def show(self, title: str, lines: Sequence[Line], *, refused: bool = False) -> None:
        """Show `lines` under `title`, from their beginning."""
        self._lines = tuple(lines)
        self.border_title = Content(title)
        self.set_class(refused, "-invalid")
        self.scroll_to(y=0, animate=False, immediate=True)
        self.write()

    def content_for(self, width: int) -> Content:
        return lines_content(self._lines, width)
