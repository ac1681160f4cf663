"""What holds for every command that hands a token to a program."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.errors import ProviderRefused

if TYPE_CHECKING:
    from tui_oauth.model import Entry, TokenSet


def say_if_bound(entry: Entry, tokens: TokenSet) -> None:
    """Say that a token which is bound to a key opens nothing alone (RFC 9449)."""
    if tokens.bound:
        output.note(
            f"The token of {entry.name} is bound to a key (DPoP): alone it opens nothing, each call "
            "needs a proof of its own. In Python, tui_oauth.EntryAuth makes them."
        )


def one_line(entry: Entry, text: str) -> str:
    """`text` if it is one line of printable characters (checklist rule 117)."""
    if any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in text):
        raise ProviderRefused(
            f"The access token of {entry.name} holds control characters, "
            "which would act on whatever reads the line.",
            "tui-oauth token --json gives it escaped.",
        )
    return text
