"""Searches, as `POST /contacts/search` takes them: filters, order, and pages by cursor."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from tui_oauth.practice.data.listing import NotUnderstood
from tui_oauth.practice.data.stamps import SAME_SECOND, Stamps

DAY = 86_400
_DEEPEST = 2  # groups in groups
_WIDEST = 15  # filters in a group
_KEPT = 8  # searches whose results are kept between pages

Fits = Callable[[int], bool]


class Searches:
    """The results of searches, kept from page to page: a page costs what it holds."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], array[int]] = OrderedDict()
        self._lock = Lock()

    def found(
        self, stamps: Stamps, query: Any, *, whole_days: bool, descending: bool
    ) -> array[int]:
        """The numbers of the rows that `query` describes, by the time of their change."""
        text = json.dumps(query, sort_keys=True)
        key = (id(stamps), stamps.version, text, whole_days, descending)
        with self._lock:
            known = self._kept.get(key)
        if known is not None:
            return known
        since, fits = _compiled(stamps, query, whole_days)
        numbers = array("q", (n for n in stamps.by_change(since) if fits(n)))
        if descending:
            numbers.reverse()
        with self._lock:
            self._kept[key] = numbers
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return numbers


def after(stamps: Stamps, found: array[int], stamp: int, number: int, *, descending: bool) -> int:
    """Where in `found` the page begins that follows this row.

    By the time of its change, not by its place: rows that were changed meanwhile have moved.
    """
    sign = -1 if descending else 1
    place = bisect_left(found, sign * stamp, key=lambda each: sign * stamps.updated(each))
    for same in range(place, min(place + SAME_SECOND, len(found))):
        if found[same] == number:
            return same + 1
    return place


def _compiled(stamps: Stamps, query: Any, whole_days: bool, depth: int = 0) -> tuple[int, Fits]:
    """A moment before which nothing fits, and whether a row fits."""
    if not isinstance(query, Mapping):
        raise NotUnderstood("query must be an object")
    operator, value = query.get("operator"), query.get("value")
    if operator in {"AND", "OR"}:
        if not isinstance(value, list) or not 0 < len(value) <= _WIDEST or depth >= _DEEPEST:
            raise NotUnderstood("a group holds 1 to 15 filters, and groups go two levels deep")
        parts = [_compiled(stamps, each, whole_days, depth + 1) for each in value]
        moments, tests = [part[0] for part in parts], [part[1] for part in parts]
        if operator == "AND":
            return max(moments), lambda number: all(test(number) for test in tests)
        return min(moments), lambda number: any(test(number) for test in tests)
    return _filter(stamps, query.get("field"), operator, value, whole_days)


def _filter(
    stamps: Stamps, field: object, operator: object, value: object, whole_days: bool
) -> tuple[int, Fits]:
    of = {"updated_at": stamps.updated, "created_at": stamps.created}.get(str(field))
    if of is None:
        raise NotUnderstood(f"{field} is not a field that can be searched by here")
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 12):
        raise NotUnderstood(f"{field} takes a UNIX timestamp")
    first = int(text)
    end = first + 1
    if whole_days:
        # As Intercom documents it: a moment stands for its day, so that > begins with the next.
        first -= first % DAY
        end = first + DAY
    since = first if field == "updated_at" else 0
    match operator:
        case ">":
            return end if since else 0, lambda number: of(number) >= end
        case "<":
            return 0, lambda number: of(number) < first
        case ">=" if not whole_days:
            return since, lambda number: of(number) >= first
        case "<=" if not whole_days:
            return 0, lambda number: of(number) < end
        case "=":
            return since, lambda number: first <= of(number) < end
    raise NotUnderstood(f"{operator} is not an operator for dates; there are =, > and <")
