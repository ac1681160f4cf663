"""Extract: which resources of an entry, to where, from when on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tui_oauth.errors import TuiOauthError, UsageProblem
from tui_oauth.extract import destination
from tui_oauth.extract.available import Offered, Probed, offered_of, probe
from tui_oauth.extract.declared import load
from tui_oauth.extract.engine import installed, needed
from tui_oauth.extract.words import given_moment
from tui_oauth.services.format import Choice
from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppScreen, in_thread, sentence
from tui_oauth.tui.extracting import Wanted, resource_row
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.argument_field import ArgumentField
from tui_oauth.tui.widgets.choice_field import ChoiceField
from tui_oauth.tui.widgets.clean_input import CleanInput
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.words import with_tilde

if TYPE_CHECKING:
    from tui_oauth.model import Entry

_CHANGES, _SINCE, _FULL = "changes", "since", "full"
_WHAT = (
    Choice(_CHANGES, "changes since the last run"),
    Choice(_SINCE, "changes since a date"),
    Choice(_FULL, "everything anew"),
)
_HELP = {
    "to": "duckdb:FILE, jsonl:DIR, csv:DIR, parquet:DIR, s3://…, or a destination set up for dlt: snowflake, bigquery…",
    "what": "← and → choose. A first run, and what cannot be asked for changes, is everything.",
    "since": "For instance 2026-01-31, or 2026-01-31T08:00:00Z.",
    "limit": "So many rows of each resource at most; empty is all. The next run goes on from there.",
}
_OF_THE_LIST = {"pick", "all", "preview", "check"}


class ExtractScreen(AppScreen[None]):
    """The choice. What the app may not read is found out by asking, while one looks."""

    KEY_GROUP: ClassVar[str] = "extract"
    BINDINGS = bindings("extract")

    class Found(Message):
        """Whether a resource can be read; posted from the thread that asks."""

        def __init__(self, probed: Probed) -> None:
            super().__init__()
            self.probed = probed

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self._entry = entry
        # The entry as it was opened: what another program has made of it since, the question tells.
        source = load(entry.service)
        self._offered = offered_of(source) if source is not None else ()
        self._picked: set[str] = set()
        self._probed: dict[str, Probed] = {}
        self._asking = False
        self._stop = threading.Event()

    def compose(self) -> ComposeResult:
        yield TitleBar("Extract", f"{self._entry.name} · {self._entry.service_name}")
        with Vertical(id="extract"):
            yield Static(markup=False, id="extract-notice")
            yield OptionList(id="resources", classes="field", markup=False)
            with Horizontal(id="where"):
                for one in self._offered:
                    if one.argument:
                        yield ArgumentField(one)
                yield CleanInput("duckdb", id="to", classes="field")
            with Horizontal(id="how"):
                yield ChoiceField(_WHAT, _CHANGES, id="what")
                yield CleanInput(id="since", placeholder="2026-01-31", classes="field")
                yield CleanInput(id="limit", placeholder="none", type="integer", classes="field")
        yield QuietLine()
        yield KeyBar("extract")

    def on_mount(self) -> None:
        for name, title in (("resources", "Resources"), ("to", "Into"), ("what", "What")):
            self.query_one(f"#{name}").border_title = title
        self.query_one("#what").add_class("field")
        self.query_one("#since").border_title = "Since"
        self.query_one("#since").display = False
        self.query_one("#limit").border_title = "Limit"
        listed = self.query_one("#resources", OptionList)
        listed.add_options([Option("", id=one.name) for one in self._offered])
        listed.highlighted = 0
        listed.focus()
        self._name_destination()
        notice = self.query_one("#extract-notice", Static)
        notice.display = not installed()
        notice.update(Content(f"▲ {sentence(needed())} First rows (p) can be seen without."))
        self.action_check()

    def on_unmount(self) -> None:
        self._stop.set()

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    # ---- what may be read

    def action_check(self) -> None:
        """Ask the service for a row of each resource: what the app may read, it gives."""
        self._stop.set()
        self._stop = stop = threading.Event()
        self._probed.clear()
        self._asking = True
        self._draw()
        workspace, name = self.home.workspace, self._entry.name
        names = [one.name for one in self._offered if not one.argument]

        def ask() -> None:
            for found in probe(workspace, name, names, stop):
                if stop.is_set():
                    return
                self.post_message(self.Found(found))

        def ended(problem: TuiOauthError | None = None) -> None:
            self._asking = False
            self._draw()
            if problem is not None:
                self.complain(sentence(problem))

        self.job("", lambda: in_thread(ask), ended, ended, group="probe")

    @on(Found)
    def _found(self, event: Found) -> None:
        self._probed[event.probed.name] = event.probed
        self._draw_row(event.probed.name)
        self._explain()

    # ---- the list

    def _draw(self) -> None:
        for one in self._offered:
            self._draw_row(one.name)
        for field in self.query(ArgumentField):
            field.display = field.one.name in self._picked
        asking = " · asking what may be read…" if self._asking else ""
        listed = self.query_one("#resources", OptionList)
        listed.border_subtitle = f"{len(self._picked)} of {len(self._offered)} picked{asking}"

    def _draw_row(self, name: str) -> None:
        listed = self.query_one("#resources", OptionList)
        width = listed.scrollable_content_region.width
        one = next(one for one in self._offered if one.name == name)
        words = resource_row(one, name in self._picked, self._probed.get(name), width)
        listed.replace_option_prompt(name, words)

    def _under_cursor(self) -> Offered | None:
        at = self.query_one("#resources", OptionList).highlighted
        return self._offered[at] if at is not None and at < len(self._offered) else None

    @on(OptionList.OptionSelected, "#resources")
    def action_pick(self) -> None:
        """Pick the resource under the cursor, or leave it out again."""
        one = self._under_cursor()
        if one is not None:
            self._picked ^= {one.name}
            self._draw()

    def action_all(self) -> None:
        """All that can be read, or none."""
        readable = {
            one.name
            for one in self._offered
            if not one.argument
            and (one.name not in self._probed or self._probed[one.name].readable)
        }
        self._picked = set() if self._picked >= readable else readable
        self._draw()

    @on(OptionList.OptionHighlighted, "#resources")
    def _explain(self) -> None:
        """What is known of the resource under the cursor, while the list has the focus."""
        one = self._under_cursor()
        if one is None or not self.query_one("#resources").has_focus:
            return
        found = self._probed.get(one.name)
        words = f"{one.name}: {one.words}."
        if found is not None and not found.readable:
            words = sentence(found.problem) if found.problem is not None else words
        elif one.permission:
            words += f" Needs “{one.permission}”."
        if one.argument:
            words += f" Picked, it has a field for the {one.argument}."
        if one.incremental:
            words += " The next run fetches what has changed."
        elif one.parent:
            words += f" A call for each of {one.parent}."
        self.query_one(QuietLine).rest(words)

    # ---- the fields

    @on(events.DescendantFocus)
    def _follow_focus(self) -> None:
        name = self.focused.id if self.focused is not None else ""
        if name == "resources":
            self._explain()
        else:
            own = self.focused.help if isinstance(self.focused, ArgumentField) else ""
            self.query_one(QuietLine).rest(own or _HELP.get(name or "", ""))
        self.query_one(KeyBar).refresh()

    @on(Input.Changed, "#to")
    def _name_destination(self) -> None:
        field = self.query_one("#to", CleanInput)
        try:
            words, bad = destination.parse(field.value).words, False
        except UsageProblem as problem:
            words, bad = problem.message, True
        field.border_subtitle = Content(neutralise(with_tilde(self.home.workspace, words), 300))
        field.set_class(bad, "-missing")

    @on(ChoiceField.Changed)
    def _chosen(self) -> None:
        self.query_one("#since").display = self.query_one(ChoiceField).value == _SINCE

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in _OF_THE_LIST:
            return getattr(self.focused, "id", "") == "resources"
        return True

    # ---- on to others

    def _names_of(self, one: Offered) -> list[str]:
        """What `one` is called in `extract`, with what it takes beside its name."""
        fields = [field for field in self.query(ArgumentField) if field.one.name == one.name]
        return fields[0].names() if fields else [one.name]

    def action_preview(self) -> None:
        """The first rows of the resource under the cursor."""
        one = self._under_cursor()
        if one is None:
            return
        if one.argument and one.name not in self._picked:
            self.action_pick()  # its field is there as long as it is picked
        try:
            name = self._names_of(one)[0]
        except UsageProblem as problem:
            self.complain(sentence(problem))
            return
        self.home.open_rows(self._entry, name)

    def action_run(self) -> None:
        """Extract what is picked."""
        try:
            wanted = self._wanted()
        except TuiOauthError as problem:
            self.complain(sentence(problem))
            return
        self._stop.set()
        self.home.open_extracting(self._entry, wanted)

    def _wanted(self) -> Wanted:
        if not installed():
            raise needed()
        if not self._picked:
            self.query_one("#resources").focus()
            raise UsageProblem("Nothing is picked yet.", "space picks a resource, a all of them.")
        picked = (one for one in self._offered if one.name in self._picked)
        names = [name for one in picked for name in self._names_of(one)]
        to = self.query_one("#to", CleanInput).value
        destination.parse(to)
        what, since = self.query_one(ChoiceField).value, None
        if what == _SINCE:
            try:
                since = given_moment(self.query_one("#since", CleanInput).value)
            except ValueError as problem:
                self.query_one("#since").focus()
                raise UsageProblem(f"Since when? Here {problem}.") from None
        limit = self.query_one("#limit", CleanInput).value
        if limit and int(limit) < 1:
            self.query_one("#limit").focus()
            raise UsageProblem("A limit is a number from 1 on.", "Leave it empty for all rows.")
        return Wanted(
            tuple(names),
            to,
            since,
            what == _FULL,
            int(limit) if limit else None,
        )

    def action_back(self) -> None:
        """Back to where one came from."""
        self.dismiss(None)
