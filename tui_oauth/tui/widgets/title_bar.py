"""The first line of a screen: what this is, and at the right what it is about."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget


class TitleBar(Widget):
    """One row: `title` at the left, `detail` (foreign text is fine) at the right."""

    detail: reactive[str] = reactive("")

    def __init__(self, title: str, detail: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="title-bar")
        self.title_text = title
        self.set_reactive(TitleBar.detail, detail)

    def render(self) -> Content:
        title = Content.styled(self.title_text, "bold")
        room = self.size.width - title.cell_length - 2
        if not self.detail or room < 4:
            return title
        detail = Content.styled(self.detail, "$quiet").truncate(room, ellipsis=True)
        gap = self.size.width - title.cell_length - detail.cell_length
        return Content.assemble(title, " " * gap, detail)
