"""Choosing one of many services: a field over a list that narrows while one types.

A stock Select only jumps to a match; it neither shows what was typed nor narrows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len, set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui_oauth.text import neutralise
from tui_oauth.tui.widgets.clean_input import CleanInput, cleaned
from tui_oauth.tui.words import category_icon, redirect_words

if TYPE_CHECKING:
    from tui_oauth.services.listing import Listing

Search = Callable[[str], "Sequence[Listing]"]
_RULE_WIDTH = 17
_CATEGORY_WIDTH = 18


class QueryInput(CleanInput):
    """The typing half. The arrows move in the list without leaving the field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "step(1)", show=False),
        Binding("up", "step(-1)", show=False),
        Binding("pagedown", "step(8)", show=False),
        Binding("pageup", "step(-8)", show=False),
    ]

    @dataclass
    class Stepped(Message):
        """An arrow key: move by so many lines."""

        by: int

    @dataclass
    class UrlPasted(Message):
        """An address instead of letters of a name."""

        url: str

    def action_step(self, by: int) -> None:
        self.post_message(self.Stepped(by))

    def take(self, text: str) -> None:
        """A pasted URL is not looked for among the names."""
        if is_url(text):
            self.post_message(self.UrlPasted(cleaned(text)))
        else:
            super().take(text)


class ServicePicker(Vertical):
    """Give it services with `offer`; it sends Highlighted while one looks and Chosen at enter."""

    @dataclass
    class Highlighted(Message):
        """Another service, or none, is under the cursor."""

        service: Listing | None

    @dataclass
    class UrlGiven(Message):
        """A URL was pasted, or typed with enter: no service is called so."""

        url: str

    @dataclass
    class Chosen(Message):
        """Enter or a click on a service."""

        service: Listing

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="field service-picker")
        self.border_title = "Service"
        self._search: Search | None = None
        self._found: list[Listing] = []
        self._told: str | None = None
        self._pick: str | None = None

    def compose(self) -> ComposeResult:
        yield QueryInput(placeholder="Type some letters of its name", id="query")
        options = OptionList(id="services", markup=False, compact=True)
        options.can_focus = False
        yield options

    @property
    def service(self) -> Listing | None:
        """The service under the cursor."""
        place = self.query_one(OptionList).highlighted
        return self._found[place] if place is not None and place < len(self._found) else None

    def offer(self, search: Search) -> None:
        """Offer what `search` finds: all services, in order, for an empty query."""
        self._search = search
        self._narrow(self.query_one(QueryInput).value)

    def focus_field(self) -> None:
        self.query_one(QueryInput).focus()

    @on(Input.Changed, "#query")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._narrow(event.value)

    @on(QueryInput.UrlPasted)
    def _pasted(self, event: QueryInput.UrlPasted) -> None:
        event.stop()
        self.post_message(self.UrlGiven(event.url))

    @on(Input.Submitted, "#query")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        if is_url(event.value):
            self.post_message(self.UrlGiven(event.value.strip()))
            return
        service = self.service
        if service is not None:
            self.post_message(self.Chosen(service))

    @on(QueryInput.Stepped)
    def _step(self, event: QueryInput.Stepped) -> None:
        event.stop()
        options = self.query_one(OptionList)
        if not self._found:
            return
        before = options.highlighted
        if before is None:
            options.highlighted = 0 if event.by > 0 else len(self._found) - 1
        else:
            options.highlighted = max(0, min(before + event.by, len(self._found) - 1))

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._tell()

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._tell()
        if self.service is not None:
            self.post_message(self.Chosen(self.service))

    def on_resize(self) -> None:
        self._draw()

    def _narrow(self, query: str) -> None:
        if self._search is None:
            return
        self._found = list(self._search(query.strip()))
        self._draw()
        options = self.query_one(OptionList)
        # Nothing is picked before the person has typed or moved: no entry by accident.
        options.highlighted = 0 if query.strip() and self._found else None
        if is_url(query):
            self.border_subtitle = "enter looks this URL up"
        elif not self._found:
            self.border_subtitle = "no service found · ^l from a URL"
        else:
            count = len(self._found)
            self.border_subtitle = f"{count} service{'s' if count != 1 else ''} · ^l from a URL"
        self._tell()

    def _draw(self) -> None:
        options = self.query_one(OptionList)
        before = options.highlighted
        width = max(20, options.size.width - 3)
        query = self.query_one(QueryInput).value.strip()
        options.set_options(
            [Option(service_line(service, width, query), id=service.id) for service in self._found]
        )
        if before is not None and before < len(self._found):
            options.highlighted = before

    def _tell(self) -> None:
        service = self.service
        name = None if service is None else service.id
        if name != self._told:
            self._told = name
            self.post_message(self.Highlighted(service))


def is_url(text: str) -> bool:
    """Whether a person who gives `text` means an address rather than a name."""
    return text.strip().lower().startswith(("https://", "http://"))


def service_line(service: Listing, width: int, query: str = "") -> Content:
    """A service in `width` cells: its name, what it is for, what redirect URLs it accepts."""
    rule = redirect_words(service.redirect_uri_rules)
    category = "own service" if service.own else neutralise(service.category, 40)
    with_rule = width >= 46
    with_category = width >= 66
    room = width - (_RULE_WIDTH + 1 if with_rule else 0)
    room -= _CATEGORY_WIDTH + 1 if with_category else 0
    name = neutralise(service.name, 80)
    icon = f"{category_icon(service.category)} "
    shown = Content(_fit(name, room - len(icon)))
    at = name.casefold().find(query.casefold()) if query else -1
    if at >= 0:
        shown = shown.stylize("bold underline", at, at + len(query))
    parts: list[Content | tuple[str, str]] = [(icon, "$quiet"), shown]
    if with_category:
        parts.append((" " + _fit(category, _CATEGORY_WIDTH), "$quiet"))
    if with_rule:
        parts.append((" " + _fit(rule, _RULE_WIDTH), "$quiet"))
    return Content.assemble(*parts)


def _fit(text: str, width: int) -> str:
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1).rstrip() + "…"
    return set_cell_size(text, width)
