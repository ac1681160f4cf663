"""Traffic: what was sent to providers and what came back, exchange by exchange, without secrets."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui_oauth.text import rfc3339
from tui_oauth.traffic import Record, record_lines, ticket
from tui_oauth.tui.base import AppScreen
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.empty_state import EmptyState
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar

_STEP = 22
_TOOK = 9
_TIME_FROM = 64
_GAP = "  "
_OF_RECORDS = {"copy_one", "copy_all", "read", "forget"}


class TrafficScreen(AppScreen[None]):
    """The list above, or beside it where there is room, and all of the exchange under its cursor."""

    KEY_GROUP: ClassVar[str] = "traffic"
    BINDINGS = bindings("traffic")

    class Changed(Message):
        """Something was sent or came back; posted from any thread."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[Record] = []

    def compose(self) -> ComposeResult:
        yield TitleBar("Traffic")
        with Container(id="traffic"):
            yield OptionList(id="exchanges", classes="field", markup=False)
            with VerticalScroll(id="exchange", classes="field"):
                yield Static(markup=False)
        yield EmptyState(id="empty")
        yield QuietLine()
        yield KeyBar("traffic")

    def on_mount(self) -> None:
        self.query_one("#exchanges").border_title = "Exchanges"
        self.query_one(EmptyState).no_traffic()
        self.home.traffic.on_change = self._on_change
        self._look()
        self.query_one("#exchanges").focus()

    def on_unmount(self) -> None:
        self.home.traffic.on_change = None

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw_list)

    def _on_change(self) -> None:
        self.post_message(self.Changed())

    @on(Changed)
    def _look(self) -> None:
        """Show what there is now. The cursor stays where it is, or follows what is new."""
        before = self._records
        chosen = self._chosen()
        self._records = self.home.traffic.records
        follows = chosen is None or chosen.number == before[-1].number
        self._draw_list()
        listed = self.query_one("#exchanges", OptionList)
        if self._records:
            numbers = [record.number for record in self._records]
            kept = chosen is not None and not follows and chosen.number in numbers
            at = numbers.index(chosen.number) if kept and chosen is not None else len(numbers) - 1
            listed.highlighted = at
        some = bool(self._records)
        self.query_one("#traffic").display = some
        self.query_one(EmptyState).display = not some
        if some and self.focused is None:
            listed.focus()
        count = len(self._records)
        self.query_one(TitleBar).detail = f"{count} exchange{'' if count == 1 else 's'}" * some
        self.query_one(KeyBar).refresh()
        self._draw_chosen()

    def _draw_list(self) -> None:
        listed = self.query_one("#exchanges", OptionList)
        at, width = listed.highlighted, listed.scrollable_content_region.width
        with self.prevent(OptionList.OptionHighlighted):
            listed.clear_options()
            listed.add_options([Option(row(record, width)) for record in self._records])
            listed.highlighted = at if at is not None and at < len(self._records) else None

    @on(OptionList.OptionHighlighted)
    def _draw_chosen(self) -> None:
        record = self._chosen()
        pane = self.query_one("#exchange", VerticalScroll)
        if record is None:
            return
        title = f"{record.number} · {record.step} · {record.host}"
        if pane.border_title != title:
            pane.border_title = Content(title)
            pane.border_subtitle = rfc3339(record.at)
            pane.scroll_home(animate=False)
        pane.query_one(Static).update(record_content(record))

    def _chosen(self) -> Record | None:
        at = self.query_one("#exchanges", OptionList).highlighted
        return self._records[at] if at is not None and at < len(self._records) else None

    # ---- keys

    @on(OptionList.OptionSelected)
    def action_read(self) -> None:
        """Into the text of the exchange, or back to the list."""
        pane = self.query_one("#exchange")
        (self.query_one("#exchanges") if pane.has_focus else pane).focus()

    def action_copy_one(self) -> None:
        """Copy the exchange under the cursor."""
        record = self._chosen()
        if record is not None:
            self.home.copy(ticket([record]), "The exchange")

    def action_copy_all(self) -> None:
        """Copy all exchanges."""
        if self._records:
            self.home.copy(ticket(self._records), f"All {len(self._records)}")

    def action_forget(self) -> None:
        """Forget what was recorded so far."""
        self.home.traffic.forget()

    def action_back(self) -> None:
        """Back to where one came from."""
        self.dismiss(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self._records) if action in _OF_RECORDS else True


def sign_of(record: Record) -> tuple[str, str]:
    """Sign and tone of how `record` ended."""
    if record.bad:
        return "✕", "$error"
    if record.milliseconds is not None:
        return "●", "$success"
    return ("▸", "$quiet") if record.outcome else ("…", "$quiet")


def row(record: Record, width: int) -> Content:
    """`record` on one line of `width` cells: step, how it ended, host, and the time it took."""
    sign, tone = sign_of(record)
    silent = record.bad and record.received is None
    outcome = "no answer" if silent else record.outcome
    took = f"{record.milliseconds:,} ms" if record.milliseconds is not None else ""
    with_time = width >= _TIME_FROM
    room = max(12, width - 2 - _STEP - 2 * len(_GAP) - (_TOOK + len(_GAP)) * with_time)
    share = min(26, room // 2)
    return Content.assemble(
        (f"{sign} ", tone),
        _cell(record.step, _STEP) + _GAP,
        (_cell(outcome, share) + _GAP, tone if record.bad else ""),
        (_cell(record.host, room - share), "$quiet"),
        (f"{_GAP}{took:>{_TOOK}}" * with_time, "$quiet"),
    )


def _cell(text: str, width: int) -> str:
    """`text` in exactly `width` cells."""
    shown = Content(text).truncate(max(1, width), ellipsis=True)
    return shown.plain + " " * max(0, width - shown.cell_length)


def record_content(record: Record) -> Content:
    """Both directions of `record`, the first line of each standing out."""
    parts: list[Content] = []
    for line in record_lines(record)[1:]:  # the title says what the first one does
        if line.startswith((">   ", "<   ")) or len(line) == 1:
            parts.append(Content.assemble((line[:1], "$quiet"), line[1:]))
        else:
            bad = record.bad and line.startswith("<")
            parts.append(Content.styled(line, "bold $error" if bad else "bold"))
    return Content("\n").join(parts)
