"""`write --keep`: a file that follows the token, until somebody ends the command."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.errors import ProviderUnreachable, VaultBusy
from tui_oauth.vault.files import Signature, signature_of

if TYPE_CHECKING:
    from tui_oauth.workspace import Workspace

_LOOK_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 2, 300


def keep_written(context: Context, write: Callable[[], int | None]) -> int:
    """Write now, and again whenever the token is due or somebody has changed the vault.

    A provider that cannot be reached is asked again after a while, for longer each time; what needs
    a person ends the command. `write` gives the end of the token in Unix seconds.
    """
    workspace = context.workspace
    pause = _FIRST_PAUSE
    while True:
        seen = _signed(workspace)
        try:
            ends = write()
            pause = _FIRST_PAUSE
            due = next_look(ends, context.args.min_ttl, workspace.now())
        except (ProviderUnreachable, VaultBusy) as error:
            output.note(f"tui-oauth: {error}")
            due, pause = workspace.now() + pause, min(pause * 2, _LONGEST_PAUSE)
        while (due is None or workspace.now() < due) and _signed(workspace) == seen:
            time.sleep(_LOOK_SECONDS)


def _signed(workspace: Workspace) -> Signature | None:
    """What tells one state of the vault's file from another; no key is needed for it."""
    try:
        return signature_of(os.lstat(workspace.places.vault))
    except OSError:
        return None


def next_look(ends: int | None, min_ttl: int, now: int) -> int | None:
    """When to look again for a token that ends at `ends`; None where it does not end.

    One that does not live for `min_ttl` seconds is looked for at half of what is left of it, rather
    than over and over.
    """
    if ends is None:
        return None
    left = ends - now
    return ends - min_ttl if left > min_ttl else now + max(_FIRST_PAUSE, left // 2)
