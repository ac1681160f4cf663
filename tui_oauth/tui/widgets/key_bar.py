"""The last line of a screen: what can be done here, by key or by mouse."""

from __future__ import annotations

from collections.abc import Mapping

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tui_oauth.tui.keys import Key, bar_keys

_HELP_ID = "help"
_GAP = "  "


def fit(keys: tuple[Key, ...], width: int) -> tuple[Key, ...]:
    """As many of `keys` as `width` columns hold, in order; help is kept before the others."""
    must = sum(_width(key) for key in keys if key.id == _HELP_ID)
    shown: list[Key] = []
    used = 0
    for key in keys:
        if key.id == _HELP_ID:
            shown.append(key)
        elif used + _width(key) <= width - must:
            shown.append(key)
            used += _width(key)
    return tuple(shown)


def _width(key: Key) -> int:
    return len(key.shown) + len(key.words) + len(_GAP) + 1


class KeyBar(Widget):
    """The keys of a group of `keys.GROUPS`; a click does what the key does."""

    def __init__(self, group: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="key-bar")
        self.group = group

    def render(self) -> Content:
        parts: list[Content] = []
        usable = tuple(self._worded(key) for key in bar_keys(self.group) if self._usable(key))
        for key in fit(usable, self.size.width + len(_GAP)):
            label = Content.assemble((key.shown, "bold $foreground"), (f" {key.words}", "$quiet"))
            if key.action:
                action = key.action if "." in key.action else f"screen.{key.action}"
                label = label.stylize(Style.from_meta({"@click": action}))
            parts.append(label)
        return Content(_GAP).join(parts)

    def _worded(self, key: Key) -> Key:
        """`key` with the screen's own words where it has other ones now (`key_words`)."""
        words: Mapping[str, str] = getattr(self.screen, "key_words", {})
        return key._replace(words=words.get(key.id, key.words))

    def _usable(self, key: Key) -> bool:
        """Whether the screen takes this key now; it says so in `check_action`."""
        return not key.action or self.screen.check_action(key.action, ()) is not False
