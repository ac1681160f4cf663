"""Everything known about an entry, without secrets, or about a service."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from tui_oauth.errors import Fix
from tui_oauth.health import ending_facts, expiry_words, health_of
from tui_oauth.model import Entry, Grant
from tui_oauth.text import neutralise, relative, rfc3339
from tui_oauth.tui.rows import status_and_tone
from tui_oauth.tui.widgets.link_line import address_style
from tui_oauth.tui.widgets.text_pane import TextPane

if TYPE_CHECKING:
    from tui_oauth.services.format import Service

_TONES = {
    "good": "$success",
    "warn": "$warning",
    "bad": "$error",
    "quiet": "$foreground",
    "busy": "$foreground bold",
}


class Line(NamedTuple):
    """A label and its value; `style` is a style of the theme, `link` makes an address clickable."""

    label: str
    value: str
    style: str = "$foreground"
    link: bool = False


_GAP = Line("", "")


def lines_of(
    entry: Entry,
    now: int,
    callback_url: str,
    waits_until: int | None = None,
    facts: Sequence[tuple[str, str]] = (),
    scopes: Sequence[tuple[str, str]] = (),
) -> list[Line]:
    """What there is to say about `entry`, in the order in which it matters.

    `facts` are the further facts of an entry that was made from a URL, `scopes` those granted and
    those asked for.
    """
    found = health_of(entry, now)
    status, tone = status_and_tone(entry, now, waits_until)
    if waits_until is not None:  # the list counts; here the whole pane would be sent each second
        status = f"▸ Waiting until {(rfc3339(waits_until) or '')[11:16]} UTC"
    lines = [
        Line("Status", status, _TONES[tone]),
        *([Line("Why", found.why)] if found.why and waits_until is None else []),
        Line("Next", next_step(entry, now, waits_until)),
        _GAP,
        Line("Service", entry.service_name),
    ]
    lines.extend(Line(name, value) for name, value in sorted(entry.variables.items()))
    lines.extend(Line(name, value) for name, value in facts if value)
    if entry.account:
        lines.append(Line("Account", entry.account))
        if entry.account_detail:
            lines.append(Line("", entry.account_detail, "$quiet"))
    if entry.authorized:
        lines.extend(_token_lines(entry, now))
    lines.extend(Line(name, value) for name, value in scopes)
    lines.extend(Line(label, words) for label, words in ending_facts(entry, now))
    if entry.programs:
        lines.append(Line("Only for", ", ".join(entry.programs)))
    if entry.token_file:
        lines.append(Line("Token file", "kept in memory by a running agent"))
    if entry.last_error and entry.last_error != found.why:
        lines.append(Line("Last error", entry.last_error, "$error"))
    lines.append(_GAP)
    if entry.grant == Grant.CLIENT:
        callback_url = "none needed: nobody has to authorize it"
    lines.append(Line("Callback URL", callback_url or "not known: the service is missing"))
    lines.append(_time("Changed", entry.updated_at, now))
    lines.append(_time("Created", entry.created_at, now))
    return lines


def lines_of_service(service: Service) -> list[Line]:
    """What there is to know of a service before it is chosen."""
    from tui_oauth.services.describe import facts
    from tui_oauth.services.guide import links_in

    return [
        Line(label, value, link=list(links_in(value)) == [(0, len(value))])
        for label, value in facts(service)
    ]


def _token_lines(entry: Entry, now: int) -> list[Line]:
    kept = "kept; renews by itself" if entry.has_refresh_token else "none given"
    if entry.grant == Grant.CLIENT:
        kept = "none needed; a new token is fetched on use"
    lines = [_GAP, Line("Access token", expiry_words(entry, now))]
    if entry.expires_at is not None:
        lines.append(Line("", rfc3339(entry.expires_at) or "", "$quiet"))
    lines.append(Line("Refresh token", kept))
    return lines


def next_step(entry: Entry, now: int, waits_until: int | None = None) -> str:
    """What to press next."""
    if waits_until is not None:
        return "a goes back to the Authorization link"
    fix = health_of(entry, now).fix
    if fix is Fix.CONFIGURE:
        if not entry.configured:
            return "enter to configure; g shows where to get the client ID"
        if entry.pinned:
            return "g, and there r, registers the client anew"
        return "g shows where to get a new secret; enter takes it"
    if fix is Fix.NONE:
        return "t copies the access token; k asks whose it is"
    return "a to get a token" if entry.grant == Grant.CLIENT else "a to authorize"


def _time(label: str, seconds: int, now: int) -> Line:
    day = (rfc3339(seconds) or "")[:16].replace("T", " ")
    when = "just now" if abs(now - seconds) < 60 else relative(seconds, now)
    return Line(label, f"{when} ({day} UTC)", "$quiet")


_BESIDE = 42
_LABEL = 15


def as_content(title: str, lines: Sequence[Line], width: int) -> Content:
    """`lines` under `title` in `width` cells."""
    return Content.assemble((f"{neutralise(title)}\n\n", "bold"), lines_content(lines, width))


def lines_content(lines: Sequence[Line], width: int) -> Content:
    """`lines` in `width` cells: values beside their labels, or below where it is narrow."""
    parts: list[Content | str | tuple[str, str]] = []
    for line in lines:
        label, value = neutralise(line.label, 60), neutralise(line.value, 2_000)
        # Each piece of a folded address leads to the whole of it.
        style = address_style(value) if line.link else line.style
        if width >= _BESIDE:
            folded = textwrap.wrap(value, width - _LABEL, break_on_hyphens=not line.link) or [""]
            for number, piece in enumerate(folded):
                parts.append((f"{'' if number else label:<{_LABEL}}", "$quiet"))
                parts.append(Content.styled(piece, style))
                parts.append("\n")
            continue
        if label:
            parts.append((f"{label}\n", "$quiet"))
        parts.extend((Content.styled(value, style), "\n"))
    return Content.assemble(*parts)


class Details(TextPane):
    """A pane with the details of one entry; empty without one."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._title = ""
        self._lines: Sequence[Line] = ()

    def show(self, title: str, lines: Sequence[Line]) -> None:
        if (title, lines) != (self._title, self._lines):
            self._title, self._lines = title, lines
            self.write()

    def clear(self) -> None:
        self.show("", ())

    def content_for(self, width: int) -> Content:
        return as_content(self._title, self._lines, width) if self._title else Content("")
