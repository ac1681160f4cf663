"""A vault that is unlocked for a while: what the kernel's keyring keeps of it, and the errors of that."""

from __future__ import annotations

from collections.abc import Sequence

from tui_oauth.errors import StorageFailed
from tui_oauth.vault import kernel_keyring
from tui_oauth.vault.container import Header
from tui_oauth.vault.repository import Vault

Unavailable = kernel_keyring.Unavailable
INSTEAD = (
    "Instead: give scripts a key file of their own (tui-oauth vault key add key-file PATH), "
    "or the passphrase with --passphrase-command or --passphrase-fd."
)


def check_kernel(header: Header) -> None:
    """StorageFailed where the kernel does not let us keep a key, as far as looking for one tells."""
    try:
        kernel_keyring.recall(header.vault_id)
    except Unavailable as error:
        raise _refused(error) from error


def keep_unlocked(vault: Vault, seconds: int) -> int:
    """Have the kernel keep the vault's data key for `seconds`; the end in Unix seconds.

    StorageFailed where the kernel does not let us, with what to do instead.
    """
    header = vault.header
    try:
        return kernel_keyring.keep(header.vault_id, vault.data_key, seconds, _ids(header))
    except Unavailable as error:
        raise _refused(error) from error


def _refused(error: Unavailable) -> StorageFailed:
    return StorageFailed(f"The vault cannot be kept unlocked: {error}.", INSTEAD)


def lock_again(header: Header) -> bool:
    """Forget what is kept for this vault; whether there was something. StorageFailed as above."""
    try:
        return kernel_keyring.forget(header.vault_id)
    except Unavailable as error:
        raise StorageFailed(
            f"It cannot be looked up whether the vault is kept unlocked: {error}.", INSTEAD
        ) from error


def unlocked_until(header: Header) -> int | None:
    """Until when the vault is unlocked, in Unix seconds; None if it is not. Unavailable."""
    kept = kernel_keyring.recall(header.vault_id)
    return None if kept is None or _is_of_another_key(kept, header) else kept.until


def kept_key(header: Header) -> bytes | None:
    """The data key that is kept for this vault, if it is still the vault's. Unavailable.

    A vault that was given a new key since (`vault rekey`) has none of the slots it had; what is
    kept then opens nothing and is forgotten.
    """
    kept = kernel_keyring.recall(header.vault_id)
    if kept is None:
        return None
    if _is_of_another_key(kept, header):
        kernel_keyring.forget(header.vault_id)
        return None
    return kept.data_key


def _is_of_another_key(kept: kernel_keyring.Kept, header: Header) -> bool:
    return kept.slot_ids.isdisjoint(_ids(header))


def _ids(header: Header) -> Sequence[str]:
    return [slot.id for slot in header.slots]
