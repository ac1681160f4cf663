"""The words and lines of the screens that extract."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from tui_oauth.extract.words import end_words, size_words
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.errors import TuiOauthError
    from tui_oauth.extract.available import Offered, Probed
    from tui_oauth.extract.running import Extracted, Progress

_NAME = 23
_WIDE = 100
_BAR = 10
_WITH_BYTES = 90
_WITH_CALLS = 64


class Wanted(NamedTuple):
    """What a person has chosen, in the words of `extract`."""

    resources: tuple[str, ...]
    to: str
    since: int | None
    full: bool
    limit: int | None


def resource_row(one: Offered, picked: bool, found: Probed | None, width: int) -> Content:
    """A resource on one line of `width` cells: whether it is picked, what it holds, what it needs."""
    mark = "[x] " if picked else "[ ] "
    needs, sign, tone = one.permission, "  ", "$quiet"
    if found is not None and found.readable:
        sign, tone, needs = "● ", "$success", needs or "readable"
    elif found is not None:
        sign, tone = "✕ ", "$error"
        needs = f"missing: {found.missing}" if found.missing else _refusal(found.problem)
    room = max(20, width - len(mark) - len(sign))
    named = min(_NAME, room // 2)
    held = (room - named) * 2 // 5 if width >= _WIDE else 0
    return Content.assemble(
        (mark, "bold" if picked else ""),
        (_cell(_called(one), named), "bold" if picked else ""),
        (_cell(one.words, held) if held else "", "$quiet"),
        (sign, tone),
        (_cell(needs, room - named - held), "$quiet" if tone == "$success" else tone),
    )


def _called(one: Offered) -> str:
    return f"{one.name}:{one.argument.upper()}" if one.argument else one.name


def _refusal(problem: TuiOauthError | None) -> str:
    status = getattr(problem, "status", None)
    return f"refused (HTTP {status})" if status else "refused"


def bar(part: float, width: int) -> Content:
    """A bar of `width` cells, of which `part` is done."""
    done = max(0, min(width, round(part * width)))
    return Content.assemble(("━" * done, "$accent"), ("─" * (width - done), "$quiet"))


def part_of(told: Progress, limit: int | None) -> float | None:
    """How much of a resource is there, from 0 to 1; None where nobody knows how much it will be."""
    parts = []
    if limit:
        parts.append(told.rows / limit)
    if told.total:
        parts.append((told.rows + told.before) / told.total)
    return min(1.0, max(parts)) if parts else None


def progress_row(name: str, told: Progress | None, limit: int | None, width: int) -> Content:
    """How far a resource is, on one line."""
    if told is None:
        return Content.styled(f"· {_cell(name, _NAME)} waits for its turn", "$quiet")
    phase = {"waiting": "waits for the service", "loading": "loading", "done": ""}
    done = told.phase == "done"
    shown = Content("")
    part = part_of(told, limit)
    if not done and part is not None:
        shown = Content.assemble(bar(part, _BAR if width < _WIDE else 2 * _BAR), f" {part:>4.0%}  ")
    return Content.assemble(
        ("● " if done else "▸ ", "$success" if done else "bold"),
        _cell(name, _NAME),
        _rows(told),
        _cost(told, width, narrow=True),
        shown,
        (phase.get(told.phase, ""), "$quiet"),
    ).truncate(max(1, width), ellipsis=True)


def end_row(one: Extracted, width: int) -> Content:
    """What has become of a resource, on one line."""
    sign, tone = ("●", "$success") if one.finished else ("◐", "$warning")
    if one.problem is not None:
        sign, tone = "✕", "$error"
    waited = f", waited {one.waited:.0f} s" if one.waited >= 1 else ""
    return Content.assemble(
        (f"{sign} ", tone),
        _cell(one.resource, _NAME),
        _rows(one),
        _cost(one, width, narrow=False),
        (f"{end_words(one)}{waited}", "$quiet"),
    ).truncate(max(1, width), ellipsis=True)


def _rows(one: Progress | Extracted) -> str:
    return f"{one.rows:>9,} rows  "


def _cost(one: Progress | Extracted, width: int, *, narrow: bool) -> tuple[str, str]:
    """Calls and bytes, as far as there is room for them beside the words that count more."""
    calls = f"{one.calls:>6,} calls  "
    if width >= _WITH_BYTES:
        return f"{calls}{size_words(one.bytes):>9}  ", "$quiet"
    return calls if narrow and width >= _WITH_CALLS else "", "$quiet"


def _cell(text: str, width: int) -> str:
    """`text` in exactly `width` cells, the last of them blank."""
    shown = Content(neutralise(text, 200)).truncate(max(1, width - 1), ellipsis=True)
    return shown.plain + " " * max(0, width - shown.cell_length)
