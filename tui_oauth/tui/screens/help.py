"""All keys, from the registry, and a few words on how things work here."""

from __future__ import annotations

import textwrap

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_oauth.tui.base import AppScreen
from tui_oauth.tui.keys import GROUPS, Group, bindings
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.title_bar import TitleBar

_WORDS = (
    (
        "The way to a token",
        "Create an entry (n) for a service. Register the Callback URL at the provider (c copies it, "
        "g shows the steps there). Configure the entry with the client ID and secret the provider "
        "gives you (enter). Authorize it (a): open the link, say yes, and you are done. From then "
        "on programs get a valid access token with: tui-oauth token NAME",
    ),
    (
        "No browser on this machine",
        "The Authorization link can be opened anywhere. Afterwards paste the address that the "
        "browser ended on, even if it shows an error page; or use the ssh line that the window "
        "offers, so that the browser reaches this machine.",
    ),
    (
        "When a provider says no",
        "F3 shows everything that was sent to providers and what came back, step by step; what may "
        "be secret is shown as dots. It is kept in memory only, and can be copied for their support.",
    ),
    (
        "Programs and their tokens",
        "w shows who took which token when, by what the kernel says of the program. p says which programs "
        "an entry is for, and has a running agent keep its token in a file in memory. Both keep mistakes "
        "apart, not attacks: a program that runs as you can start an allowed one.",
    ),
    (
        "Extract",
        "e on an authorized entry of Intercom or HubSpot: pick what to read (space) and a place for it, "
        "^s extracts. The next run fetches what has changed since. Stop it, or leave tui-oauth, and what "
        "was fetched is loaded still; the next run goes on from there. It needs: "
        "pip install 'tui-oauth[extract]'",
    ),
    (
        "Signs",
        "● authorized   ◐ something is still to do   ▲ ends soon   ▸ a sign-in waits   ✕ needs you",
    ),
    (
        "Copying",
        "Over SSH the text is sent to your terminal's clipboard; no terminal confirms that it "
        "arrived, so it says sent, not copied. In tmux it goes through tmux; with set-clipboard off "
        "it stays in tmux's buffer. Where nothing arrives: ^l leaves the full screen and shows the "
        "link in one piece, ^s writes it to a file that only you can read, ^r shows it as a QR code.",
    ),
    (
        "A tunnel for the way back",
        "The browser is on another machine: run the ssh line there, or lead the port through the ssh "
        "session that is open already. For that press enter, then ~ and C, and type the -L part at "
        "its prompt. From OpenSSH 9.2 on the laptop's ~/.ssh/config has to say "
        "EnableEscapeCommandline yes. The page at the callback server's / then tells, in the browser "
        "and in the window, that the browser reaches this terminal.",
    ),
)
_ORDER = (
    "manage",
    "search",
    "create",
    "configure",
    "conflict",
    "authorize",
    "success",
    "extract",
    "extracting",
    "rows",
    "guide",
    "vault",
    "vault-form",
    "unopened",
    "result",
    "findings",
    "salvaged",
    "import",
    "audit",
    "marks",
    "traffic",
    "problem",
    "first-run",
    "unlock",
)


class HelpScreen(AppScreen[None]):
    """The keys of the screen one came from stand first."""

    KEY_GROUP = "help"
    BINDINGS = [  # noqa: RUF012 - Textual's declaration
        *bindings("help"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, group: str) -> None:
        super().__init__()
        self._group = group

    def compose(self) -> ComposeResult:
        yield TitleBar("Help")
        with VerticalScroll(id="help"):
            yield Static(markup=False)
        yield KeyBar("help")

    def on_mount(self) -> None:
        self.query_one("#help").focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        text = self.query_one("#help Static", Static)
        text.update(help_text(self._group, text.size.width))

    def action_scroll(self, by: int) -> None:
        self.query_one("#help").scroll_relative(y=by, animate=False)

    def action_close(self) -> None:
        self.dismiss(None)


_KEYS = 14


def help_text(first: str, width: int = 80) -> Content:
    """Everything in `width` cells, with the group `first` in front."""
    order = [first, *(name for name in _ORDER if name != first)]
    parts = [_group(GROUPS[order[0]], width), _group(GROUPS["anywhere"], width)]
    for title, words in _WORDS:
        parts.append(Content.assemble((title, "bold $primary"), "\n", f"{words}\n"))
    parts.extend(_group(GROUPS[name], width) for name in order[1:])
    return Content("\n").join(parts)


def _group(group: Group, width: int) -> Content:
    lines: list[Content] = [Content.styled(group.title, "bold $primary")]
    for key in group.keys:
        shown = " ".join(_shown(name) for name in key.keys.split(",")) if key.bound else key.shown
        words = textwrap.wrap(key.help, max(20, width - _KEYS))
        lines.append(
            Content.assemble((f"{shown:<{_KEYS}}", "bold"), ("\n" + " " * _KEYS).join(words))
        )
    return Content("\n").join([*lines, Content("")])


_NAMES = {"question_mark": "?", "slash": "/", "plus": "+", "escape": "esc", "delete": "del"}


def _shown(key: str) -> str:
    if key in _NAMES:
        return _NAMES[key]
    return key.upper() if key[0] == "f" and key[1:].isdigit() else key.replace("ctrl+", "^")
