"""A web address on a line of its own: reached by tab, opened by enter or a click."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from tui_oauth.text import neutralise

_MAX_URL = 2_000


class LinkLine(Static, can_focus=True):
    """`label`, made by the program, and the address; the terminal's own links (OSC 8) are in it as well."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "Open", show=False)]

    @dataclass
    class Opened(Message):
        """Enter or a click."""

        url: str

    def __init__(self, label: Content, url: str, *, id: str | None = None) -> None:  # noqa: A002
        self.url = url
        address = linked(neutralise(url, _MAX_URL))
        super().__init__(Content.assemble(label, address), id=id, classes="link-line", markup=False)

    def action_open(self) -> None:
        self.post_message(self.Opened(self.url))

    def on_click(self) -> None:
        self.action_open()


def linked(text: str, action: Callable[[str], str] | None = None) -> Content:
    """`text`, neutralised already, with the web addresses in it as links of the terminal.

    `action` gives for an address what a click on it does here: an action without text from
    outside in it. An empty one leaves the address plain.
    """
    from tui_oauth.services.guide import links_in  # 40 ms with all that belongs to a service

    content = Content(text)
    for begin, end in links_in(text):
        url = text[begin:end]
        style = address_style(url)
        if action is not None:
            click = action(url)
            if not click:
                continue
            style += Style.from_meta({"@click": click})
        content = content.stylize(style, begin, end)
    return content


def address_style(url: str) -> Style:
    """The look of a web address that the terminal can open: `url`, one that `links_in` found."""
    return Style(link=url, underline=True)
