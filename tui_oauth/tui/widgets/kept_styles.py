"""Styles for widgets that draw their lines themselves.

Textual puts the style of a widget together from all that it stands in, at each question; asked for
each line, that took a third of the time of a key press.
"""

from __future__ import annotations

from typing import Any

from rich.style import Style
from textual.scroll_view import ScrollView


class KeptStyles(ScrollView, can_focus=False):
    """Asks for each style once, until the style sheets say something else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept_styles: dict[str, Style] = {}

    def kept_style(self, name: str = "") -> Style:
        """The style of the widget itself, or of a component over it."""
        found = self._kept_styles.get(name)
        if found is None:
            # Not a partial one: that leaves out how far a background lets the widget's own through.
            found = self.get_component_rich_style(name) if name else self.rich_style
            self._kept_styles[name] = found
        return found

    def kept_part(self, name: str) -> Style:
        """What a component says by itself."""
        found = self._kept_styles.get(f"+{name}")
        if found is None:
            found = self.get_component_rich_style(name, partial=True)
            self._kept_styles[f"+{name}"] = found
        return found

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._kept_styles.clear()
        self.refresh()
