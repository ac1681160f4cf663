"""The first line of a screen: what this is, and at the right what it is about."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget


class TitleBar(Widget):
    """One row: `title` at the left, `detail` (foreign text is fine) at the right.

    `on_click` is the action of a click on the detail, if it leads anywhere.
    """

    detail: reactive[str] = reactive("")

    def __init__(
        self,
        title: str,
        detail: str = "",
        *,
        on_click: str = "",
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id, classes="title-bar")
        self.title_text = title
        self._on_click_action = on_click
        self.set_reactive(TitleBar.detail, detail)

    def render(self) -> Content:
        title = Content.styled(self.title_text, "bold")
        room = self.size.width - title.cell_length - 2
        if not self.detail or room < 4:
            return title
        detail = Content.styled(self.detail, "$quiet").truncate(room, ellipsis=True)
        if self._on_click_action:
            detail = detail.stylize(Style.from_meta({"@click": self._on_click_action}))
        gap = self.size.width - title.cell_length - detail.cell_length
        return Content.assemble(title, " " * gap, detail)
