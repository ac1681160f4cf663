"""A text that does not show itself.

Python cannot wipe a string from memory; what can be had is that a secret never reaches a log, a
traceback, a picture or a format string by accident. `reveal()` is the only way out.
"""

from __future__ import annotations

from _weakref import ref
from collections.abc import Iterator
from typing import NoReturn, final

MASK = "••••••••"
_SHORTEST_SECRET = 4


@final
class Secret:
    """A secret text. `repr`, `str` and formatting give a fixed mask, whatever its length."""

    __slots__ = ("__weakref__", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        _remember(self)

    def reveal(self) -> str:
        """The text itself. Call it where the secret is used, not earlier."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac  # 3 ms that a call of `token` need not pay

        mine = self._text.encode("utf-8", "surrogatepass")
        return hmac.compare_digest(mine, other._text.encode("utf-8", "surrogatepass"))

    # A hash would make a secret usable as a dictionary key, where it is easily printed.
    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled")


# Those that are alive, by identity. The garbage collector knows them too, but to ask it is not
# safe beside other threads: it also lends out tuples that are still being made. A
# WeakValueDictionary would do the same, but its module costs each `token` a millisecond.
_ALIVE: dict[int, ref[Secret]] = {}


def _remember(secret: Secret, alive: dict[int, ref[Secret]] = _ALIVE) -> None:
    number = id(secret)
    # Bound to the dictionary itself: when Python ends, the names of a module go before its values.
    alive[number] = ref(secret, lambda gone: alive.pop(number, None))


def held_secrets() -> Iterator[str]:
    """Every secret alive in this process, to be taken out of a text; very short ones are left."""
    for reference in list(_ALIVE.values()):
        held = reference()
        if held is not None and len(held.reveal()) >= _SHORTEST_SECRET:
            yield held.reveal()


def spellings(text: str) -> set[str]:
    """`text` in the forms in which secrets travel: as it is, quoted, percent-encoded, in base64."""
    import base64
    import json
    from urllib.parse import quote, quote_plus

    raw = text.encode("utf-8", "surrogatepass")
    forms = {text, repr(text)[1:-1], json.dumps(text)[1:-1], quote(raw, safe=""), quote_plus(raw)}
    return forms | {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
