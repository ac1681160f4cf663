"""What was saved of a damaged vault, what is lost and which copy has it, and what to do now."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tui_oauth.doctor import after_salvage, salvage_words
from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppScreen
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.words import with_tilde

if TYPE_CHECKING:
    from tui_oauth.vault.health.salvage import Salvage
    from tui_oauth.workspace import Workspace

_MAX_LINE = 20_000


class SalvagedScreen(AppScreen[None]):
    """To be read, scrolled and copied."""

    KEY_GROUP: ClassVar[str] = "salvaged"
    BINDINGS = bindings("salvaged")

    def __init__(self, saved: Salvage) -> None:
        super().__init__()
        self._saved = saved

    def compose(self) -> ComposeResult:
        saved = self._saved
        lost = f"✕ {len(saved.lost)} lost" if saved.lost else "nothing lost"
        yield TitleBar("Salvage", f"● {len(saved.saved)} saved · {lost}")
        with VerticalScroll(id="salvaged"):
            yield Static(self._text(), markup=False)
        yield QuietLine()
        yield KeyBar("salvaged")

    def on_mount(self) -> None:
        self.query_one("#salvaged").focus()

    def _text(self) -> Content:
        return salvage_text(self.home.workspace, self._saved)

    def action_copy_words(self) -> None:
        """Copy it all; names and paths are in it, and no secrets."""
        self.home.copy(self._text().plain, "What was salvaged")

    def action_back(self) -> None:
        """Back to where one came from."""
        self.dismiss(None)


def salvage_text(workspace: Workspace, saved: Salvage) -> Content:
    """The result in paragraphs; the entries by name, and each command on a line of its own."""

    def shown(words: str) -> str:
        return neutralise(with_tilde(workspace, words), _MAX_LINE)

    first, *others = salvage_words(saved)
    parts = [Content.styled(f"● {shown(first)}", "bold")]
    if saved.saved:
        names = ", ".join(one.name for one in saved.saved)
        parts.append(Content.styled(f"\n  {shown(names)}", "$quiet"))
    parts += [
        Content.styled(f"\n\n✕ {shown(words)}", "$error")
        if words.startswith("Lost: ")
        else Content(f"\n\n{shown(words)}")
        for words in others
    ]
    for words, command in after_salvage(saved, workspace.places.vault):
        parts.append(Content.assemble(f"\n\n{shown(words)}\n", (shown(command), "bold")))
    return Content("").join(parts)
