"""A refresh that is killed, cut off or cannot be stored: what the next one does and says."""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.refreshing import age, authorized
from tests.stage import Stage, free_port
from tui_oauth import net
from tui_oauth.entries import delete_entry
from tui_oauth.errors import NeedsPerson, NotFound, ProviderUnreachable, StorageFailed
from tui_oauth.model import Entry
from tui_oauth.oauth.http import Request, Response
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.tokens import STORE_AGAIN_AFTER, access_token, refresh_entry
from tui_oauth.vault import files

ROTATING = Behaviour(rotating_refresh=True, expires_in=3600)
SLOW = replace(ROTATING, delay=0.5)
MARK = re.compile(r"refresh begun (\S+Z) process (\d+) token ([0-9a-f]{8})")


class Gate:
    """A way to the provider that holds the first request back until its sender is gone.

    With `loses` it passes that on, and cuts the line when the provider has answered.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self.loses = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.holds = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        first = True
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, first), daemon=True).start()
            first = False

    def _serve(self, connection: socket.socket, hold: bool) -> None:
        with connection:
            received = connection.recv(65_536)
            if hold and not self.loses:
                self.holds.set()
                while connection.recv(65_536):
                    pass
                return
            with socket.create_connection(("127.0.0.1", self._target)) as onward:
                onward.sendall(received)
                threading.Thread(target=_pour, args=(connection, onward), daemon=True).start()
                if not hold:
                    _pour(onward, connection)
                elif onward.recv(65_536):
                    self.holds.set()
                    # Closing alone would not: the other thread still reads from it.
                    connection.shutdown(socket.SHUT_RDWR)


def _pour(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
    except OSError:
        return


@pytest.fixture
def gate(stage: Stage) -> Iterator[Gate]:
    with closing(Gate(stage.provider.port)) as made:
        yield made


def lock_file(stage: Stage, entry: Entry) -> Path:
    return stage.workspace.places.vault.parent / "locks" / f"{entry.id}.lock"


def start(count: int) -> list[subprocess.Popen[str]]:
    argv = [sys.executable, "-m", "tui_oauth", "token", "work"]
    return [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(count)
    ]


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def holder(stage: Stage, entry: Entry) -> int:
    """The process that the mark names."""
    found = MARK.search(lock_file(stage, entry).read_text())
    assert found
    return int(found[2])


def finish(running: list[subprocess.Popen[str]], killed: int) -> list[tuple[int, str, str]]:
    """Exit code, output and words of all but the one that was killed."""
    done = []
    for process in running:
        out, err = process.communicate(timeout=60)
        if process.pid == killed:
            assert process.returncode == -signal.SIGKILL
        else:
            done.append((process.returncode, out, err))
    return done


def test_rule_84_killed_before_the_provider_got_it_the_others_make_one_request(
    stage: Stage, gate: Gate
):
    entry = authorized(stage, ROTATING)
    age(stage, entry, 4000)
    stage.workspace.vault.change(
        entry.id, lambda held, kept: (held._replace(variables={"port": str(gate.port)}), kept)
    )
    stage.provider.application.behaviour = SLOW
    running = start(20)
    assert gate.holds.wait(20)
    killed = holder(stage, entry)
    os.kill(killed, signal.SIGKILL)
    done = finish(running, killed)
    assert [code for code, _, _ in done] == [0] * 19, done
    assert len({out for _, out, _ in done}) == 1
    assert stage.provider.application.count["refresh"] == 1
    assert not MARK.search(lock_file(stage, entry).read_text())
    refresh_entry(stage.workspace, entry)  # the stored refresh token is the good one


def test_rule_84_killed_after_the_token_was_spent_one_more_asks_and_says_why(stage: Stage):
    entry = authorized(stage, ROTATING)
    age(stage, entry, 4000)
    stage.provider.application.behaviour = SLOW
    running = start(20)
    until(lambda: stage.provider.application.count["refresh"])
    killed = holder(stage, entry)
    begun = MARK.search(lock_file(stage, entry).read_text())
    assert begun
    os.kill(killed, signal.SIGKILL)
    done = finish(running, killed)
    # The killed one's request, and one that had to try: the others take the refusal for granted.
    assert stage.provider.application.count["refresh"] == 2
    assert [code for code, _, _ in done] == [7] * 19, done
    assert all(f"was interrupted at {begun[1]}" in err for _, _, err in done)
    assert all("tui-oauth authorize work" in err for _, _, err in done)
    assert not MARK.search(lock_file(stage, entry).read_text()), "told, so no longer unfinished"
    assert [path.suffix for path in lock_file(stage, entry).parent.iterdir()] == [".lock"]


def test_rule_88_an_answer_lost_on_its_way_is_asked_for_once_more_and_the_rest_are_told(
    stage: Stage, gate: Gate
):
    """The provider has rotated and the answer never came: by no means can a client tell."""
    entry = authorized(stage, ROTATING)
    age(stage, entry, 4000)
    gate.loses = True
    stage.workspace.vault.change(
        entry.id, lambda held, kept: (held._replace(variables={"port": str(gate.port)}), kept)
    )
    before = stage.workspace.vault.secrets(entry).tokens
    done = finish(start(20), killed=0)
    assert gate.holds.is_set()
    # The request whose answer was lost, and one more: eighteen others take its refusal for granted.
    assert stage.provider.application.count["refresh"] == 2
    assert sorted(code for code, _, _ in done) == [7] * 19 + [11], done
    told = [err for code, _, err in done if code == 7]
    assert all("An earlier refresh with the same token was interrupted at" in err for err in told)
    assert all("tui-oauth authorize work" in err for err in told)
    assert stage.workspace.vault.secrets(entry).tokens == before, "rule 86: nothing is deleted"
    assert stage.workspace.vault.get(entry.id).needs_authorization


def test_rule_88_where_the_provider_takes_the_token_once_more_all_goes_well(
    stage: Stage, gate: Gate
):
    """As one does that never rotates, or that forgives the use of a spent token once."""
    entry = authorized(stage, replace(ROTATING, rotating_refresh=False, refresh_tokens=True))
    age(stage, entry, 4000)
    gate.loses = True
    stage.workspace.vault.change(
        entry.id, lambda held, kept: (held._replace(variables={"port": str(gate.port)}), kept)
    )
    done = finish(start(4), killed=0)
    assert stage.provider.application.count["refresh"] == 2
    assert sorted(code for code, _, _ in done) == [0, 0, 0, 11], done
    assert len({out for code, out, _ in done if code == 0}) == 1
    assert not MARK.search(lock_file(stage, entry).read_text())


def test_the_mark_stands_while_the_provider_is_asked_and_tells_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    entry = authorized(stage, ROTATING)
    spent = stage.workspace.vault.secrets(entry).tokens.refresh_token.reveal()
    fetch, seen = net.fetch, []

    def look(request: Request, **more: object) -> Response:
        seen.append(lock_file(stage, entry).read_text())
        return fetch(request, **more)

    monkeypatch.setattr(net, "fetch", look)
    refresh_entry(stage.workspace, entry)
    mark = MARK.search(seen[0])
    assert mark
    assert int(mark[2]) == os.getpid()
    assert not any(spent[at : at + 8] in seen[0] for at in range(len(spent) - 7))
    assert not MARK.search(lock_file(stage, entry).read_text())
    refresh_entry(stage.workspace, entry)
    other = MARK.search(seen[1])
    assert other
    assert other[3] != mark[3], "another token, another mark"


def test_a_provider_that_got_nothing_leaves_no_mark_and_an_earlier_one_stays(stage: Stage):
    entry = authorized(stage, ROTATING)
    age(stage, entry, 4000)
    vault = stage.workspace.vault
    there, gone = str(stage.provider.port), str(free_port())

    def move(port: str) -> None:
        vault.change(entry.id, lambda held, kept: (held._replace(variables={"port": port}), kept))

    move(gone)
    with pytest.raises(ProviderUnreachable):
        access_token(stage.workspace, entry)
    assert not MARK.search(lock_file(stage, entry).read_text())
    cost = vault.secrets(entry).tokens.refresh_token
    with vault.entry_lock(entry.id) as intents:
        intents.begin(cost, 1_700_000_000)
    with pytest.raises(ProviderUnreachable):
        access_token(stage.workspace, entry)
    assert MARK.findall(lock_file(stage, entry).read_text())[0][0] == "2023-11-14T22:13:20Z"
    move(there)
    assert access_token(stage.workspace, entry).access_token
    assert not MARK.search(lock_file(stage, entry).read_text())


def test_rule_88_after_an_answer_that_never_came_the_token_is_tried_once_more_and_it_is_named(
    stage: Stage,
):
    entry = authorized(stage, ROTATING)
    age(stage, entry, 4000)
    stage.provider.application.behaviour = replace(ROTATING, delay=4)
    with pytest.raises(ProviderUnreachable):
        access_token(stage.workspace, entry, deadline=1.5)
    begun = MARK.search(lock_file(stage, entry).read_text())
    assert begun
    stage.provider.application.behaviour = ROTATING
    with pytest.raises(NeedsPerson, match=f"interrupted at {begun[1]}"):
        access_token(stage.workspace, entry)
    assert stage.provider.application.count["refresh"] == 2
    assert begun[1] in stage.workspace.vault.get(entry.id).last_error
    with pytest.raises(NeedsPerson):
        access_token(stage.workspace, entry)
    assert stage.provider.application.count["refresh"] == 2


def test_an_unwritable_mark_keeps_the_refresh_token_unspent(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    entry = authorized(stage, ROTATING)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(StorageFailed, match="disk is full"):
            refresh_entry(stage.workspace, entry)
    assert stage.provider.application.count["refresh"] == 0
    refresh_entry(stage.workspace, entry)


def test_strange_notes_in_a_lock_file_are_left_unread(stage: Stage):
    entry = authorized(stage, ROTATING)
    refresh_entry(stage.workspace, entry)
    lock_file(stage, entry).write_bytes(
        b"\xff\x1b]52;c;AAAA\x07\nrefresh begun now\n" + b"x" * 9000
    )
    store = stage.provider.application.store
    store.end_grant(store.grants(store.apps()[0])[0])
    with pytest.raises(NeedsPerson) as caught:
        refresh_entry(stage.workspace, entry)
    assert "interrupted" not in str(caught.value)
    assert len(lock_file(stage, entry).read_bytes()) < 300


def test_an_entry_that_is_deleted_meanwhile_is_told_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    entry = authorized(stage, ROTATING)
    fetch = net.fetch

    def meanwhile(request: Request, **more: object) -> Response:
        answer = fetch(request, **more)
        delete_entry(stage.workspace, entry)
        return answer

    monkeypatch.setattr(net, "fetch", meanwhile)
    with pytest.raises(NotFound, match="work was deleted while its token was refreshed"):
        refresh_entry(stage.workspace, entry)
    assert stage.workspace.vault.entries() == []
    assert list(lock_file(stage, entry).parent.iterdir()) == []


@pytest.mark.parametrize("failures", range(1, len(STORE_AGAIN_AFTER) + 1))
def test_rule_82_a_disk_that_is_full_for_a_moment_costs_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, failures: int
):
    entry = authorized(stage, ROTATING)
    replace_private, left = files.replace_private, iter(range(failures))

    def full(path: Path, *rest: object, **more: object) -> object:
        if next(left, None) is not None:
            raise files.failed("write", OSError(errno.ENOSPC, "No space left on device"))
        return replace_private(path, *rest, **more)

    monkeypatch.setattr(files, "replace_private", full)
    refresh_entry(stage.workspace, entry)
    assert stage.provider.application.count["refresh"] == 1
    refresh_entry(stage.workspace, entry)
    assert [path.suffix for path in lock_file(stage, entry).parent.iterdir()] == [".lock"]


def test_a_commit_whose_lasting_is_in_doubt_is_not_called_a_success(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    entry = authorized(stage, ROTATING)
    with stage.workspace.vault.entry_lock(entry.id):
        pass  # makes the folder of the locks
    sync_folder = files.sync_folder

    def doubtful(path: Path) -> None:
        if path == stage.workspace.places.vault.parent:
            raise OSError(errno.EIO, "Input/output error")
        sync_folder(path)

    with monkeypatch.context() as patched:
        patched.setattr(files, "sync_folder", doubtful)
        with pytest.raises(StorageFailed, match="outlives a power cut"):
            refresh_entry(stage.workspace, entry)
    refresh_entry(stage.workspace, entry)  # it was there, and its refresh token is the good one
    assert stage.provider.application.count["refresh"] == 2


def test_a_kept_answer_that_is_taken_up_ends_the_mark(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    entry = authorized(stage, ROTATING)
    age(stage, entry, 4000)

    def full(*_: object, **__: object) -> Entry:
        raise StorageFailed("The vault cannot be written: no space left on device.")

    with monkeypatch.context() as patched:
        patched.setattr(stage.workspace.vault, "change", full)
        with pytest.raises(StorageFailed, match="kept beside the vault"):
            access_token(stage.workspace, entry)
    assert MARK.search(lock_file(stage, entry).read_text()), "it is not done yet"
    access_token(stage.workspace, entry)
    assert stage.provider.application.count["refresh"] == 1
    assert not MARK.search(lock_file(stage, entry).read_text())
