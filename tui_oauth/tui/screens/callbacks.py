"""Every Callback URL that can be served for an entry, and which one is sent."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from tui_oauth import entries
from tui_oauth.errors import TuiOauthError
from tui_oauth.model import Entry
from tui_oauth.services.callback_matrix import CallbackChoice
from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppDialog, in_thread, sentence
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.quiet_line import QuietLine

_SIGNS: dict[bool | None, tuple[str, str]] = {
    True: ("● accepted", "$success"),
    False: ("✕ refused", "$error"),
    None: ("◐ not known", "$warning"),
}


class CallbacksScreen(AppDialog[Entry]):
    """Dismissed with the entry when another Callback URL was locked for it, else with None."""

    KEY_GROUP: ClassVar[str] = "callbacks"
    BINDINGS = bindings("callbacks")

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self._entry = entry
        self._choices: tuple[CallbackChoice, ...] = ()

    def compose(self) -> ComposeResult:
        with Vertical(id="callbacks", classes="dialog scrolling") as dialog:
            dialog.border_title = "Callback URLs"
            dialog.border_subtitle = "enter sends this one · c copies · esc"
            yield Static(
                f"What can be served for {neutralise(self._entry.name, 60)}, and what "
                f"{neutralise(self._entry.service_name, 40)} is known to accept:",
                markup=False,
            )
            yield OptionList(markup=False)
            yield QuietLine()
            with Horizontal(classes="buttons"):
                yield Button("By the service's rule", id="rule")
                yield Button("Close", id="close")

    def on_mount(self) -> None:
        workspace, entry = self.home.workspace, self._entry
        try:
            sent = entries.callback_url(workspace, entry)
            self._choices = entries.callback_choices(workspace, entry)
        except TuiOauthError as error:
            self.complain(sentence(error))
            return
        options = self.query_one(OptionList)
        options.add_options(
            [
                Option(_prompt(choice, choice.url == sent, bool(entry.callback_url)), id=str(place))
                for place, choice in enumerate(self._choices)
            ]
        )
        urls = [choice.url for choice in self._choices]
        options.highlighted = urls.index(sent) if sent in urls else 0
        options.focus()

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        self._lock(self._choices[event.option_index].url)

    @on(Button.Pressed, "#rule")
    def action_by_rule(self) -> None:
        """Send what the service's rule says."""
        self._lock(None)

    def _lock(self, url: str | None) -> None:
        workspace, entry = self.home.workspace, self._entry
        self.job("", lambda: in_thread(entries.lock_callback, workspace, entry, url), self.dismiss)

    def action_copy_callback(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.home.copy(self._choices[place].url, "Callback URL")

    @on(Button.Pressed, "#close")
    def action_back(self) -> None:
        """Change nothing."""
        self.dismiss(None)


def _prompt(choice: CallbackChoice, sent: bool, locked: bool) -> Content:
    sign, style = _SIGNS[choice.accepted]
    mark = ("  · locked, sent" if locked else "  · sent") if sent else ""
    return Content.assemble(
        (neutralise(choice.url, 500), "bold"),
        (mark, "$quiet"),
        "\n  ",
        (sign, style),
        (f": {neutralise(choice.why)}", "$quiet"),
    )
