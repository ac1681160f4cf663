"""A small form as data: what it asks, in which words, and what is done with the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tui_oauth.secret import Secret

PASSPHRASE = "passphrase"
DERIVING = "Deriving the key from the passphrase; this takes a moment on purpose…"


class Blank(NamedTuple):
    """One field. `same_as` names the field that it has to repeat."""

    name: str
    label: str
    help: str = ""
    value: str = ""
    secret: bool = False
    optional: bool = False
    same_as: str = ""


class Answers(NamedTuple):
    """What was typed, by the names of the fields."""

    texts: Mapping[str, str]
    secrets: Mapping[str, Secret]


@dataclass(frozen=True)
class Form:
    """`work` runs in a thread; its error is shown in the form, its result is what the form gives.

    `harmless`: leaving while it runs loses nothing, since it only reads.
    """

    title: str
    words: str
    verb: str
    busy: str
    work: Callable[[Answers], Any] = field(repr=False)
    blanks: tuple[Blank, ...] = ()
    harmless: bool = False


def passphrase_twice(label: str = "Passphrase") -> tuple[Blank, Blank]:
    """A new passphrase and its repetition."""
    return (
        Blank(PASSPHRASE, label, "Some words that you will remember; length counts.", secret=True),
        Blank("again", "The same again", "Against a slip.", secret=True, same_as=PASSPHRASE),
    )


def label_blank() -> Blank:
    """What a key is called in the list; never a secret."""
    return Blank("label", "Label", "A word for the list, such as cron or laptop.", optional=True)
