"""Changes that several threads want at once: one commit, each with its own end, none told too early."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from vault_helpers import entry, reopen, secrets, tokens, with_access

from tui_oauth.errors import Conflict, NotFound, StorageFailed
from tui_oauth.model import Entry
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import Vault, lock
from tui_oauth.vault.storage import lock_path

COUNT = 8


@pytest.fixture
def entries(vault: Vault) -> list[Entry]:
    return [vault.add(entry(f"e{number}"), secrets()) for number in range(COUNT)]


def at_once(vault: Vault, changes: list[Callable[[], Entry]]) -> list[Future[Entry]]:
    """Let all `changes` wait for the vault's lock before the first of them gets it."""
    with ThreadPoolExecutor(len(changes)) as pool:
        with lock.hold(lock_path(vault.path), "the vault"):
            begun = threading.Barrier(len(changes) + 1)

            def one(change: Callable[[], Entry]) -> Entry:
                begun.wait(10)
                return change()

            futures = [pool.submit(one, change) for change in changes]
            begun.wait(10)
            time.sleep(0.3)
        return futures


def changing(vault: Vault, entry_id: str, access: str, **more: int) -> Callable[[], Entry]:
    return lambda: vault.change(entry_id, with_access(access), **more)


def access(vault: Vault, held: Entry) -> str:
    kept = vault.secrets(held).tokens
    assert kept is not None
    return kept.access_token.reveal()


def test_those_that_wait_together_are_one_commit(
    vault: Vault, entries: list[Entry], home: Path
) -> None:
    before = vault.header.generation
    done = at_once(vault, [changing(vault, one.id, f"new-{one.name}") for one in entries])
    assert [future.result().revision for future in done] == [2] * COUNT
    assert vault.header.generation == before + 1
    other = reopen(home)
    assert [access(other, one) for one in entries] == [f"new-{one.name}" for one in entries]


def test_changes_of_one_entry_follow_each_other(vault: Vault, entries: list[Entry]) -> None:
    def longer(held: Entry, kept: object) -> tuple[Entry, object]:
        return held._replace(account=held.account + "x"), kept

    one = entries[0]
    done = at_once(vault, [lambda: vault.change(one.id, longer)] * COUNT)  # type: ignore[arg-type]
    assert sorted(future.result().revision for future in done) == list(range(2, COUNT + 2))
    assert vault.get(one.id).account == "x" * COUNT


def test_one_that_cannot_be_made_takes_no_other_along(
    vault: Vault, entries: list[Entry], home: Path
) -> None:
    def broken(held: Entry, kept: object) -> tuple[Entry, object]:
        raise ZeroDivisionError

    first, second, third, fourth = entries[:4]
    done = at_once(
        vault,
        [
            changing(vault, first.id, "new"),
            changing(vault, "0" * 32, "nowhere"),
            changing(vault, second.id, "late", expected_revision=7),
            lambda: vault.change(third.id, broken),  # type: ignore[arg-type]
            lambda: vault.change(fourth.id, lambda held, kept: (held, kept)),
        ],
    )
    errors = [type(future.exception()) for future in done]
    assert errors == [type(None), NotFound, Conflict, ZeroDivisionError, type(None)]
    kept = [access(reopen(home), one) for one in entries[:4]]
    assert kept == ["new", "at-1", "at-1", "at-1"]


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_disk_that_does_not_take_it_is_told_to_each(
    vault: Vault,
    entries: list[Entry],
    home: Path,
    spots: Places,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
) -> None:
    before = spots.vault.read_bytes()

    def full(*args: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        done = at_once(vault, [changing(vault, one.id, "new") for one in entries])
        errors = [future.exception() for future in done]
    assert {type(error) for error in errors} == {StorageFailed}
    assert len({id(error) for error in errors}) == COUNT, "each has one of his own"
    assert all("The old state stands" in str(error) for error in errors)
    assert spots.vault.read_bytes() == before
    assert vault.change(entries[0].id, with_access("later")).revision == 2


def test_who_is_broken_off_leaves_the_others_in_doubt_not_in_belief(
    vault: Vault, entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may have been replaced and not be durable: "done" must not be said of it."""

    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tui_oauth.vault.files.sync_folder", interrupted)
        done = at_once(vault, [changing(vault, one.id, "new") for one in entries])
        errors = [type(future.exception()) for future in done]
    assert sorted(one.__name__ for one in errors) == ["KeyboardInterrupt"] + ["StorageFailed"] * 7


def test_an_answer_kept_for_later_goes_with_the_change_that_replaces_it(
    vault: Vault, entries: list[Entry]
) -> None:
    for one in entries:
        vault.keep_pending(one.id, tokens("kept"), sent=Secret("rt-1"))
    for future in at_once(vault, [changing(vault, one.id, "new") for one in entries]):
        future.result()
    assert not list((vault.path.parent / "locks").glob("*.pending"))
