"""A new vault of what can be saved from a damaged one. The original is only ever read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tui_oauth import __version__
from tui_oauth.errors import TuiOauthError, VaultDamaged, VaultLocked
from tui_oauth.model import Entry, normalised_name
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.text import neutralise
from tui_oauth.vault import backups, container, last_seen, sealing, slots
from tui_oauth.vault.container import Header
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.health.copies import read_copy
from tui_oauth.vault.health.examine import read_bytes
from tui_oauth.vault.health.scan import Opened, Scan, mended_header, scan
from tui_oauth.vault.options import KeyOptions
from tui_oauth.vault.unlock import Ask, find_data_key

MARK = "Salvaged from a damaged vault; may be older than its last state."


class Saved(NamedTuple):
    """An entry of the new vault. `mended` if a flipped bit was turned back in it."""

    name: str
    id: str
    revision: int
    mended: bool


class Lost(NamedTuple):
    """An entry that is not in the new vault: its name, as far as known, and what has it."""

    name: str
    id: str
    why: str
    copies: tuple[Path, ...]


class Salvage(NamedTuple):
    """What became of it.

    `proven` means that the seal over the whole file fits, if need be after a bit was turned back:
    then nothing is missing and nothing is older than the last state. `header_from` is a copy that
    the header had to be taken from.
    """

    out: Path
    saved: list[Saved]
    lost: list[Lost]
    proven: bool
    header_from: Path | None


class _Copy(NamedTuple):
    path: Path
    header: Header
    data: bytes


class _Found(NamedTuple):
    header: Header
    header_from: Path | None
    keys: Keys
    scan: Scan


def salvage(
    spots: Places,
    out: Path,
    environ: Mapping[str, str],
    options: KeyOptions,
    ask: Ask | None = None,
    keys: Keys | None = None,
    passphrase: Secret | None = None,
) -> Salvage:
    """Write what can be saved of the vault at `spots.vault` to a new vault at `out`.

    It has the same id, data key and key slots. `keys` are those that it was unlocked with already,
    if it was: a passphrase cannot be read from a descriptor twice. `passphrase` is what a person
    has typed for this (a recovery code does as well). AlreadyExists if anything is at `out`;
    VaultDamaged if nothing can be saved; VaultLocked, UsageProblem, UnsafePath, StorageFailed.
    """
    path = spots.vault
    data = read_bytes(path)
    if not data:
        raise VaultDamaged(
            f"There is nothing in {path} that could be saved.",
            "See what copies are beside it: tui-oauth doctor",
        )
    copies = _copies(path)

    def unlocked(header: Header) -> Keys:
        if keys is not None and keys.vault_id == header.vault_id:
            return keys
        data_key = find_data_key(spots, header, environ, options, ask=ask, passphrase=passphrase)
        return Keys(data_key, header.vault_id)

    found = _open(path, data, copies, unlocked)
    proven = _proven(found, path)
    entries, dropped = _latest(found.scan.opened)
    lost = [] if proven else _lost(found, entries, copies, path) + dropped
    header = found.header._replace(
        generation=_generation(found.header, copies, spots.state) + 1, writer=__version__
    )
    if proven:
        tables = container.open_tables(found.scan.data, found.keys, path)
    else:
        marked = [(_marked(opened.entry), opened.secrets) for opened in entries]
        tables = {
            container.ENTRIES_TABLE: {
                str(number): sealing.sealed_document(found.keys, entry, secrets)
                for number, (entry, secrets) in enumerate(marked, 1)
            }
        }
    header = header._replace(seals=header.seals + found.keys.seals)
    backups.write_new_file(out, container.build(tables, header, found.keys), "vault")
    saved = [
        Saved(opened.entry.name, opened.entry.id, opened.entry.revision, opened.mended)
        for opened in entries
    ]
    return Salvage(out, saved, lost, proven, found.header_from)


def _copies(path: Path) -> list[_Copy]:
    found = []
    for copy in backups.all_copies(path):
        try:
            data = read_copy(copy)
            found.append(_Copy(copy, container.parse_header(data, copy), data))
        except TuiOauthError:
            continue  # a copy that cannot be read is of no help here; doctor names it
    return found


def _open(
    path: Path, data: bytes, copies: list[_Copy], unlocked: Callable[[Header], Keys]
) -> _Found:
    """The file's records under its own header, or under that of a copy if its own is gone.

    After a change of the vault's key its copies are of no help; the file's own header is.
    """
    own = mended_header(data, path)
    candidates: list[tuple[Header, Path | None]] = [(copy.header, copy.path) for copy in copies]
    if own is not None:
        candidates, data = [(own[0], None)], own[1]
    else:
        _refuse_newer(path, data)
    tried = set()
    problem: TuiOauthError | None = None
    for header, source in candidates:
        known = (header.vault_id, *(slot.wrapped for slot in header.slots))
        if known in tried:
            continue
        tried.add(known)
        try:
            keys = unlocked(header)
        except (VaultLocked, VaultDamaged) as error:
            problem = problem or error
            continue
        found = _Found(header, source, keys, scan(data, keys))
        if found.scan.opened or _proven(found, path):
            return found
        problem = VaultDamaged(
            f"No entry of {path} can be opened any more.",
            "A copy beside it may have them: tui-oauth doctor",
        )
    raise problem or VaultDamaged(
        f"The header of {path} is gone, and with it the key slots; no copy has them.",
        "Without them nothing in the file can be opened.",
    )


def _refuse_newer(path: Path, data: bytes) -> None:
    """MadeByNewer where that is what ails the file; a flipped bit in its version does not."""
    try:
        container.parse_header(data, path)
    except container.MadeByNewer:
        raise
    except TuiOauthError:
        return


def _proven(found: _Found, path: Path) -> bool:
    try:
        container.open_tables(found.scan.data, found.keys, path)
    except TuiOauthError:
        return False
    return found.header_from is None


def _latest(opened: list[Opened]) -> tuple[list[Opened], list[Lost]]:
    """Each entry once, at its highest revision; of two with one name the one changed last."""
    by_id: dict[str, Opened] = {}
    for one in opened:
        held = by_id.get(one.entry.id)
        if held is None or one.entry.revision > held.entry.revision:
            by_id[one.entry.id] = one
    by_name: dict[str, Opened] = {}
    dropped = []
    for one in sorted(by_id.values(), key=lambda one: one.entry.updated_at, reverse=True):
        key = normalised_name(one.entry.name)
        if key in by_name:
            why = "a later entry has its name"
            dropped.append(Lost(one.entry.name, one.entry.id, why, ()))
        else:
            by_name[key] = one
    return [by_name[key] for key in sorted(by_name)], dropped


def _lost(found: _Found, entries: list[Opened], copies: list[_Copy], path: Path) -> list[Lost]:
    """What there are remains of, and what the last copy has and the file has no more."""
    whole = {opened.entry.id for opened in found.scan.opened}
    damaged = {remains.id for remains in found.scan.remains}
    names = {remains.id: remains.name for remains in found.scan.remains}
    having: dict[str, list[Path]] = {}
    last = path.with_name(path.name + backups.TYPE_SUFFIX)
    for copy in copies:
        if copy.header.vault_id != found.header.vault_id:
            continue
        for opened in scan(copy.data, found.keys).opened:
            entry_id = opened.entry.id
            having.setdefault(entry_id, []).append(copy.path)
            if entry_id not in whole and (copy.path == last or entry_id in names):
                names[entry_id] = names.get(entry_id, "") or opened.entry.name
    return [
        Lost(
            name,
            entry_id,
            "damaged" if entry_id in damaged else "not found, though it was before the last change",
            tuple(having.get(entry_id, ())),
        )
        for entry_id, name in names.items()
        if entry_id not in whole
    ]


def _generation(header: Header, copies: list[_Copy], state: Path) -> int:
    """Higher than all that was ever seen of this vault, so that it is not taken for an old one."""
    known = last_seen.read_notes(state / last_seen.NAME).get(header.vault_id)
    seen = [copy.header.generation for copy in copies if copy.header.vault_id == header.vault_id]
    return max(header.generation, known.generation if known else 0, *seen, 0)


def _marked(entry: Entry) -> Entry:
    return entry._replace(revision=entry.revision + 1, last_error=MARK)


def takes_typed(vault: Path) -> bool:
    """Whether a passphrase or recovery code may open the vault, by its own header or a copy's."""
    headers = [copy.header for copy in _copies(vault)]
    data = read_bytes(vault)
    own = mended_header(data, vault) if data else None
    if own is not None:
        headers = [own[0]]
    return any(slot.kind in slots.TYPED for header in headers for slot in header.slots)


def describe_lost(lost: Lost) -> str:
    """One lost entry in a sentence, with what to do about it."""
    called = neutralise(lost.name) if lost.name else f"an entry whose name is lost ({lost.id})"
    if not lost.copies:
        return f"{called}: {lost.why}; no copy has it."
    return f"{called}: {lost.why}; {', '.join(path.name for path in lost.copies)} has it."
