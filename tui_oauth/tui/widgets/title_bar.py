"""The first line of a screen: what this is, what it is about, and how the vault is protected."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from tui_oauth.text import neutralise

_LEAST_DETAIL = 16
_MAX_WORDS = 500


class TitleBar(Widget):
    """One row: `title` at the left, `detail` (foreign text is fine) at the right.

    `on_click` is the action of a click on the detail, if it leads anywhere. After the detail
    stands the level of protection of the open vault, as the app's `level` has it; not with
    `levelled` False, for a screen that says it itself in the detail.
    """

    detail: reactive[str] = reactive("")
    level: reactive[str] = reactive("")

    def __init__(
        self,
        title: str,
        detail: str = "",
        *,
        on_click: str = "",
        levelled: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        super().__init__(id=id, classes="title-bar")
        self.title_text = title
        self._on_click_action = on_click
        self._levelled = levelled
        self.set_reactive(TitleBar.detail, detail)

    def on_mount(self) -> None:
        self.level = str(getattr(self.app, "level", ""))

    def render(self) -> Content:
        title = Content.styled(self.title_text, "bold")
        room = self.size.width - title.cell_length - 2
        words = neutralise(self._words(room), _MAX_WORDS)
        if not words or room < 4:
            return title
        detail = Content.styled(words, "$quiet").truncate(room, ellipsis=True)
        if self._on_click_action:
            detail = detail.stylize(Style.from_meta({"@click": self._on_click_action}))
        gap = self.size.width - title.cell_length - detail.cell_length
        return Content.assemble(title, " " * gap, detail)

    def _words(self, room: int) -> str:
        """Detail and level; where both have no room, the detail gives way first."""
        if not self._levelled or not self.level:
            return self.detail
        if not self.detail:
            return self.level
        left = max(_LEAST_DETAIL, room - len(self.level) - 3)
        shown = neutralise(self.detail, _MAX_WORDS)
        detail = Content(shown).truncate(left, ellipsis=True).plain
        return f"{detail} · {self.level}"
