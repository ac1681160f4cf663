"""The pages of a list, in Intercom's three kinds: by cursor, by page number, by scroll."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MOST = 150  # rows on a page
DEEPEST = 10_000  # rows that page numbers reach, of companies


class NotUnderstood(Exception):
    """The request is refused: `code` and words as Intercom has them."""

    def __init__(self, words: str, code: str = "parameter_invalid", status: int = 400) -> None:
        super().__init__(words)
        self.code = code
        self.status = status


def whole(values: Mapping[str, Any], name: str, usual: int, most: int | None = None) -> int:
    """A parameter that is a whole number from 1."""
    given = values.get(name, usual)
    text = str(given)
    if isinstance(given, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotUnderstood(f"{name} must be a whole number")
    number = int(text)
    if number < 1 or (most is not None and number > most):
        raise NotUnderstood(f"{name} must be from 1 to {most or 'the last page'}")
    return number


def moment(values: Mapping[str, str], name: str, usual: int) -> int:
    """A parameter that is a UNIX timestamp."""
    text = values.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise NotUnderstood(f"{name} must be a UNIX timestamp")
    return int(text)


def cursor_of(place: Sequence[object]) -> str:
    """What `starting_after` carries: opaque to its readers."""
    return base64.b64encode(json.dumps(place, separators=(",", ":")).encode()).decode()


def place_of(cursor: object, length: int) -> list[int]:
    """The whole numbers in a cursor of ours."""
    if not isinstance(cursor, str):
        raise NotUnderstood("starting_after must be a text")
    try:
        place = json.loads(base64.b64decode(cursor.encode(), validate=True))
    except (ValueError, RecursionError):
        place = None
    if (
        not isinstance(place, list)
        or len(place) != length
        or not all(isinstance(each, int) and each >= 0 for each in place)
    ):
        raise NotUnderstood("starting_after is not one of ours")
    return place


def by_cursor(
    texts: Iterable[str],
    *,
    total: int,
    page: int,
    per_page: int,
    after: str,
    kind: str = "list",
    rows: str = "data",
) -> str:
    """A page whose next one begins after the cursor `after`; empty on the last page."""
    following = (
        f',"next":{{"page":{page + 1},"per_page":{per_page},"starting_after":"{after}"}}'
        if after
        else ""
    )
    return (
        f'{{"type":"{kind}","{rows}":[{",".join(texts)}],"total_count":{total},'
        f'"pages":{{"type":"pages"{following},"page":{page},"per_page":{per_page},'
        f'"total_pages":{-(-total // per_page)}}}}}'
    )


def by_number(
    texts: Iterable[str],
    *,
    total: int,
    page: int,
    per_page: int,
    address: str = "",
    kind: str = "list",
    rows: str = "data",
) -> str:
    """A page with a number. With `address`, the next one's whole URL stands in `pages.next`."""
    last = -(-total // per_page)
    following = f'"{address}"' if address and page < last else "null"
    return (
        f'{{"type":"{kind}","{rows}":[{",".join(texts)}],"total_count":{total},'
        f'"pages":{{"type":"pages","next":{following},"page":{page},"per_page":{per_page},'
        f'"total_pages":{last}}}}}'
    )


def whole_list(texts: Iterable[str], *, kind: str = "list", rows: str = "data") -> str:
    """All rows at once."""
    return f'{{"type":"{kind}","{rows}":[{",".join(texts)}]}}'
