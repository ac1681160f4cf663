"""The Authorization link of a sign-in: the link itself, or that the provider is asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tui_oauth.text import neutralise
from tui_oauth.tui.widgets.url_panel import UrlPanel, true_host

if TYPE_CHECKING:
    from tui_oauth.signin import SignIn

_MAX_TROUBLE = 1_000
_LEAST_ROWS = 6  # of the link, in the smallest terminal; a quarter of a larger one


class LinkPanel(UrlPanel):
    """`show_link` brings it up to date. Links of some services end soon, and others follow them."""

    def __init__(self, title: str, url: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(title, url, id=id)
        self.trouble = Static(markup=False, classes="url-trouble")

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield self.trouble

    def show_link(self, signin: SignIn) -> bool:
        """Show the link of `signin` as it is now; True when it takes the place of another one."""
        before, link = self.url, signin.authorization_url
        self.show(link, f"Open {true_host(link)}" if link else "", signin.service.name)
        self._fit()
        if not link:
            words = f"◐ Asking {neutralise(signin.service.name)} for the link"
            self.text.update(Content(words))
        trouble = signin.link.trouble if signin.link is not None else ""
        self.trouble.display = bool(trouble)
        self.trouble.update(Content(f"▲ {neutralise(trouble, _MAX_TROUBLE)}"))
        return bool(before) and before != link

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """A link that would push all else out of sight is shown in part; both keys give it whole."""
        link, room = self.url, self.content_size.width * max(_LEAST_ROWS, self.app.size.height // 4)
        whole = not room or len(link) <= room
        self.border_subtitle = (
            "" if whole else Content(f"{len(link):,} characters: ^y copies, ^l prints them all")
        )
        if link:
            shown = link if whole else f"{link[: room - 1]}…"
            self.text.update(Content(neutralise(shown, len(shown) + 2)))
