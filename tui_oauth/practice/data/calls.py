"""One call for rows as a plain value, and the table by which it finds its answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.data.scrolls import Scrolls
from tui_oauth.practice.data.searching import Searches

if TYPE_CHECKING:
    from tui_oauth.practice.data.exporting import Exports


class Rows(NamedTuple):
    """An answer: its text or bytes, and the number of rows in it."""

    text: str | bytes
    number: int
    media_type: str = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked: `query` of the address, `body` of a POST, `named` parts of the path.

    `here` is the address without its query, as the caller wrote it; `accepts` is the Accept
    header; `caller` is the app's key.
    """

    dataset: Dataset
    query: Mapping[str, str]
    body: Any
    named: Mapping[str, str]
    here: str
    accepts: str
    caller: str
    searches: Searches
    scrolls: Scrolls
    exports: Exports


@dataclass(frozen=True, slots=True)
class Route:
    """An address of the API: what its rows are, what they need, who answers.

    `path` has its changing parts in braces. `permission` is the one that is ticked on the app.
    """

    method: str
    path: str
    resource: str
    permission: str
    answer: Callable[[Call], Rows]
    pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        pattern = re.sub(r"\\\{([a-z]+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        object.__setattr__(self, "pattern", re.compile(pattern))
