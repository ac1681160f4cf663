"""A run in words, and a person's words for one: the same for the command and the window."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui_oauth.text import rfc3339

if TYPE_CHECKING:
    from tui_oauth.extract.running import Extracted, Summary

WANTED_MOMENT = "a date is wanted, such as 2026-01-31, or with time 2026-01-31T08:00:00Z"


def given_moment(text: str) -> int:
    """A day, or a time by RFC 3339, as Unix milliseconds; without a zone it is UTC. ValueError."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(WANTED_MOMENT) from None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def moment_words(milliseconds: int | None) -> str | None:
    """A moment as RFC 3339."""
    return rfc3339(None if milliseconds is None else milliseconds // 1000)


def size_words(count: int) -> str:
    """So many bytes."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def end_words(one: Extracted) -> str:
    """What has become of one resource."""
    if one.problem is not None:
        return "failed, see below"
    if not one.finished:
        return "the next run goes on from here"
    if one.since is not None:
        return f"changes since {moment_words(one.since)}"
    return "went on and finished" if one.went_on else "all"


def dataset_words(summary: Summary) -> str:
    """What the tables lie in: a schema of a database, or a folder."""
    in_files = summary.place and not summary.destination.startswith("DuckDB")
    return f"{'folder' if in_files else 'schema'} {summary.dataset}"
