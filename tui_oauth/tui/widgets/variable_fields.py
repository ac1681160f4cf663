"""What a service cannot do without, asked while its entry is created: its subdomain, for instance.

Its inputs are made once and serve one service after the other: walking through the list, a key
press would otherwise wait for widgets to be made, styled and taken away again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from tui_oauth.text import neutralise
from tui_oauth.tui.widgets.choice_field import ChoiceField
from tui_oauth.tui.widgets.clean_input import CleanInput
from tui_oauth.tui.widgets.field_error import FieldError

if TYPE_CHECKING:
    from tui_oauth.services.format import Service, Variable

WidgetT = TypeVar("WidgetT", bound=Widget)


class VariableFields(Vertical):
    """An input for each variable that is asked for, and the line that says what is wrong with one."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._asked: tuple[Variable, ...] = ()
        self._used: list[Widget] = []
        self._texts: list[CleanInput] = []
        self._choices: list[ChoiceField] = []

    def compose(self) -> ComposeResult:
        self._texts.append(_hidden(CleanInput()))
        yield self._texts[0]
        yield FieldError()

    def ask(self, variables: tuple[Variable, ...]) -> None:
        """Ask for `variables`; what was typed for other ones is forgotten."""
        self.query_one(FieldError).show("")
        if variables == self._asked:
            return
        self._asked = variables
        for widget in self._used:
            widget.display = False
        texts, choices = iter(self._texts), iter(self._choices)
        self._used = []
        for variable in variables:
            field: Widget
            if variable.choices:
                field = self._choice(variable, next(choices, None))
            else:
                field = self._text(variable, next(texts, None))
            field.border_title = Content(_label(variable))
            field.display = True
            self._used.append(field)
        if [child for child in self.children if child in self._used] != self._used:
            place = {widget: at for at, widget in enumerate(self._used)}
            self.sort_children(key=lambda child: place.get(child, len(place)))

    def _text(self, variable: Variable, free: CleanInput | None) -> CleanInput:
        if free is None:
            free = _hidden(CleanInput())
            self._texts.append(free)
            self.mount(free, before=self.query_one(FieldError))
        example = neutralise(variable.example, 80)
        free.placeholder = f"for instance {example}" if example else ""
        free.value = ""
        return free

    def _choice(self, variable: Variable, free: ChoiceField | None) -> ChoiceField:
        if free is None:
            free = _hidden(ChoiceField(variable.choices))
            self._choices.append(free)
            self.mount(free, before=self.query_one(FieldError))
        free.offer(variable.choices)
        return free

    @property
    def first(self) -> Widget | None:
        """The first input, None where nothing is asked."""
        return next(iter(self._used), None)

    def values(self) -> dict[str, str]:
        """What was typed or chosen, without blanks around it."""
        return {
            variable.name: widget.value.strip()
            for variable, widget in zip(self._asked, self._used, strict=True)
            if isinstance(widget, (CleanInput, ChoiceField))
        }

    def complete(self) -> bool:
        """Whether nothing is missing; the first that is gets the focus, with the reason below it."""
        values = self.values()
        for variable, widget in zip(self._asked, self._used, strict=True):
            if not values[variable.name]:
                example = neutralise(variable.example, 60)
                also = f", for instance {example}" if example else ""
                self.complain(f"{_label(variable)} is needed{also}.", widget)
                return False
        return True

    def complain(self, text: str, about: Widget | None = None) -> None:
        """Say what is wrong with the inputs, by itself with the first one; empty: nothing is."""
        self.query_one(FieldError).show(text)
        widget = about or self.first
        if text and widget is not None:
            widget.focus()


def asked_of(service: Service, preset: Mapping[str, str]) -> tuple[Variable, ...]:
    """What `service` cannot do without and the settings do not say; Configure OAuth asks the rest."""
    from tui_oauth.services.resolve import asked_variables

    return tuple(
        variable
        for variable in asked_variables(service)
        if variable.default is None and not variable.optional and variable.name not in preset
    )


def _label(variable: Variable) -> str:
    return neutralise(variable.label or variable.name, 60)


def _hidden(widget: WidgetT) -> WidgetT:
    widget.add_class("field")
    widget.display = False
    return widget
