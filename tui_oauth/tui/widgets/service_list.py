"""The lines of the Service dropdown: hundreds of them, of which only those in sight are drawn.

A stock OptionList makes and measures every line anew whenever the list changes, which is at every
letter typed; that alone took longer than all the rest of a key press.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui_oauth.text import neutralise
from tui_oauth.tui.words import category_icon, redirect_words

if TYPE_CHECKING:
    from tui_oauth.services.listing import Listing

_RULE_WIDTH = 17
_CATEGORY_WIDTH = 18
_URL_ICON = "→ "
_URL_NAME = "From a URL"
_URL_WORDS = "an issuer, an API or an MCP server"
_MATCH = Style(bold=True, underline=True)


@dataclass(frozen=True, slots=True)
class FromUrl:
    """The line that leads to an entry from a URL; `url` is the one that was typed, if any."""

    url: str = ""


class ServiceList(ScrollView, can_focus=False):
    """Lines with at most one of them highlighted; the field above it has the focus and the keys."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "service-list--cursor",
        "service-list--hover",
        "service-list--quiet",
    }

    highlighted: reactive[int | None] = reactive(None, repaint=False)
    hovered: reactive[int | None] = reactive(None)

    @dataclass
    class Clicked(Message):
        """A click on the line at `place`."""

        place: int

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: Sequence[Listing | FromUrl] = ()
        self._query = ""

    @property
    def lines(self) -> Sequence[Listing | FromUrl]:
        """All lines, in order."""
        return self._lines

    @property
    def current(self) -> Listing | FromUrl | None:
        """What the highlighted line stands for."""
        return None if self.highlighted is None else self._lines[self.highlighted]

    def show(self, lines: Sequence[Listing | FromUrl], query: str, highlighted: int | None) -> None:
        """Show `lines`, marking what of them is `query`; `highlighted` is a place or None."""
        self._lines, self._query = lines, query.casefold()
        if len(lines) != self.virtual_size.height:
            self.virtual_size = Size(0, len(lines))
        self.hovered = None
        self.highlighted = highlighted
        if highlighted is None:
            self.scroll_to(y=0, animate=False, immediate=True)
        else:
            self._reveal(highlighted)
        self.refresh()

    def move(self, by: int) -> None:
        """Move the highlight by so many lines, from none to the first or the last one."""
        if not self._lines:
            return
        last = len(self._lines) - 1
        if self.highlighted is None:
            self.highlighted = 0 if by > 0 else last
        else:
            self.highlighted = max(0, min(self.highlighted + by, last))

    def watch_highlighted(self, before: int | None, after: int | None) -> None:
        if after is not None:
            self._reveal(after)
        self.refresh()

    def on_resize(self) -> None:
        if self.highlighted is not None:
            self._reveal(self.highlighted)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self.hovered = self._place_at(event.y)

    def on_leave(self) -> None:
        self.hovered = None

    def on_click(self, event: events.Click) -> None:
        place = self._place_at(event.y)
        if place is not None:
            self.highlighted = place
            self.post_message(self.Clicked(place))

    def render_line(self, y: int) -> Strip:
        width, base = self.scrollable_content_region.width, self.rich_style
        place = y + self.scroll_offset.y
        if place >= len(self._lines):
            return Strip.blank(width, base)
        quiet = base + self._style("quiet")
        if place == self.highlighted:
            # Quiet words would be too faint on the cursor's background.
            base += self._style("cursor")
            quiet = base
        elif place == self.hovered:
            base += self._style("hover")
            quiet += Style(bgcolor=base.bgcolor)
        cells = _cells(self._lines[place], width, self._query, base, quiet)
        return Strip(cells).adjust_cell_length(width, base)

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"service-list--{name}", partial=True)

    def _place_at(self, y: int) -> int | None:
        place = y + self.scroll_offset.y
        return place if 0 <= place < len(self._lines) else None

    def _reveal(self, place: int) -> None:
        top, height = self.scroll_offset.y, max(1, self.size.height)
        if place < top:
            self.scroll_to(y=place, animate=False, immediate=True)
        elif place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False, immediate=True)


def _cells(
    line: Listing | FromUrl, width: int, query: str, base: Style, quiet: Style
) -> list[Segment]:
    """A service in `width` cells: its name, what it is for, what redirect URLs it accepts."""
    if isinstance(line, FromUrl):
        return _url_cells(line, width, base, quiet)
    with_rule, with_category = width >= 46, width >= 66
    icon = f"{category_icon(line.category)} "
    room = width - cell_len(icon)
    room -= _RULE_WIDTH + 1 if with_rule else 0
    room -= _CATEGORY_WIDTH + 1 if with_category else 0
    segments = [Segment(icon, quiet), *_marked(_fit(neutralise(line.name, 80), room), query, base)]
    if with_category:
        category = "own service" if line.own else neutralise(line.category, 40)
        segments.append(Segment(" " + _fit(category, _CATEGORY_WIDTH), quiet))
    if with_rule:
        segments.append(
            Segment(" " + _fit(redirect_words(line.redirect_uri_rules), _RULE_WIDTH), quiet)
        )
    return segments


def _url_cells(line: FromUrl, width: int, base: Style, quiet: Style) -> list[Segment]:
    words = neutralise(line.url, 300) or _URL_WORDS
    room = max(0, width - cell_len(_URL_ICON) - len(_URL_NAME) - 2)
    return [
        Segment(_URL_ICON, quiet),
        Segment(_URL_NAME, base),
        Segment("  " + _fit(words, room), quiet),
    ]


def _marked(name: str, query: str, base: Style) -> list[Segment]:
    at = name.casefold().find(query) if query else -1
    if at < 0:
        return [Segment(name, base)]
    end = at + len(query)
    return [
        Segment(name[:at], base),
        Segment(name[at:end], base + _MATCH),
        Segment(name[end:], base),
    ]


def _fit(text: str, width: int) -> str:
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1).rstrip() + "…"
    return set_cell_size(text, width)
