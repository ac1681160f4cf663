"""What stands beside a vault: its copies, the note of what was last seen, kept answers and sign-ins."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shlex
from pathlib import Path

from tui_oauth.errors import StorageFailed, TuiOauthError
from tui_oauth.text import neutralise, rfc3339
from tui_oauth.vault import (
    backups,
    container,
    crypto,
    files,
    intents,
    last_seen,
    records,
    sealing,
    slots,
)
from tui_oauth.vault.container import Header
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.health.findings import Report
from tui_oauth.vault.health.places import check_file
from tui_oauth.vault.sealing import Record
from tui_oauth.vault.upkeep import Upkeep


def check_copies(report: Report, path: Path, header: Header | None, keys: Keys | None) -> None:
    """Every copy beside the vault: mode, header, and its MAC where the key is the same."""
    report.done("the copies beside the vault")
    found = backups.all_copies(path)
    for copy in found:
        if check_file(report, copy, "copy", "copy") is not None:
            _check_copy(report, copy, header, keys)
    if not found and header is not None and header.generation > 1:
        report.note(
            "copy-none",
            f"There is no copy of the vault beside {path}.",
            "Make one: tui-oauth vault backup",
        )


def _check_copy(report: Report, copy: Path, header: Header | None, keys: Keys | None) -> None:
    try:
        data = read_copy(copy)
        theirs = container.parse_header(data, copy)
    except TuiOauthError as error:
        report.warn(
            "copy-unusable", f"The copy {copy} cannot be used: {error.message}", "Remove it."
        )
        return
    if header is not None and theirs.vault_id != header.vault_id:
        report.note("copy-other-vault", f"{copy} is a copy of another vault.")
    elif header is not None and not slots.share_one(theirs.slots, header.slots):
        report.note(
            "copy-other-key",
            f"The copy {copy} is from before the vault's key was changed: the old keys open it.",
            "If the old key had leaked, remove the copy.",
        )
    elif keys is not None:
        try:
            container.open_tables(data, keys, copy)
        except TuiOauthError:
            report.warn(
                "copy-damaged", f"The copy {copy} is damaged: its seal does not fit.", "Remove it."
            )


def read_copy(copy: Path) -> bytes:
    """The bytes of a copy; StorageFailed, UnsafePath."""
    try:
        return files.read_private(copy, "copy", container.MAX_BYTES)[0]
    except FileNotFoundError as error:
        raise StorageFailed(f"The copy {copy} is gone.") from error


def check_last_seen(report: Report, path: Path, header: Header, data: bytes, state: Path) -> None:
    """Whether this state of the vault is older than one that was seen on this machine."""
    report.done("the age of the vault against what was last seen")
    known = last_seen.read_notes(state / last_seen.NAME).get(header.vault_id)
    if known is None:
        return
    mac = last_seen.mac_digits(container.mac_of(data))
    other = header.generation == known.generation and mac != known.mac
    if known.doubted or other or header.generation < known.generation:
        report.warn("vault-older", last_seen.words(path, header, known))


def check_pending(report: Report, path: Path, keys: Keys | None, data: bytes) -> None:
    """Answers to a refresh that could not be stored, and whether they can still be of use."""
    folder = path.parent / "locks"
    beside: list[Path] = []
    with contextlib.suppress(OSError):
        beside = sorted(folder.iterdir())
    waiting = [one for one in beside if one.suffix == ".pending" and container.is_id(one.stem)]
    if not waiting:
        return
    names = _names(data, keys, path) if keys is not None else None
    for kept in waiting:
        if check_file(report, kept, "kept answer", "kept-answer") is None:
            continue
        called, advice = "an entry", "It is stored by the next refresh of that entry."
        if keys is not None and names is not None:
            if kept.stem not in names:
                sentence = f"{kept} holds the tokens of an entry that is gone."
                report.warn("kept-answer-orphan", sentence, "Remove it.")
                continue
            try:
                Upkeep(path, keys).read_pending(kept.stem)
            except TuiOauthError as error:
                report.warn("kept-answer-damaged", error.message, error.advice)
                continue
            called = names[kept.stem]
            advice = f"Store them now: tui-oauth refresh {shlex.quote(called)}"
        sentence = f"{kept} holds new tokens of {called} that could not be stored."
        report.warn("kept-answer", sentence, advice)


def check_sign_ins(report: Report, path: Path, keys: Keys | None, data: bytes, now: int) -> None:
    """Sign-ins that were interrupted, and whether they can still be taken up."""
    beside: list[Path] = []
    with contextlib.suppress(OSError):
        beside = sorted((path.parent / "locks").iterdir())
    kept = [one for one in beside if one.suffix == ".signins" and container.is_id(one.stem)]
    names = _names(data, keys, path) if keys is not None and kept else None
    for file in kept:
        if check_file(report, file, "kept sign-in", "sign-in") is None:
            continue
        if keys is None or names is None:
            report.note("sign-in-waits", f"{file} holds sign-ins that were begun.")
            continue
        if file.stem not in names:
            sentence = f"{file} holds sign-ins of an entry that is gone."
            report.warn("sign-in-orphan", sentence, "Remove it.")
            continue
        word = shlex.quote(names[file.stem])
        ends = _last_end(Upkeep(path, keys), file.stem)
        if ends is None:
            report.warn(
                "sign-in-damaged",
                f"{file} does not open: a sign-in of {names[file.stem]} cannot be gone on with.",
                f"Remove it, and start again: tui-oauth authorize {word}",
            )
        elif ends > now:
            report.note(
                "sign-in-waits",
                f"A sign-in of {names[file.stem]} waits for its answer until {rfc3339(ends)}.",
                f"If nobody waits for it any more: tui-oauth authorize {word} --resume",
            )
        else:
            report.note(
                "sign-in-expired",
                f"{file} holds a sign-in whose time was up at {rfc3339(ends)}.",
                "The next sign-in of that entry clears it away; it can be removed.",
            )
    report.done("sign-ins that were interrupted")


def _last_end(upkeep: Upkeep, entry_id: str) -> int | None:
    """When the last of the entry's kept sign-ins ends, in Unix seconds; None if they do not open."""
    try:
        kept = json.loads(upkeep.read_sign_ins(entry_id))["kept"]
        return max(int(one["expires_at"]) for one in kept)
    except (TuiOauthError, ValueError, KeyError, TypeError):
        return None


def check_intents(report: Report, path: Path, keys: Keys | None, data: bytes) -> None:
    """Refreshes that were begun with a token that the vault still has: it may be spent."""
    if keys is None:
        return
    try:
        tables = container.open_tables(data, keys, path)
        found = [Record.of(0, item) for item in tables[container.ENTRIES_TABLE].values()]
    except (TuiOauthError, KeyError):
        return  # the damage is reported by itself
    for record in found:
        lines = _idle_lock_lines(path.parent / "locks" / f"{record.id}.lock")
        try:
            tokens = sealing.open_secrets(keys, record).tokens if lines else None
            called = neutralise(sealing.open_entry(keys, record).name) if lines else ""
        except (TuiOauthError, crypto.DoesNotOpen, records.UnreadableRecord):
            continue
        spent = tokens and (tokens.refresh_token or tokens.access_token)
        since = spent and intents.interrupted_in(lines, keys, record.id, spent)
        if since:
            report.warn(
                "refresh-interrupted",
                f"A refresh of {called} was interrupted at {since}; its refresh token may be spent.",
                f"See whether it still works: tui-oauth refresh {shlex.quote(called)}",
            )
    report.done("refreshes that did not end")


def _idle_lock_lines(lock: Path) -> list[str]:
    """What an entry's lock file says; nothing while a process holds it, for then it is at work."""
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return os.pread(descriptor, 4096, 0).decode("utf-8", "replace").splitlines()
    except OSError:
        return []
    finally:
        os.close(descriptor)


def _names(data: bytes, keys: Keys, path: Path) -> dict[str, str] | None:
    """The names of the entries by id; None if the vault cannot be read."""
    try:
        tables = container.open_tables(data, keys, path)
        found = [Record.of(0, item) for item in tables[container.ENTRIES_TABLE].values()]
        return {one.id: neutralise(sealing.open_entry(keys, one).name) for one in found}
    except (TuiOauthError, crypto.DoesNotOpen, records.UnreadableRecord, KeyError):
        return None
