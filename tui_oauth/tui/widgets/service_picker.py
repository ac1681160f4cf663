"""Choosing one of many services: a field over a list that narrows while one types.

A stock Select only jumps to a match; it neither shows what was typed nor narrows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input

from tui_oauth.tui.widgets.clean_input import CleanInput, cleaned
from tui_oauth.tui.widgets.service_line import FromUrl
from tui_oauth.tui.widgets.service_list import ServiceList

if TYPE_CHECKING:
    from tui_oauth.services.listing import Listing

Search = Callable[[str], "Sequence[Listing]"]


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


@dataclass(frozen=True, slots=True)
class Looked:
    """What is under the cursor of the list: a service, the line for a URL, or nothing."""

    service: Listing | None = None
    from_url: bool = False


class ServicePicker(Vertical):
    """Give it services with `offer`; `looked_at` is what is under the cursor, Chosen comes at enter.

    `looked_at` is there to be watched rather than a message: what a key changes in the list and
    beside it is changed in one go then, and painted once.

    One line of the list is none of them and leads to an entry from a URL: below the services that
    are in use already, and at the end once something is typed.
    """

    looked_at: reactive[Looked] = reactive(Looked(), repaint=False)

    @dataclass
    class UrlGiven(Message):
        """The line for a URL was chosen, or a URL was pasted or typed; empty: none typed yet."""

        url: str

    @dataclass
    class Chosen(Message):
        """Enter or a click on a service."""

        service: Listing

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="field service-picker")
        self.border_title = "Service"
        self._search: Search | None = None
        self._in_use = 0

    def compose(self) -> ComposeResult:
        yield QueryInput(placeholder="Type some letters of its name", id="query")
        yield ServiceList(id="services")

    def on_mount(self) -> None:
        self.watch(self.query_one(QueryInput), "value", self._narrow, init=False)

    @property
    def service(self) -> Listing | None:
        """The service under the cursor."""
        current = self.query_one(ServiceList).current
        return None if isinstance(current, FromUrl) else current

    @property
    def url(self) -> str | None:
        """The URL that was typed, or an empty text where the cursor is on the line for one."""
        typed = self.query_one(QueryInput).value
        if is_url(typed):
            return cleaned(typed)
        return "" if isinstance(self.query_one(ServiceList).current, FromUrl) else None

    def offer(self, search: Search, in_use: int = 0) -> None:
        """Offer what `search` finds: all services for an empty query, the `in_use` ones first."""
        self._search, self._in_use = search, in_use
        self._narrow(self.query_one(QueryInput).value)

    def focus_field(self) -> None:
        self.query_one(QueryInput).focus()

    @on(Input.Changed, "#query")
    def _typed(self, event: Input.Changed) -> None:
        event.stop()  # the value is watched

    @on(QueryInput.UrlPasted)
    def _pasted(self, event: QueryInput.UrlPasted) -> None:
        event.stop()
        self.post_message(self.UrlGiven(event.url))

    @on(Input.Submitted, "#query")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._choose()

    @on(QueryInput.Stepped)
    def _step(self, event: QueryInput.Stepped) -> None:
        event.stop()
        self.query_one(ServiceList).move(event.by)
        self._tell()

    @on(ServiceList.Clicked)
    def _clicked(self, event: ServiceList.Clicked) -> None:
        event.stop()
        self._tell()
        self._choose()

    def _choose(self) -> None:
        url, service = self.url, self.service
        if url is not None:
            self.post_message(self.UrlGiven(url))
        elif service is not None:
            self.post_message(self.Chosen(service))

    def _narrow(self, typed: str) -> None:
        if self._search is None:
            return
        query = typed.strip()
        lines: list[Listing | FromUrl]
        if is_url(query):
            found, lines = 0, [FromUrl(cleaned(query))]
            self.border_subtitle = "enter looks this URL up"
        else:
            lines = list(self._search(query))
            found = len(lines)
            lines.insert(found if query else self._in_use, FromUrl())
            services = (
                f"{found} service{'s' if found != 1 else ''}" if found else "no service found"
            )
            self.border_subtitle = f"{services} · ^l from a URL"
        # Nothing is picked before the person has typed or moved: no entry by accident.
        picked = 0 if query and (found or is_url(query)) else None
        self.query_one(ServiceList).show(lines, query, picked)
        self._tell()

    def _tell(self) -> None:
        self.looked_at = Looked(self.service, self.url is not None)


def is_url(text: str) -> bool:
    """Whether a person who gives `text` means an address rather than a name."""
    return text.strip().lower().startswith(("https://", "http://"))
