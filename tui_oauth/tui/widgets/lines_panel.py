"""Lines of label and value in a bordered panel that scrolls."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_oauth.tui.widgets.details import Line, lines_content


class LinesPanel(VerticalScroll, can_focus=True):
    """Shows lines that may hold foreign text; a tone names what they are about."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="field lines-panel")
        self._lines: Sequence[Line] = ()

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, title: str, lines: Sequence[Line], *, refused: bool = False) -> None:
        """Show `lines` under `title`, from their beginning."""
        self._lines = tuple(lines)
        self.border_title = Content(title)
        self.set_class(refused, "-invalid")
        self._draw()
        self.scroll_home(animate=False)

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        if width:
            content = lines_content(self._lines, width)
            self.query_one(Static).update(content.rstrip())
