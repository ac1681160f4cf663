"""Who took which token when: the record, line by line, of all entries or of one."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui_oauth import audit
from tui_oauth.audit import Taken
from tui_oauth.text import neutralise, relative, rfc3339
from tui_oauth.tui.base import AppScreen, in_thread
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.details import Line
from tui_oauth.tui.widgets.empty_state import EmptyState
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.lines_panel import LinesPanel
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.words import programs_words

if TYPE_CHECKING:
    from tui_oauth.model import Entry

SHOWN = 1000
"""The newest lines of the record; the command prints them all."""
_LOOK_SECONDS = 2.0
_TIME, _ENTRY, _WAY, _GAP = 16, 16, 14, "  "
_WAY_FROM = 70
_ON_A_LINE = {"only", "programs", "allow", "copy_one", "read"}
_WAYS = {
    "agent": "by itself, from the agent's socket",
    "python": "in Python: Vault, EntryAuth or RequestsAuth",
    "window": "copied in the window that this program started",
}


class _Read(NamedTuple):
    """The newest lines, how many there are in all, and how many of them were refused."""

    lines: list[Taken]
    total: int
    refused: int


class AuditScreen(AppScreen[None]):
    """The list above, and all that is known of the line under its cursor below."""

    KEY_GROUP: ClassVar[str] = "audit"
    BINDINGS = bindings("audit")

    def __init__(self, entry_id: str = "") -> None:
        super().__init__()
        self._entry_id = entry_id
        self._only_refused = False
        self._entries: dict[str, Entry] = {}
        self._read: _Read | None = None
        self._stamp: object = None

    def compose(self) -> ComposeResult:
        yield TitleBar("Audit")
        with Container(id="audit"):
            yield OptionList(id="takings", classes="field", markup=False)
            yield LinesPanel(id="taking")
        yield EmptyState(id="empty")
        yield QuietLine()
        yield KeyBar("audit")

    def on_mount(self) -> None:
        self.query_one("#audit").display = self.query_one(EmptyState).display = False
        self.query_one("#takings").border_title = "Who took which token, the newest first"
        self._load()
        self.set_interval(_LOOK_SECONDS, self._look)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def on_screen_resume(self) -> None:
        if self._read is not None:
            self._load()  # its programs may be others now

    # ---- reading

    def _look(self) -> None:
        """Has somebody taken a token meanwhile?"""
        if self.app.screen is self and audit.stamp(self.home.workspace) != self._stamp:
            self._load()

    def _load(self) -> None:
        workspace, entry_id, refused = self.home.workspace, self._entry_id, self._only_refused
        self._stamp = audit.stamp(workspace)

        def read() -> tuple[_Read, list[Entry]]:
            newest: deque[Taken] = deque(maxlen=SHOWN)
            count = turned_away = 0
            for one in audit.taken(workspace, entry_id):
                count, turned_away = count + 1, turned_away + one.refused
                if one.refused or not refused:
                    newest.appendleft(one)
            return _Read(list(newest), count, turned_away), workspace.vault.entries()

        self.job("", lambda: in_thread(read), self._loaded, group="read")

    def _loaded(self, found: tuple[_Read, list[Entry]]) -> None:
        chosen = self._chosen()
        self._read, entries = found
        self._entries = {entry.id: entry for entry in entries}
        lines = self._read.lines
        self._draw_words()
        self._draw_list()
        listed = self.query_one("#takings", OptionList)
        if lines:
            # The newest one is followed; who reads another one keeps it.
            stays = chosen is not None and listed.highlighted not in {None, 0} and chosen in lines
            listed.highlighted = lines.index(chosen) if stays and chosen is not None else 0
        self._draw_chosen()

    def _draw_words(self) -> None:
        read, empty = self._read, self.query_one(EmptyState)
        if read is None:
            return
        some = bool(read.lines)
        body = self.query_one("#audit")
        if some and not body.display:
            self.call_after_refresh(self._draw)  # only then it has a width
        body.display, empty.display = some, not some
        whose = self._called(self._entry_id) if self._entry_id else "all entries"
        if not some:
            empty.no_takings(whose, filtered=bool(self._entry_id or self._only_refused))
        refused = f" · {read.refused} refused" if read.refused else ""
        self.query_one(TitleBar).detail = f"{whose} · {read.total - read.refused} taken{refused}"
        more = f"the newest {SHOWN:,}; all: tui-oauth audit" if len(read.lines) == SHOWN else ""
        self.query_one("#takings").border_subtitle = "refused only" if self._only_refused else more
        if some and self.focused is None:
            self.query_one("#takings").focus()
        self.query_one(KeyBar).refresh()

    def _draw(self) -> None:
        self._draw_list()
        self._draw_chosen()

    def _draw_list(self) -> None:
        listed = self.query_one("#takings", OptionList)
        lines = [] if self._read is None else self._read.lines
        at, width = listed.highlighted, listed.scrollable_content_region.width
        with self.prevent(OptionList.OptionHighlighted):
            listed.clear_options()
            listed.add_options([Option(self._row(one, width)) for one in lines])
            listed.highlighted = at if at is not None and at < len(lines) else None

    def _row(self, one: Taken, width: int) -> Content:
        with_way = width >= _WAY_FROM
        room = width - 2 - _TIME - _ENTRY - 2 * len(_GAP) - (_WAY + len(_GAP)) * with_way
        sign, tone = ("✕ ", "$error") if one.refused else ("● ", "$success")
        when = (rfc3339(one.at) or "")[:16].replace("T", " ")
        return Content.assemble(
            (sign, tone),
            (_cell(when, _TIME) + _GAP, "$quiet"),
            _cell(self._called(one.entry_id), _ENTRY) + _GAP,
            (_cell(one.way, _WAY) + _GAP, "$quiet") if with_way else "",
            (_tail(one.path or one.name or "not known", max(8, room)), tone if one.refused else ""),
        )

    @on(OptionList.OptionHighlighted)
    def _draw_chosen(self) -> None:
        one = self._chosen()
        if one is None:
            return
        pane = self.query_one(LinesPanel)
        pane.show(f"{self._called(one.entry_id)} · {one.way}", self._lines(one))
        pane.border_subtitle = rfc3339(one.at)
        self.query_one(KeyBar).refresh()

    def _lines(self, one: Taken) -> list[Line]:
        entry, now = self._entries.get(one.entry_id), self.home.workspace.now()
        outcome = ("✕ refused: not among its programs", "$error")
        if not one.refused:
            outcome = ("● got the token", "$success")
        lines = [
            Line("Outcome", *outcome),
            Line("When", f"{relative(one.at, now)} ({rfc3339(one.at)})"),
            Line("Program", one.path or "not named by the kernel"),
            Line("Process", f"{one.pid} ({one.name or 'no name'}), of user {one.uid}", "$quiet"),
            Line("Way", _WAYS.get(one.way, f"tui-oauth {one.way}, started by this program")),
        ]
        if entry is None:
            return [*lines, Line("Entry", f"deleted; its id was {one.entry_id}", "$quiet")]
        return [*lines, Line("Entry is for", programs_words(entry))]

    def _chosen(self) -> Taken | None:
        at = self.query_one("#takings", OptionList).highlighted
        lines = [] if self._read is None else self._read.lines
        return lines[at] if at is not None and at < len(lines) else None

    def _chosen_entry(self) -> Entry | None:
        """The entry of the line under the cursor, or that of the filter."""
        one = self._chosen()
        return self._entries.get(self._entry_id if one is None else one.entry_id)

    def _called(self, entry_id: str) -> str:
        entry = self._entries.get(entry_id)
        return neutralise(entry.name) if entry is not None else f"deleted {entry_id[:8]}"

    # ---- keys

    def action_only(self) -> None:
        """Of the entry under the cursor alone, or of all again."""
        one = self._chosen()
        self._entry_id = "" if self._entry_id or one is None else one.entry_id
        self._load()

    def action_refused(self) -> None:
        """What was refused alone, or all again."""
        self._only_refused = not self._only_refused
        self._load()

    def action_programs(self) -> None:
        """Which programs the entry is for."""
        entry = self._chosen_entry()
        if entry is not None:
            self.home.open_marks(entry)

    def action_allow(self) -> None:
        """Let the program under the cursor take the entry's tokens from now on."""
        one, entry = self._chosen(), self._chosen_entry()
        if one is None or entry is None or not self._may_allow(one, entry):
            return
        self.home.ask(
            f"Let it take tokens of {entry.name}?",
            f"{one.path}\n\nIt is added to the programs that this entry is for.",
            yes="Allow",
            no="Leave it so",
            done=lambda sure: self._allow(one, entry) if sure else None,
        )

    def _allow(self, one: Taken, entry: Entry) -> None:
        from tui_oauth.marks import allow_programs

        workspace = self.home.workspace

        def told(after: Entry) -> None:
            self._load()
            self.say(f"{one.path} may take tokens of {after.name} from now on.")

        programs = [*entry.programs, one.path]
        self.job("", lambda: in_thread(allow_programs, workspace, entry, programs), told)

    @staticmethod
    def _may_allow(one: Taken, entry: Entry) -> bool:
        return one.refused and bool(one.path and entry.programs) and one.path not in entry.programs

    @on(OptionList.OptionSelected)
    def action_read(self) -> None:
        """Into the text of the line, or back to the list."""
        pane = self.query_one("#taking")
        (self.query_one("#takings") if pane.has_focus else pane).focus()

    def action_copy_one(self) -> None:
        """Copy what is known of the line under the cursor."""
        one = self._chosen()
        if one is not None:
            text = "\n".join(f"{line.label}: {line.value}" for line in self._lines(one))
            self.home.copy(f"{self._called(one.entry_id)}\n{text}", "The line")

    def action_back(self) -> None:
        """Back to where one came from."""
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "only" and self._entry_id:
            return True
        if action == "programs":
            return self._chosen_entry() is not None
        if action == "allow":
            one, entry = self._chosen(), self._chosen_entry()
            return one is not None and entry is not None and self._may_allow(one, entry)
        return self._chosen() is not None if action in _ON_A_LINE else True

    @property
    def key_words(self) -> dict[str, str]:
        """What the keys that go there and back do now."""
        words = {"only": "All entries"} if self._entry_id else {}
        return {**words, "refused": "All"} if self._only_refused else words


def _cell(text: str, width: int) -> str:
    """`text` in exactly `width` cells."""
    shown = Content(text).truncate(max(1, width), ellipsis=True)
    return shown.plain + " " * max(0, width - shown.cell_length)


def _tail(path: str, width: int) -> str:
    """`path` in at most `width` cells: of a long one the end, which tells programs apart."""
    if cell_len(path) <= width:
        return path
    while path and cell_len(path) >= width:
        path = path[1:]
    return f"…{path}"
