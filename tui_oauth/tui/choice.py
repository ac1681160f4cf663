"""One of the answers that a question offers."""

from __future__ import annotations

from typing import NamedTuple


class Choice(NamedTuple):
    """The letter that chooses it, and the words on its button."""

    key: str
    words: str
