"""JSON texts with places in them: a row costs one formatting, not one encoding."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_QUOTED_PLACE = re.compile(r'"#([a-z_]+)"')
_PLACE = re.compile(r"\{([a-z_]+)\}")
_LEFT = re.compile("\0([a-z_]+)\0")


class Template:
    """`document` as JSON, with `"{name}"` in a text for a text, `"#name"` alone for any value.

    The values are JSON already: a text without its quotes, a number, `null`, an object.
    """

    def __init__(self, document: object) -> None:
        text = json.dumps(document, separators=(",", ":")).replace("%", "%%")
        text = _QUOTED_PLACE.sub(r"%(\1)s", text)
        self._text = _PLACE.sub(r"%(\1)s", text)

    def filled(self, values: Mapping[str, object]) -> str:
        return self._text % values

    def partly(self, values: Mapping[str, object]) -> str:
        """The text with `values` in it; `%` with a mapping fills the places that are left."""
        text = self._text % _Left(values)
        return _LEFT.sub(r"%(\1)s", text.replace("%", "%%"))


class _Left(dict[str, object]):
    """Values in which a missing one leaves a mark."""

    def __missing__(self, name: str) -> str:
        return f"\0{name}\0"


def inside(text: str) -> str:
    """`text` as it stands between the quotes of a JSON string, in ASCII: half as long in memory."""
    return json.dumps(text)[1:-1]


def spread(number: int, salt: int) -> int:
    """A number of 32 bits that looks random and is always the same for these two."""
    mixed = (number * 0x9E3779B1 + salt * 0x85EBCA77) & 0xFFFFFFFF
    mixed ^= mixed >> 15
    mixed = (mixed * 0x2C1B3C6D) & 0xFFFFFFFF
    return mixed ^ (mixed >> 13)
