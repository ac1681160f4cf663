"""Another name for an entry."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui_oauth.entries import rename_entry
from tui_oauth.errors import TuiOauthError
from tui_oauth.model import Entry
from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppDialog, in_thread, sentence
from tui_oauth.tui.widgets.clean_input import CleanInput
from tui_oauth.tui.widgets.field_error import FieldError


class RenameScreen(AppDialog[Entry]):
    """Dismissed with the renamed entry, or with None."""

    BINDINGS = [  # noqa: RUF012 - Textual's declaration
        Binding("escape", "back", "Cancel", show=False),
        Binding("ctrl+s", "save", "Rename", show=False, priority=True),
    ]

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self._entry = entry

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(f"Rename {neutralise(self._entry.name, 40)}")
            dialog.border_subtitle = "enter renames, esc cancels"
            name = CleanInput(neutralise(self._entry.name), id="new-name", classes="field")
            name.border_title = "Name"
            yield name
            yield FieldError(id="name-error")
            yield Static(
                "Programs that ask for it by the old name have to be told.",
                markup=False,
                classes="quiet",
            )
            with Horizontal(classes="buttons"):
                yield Button("Rename", id="save", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        name = self.query_one(CleanInput)
        name.focus()
        name.action_select_all()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_save()

    @on(Input.Changed)
    def _edited(self) -> None:
        self.query_one(FieldError).show("")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "save":
            self.action_save()
        else:
            self.action_back()

    def action_save(self) -> None:
        wanted = self.query_one(CleanInput).value
        workspace, entry = self.home.workspace, self._entry

        async def rename() -> Entry:
            return await in_thread(rename_entry, workspace, entry, wanted)

        self.job("", rename, self.dismiss, self._failed)

    def _failed(self, error: TuiOauthError) -> None:
        self.query_one(FieldError).show(sentence(error))

    def action_back(self) -> None:
        self.dismiss(None)
