"""A handful of choices on one line, walked through with the arrow keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui_oauth.services.format import Choice
from tui_oauth.text import neutralise


class ChoiceField(Widget, can_focus=True):
    """One of `choices`. Left and right (or a click on the arrows) change it; it never opens."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "step(-1)", "Previous", show=False),
        Binding("right,l,space", "step(1)", "Next", show=False),
    ]

    index: reactive[int] = reactive(0)

    class Changed(Message):
        """Another choice was taken."""

        def __init__(self, field: ChoiceField) -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> ChoiceField:
            """The field, for handlers that select by it."""
            return self.field

    def __init__(self, choices: Sequence[Choice], value: str = "", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.choices: tuple[Choice, ...] = ()
        self.offer(choices, value)

    def offer(self, choices: Sequence[Choice], value: str = "") -> None:
        """Other choices, with `value` taken or the first one; without any the field is a blank row."""
        values = [choice.value for choice in choices]
        index = values.index(value) if value in values else 0
        if (tuple(choices), index) == (self.choices, self.index):
            return
        self.choices = tuple(choices)
        self.can_focus = bool(values)
        self.set_reactive(ChoiceField.index, index)
        self.refresh()

    @property
    def value(self) -> str:
        """The value of the choice taken, empty where there are none."""
        return self.choices[self.index].value if self.choices else ""

    def render(self) -> Content:
        if not self.choices:
            return Content("")
        label = neutralise(self.choices[self.index].label or self.value)
        count = f"   {self.index + 1} of {len(self.choices)}"
        return Content.assemble(
            ("◂ ", "$quiet"), Content(label), (" ▸", "$quiet"), (count, "$quiet")
        )

    def watch_index(self, before: int, after: int) -> None:
        if before != after and self.is_mounted:
            self.post_message(self.Changed(self))

    def action_step(self, step: int) -> None:
        if self.choices:
            self.index = (self.index + step) % len(self.choices)

    def on_click(self, event: events.Click) -> None:
        """The left arrow goes back, anything else goes on."""
        offset = event.get_content_offset(self)
        self.action_step(-1 if offset is not None and offset.x < 2 else 1)
