"""What the Authorization link window does with link and code: copy, open, show, write, put first."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.widgets import Button

from tui_oauth import browser
from tui_oauth.entries import shell_word
from tui_oauth.oauth.device import grouped
from tui_oauth.tui.bare_link import show_bare_link
from tui_oauth.tui.base import AppScreen, in_thread
from tui_oauth.tui.widgets.device_panel import DevicePanel
from tui_oauth.tui.widgets.qr_view import QrView
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.ways import WORDS, Way, put_first

if TYPE_CHECKING:
    from tui_oauth.model import Entry
    from tui_oauth.signin import SignIn

_NOT_THERE = "Not there? ^l shows it in one piece, ^s writes it to a file."


class LinkActions(AppScreen[None]):
    """The screen fills in `_look`, which brings everything up to date with the sign-in."""

    def __init__(self) -> None:
        super().__init__()
        self._signin: SignIn | None = None
        self._with_ssh = False
        self._first_way = ""

    def _look(self) -> None:
        raise NotImplementedError

    @property
    def _shows_code(self) -> bool:
        return self.has_class("-code")

    @property
    def _address(self) -> str:
        """What is to be opened: the link, or the page of the code."""
        if self._shows_code:
            return self.query_one(DevicePanel).address
        return self._signin.authorization_url if self._signin is not None else ""

    # ---- the link

    @on(Button.Pressed, "#copy-link")
    @on(Button.Pressed, "#copy-code")
    def action_copy_link(self) -> None:
        """Copy the Authorization link, or the code, as the provider gave it, where that is shown."""
        if self._shows_code:
            self.home.copy(self.query_one(DevicePanel).user_code, "Code")
        elif self._signin is not None:
            link = self._signin.authorization_url
            self.home.copy(link, "Authorization link", hint=_NOT_THERE)

    @on(Button.Pressed, "#open")
    @on(Button.Pressed, "#open-page")
    def action_open_link(self) -> None:
        """Open the link here, where there is a browser to open it in."""
        if self._signin is None:
            return
        url, environ = self._address, self.home.workspace.environ
        fragment = self._signin.service.quirks.authorize.fragment
        self.job(
            "Opening the browser",
            lambda: in_thread(partial(browser.open_link, url, environ, fragment=fragment)),
            lambda _: self.say("Opened in the browser."),
        )

    @on(Button.Pressed, "#qr")
    @on(Button.Pressed, "#qr-page")
    def action_qr(self) -> None:
        """Show the link or the page of the code as a QR code, or hide it."""
        if self._hide_qr():
            return
        self.add_class("-qr")
        self.show_qr()
        if self._shows_code:
            code = grouped(self.query_one(DevicePanel).user_code)
            self.say(f"For a phone. Confirm the code {code} there. Esc hides the picture.")
        else:
            self.say(
                "For a phone: afterwards paste here the address that its browser ended on. Esc hides it."
            )

    def show_qr(self) -> None:
        """The picture of what is to be opened now, with what to do where there is no room for it."""
        signin = self._signin
        instead = "Copy it instead."
        if signin is not None and not self._shows_code and signin.short_link:
            instead = f"Or type, where this port is reached: {signin.short_link}"
            if signin.offers_device:
                instead = (
                    "Or press ^g: the page of a code has a short address, and a small picture."
                )
        self.query_one(QrView).show(self._address, instead)

    def _hide_qr(self) -> bool:
        shown = self.has_class("-qr")
        if shown:
            self.remove_class("-qr")
            self.query_one(QuietLine).forget()
        return shown

    @on(Button.Pressed, "#ssh")
    def action_copy_ssh(self) -> None:
        """Show and copy the command that leads a laptop's browser to this callback server."""
        if self._signin is not None and self._signin.tunnel and not self._signin.ended:
            self._with_ssh = True
            self._look()
            self.home.copy(self._signin.ssh_forward, "ssh line")

    @on(Button.Pressed, "#bare")
    @on(Button.Pressed, "#bare-page")
    def action_bare(self) -> None:
        """Leave the full screen and print the link in one piece."""
        url = self._address
        if url:
            self.job("", lambda: self._bare(url))

    async def _bare(self, url: str) -> None:
        if not await show_bare_link(self.app, url):
            self.complain("This terminal cannot leave the full screen. Copy the link instead.")

    @on(Button.Pressed, "#file")
    def action_file(self) -> None:
        """Write the link to a file for this person alone, which goes when the sign-in ends."""
        signin = self._signin
        if signin is None:
            return
        where = "Until this sign-in ends, the link is in {}"
        self.job(
            "",
            lambda: in_thread(signin.write_file),
            lambda path: self.say(where.format(shell_word(str(path)))),
        )

    # ---- the way shown first

    @on(Button.Pressed, "#first")
    def action_first(self) -> None:
        """The next way is shown first for this entry from now on, then what the surroundings say."""
        signin = self._signin
        if signin is None or signin.ended:
            return
        ways = ["", Way.CALLBACK, Way.PASTE, *([Way.DEVICE] if signin.offers_device else [])]
        way = ways[
            ((ways.index(self._first_way) if self._first_way in ways else 0) + 1) % len(ways)
        ]
        workspace, entry = self.home.workspace, signin.entry
        self.job("", lambda: in_thread(put_first, workspace, entry, way), self._put_first)

    def _put_first(self, entry: Entry) -> None:
        self._first_way = entry.first_way
        self._look()
        words = "The surroundings decide again what is shown first for this entry."
        if entry.first_way in set(Way):
            words = f"For this entry {WORDS[Way(entry.first_way)]} is shown first from now on."
        self.say(words)
