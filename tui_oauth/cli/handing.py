"""What holds for every command that hands a token to a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.handing import bound_note
from tui_oauth.handing import one_line as one_line

if TYPE_CHECKING:
    from tui_oauth.model import Entry, TokenSet


def say_if_bound(entry: Entry, tokens: TokenSet) -> None:
    """Say that a token which is bound to a key opens nothing alone (RFC 9449)."""
    if tokens.bound:
        output.note(bound_note(entry, tokens))
