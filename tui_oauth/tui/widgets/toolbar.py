"""A row of small buttons for the mouse; everything in it has a key as well."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tui_oauth.tui.keys import GROUPS


class Toolbar(Widget):
    """The keys called `ids` of a group, as words to click. Not in the way of tab."""

    def __init__(self, group: str, ids: tuple[str, ...], *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="toolbar")
        known = {key.id: key for key in GROUPS[group].keys}
        self._keys = tuple(known[name] for name in ids)

    def render(self) -> Content:
        parts: list[Content] = []
        room = self.size.width
        for key in self._keys:
            words = f" + {key.words} " if key.id == "new" else f" {key.words} "
            room -= len(words) + 1
            if room < 0:
                break
            chip = Content.styled(words, "$foreground on $panel")
            parts.append(chip.stylize(Style.from_meta({"@click": f"screen.{key.action}"})))
        return Content(" ").join(parts)
