"""Several processes on one vault, and processes that are killed while they write."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from vault_helpers import entry, names_beside, program, reopen, secrets

from tui_oauth.errors import VaultBusy
from tui_oauth.paths import Places, places
from tui_oauth.vault import Vault, create_vault, lock, open_vault
from tui_oauth.vault.storage import lock_path

COUNT_UP = """
entry = vault.find(argv[0])
for _ in range(int(argv[1])):
    vault.change(entry.id, lambda e, s: (e._replace(created_at=e.created_at + 1), s))
"""


def test_two_processes_lose_no_update(vault: Vault, home: Path) -> None:
    made = vault.add(entry(created_at=0), secrets())
    vault.add(entry("other"), secrets("untouched"))
    running = [program(home, COUNT_UP, "work", "60") for _ in range(2)]
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert vault.get(made.id).created_at == 120
    assert vault.get(made.id).revision == 121
    assert vault.header.generation == 123
    assert vault.secrets(vault.find("other")) == secrets("untouched")


def test_processes_adding_entries_do_not_collide(vault: Vault, home: Path) -> None:
    code = """
from tui_oauth.model import Entry
for number in range(20):
    vault.add(Entry("", f"{argv[0]}-{number}", "s", "S", 0, 0))
"""
    running = [program(home, code, name) for name in ("a", "b")]
    for process in running:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert len(vault.entries()) == 40


def test_a_reader_beside_a_writer_sees_whole_states_only(vault: Vault, home: Path) -> None:
    vault.add(entry(created_at=0), secrets())
    reader = reopen(home)
    writer = program(home, COUNT_UP, "work", "40")
    seen = 0
    while writer.poll() is None:
        held = reader.find("work")
        assert held.created_at >= seen
        assert held.revision == held.created_at + 1
        assert reader.secrets(held) == secrets()
        seen = held.created_at
    writer.communicate(timeout=30)
    assert reader.find("work").created_at == 40


def test_kill_at_any_moment_leaves_the_old_or_the_new_state(
    vault: Vault, home: Path, spots: Places
) -> None:
    vault.add(entry(created_at=0), secrets())
    vault.add(entry("other"), secrets("untouched"))
    code = """
entry = vault.find("work")
print("ready", flush=True)
sys.stdin.readline()
while True:
    changed = vault.change(entry.id, lambda e, s: (e._replace(created_at=e.created_at + 1), s))
    os.write(1, b"%d\\n" % changed.created_at)
"""
    acknowledged = 0
    batch = [program(home, code) for _ in range(3)]
    for round_number in range(25):
        process = batch.pop(0)
        if round_number < 22:
            batch.append(program(home, code))
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline().strip().isdigit()
        # Spread over several writes of about a millisecond each; any moment will do.
        time.sleep(0.0007 * round_number)
        process.send_signal(signal.SIGKILL)
        output, _ = process.communicate(timeout=30)
        acknowledged = max([acknowledged, *(int(word) for word in output.split("\n")[:-1] if word)])
        fresh = reopen(home)
        held = fresh.find("work")
        # What was acknowledged is there; at most the one change in flight is there besides.
        assert acknowledged <= held.created_at
        assert fresh.secrets(held) == secrets()
        assert fresh.secrets(fresh.find("other")) == secrets("untouched")
    vault.add(entry("after"))
    left = names_beside(spots.vault)
    assert left == {"vault.json", "vault.json.bak", "vault.lock"}


def test_a_lock_dies_with_its_process(vault: Vault, home: Path, spots: Places) -> None:
    code = """
from tui_oauth.vault import lock
from tui_oauth.vault.storage import lock_path
with lock.hold(lock_path(vault.path), "the vault"):
    print("held", flush=True)
    sys.stdin.readline()
"""
    holder = program(home, code)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with (
        pytest.raises(VaultBusy, match=f"process {holder.pid} on ") as caught,
        lock.hold(lock_path(spots.vault), "the vault", timeout=0.05),
    ):
        pytest.fail("two at once")
    assert caught.value.exit_code == 5
    assert vault.entries() == []  # readers take no lock
    holder.kill()
    holder.communicate(timeout=30)
    assert vault.add(entry()).revision == 1


def test_of_several_processes_one_refreshes_and_the_others_find_it_done(
    vault: Vault, home: Path
) -> None:
    made = vault.add(entry(), secrets(access="old"))
    code = """
from tui_oauth.secret import Secret
entry = vault.find("work")
asked = 0
with vault.entry_lock(entry.id, 30.0):
    held = vault.secrets(vault.get(entry.id)).tokens
    if held.access_token == Secret("old"):
        with vault.reserve(entry.id):
            asked = 1
            new = held._replace(access_token=Secret("new"), refresh_token=Secret("rt-2"))
            vault.change(entry.id, lambda e, s: (e, s._replace(tokens=new)))
print(asked)
"""
    running = [program(home, code) for _ in range(5)]
    asked = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sum(asked) == 1
    held = vault.secrets(made).tokens
    assert held is not None
    assert held.access_token.reveal() == "new"


class Clock:
    """Time that passes by sleeping alone, and what was slept."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.slept: list[float] = []
        self.while_asleep: list[bool] = []
        self.folder: Path | None = None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        if self.folder is not None:
            self.while_asleep.append(waited_for(self.folder))


def waited_for(folder: Path) -> bool:
    """Whether somebody waits for a lock in this folder, as the one who releases it can see."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(lock, "time", made)
    return made


def test_who_waits_for_the_vault_looks_often_and_leaves_a_mark(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "vault.lock"
    clock.folder = tmp_path
    with lock.hold(path, "the vault"):
        assert not waited_for(tmp_path)
        with pytest.raises(VaultBusy, match="waited 2 s"), lock.hold(path, "the vault", 2.0):
            raise AssertionError("two hold one lock")
    assert len(clock.slept) > 300
    assert max(clock.slept) == lock.LONGEST_WAIT
    assert all(clock.while_asleep)
    assert not waited_for(tmp_path), "the mark goes with the waiting"


def test_who_has_just_released_a_lock_leaves_it_to_those_who_wait(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "vault.lock"

    def take() -> list[float]:
        clock.slept.clear()
        with lock.hold(path, "the vault"):
            return list(clock.slept)

    assert (take(), take()) == ([], []), "nobody waits, so nothing is lost"
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        assert take() == [lock.COURTESY_SECONDS]
        clock.now += 1
        assert take() == [], "it is long ago that this process had it"
    finally:
        os.close(descriptor)
    assert take() == []


def test_two_vaults_made_at_once_share_one_key_file(home: Path) -> None:
    """Each writes a key file of its own, and whichever comes first must be what both use."""

    def where(name: str) -> Places:
        return places({"HOME": str(folder)}, vault=str(folder / name / "vault.json"))

    for attempt in range(25):
        folder = home / str(attempt)
        (folder / ".config" / "tui-oauth").mkdir(parents=True, mode=0o700)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda name: create_vault(where(name)), "abc"))
        for name in "abc":
            assert open_vault(where(name), {}).entries() == []
        assert [each.name for each in (folder / ".config" / "tui-oauth").iterdir()] == ["vault.key"]
