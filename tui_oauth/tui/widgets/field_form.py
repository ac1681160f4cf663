"""A form made from data: one row for each field that a service asks for.

Adding a service never touches a screen: its fields say what they are, and this builds the inputs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, TextArea

from tui_oauth.secret import Secret
from tui_oauth.text import neutralise
from tui_oauth.tui.widgets.choice_field import ChoiceField
from tui_oauth.tui.widgets.clean_input import CleanInput, cleaned
from tui_oauth.tui.widgets.secret_input import SecretInput

if TYPE_CHECKING:
    from tui_oauth.services.fields import Field

LIST_FIELD = "scopes"


class ListArea(TextArea):
    """Several words, separated by blanks, commas or line breaks, as many rows as they need.

    With the focus it has an empty row at its end: what is typed there is a word of its own, and
    does not go on with the last one.
    """

    def __init__(self, words: Sequence[str], id: str | None = None) -> None:  # noqa: A002
        shown = "\n".join(filter(None, map(cleaned, words)))
        super().__init__(shown, id=id, compact=True, tab_behavior="focus")
        self.cursor_blink = False
        self.highlight_cursor_line = False

    def on_mount(self) -> None:
        self.move_cursor(self.document.end)

    def on_focus(self) -> None:
        end = self.document.end
        if self.cursor_location == end and end[1] > 0:
            self.insert("\n", end)

    def on_blur(self) -> None:
        kept = self.text.rstrip()
        if kept != self.text:
            self.replace("", (kept.count("\n"), len(kept.rpartition("\n")[2])), self.document.end)

    async def _on_paste(self, event: events.Paste) -> None:
        """Pasted words come on lines of their own, without control characters."""
        event.prevent_default()
        event.stop()
        words = [word for word in map(cleaned, event.text.replace(",", " ").split()) if word]
        row, column = self.cursor_location
        before, after = self.document.get_line(row)[:column], self.document.get_line(row)[column:]
        if words:
            self.insert("\n" * bool(before) + "\n".join(words) + "\n" * bool(after))

    def fill(self, words: Sequence[str]) -> None:
        """Put `words` in place of what stands there; undo brings that back."""
        shown = "\n".join(filter(None, map(cleaned, words)))
        self.replace(shown, (0, 0), self.document.end)
        self.move_cursor(self.document.end)

    @property
    def words(self) -> tuple[str, ...]:
        """The words, each once, in the order typed."""
        return tuple(dict.fromkeys(self.text.replace(",", " ").split()))


class FieldForm(Vertical):
    """The rows of `fields`.

    `values` fills in what is known (never secrets); `stored` names the secrets that are kept
    already. The label sits in the border of its row.
    """

    class Help(Message):
        """Another field has the focus; `text` explains it."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Edited(Message):
        """Something was typed, pasted or chosen."""

    def __init__(
        self,
        fields: Sequence[Field],
        values: Mapping[str, str] | None = None,
        *,
        words: Sequence[str] = (),
        stored: Collection[str] = (),
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.fields = tuple(fields)
        self._given = dict(values or {})
        self._words = tuple(words)
        self._stored = frozenset(stored)
        self._inputs: dict[str, Widget] = {}
        self._before: dict[str, str | tuple[str, ...]] = {}

    def compose(self) -> ComposeResult:
        for field in self.fields:
            widget = self._input(field)
            self._inputs[field.name] = widget
            widget.add_class("field")
            widget.border_title = Content(neutralise(field.label, 80))
            if not field.required and not field.choices:
                widget.border_subtitle = Content("optional")
            yield widget

    def on_mount(self) -> None:
        self._before = self._state()

    def _input(self, field: Field) -> Widget:
        name = f"field-{field.name.replace('_', '-')}"
        given = self._given.get(field.name, field.default or "")
        if field.secret:
            return SecretInput(stored=field.name in self._stored, id=name)
        if field.choices:
            return ChoiceField(field.choices, given, id=name)
        if field.name == LIST_FIELD:
            return ListArea(self._words, id=name)
        return CleanInput(given, id=name)

    def _state(self) -> dict[str, str | tuple[str, ...]]:
        return {name: _value(widget) for name, widget in self._inputs.items()}

    @property
    def changed(self) -> bool:
        """Whether the person typed, pasted or chose anything."""
        return self._state() != self._before

    def text(self, name: str) -> str:
        """The value of a field that is not a secret, without blanks around it."""
        value = _value(self._inputs[name])
        return value.strip() if isinstance(value, str) else " ".join(value)

    def texts(self) -> dict[str, str]:
        """The values of all fields that are neither secret nor the list; an empty one is its default."""
        return {
            field.name: self.text(field.name) or field.default
            for field in self.fields
            if not field.secret and field.name != LIST_FIELD
        }

    def words(self) -> tuple[str, ...] | None:
        """The list's words, None when it was not touched or does not exist."""
        widget = self._inputs.get(LIST_FIELD)
        if not isinstance(widget, ListArea) or widget.words == self._before.get(LIST_FIELD):
            return None
        return widget.words

    @property
    def default_words(self) -> tuple[str, ...] | None:
        """What the list would hold by itself, where it holds something else now; None otherwise."""
        for field in self.fields:
            widget = self._inputs.get(LIST_FIELD)
            if field.name == LIST_FIELD and isinstance(widget, ListArea):
                own = tuple(field.default.split())
                return own if own and widget.words != own else None
        return None

    def restore_words(self) -> None:
        """Put the default words into the list."""
        widget, own = self._inputs.get(LIST_FIELD), self.default_words
        if isinstance(widget, ListArea) and own is not None:
            widget.fill(own)
            widget.focus()

    def secret(self, name: str) -> Secret | None:
        """A secret that was typed, None when its field is empty or does not exist."""
        widget = self._inputs.get(name)
        return widget.secret if isinstance(widget, SecretInput) else None

    def secret_inputs(self) -> list[SecretInput]:
        """The secret fields, in order."""
        return [widget for widget in self._inputs.values() if isinstance(widget, SecretInput)]

    def forget_secrets(self) -> None:
        """Empty the secret fields."""
        for widget in self.secret_inputs():
            widget.forget()

    def focus_first_empty(self) -> None:
        """Put the focus where typing is needed: the first required field without a value."""
        for field in self.fields:
            stored = field.secret and field.name in self._stored
            if field.required and not stored and not _value(self._inputs[field.name]):
                self._inputs[field.name].focus()
                return
        if self.fields:
            self._inputs[self.fields[0].name].focus()

    def missing(self) -> Field | None:
        """The first required field without a value, marked and with the focus; None if none."""
        found: Field | None = None
        for field in self.fields:
            widget = self._inputs[field.name]
            stored = field.secret and field.name in self._stored
            bad = field.required and not stored and not _value(widget)
            widget.set_class(bad, "-missing")
            if bad and found is None:
                found = field
                widget.focus()
        return found

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for field in self.fields:
            if self._inputs.get(field.name) is event.widget:
                self.post_message(self.Help(field.help))

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        """Enter goes to the next field, as a person who fills in a form expects."""
        event.stop()
        self.screen.focus_next()

    @on(Input.Changed)
    def _mend(self, event: Input.Changed) -> None:
        event.stop()
        if event.value:
            event.input.remove_class("-missing")
        self.post_message(self.Edited())

    @on(ChoiceField.Changed)
    @on(TextArea.Changed)
    def _edited(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Edited())


def _value(widget: Widget) -> str | tuple[str, ...]:
    if isinstance(widget, ListArea):
        return widget.words
    if isinstance(widget, (Input, ChoiceField)):
        return widget.value
    raise TypeError(f"a form has no field of type {type(widget).__name__}")
