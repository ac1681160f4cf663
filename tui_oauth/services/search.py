"""Finding a service by what people type: a name, a part of it, an abbreviation.

Ranks, best first: the very name; its beginning; the beginning of one of its words; some part of
it; the category; the letters in this order (`qbo` finds QuickBooks Online). Among equals the name
itself comes before an alias, an early alias before a late one, a short name before a long one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

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


def _rank(service: Listing, wanted: str) -> Rank | None:
    names = [plain(name) for name in (service.name, service.id, *service.aliases)]
    category = plain(service.category)
    whole = _rank_of_word(names, category, wanted)
    if whole is not None or " " not in wanted:
        return whole
    words = [_rank_of_word(names, category, word) for word in wanted.split()]
    found = [rank for rank in words if rank is not None]
    return max(found) if len(found) == len(words) else None


def _rank_of_word(names: list[str], category: str, wanted: str) -> Rank | None:
    joined = wanted.replace(" ", "")
    fits: tuple[tuple[int, Callable[[str], bool]], ...] = (
        (_EXACT, lambda name: name == wanted),
        (_START, lambda name: name.startswith(wanted)),
        (_WORD, lambda name: f" {wanted}" in name),
        (_PART, lambda name: joined in name.replace(" ", "")),
    )
    for rank, fit in fits:
        for place, name in enumerate(names):
            if fit(name):
                return rank, place
    if wanted in category:
        return _CATEGORY, 0
    if len(joined) > 1 and any(_in_order(joined, name) for name in names[:2]):
        return _LETTERS, 0
    return None


def _in_order(letters: str, text: str) -> bool:
    """Whether `letters` appear in `text` in this order."""
    position = -1
    for letter in letters:
        position = text.find(letter, position + 1)
        if position < 0:
            return False
    return True
