"""`audit`: who took which token when."""

from __future__ import annotations

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.errors import VaultLocked
from tui_oauth.text import rfc3339


def show(context: Context) -> int:
    """Print what was noted, the oldest first."""
    from tui_oauth import audit

    workspace, args = context.workspace, context.args
    wanted = workspace.vault.find(args.name).id if args.name else ""
    names = {}
    try:
        names = {entry.id: entry.name for entry in workspace.vault.entries()}
    except VaultLocked as error:
        # The file itself is readable without a key; only the names are in the vault.
        output.note(f"Entries are shown by id: {error}")
    found = list(audit.taken(workspace, wanted))
    if args.json:
        output.as_json([audit.describe(one, names) for one in found])
        return 0
    if not found:
        output.note("No token was taken yet.")
        return 0
    output.table(
        ("WHEN", "ENTRY", "WAY", "PROGRAM", "PROCESS", ""),
        [
            (
                rfc3339(one.at) or "",
                names.get(one.entry_id, one.entry_id[:8]),
                one.way,
                one.path or one.name or "not known",
                f"{one.pid} of user {one.uid}",
                "refused" if one.refused else "",
            )
            for one in found
        ],
    )
    return 0
