"""Commands on the keys that open the vault: list, add, remove, change the passphrase, rekey."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_oauth import vault_care
from tui_oauth.cli import output
from tui_oauth.cli.context import Context, ask_line
from tui_oauth.cli.given import check_new_passphrase, new_passphrase
from tui_oauth.errors import StorageFailed, UsageProblem
from tui_oauth.text import neutralise, rfc3339

if TYPE_CHECKING:
    from tui_oauth.secret import Secret
    from tui_oauth.vault import SlotInfo
    from tui_oauth.vault.slots import Slot

RECOVERY_WORDS = (
    "Write the recovery code down and keep it away from this machine: it opens the vault alone, "
    "it is not shown again, and it is typed where a passphrase is asked for. Case, blanks and "
    "hyphens do not matter."
)
_OLD_COPIES = (
    "It still opens copies of the vault that were made before. If it may be in the wrong hands, "
    "go on with: tui-oauth vault rekey"
)


def group(context: Context) -> int:
    """`tui-oauth vault key` alone."""
    raise UsageProblem(
        "vault key needs one of: list, add, remove.", "Run: tui-oauth vault key --help"
    )


def list_keys(context: Context) -> int:
    """The keys of the vault. Works while it is locked: what a vault says of itself needs no key."""
    from tui_oauth.vault import read_header

    infos = [slot.info for slot in read_header(context.workspace.places.vault).slots]
    if context.args.json:
        output.as_json([_as_json(info) for info in infos])
    else:
        rows = [
            (info.id, _words(info.kind), info.label, rfc3339(info.created) or "") for info in infos
        ]
        output.table(("KEY", "KIND", "LABEL", "CREATED"), rows)
    return 0


def add(context: Context) -> int:
    """Add one way to open the vault; the others stay."""
    args = context.args
    if bool(args.file) != (args.kind == "key-file"):
        raise UsageProblem(
            "A key file needs its path." if not args.file else f"{args.kind} takes no path.",
            "For instance: tui-oauth vault key add key-file ~/cron.key",
        )
    if args.kind != "passphrase" and (
        args.new_passphrase_command or args.new_passphrase_fd is not None
    ):
        raise UsageProblem(
            "A new passphrase is given, and the new key is none.",
            "Run: tui-oauth vault key add passphrase",
        )
    adding = {
        "key-file": _add_key_file,
        "passphrase": _add_passphrase,
        "recovery": _add_recovery,
        "keyring": _add_keyring,
    }
    return adding[args.kind](context)


def _add_key_file(context: Context) -> int:
    from tui_oauth.vault import slot_changes

    path = Path(context.args.file).expanduser().absolute()
    info, made = slot_changes.add_key_file(context.workspace.vault, path, context.args.label)
    output.result(f"{'Made' if made else 'Uses'} the key file {path}")
    _added(context, info)
    output.note("Whoever has this file and the vault can open it. Name it with --key-file.")
    return 0


def _add_passphrase(context: Context) -> int:
    from tui_oauth.vault import slot_changes

    check_new_passphrase(context)
    vault = context.workspace.vault
    info = slot_changes.add_passphrase(
        vault, new_passphrase(context, "New passphrase"), context.args.label
    )
    _added(context, info)
    return 0


def _add_recovery(context: Context) -> int:
    from tui_oauth.vault import slot_changes

    info, code = slot_changes.add_recovery(context.workspace.vault, context.args.label)
    show_code(code)
    _added(context, info)
    return 0


def _add_keyring(context: Context) -> int:
    from tui_oauth.vault import os_keyring, slot_changes

    try:
        backend = os_keyring.probe(context.environ)
    except os_keyring.Unavailable as error:
        raise StorageFailed(
            f"The system's keyring cannot be used: {error}. Nothing was changed.",
            "A key file works everywhere: tui-oauth vault key add key-file PATH",
        ) from error
    info = slot_changes.add_keyring(context.workspace.vault, context.environ, context.args.label)
    output.result(f"Uses the system's keyring ({backend})")
    _added(context, info)
    return 0


def remove(context: Context) -> int:
    """Remove one key, after a question on a terminal or with --yes. Never the last one."""
    from tui_oauth.vault import slot_changes, slots

    args = context.args
    if not args.yes and not context.may_ask:
        raise UsageProblem(
            "This asks before it removes a key, and nobody can be asked here.",
            f"Say it with the command: tui-oauth vault key remove {neutralise(args.slot, 40)} --yes",
        )
    vault = context.workspace.vault
    slot = slot_changes.slot_with_id(vault.header.slots, args.slot)
    left = tuple(other for other in vault.header.slots if other.id != slot.id)
    slot_changes.check_left(left)
    if not args.yes:
        question = f"Remove the {_named(slot)}? The vault then opens with: {_list(left)}. [y/N] "
        if ask_line(output.plain(question)).lower() not in {"y", "yes"}:
            output.note("It was kept.")
            return 0
    slot = slot_changes.remove_slot(vault, slot.id)
    output.result(f"Removed the {_named(slot)}")
    if slot.kind == slots.KEYRING:
        reason = slot_changes.forget_in_keyring(context.environ, vault.header.vault_id, slot)
        if reason:
            output.note(f"The system's keyring still has what is of no use now: {reason}.")
    output.note(f"The vault opens with: {_list(vault.header.slots)}.")
    output.note(_OLD_COPIES)
    return 0


def passphrase(context: Context) -> int:
    """Change the passphrase: one key is rewritten, all others stay as they are."""
    from tui_oauth.vault import slot_changes

    check_new_passphrase(context)
    vault = context.workspace.vault
    # Said before anybody types a passphrase for nothing.
    slot = slot_changes.passphrase_to_change(vault, context.args.slot)
    info = slot_changes.change_passphrase(vault, new_passphrase(context, "New passphrase"), slot.id)
    output.result(f"Changed the passphrase (key {info.id})")
    output.note(f"The old one opens it no longer. {_OLD_COPIES}")
    return 0


def rekey(context: Context) -> int:
    """Seal everything anew under a new data key, and say what that leaves open."""
    workspace = context.workspace
    vault, plan = vault_care.plan_rekey(workspace)
    if not _agreed(context, plan.dropped, plan.replaced):
        output.note("Nothing was changed.")
        return 0
    done = vault_care.carry_out_rekey(workspace, vault, plan)
    count = "1 entry" if done.entries == 1 else f"{done.entries} entries"
    output.result(f"Sealed {count} of {vault.path} under a new key")
    if done.code is not None:
        show_code(done.code)
    output.note(f"The vault opens with: {_list(vault.header.slots)}.")
    for words in vault_care.after_rekey(done):
        output.note(words)
    return 0


def _agreed(context: Context, dropped: Sequence[Slot], replaced: Sequence[Slot]) -> bool:
    """Whether the person agrees to what a rekeying leaves behind; True where that is nothing."""
    lost = []
    if dropped:
        lost.append(f"These keys cannot be carried over and would be removed: {_list(dropped)}.")
    if replaced:
        lost.append(f"A new recovery code replaces the present one ({_list(replaced)}).")
    if not lost or context.args.yes:
        return True
    words = " ".join(lost)
    if not context.may_ask:
        raise UsageProblem(
            f"{words} Nothing was changed.", "To go on all the same: tui-oauth vault rekey --yes"
        )
    return ask_line(output.plain(f"{words} Go on? [y/N] ")).lower() in {"y", "yes"}


def show_code(code: Secret) -> None:
    """Print a recovery code, this once."""
    output.result(f"Recovery code  {code.reveal()}")
    output.note(RECOVERY_WORDS)


def _added(context: Context, info: SlotInfo) -> None:
    output.result(f"Added the {_named(info)}")
    output.note(f"The vault opens with: {_list(context.workspace.vault.header.slots)}.")


def _named(slot: SlotInfo | Slot) -> str:
    label = f", {slot.label}" if slot.label else ""
    return f"{_words(slot.kind)} ({slot.id}{label})"


def _list(slots: Sequence[SlotInfo | Slot]) -> str:
    return ", ".join(_named(slot) for slot in slots)


def _words(kind: str) -> str:
    from tui_oauth.vault.slots import WORDS

    return WORDS.get(kind, neutralise(kind, 20))


def _as_json(info: SlotInfo) -> dict[str, str | None]:
    return {
        "id": info.id,
        "kind": info.kind,
        "label": info.label,
        "created_at": rfc3339(info.created),
    }
