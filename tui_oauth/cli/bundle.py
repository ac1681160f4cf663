"""Entries for another machine: `export` and `import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_oauth.cli import output
from tui_oauth.cli.context import Context, ask_secret
from tui_oauth.cli.given import new_passphrase, passphrase_of
from tui_oauth.errors import VaultLocked

if TYPE_CHECKING:
    from tui_oauth.model import Entry, EntrySecrets
    from tui_oauth.secret import Secret
    from tui_oauth.vault.bundle import Bundle, Step

CONFLICTS = 3
_DONE = {
    "add": "added",
    "update": "updated",
    "same": "unchanged",
    "conflict": "left alone",
    "replace": "replaced",
}


def export(context: Context) -> int:
    """Write entries to a new bundle. AlreadyExists when there is a file; it is never touched."""
    from tui_oauth.vault.bundle import write_bundle

    workspace, args = context.workspace, context.args
    held = _chosen(context)
    passphrase = new_passphrase(context, "Passphrase for the bundle")
    path = Path(args.file).expanduser().absolute()
    write_bundle(path, held, passphrase, workspace.now())
    output.result(f"Exported {_entries(len(held))} to {path}")
    output.note("It opens with its own passphrase: tui-oauth import FILE")
    if any(entry.has_refresh_token for entry, _ in held):
        output.note(
            "Both sides now hold the same refresh tokens. Where a provider takes each of them only "
            "once, whichever side refreshes second has to authorize anew."
        )
    return 0


def _chosen(context: Context) -> list[tuple[Entry, EntrySecrets]]:
    vault, names = context.workspace.vault, context.args.names
    held = vault.held()
    ids = dict.fromkeys(vault.find(name).id for name in names) if names else held
    return [held[entry_id] for entry_id in ids if entry_id in held]


def import_bundle(context: Context) -> int:
    """Merge a bundle into the vault. Nothing of the vault is overwritten without `--replace`."""
    from tui_oauth.vault import bundle as bundles

    args = context.args
    vault = context.workspace.vault
    found = bundles.read_bundle(Path(args.file).expanduser().absolute())
    if bundles.is_copy_of(found.header, vault):
        incoming = bundles.open_bundle(found, vault=vault)
    else:
        incoming = bundles.open_bundle(found, passphrase=_passphrase(context, found))
    if args.dry_run:
        steps = bundles.plan(vault.held(), incoming, replace_ours=args.replace)
    else:
        steps = bundles.apply(vault, incoming, replace_ours=args.replace)
    conflicts = sum(step.action == "conflict" for step in steps)
    if args.json:
        rows = [_row(step) for step in steps]
        output.as_json({"dry_run": args.dry_run, "conflicts": conflicts, "entries": rows})
    else:
        _print(steps, args.dry_run)
    if conflicts:
        output.note(
            f"{_entries(conflicts)} in conflict: yours stay as they are. Rename yours, or take the "
            "bundle's with --replace."
        )
    return CONFLICTS if conflicts and not args.dry_run else 0


def _passphrase(context: Context, bundle: Bundle) -> Secret:
    args = context.args
    if not bundle.needs_passphrase:
        raise VaultLocked(
            f"{bundle.path} is another vault, and no passphrase opens it.",
            "Make a bundle of it: tui-oauth --vault PATH --key-file KEY export FILE",
        )
    given = passphrase_of(
        context, args.bundle_passphrase_command, args.bundle_passphrase_fd, "bundle-"
    )
    if given is not None:
        return given
    if not context.may_ask:
        raise VaultLocked(
            "The bundle has a passphrase, and nobody can be asked here.",
            "Name a command that prints it: --bundle-passphrase-command LINE, or --bundle-passphrase-fd N",
        )
    return ask_secret(f"Passphrase of {bundle.path}: ")


def _print(steps: list[Step], dry_run: bool) -> None:
    if not steps:
        output.result("The bundle holds no entries.")
        return
    rows = [
        (
            step.action.value if dry_run else _DONE[step.action.value],
            step.theirs.name,
            step.theirs.service_name,
            step.why,
        )
        for step in steps
    ]
    output.table(("Would" if dry_run else "Done", "Name", "Service", "Why"), rows)


def _row(step: Step) -> dict[str, Any]:
    return {
        "action": step.action.value,
        "name": step.theirs.name,
        "id": step.theirs.id,
        "service": step.theirs.service,
        "revision": step.theirs.revision,
        "existing_name": step.ours.name if step.ours else None,
        "existing_id": step.ours.id if step.ours else None,
        "existing_revision": step.ours.revision if step.ours else None,
        "why": step.why,
    }


def _entries(count: int) -> str:
    return "1 entry" if count == 1 else f"{count} entries"
