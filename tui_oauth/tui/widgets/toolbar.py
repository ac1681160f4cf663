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
        chips = [
            (f" + {key.words} " if key.id == "new" else f" {key.words} ", f"screen.{key.action}")
            for key in self._keys
            if self.screen.check_action(key.action, ()) is not False
        ]
        if _width(chips) > self.size.width:
            # What has no room, the command palette has.
            while chips and _width([*chips, _MORE]) > self.size.width:
                chips.pop()
            chips.append(_MORE)
        return Content(" ").join(
            Content.styled(words, "$foreground on $panel").stylize(
                Style.from_meta({"@click": action})
            )
            for words, action in chips
        )


_MORE = (" More ", "app.command_palette")


def _width(chips: list[tuple[str, str]]) -> int:
    return sum(len(words) + 1 for words, _ in chips) - 1
