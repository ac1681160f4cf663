"""`unlock` and `lock`: the vault's key in the kernel's keyring of this user, for a while."""

from __future__ import annotations

from tui_oauth import vault_care
from tui_oauth.cli import output
from tui_oauth.cli.agent import tell_agent
from tui_oauth.cli.context import Context
from tui_oauth.text import duration, rfc3339


def unlock(context: Context) -> int:
    """Keep the vault unlocked. VaultLocked without a key of one's own; StorageFailed where the
    kernel keeps none for us."""
    workspace, span = context.workspace, context.args.span
    until = vault_care.keep_unlocked(workspace, span)
    tell_agent(context, "reload")
    output.result(f"Unlocked {workspace.places.vault} until {rfc3339(until)} ({duration(span)}).")
    output.note(
        "Until then every program that runs as you can use the vault without asking. "
        "It ends by itself, with a restart, or with: tui-oauth lock"
    )
    return 0


def lock(context: Context) -> int:
    """Forget what `unlock` kept. StorageFailed where the kernel keeps nothing for us."""
    vault = context.workspace.places.vault
    tell_agent(context, "lock")
    done = vault_care.lock(context.workspace)
    output.result(f"Locked {vault}" if done.was_kept else f"{vault} was not unlocked.")
    if done.key_file is not None:
        output.note(f"The key file {done.key_file} goes on opening it.")
    return 0
