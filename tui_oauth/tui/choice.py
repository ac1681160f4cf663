"""What a question or a message offers to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Choice(NamedTuple):
    """One answer to a question: the letter that chooses it, and the words on its button."""

    key: str
    words: str


class Remedy(NamedTuple):
    """What mends a failure: the words on its button, and the doing."""

    words: str
    act: Callable[[], object]
