"""Another process changed the entry that is being configured: both versions, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Button, Static

from tui_oauth.conflicts import (
    Difference,
    Resolution,
    Side,
    Version,
    ends_authorization,
    suggested,
)
from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppDialog
from tui_oauth.tui.keys import bindings

_MAX_SHOWN = 300


class SideField(Widget, can_focus=True):
    """One field, mine above theirs. The arrows at the sides, m, t, space or a click choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "choose('mine')", "Mine", show=False),
        Binding("t", "choose('theirs')", "Theirs", show=False),
        Binding("space,left,right", "other", "The other", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    side: reactive[Side] = reactive(Side.MINE)

    class Changed(Message):
        """The other side was chosen."""

    def __init__(self, difference: Difference, side: Side) -> None:
        super().__init__(id=f"side-{difference.name.replace('_', '-')}", classes="field side-field")
        self.difference = difference
        self.set_reactive(SideField.side, side)
        self.border_title = Content(neutralise(difference.label, 40))
        both = difference.i_changed and difference.they_changed
        changed = "both changed it" if both else "you changed it"
        self.border_subtitle = changed if difference.i_changed else "they changed it"

    def render(self) -> Content:
        one = self.difference
        return Content("\n").join(
            [self._line(Side.MINE, "Mine", one.mine), self._line(Side.THEIRS, "Theirs", one.theirs)]
        )

    def _line(self, side: Side, words: str, value: str) -> Content:
        chosen = self.side is side
        shown = neutralise(value, _MAX_SHOWN) or "empty"
        room = max(8, self.content_size.width - 10)
        return Content.assemble(
            (f"{'●' if chosen else '○'} {words:<7} ", "bold" if chosen else "$quiet"),
            Content(shown).truncate(room, ellipsis=True),
        )

    def watch_side(self, before: Side, after: Side) -> None:
        if before != after and self.is_mounted:
            self.post_message(self.Changed())

    def action_choose(self, side: str) -> None:
        self.side = Side(side)

    def action_other(self) -> None:
        self.side = Side.THEIRS if self.side is Side.MINE else Side.MINE

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            self.side = Side.MINE if offset.y == 0 else Side.THEIRS


class ConflictScreen(AppDialog[Resolution]):
    """Dismissed with a `Resolution`, or with None to go back to the form as it is."""

    KEY_GROUP: ClassVar[str] = "conflict"
    BINDINGS = bindings("conflict")

    def __init__(self, found: Sequence[Difference], current: Version) -> None:
        super().__init__()
        self._found = tuple(found)
        self._current = current

    def compose(self) -> ComposeResult:
        name = neutralise(self._current.entry.name, 30)
        begin = suggested(self._found)
        with Vertical(id="conflict", classes="dialog") as dialog:
            dialog.border_title = Content(f"{name} was changed elsewhere")
            dialog.border_subtitle = "^s saves, esc goes back to the form"
            yield Static(
                "Another window or program changed this entry while you typed. "
                "Choose for each field: ← → or a click.",
                markup=False,
            )
            with VerticalScroll(id="conflict-fields", can_focus=False):
                for difference in self._found:
                    yield SideField(difference, begin[difference.name])
            yield Static(markup=False, id="conflict-note")
            with Horizontal(classes="buttons"):
                yield Button("Save these", id="save")
                yield Button("Reload", id="reload")
                yield Button("Back", id="back")

    def on_mount(self) -> None:
        self._note()

    @property
    def sides(self) -> dict[str, Side]:
        """What is chosen now."""
        return {field.difference.name: field.side for field in self.query(SideField)}

    @on(SideField.Changed)
    def _note(self) -> None:
        note = self.query_one("#conflict-note", Static)
        ends = ends_authorization(self._found, self.sides, self._current)
        note.display = ends
        note.update(Content("▲ With this the entry has to be authorized anew." if ends else ""))

    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        """Save what is chosen."""
        self.dismiss(Resolution(self.sides))

    @on(Button.Pressed, "#reload")
    def action_reload(self) -> None:
        """Forget what was typed, and show the form with what is stored now."""
        self.dismiss(Resolution({}, reload=True))

    @on(Button.Pressed, "#back")
    def action_back(self) -> None:
        """Back to the form; nothing is saved."""
        self.dismiss(None)
