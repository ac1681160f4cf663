"""One line of the Service dropdown: what it says of a service, in so many cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

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


def cells_of(
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
