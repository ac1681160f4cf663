"""`unlock` and `lock`: the vault's key in the kernel's keyring of this user, for a while."""

from __future__ import annotations

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.text import duration, rfc3339


def unlock(context: Context) -> int:
    """Keep the vault unlocked. VaultLocked without a key of one's own; StorageFailed where the
    kernel keeps none for us."""
    from tui_oauth.vault.unlocked import keep_unlocked

    # What an earlier `unlock` kept does not count: nobody prolongs it without a key.
    context.key_options = context.key_options._replace(use_kept=False)
    vault = context.workspace.vault
    until = keep_unlocked(vault, context.args.span)
    output.result(f"Unlocked {vault.path} until {rfc3339(until)} ({duration(context.args.span)}).")
    output.note(
        "Until then every program that runs as you can use the vault without asking. "
        "It ends by itself, with a restart, or with: tui-oauth lock"
    )
    return 0


def lock(context: Context) -> int:
    """Forget what `unlock` kept. StorageFailed where the kernel keeps nothing for us."""
    from tui_oauth.vault import read_header, slots
    from tui_oauth.vault.unlocked import lock_again

    places = context.workspace.places
    header = read_header(places.vault)
    was_kept = lock_again(header)
    output.result(f"Locked {places.vault}" if was_kept else f"{places.vault} was not unlocked.")
    if any(slot.kind == slots.KEY_FILE for slot in header.slots) and places.key_file.exists():
        output.note(f"The key file {places.key_file} goes on opening it, if it is one of its keys.")
    return 0
