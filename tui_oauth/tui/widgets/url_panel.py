"""An address in full, with its true host, to read, click and copy."""

from __future__ import annotations

from urllib.parse import urlsplit

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.style import Style
from textual.widgets import Static

from tui_oauth.oauth.urls import MAX_URL_LENGTH
from tui_oauth.text import neutralise


def true_host(url: str) -> str:
    """The host that `url` really leads to, with its port where one is named (rule 52)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{host}:{parts.port}" if parts.port else host


class UrlPanel(Vertical, can_focus=True):
    """The whole of `url`, wrapped rather than cut, below a short hyperlink (OSC 8) to it.

    The hyperlink is short because a terminal makes each row of a wrapped one a link of its own.
    """

    def __init__(self, title: str, url: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.border_title = Content(title)
        self._url = url
        # Held, not looked up: a resize may come while the program ends and has taken them away.
        self.link_line = Static(markup=False, classes="url-link")
        self.text = Static(markup=False, classes="url-text")

    @property
    def url(self) -> str:
        return self._url

    def compose(self) -> ComposeResult:
        yield self.link_line
        yield self.text

    def on_mount(self) -> None:
        self.show(self._url)

    def show(self, url: str, link_words: str = "", whose: str = "") -> None:
        """Show `url`; `link_words` is the hyperlink's text, empty for none, `whose` follows it."""
        self._url = url
        self.text.update(Content(neutralise(url, MAX_URL_LENGTH + 2)))
        self.link_line.display = bool(link_words)
        words = Content.styled(link_words, "bold $primary").stylize(Style(link=url, underline=True))
        self.link_line.update(Content.assemble(words, "  ", Content(neutralise(whose))))
