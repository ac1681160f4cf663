"""`vault backup`: a copy of the vault, verified."""

from __future__ import annotations

from pathlib import Path

from tui_oauth.cli import output
from tui_oauth.cli.context import Context


def backup(context: Context) -> int:
    """Copy the vault as it is now. Its MAC is checked first, and the copy is read back."""
    from tui_oauth.vault.backups import make_copy

    workspace, args = context.workspace, context.args
    vault = workspace.vault
    target = Path(args.file).expanduser().absolute() if args.file else None
    made = make_copy(vault.verified_bytes(), vault.path, target, workspace.now())
    output.result(f"Made the copy {made}")
    output.note(f"It opens with what opens the vault now: {vault.protection}.")
    return 0
