"""Finding a service by what people type: a name, a part of it, an abbreviation.

Ranks, best first: the very name; its beginning; the beginning of one of its words; some part of
it; the category; the letters in this order (`qbo` finds QuickBooks Online). Among equals the name
itself comes before an alias, an early alias before a late one, a short name before a long one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from tui_oauth.services.listing import Listing

_EXACT, _START, _WORD, _PART, _CATEGORY, _LETTERS = range(6)
Rank = tuple[int, int]


def search(services: Iterable[Listing], query: str) -> list[Listing]:
    """The `services` that fit `query`, best first, equals in the given order."""
    wanted = plain(query)
    if not wanted:
        return list(services)
    ranked = []
    for order, service in enumerate(services):
        rank = _rank(service, wanted)
        if rank is not None:
            ranked.append((*rank, len(service.name), order, service))
    return [one[-1] for one in sorted(ranked, key=lambda one: one[:-1])]


def used_first(services: Iterable[Listing], used: Sequence[str]) -> list[Listing]:
    """`services` in their order, but those of the ids in `used` before all others, in that order."""
    place = {service_id: at for at, service_id in enumerate(used)}
    return sorted(services, key=lambda service: place.get(service.id, len(place)))


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """`text` in small letters without accents, its words divided by one blank."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = [
        char if char.isalnum() else " " for char in decomposed if not unicodedata.combining(char)
    ]
    return " ".join("".join(kept).split())


class _Names(NamedTuple):
    """What of a service is looked through: `whole` by words, `joined` without blanks."""

    whole: tuple[str, ...]
    joined: tuple[str, ...]
    category: str


@lru_cache(maxsize=4096)
def _names(name: str, service_id: str, aliases: tuple[str, ...], category: str) -> _Names:
    whole = tuple(plain(one) for one in (name, service_id, *aliases))
    return _Names(whole, tuple(one.replace(" ", "") for one in whole), plain(category))


def _rank(service: Listing, wanted: str) -> Rank | None:
    names = _names(service.name, service.id, service.aliases, service.category)
    whole = _rank_of_word(names, wanted)
    if whole is not None or " " not in wanted:
        return whole
    words = [_rank_of_word(names, word) for word in wanted.split()]
    found = [rank for rank in words if rank is not None]
    return max(found) if len(found) == len(words) else None


def _rank_of_word(names: _Names, wanted: str) -> Rank | None:
    joined = wanted.replace(" ", "")
    fitting = [place for place, name in enumerate(names.joined) if joined in name]
    if fitting:
        best = _PART, fitting[0]
        for place in fitting:
            best = min(best, (_how_well(names.whole[place], wanted), place))
        return best
    if wanted in names.category:
        return _CATEGORY, 0
    if len(joined) > 1 and any(_in_order(joined, name) for name in names.whole[:2]):
        return _LETTERS, 0
    return None


def _how_well(name: str, wanted: str) -> int:
    """The rank of a `name` in which the letters of `wanted` stand side by side."""
    if name == wanted:
        return _EXACT
    if name.startswith(wanted):
        return _START
    return _WORD if f" {wanted}" in name else _PART


def _in_order(letters: str, text: str) -> bool:
    """Whether `letters` appear in `text` in this order."""
    position = -1
    for letter in letters:
        position = text.find(letter, position + 1)
        if position < 0:
            return False
    return True
