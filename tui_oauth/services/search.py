"""Finding a service by what people type: a name, a part of it, an abbreviation.

Ranks, best first: the very name; its beginning; the beginning of one of its words; some part of
it; the category; the letters in this order (`qbo` finds QuickBooks Online).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from tui_oauth.services.format import Service

_EXACT, _START, _WORD, _PART, _CATEGORY, _LETTERS = range(6)


def search(services: Iterable[Service], query: str) -> list[Service]:
    """The `services` that fit `query`, best first, equals in the given order."""
    wanted = plain(query)
    if not wanted:
        return list(services)
    ranked = []
    for order, service in enumerate(services):
        rank = _rank(service, wanted)
        if rank is not None:
            ranked.append((rank, order, service))
    return [service for _, _, service in sorted(ranked, key=lambda one: one[:2])]


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """`text` in small letters without accents, its words divided by one blank."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = [
        char if char.isalnum() else " " for char in decomposed if not unicodedata.combining(char)
    ]
    return " ".join("".join(kept).split())


def _rank(service: Service, wanted: str) -> int | None:
    names = [plain(name) for name in (service.name, service.id, *service.aliases)]
    whole = _rank_of_word(names, plain(service.category), wanted)
    if whole is not None or " " not in wanted:
        return whole
    words = [_rank_of_word(names, plain(service.category), word) for word in wanted.split()]
    found = [rank for rank in words if rank is not None]
    return max(found) if len(found) == len(words) else None


def _rank_of_word(names: list[str], category: str, wanted: str) -> int | None:
    joined = wanted.replace(" ", "")
    if wanted in names:
        return _EXACT
    if any(name.startswith(wanted) for name in names):
        return _START
    if any(f" {wanted}" in name for name in names):
        return _WORD
    if any(joined in name.replace(" ", "") for name in names):
        return _PART
    if wanted in category:
        return _CATEGORY
    if len(joined) > 1 and any(_in_order(joined, name) for name in names[:2]):
        return _LETTERS
    return None


def _in_order(letters: str, text: str) -> bool:
    """Whether `letters` appear in `text` in this order."""
    position = -1
    for letter in letters:
        position = text.find(letter, position + 1)
        if position < 0:
            return False
    return True
