"""A new data key: everything sealed anew, old keys of no use, other processes told so."""

from __future__ import annotations

import resource
import signal
import time
from pathlib import Path

import pytest
from vault_helpers import entry, program, reopen, secrets, tokens, with_access

from tui_oauth.errors import Conflict, StorageFailed, VaultBusy, VaultDamaged, VaultLocked
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import KeyOptions, Vault, files, open_vault, rekey, slot_changes, slots
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.unlock import open_with_slot


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "MEMORY_KIB", 8192)
    monkeypatch.setattr(slots, "PASSES", 1)


def _rekey(spots: Places, options: KeyOptions | None = None) -> tuple[Vault, Secret | None]:
    vault, found = open_with_slot(spots, {}, options or KeyOptions())
    return vault, rekey.rekey(vault, rekey.plan(spots, {}, vault, found))


def test_everything_is_sealed_anew_and_nothing_is_lost(vault: Vault, spots: Places) -> None:
    for number in range(5):
        vault.add(entry(f"entry-{number}"), secrets(f"cs-{number}"))
    vault.change(vault.find("entry-2").id, with_access("newer"))
    before = [(e, vault.secrets(e)) for e in vault.entries()]
    old_key, old_header = vault.data_key, vault.header
    old_bytes = spots.vault.read_bytes()
    rekeyed, code = _rekey(spots)
    assert code is None
    fresh = open_vault(spots, {})
    assert [(e, fresh.secrets(e)) for e in fresh.entries()] == before
    assert [(e, rekeyed.secrets(e)) for e in rekeyed.entries()] == before
    assert fresh.data_key != old_key
    assert fresh.header.vault_id == old_header.vault_id
    assert fresh.header.generation == old_header.generation + 1
    assert fresh.header.seals == 10  # the new key was used for two parts of five entries
    assert {s.id for s in fresh.header.slots}.isdisjoint(s.id for s in old_header.slots)
    data = spots.vault.read_bytes()
    assert not Keys(old_key, old_header.vault_id).made_mac(data[:-67], data[-67:-3])
    assert spots.vault.with_name("vault.json.bak").read_bytes() == old_bytes
    rekeyed.add(entry("after"))
    assert len(open_vault(spots, {}).entries()) == 6


def test_what_can_be_carried_over_and_what_not(vault: Vault, spots: Places, tmp_path: Path) -> None:
    slot_changes.add_passphrase(vault, Secret("words"), "mine")
    slot_changes.add_key_file(vault, tmp_path / "cron.key", "cron")
    _, old_code = slot_changes.add_recovery(vault)
    opened, found = open_with_slot(spots, {"TUI_OAUTH_PASSPHRASE": "words"})
    plan = rekey.plan(spots, {}, opened, found)
    assert [(slot.kind, slot.label) for slot, _ in plan.carried] == [
        ("key-file", "first"),
        ("passphrase", "mine"),
    ]
    assert [slot.label for slot in plan.dropped] == ["cron"]
    assert [slot.kind for slot in plan.replaced] == ["recovery"]
    assert "words" not in repr(plan)
    new_code = rekey.rekey(opened, plan)
    assert new_code is not None
    for key in (Secret("words"), new_code):
        assert open_vault(spots, {}, passphrase=key)
    assert open_vault(spots, {})
    with pytest.raises(VaultLocked):
        open_vault(spots, {}, passphrase=old_code)
    with pytest.raises(VaultLocked):
        open_vault(spots, {}, KeyOptions(key_file=str(tmp_path / "cron.key")))


def test_a_recovery_code_that_opened_the_vault_stays(vault: Vault, spots: Places) -> None:
    _, code = slot_changes.add_recovery(vault)
    spots.key_file.unlink()
    opened, found = open_with_slot(spots, {}, passphrase=code)
    plan = rekey.plan(spots, {}, opened, found)
    assert rekey.rekey(opened, plan) is None
    assert open_vault(spots, {}, passphrase=code)


def test_other_processes_are_told_and_see_no_damage(
    vault: Vault, home: Path, spots: Places
) -> None:
    made = vault.add(entry(), secrets())
    code = """
from tui_oauth.errors import TuiOauthError
found = vault.find("work")
print("open", flush=True)
sys.stdin.readline()
for attempt in (vault.entries, lambda: vault.change(found.id, lambda e, s: (e._replace(account="x"), s))):
    try:
        attempt()
    except TuiOauthError as error:
        print(type(error).__name__, error.exit_code, error)
"""
    other = program(home, code)
    assert other.stdout is not None
    assert other.stdin is not None
    assert other.stdout.readline() == "open\n"
    _rekey(spots)
    said, _ = other.communicate("go\n", timeout=30)
    lines = said.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("VaultLocked 4 ")
        assert "was given a new key while this program was running" in line
        assert "Start the program again" in line
    with pytest.raises(VaultLocked, match="new key"):
        vault.get(made.id)
    assert reopen(home).get(made.id) == made


def test_damage_is_still_called_damage(vault: Vault, spots: Places) -> None:
    vault.add(entry(), secrets())
    slot_changes.add_passphrase(vault, Secret("words"))
    slot_changes.change_passphrase(vault, Secret("others"))
    data = bytearray(spots.vault.read_bytes())
    data[-200] ^= 1
    spots.vault.write_bytes(data)
    with pytest.raises(VaultDamaged):
        vault.entries()
    with pytest.raises(VaultDamaged):
        open_vault(spots, {})


@pytest.mark.parametrize("written", [False, True])
def test_an_error_while_writing_leaves_a_vault_that_goes_on(
    vault: Vault, home: Path, spots: Places, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    made = vault.add(entry(), secrets())
    opened, found = open_with_slot(spots, {})
    plan = rekey.plan(spots, {}, opened, found)
    real = files.replace_private

    def failing(path: Path, data: bytes, what: str, *, keep_previous: bool) -> files.Signature:
        if written:
            real(path, data, what, keep_previous=keep_previous)
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(files, "replace_private", failing)
    with pytest.raises(StorageFailed):
        rekey.rekey(opened, plan)
    monkeypatch.undo()
    # Whichever state is on disk, the process that tried goes on with it, and so does a new one.
    assert opened.secrets(made) == secrets()
    opened.change(made.id, with_access("after"))
    assert reopen(home).secrets(made) == opened.secrets(made)
    assert ({s.id for s in reopen(home).header.slots} == {s.id for s in plan.before}) is not written


def test_a_refresh_in_flight_is_waited_for(
    vault: Vault, spots: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = vault.add(entry(), secrets())
    monkeypatch.setattr(rekey, "LOCK_SECONDS", 0.1)
    before = spots.vault.read_bytes()
    with vault.entry_lock(made.id), pytest.raises(VaultBusy):
        _rekey(spots)
    assert spots.vault.read_bytes() == before
    _rekey(spots)


def test_an_answer_that_was_kept_is_stored_first(vault: Vault, spots: Places) -> None:
    made = vault.add(entry(), secrets())
    vault.keep_pending(made.id, tokens("at-2", "rt-2"), sent=Secret("rt-1"))
    before = spots.vault.read_bytes()
    with pytest.raises(Conflict, match="tui-oauth refresh work"):
        _rekey(spots)
    assert spots.vault.read_bytes() == before
    assert vault.take_pending(made.id) is not None


def test_keys_that_changed_since_the_plan_stop_it(vault: Vault, spots: Places) -> None:
    opened, found = open_with_slot(spots, {})
    plan = rekey.plan(spots, {}, opened, found)
    slot_changes.add_passphrase(vault, Secret("words"))
    with pytest.raises(Conflict, match="keys were changed"):
        rekey.rekey(opened, plan)
    assert len(open_vault(spots, {}).header.slots) == 2


def test_more_entries_than_open_files_are_allowed(vault: Vault, home: Path) -> None:
    code = """
import resource
from tui_oauth.model import Entry
from tui_oauth.vault import rekey
from tui_oauth.vault.unlock import open_with_slot
from tui_oauth.paths import places
for number in range(60):
    vault.add(Entry("", f"e{number}", "s", "S", 0, 0))
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (40, hard))
spots = places(os.environ)
opened, found = open_with_slot(spots, os.environ)
rekey.rekey(opened, rekey.plan(spots, os.environ, opened, found))
print(len(opened.entries()))
"""
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 200
    process = program(home, code)
    assert process.communicate(timeout=60)[0] == "60\n"
    assert len(reopen(home).entries()) == 60


def test_a_kill_at_any_moment_leaves_a_vault_that_opens(
    vault: Vault, home: Path, spots: Places
) -> None:
    made = [vault.add(entry(f"e{number}"), secrets(f"cs-{number}")) for number in range(20)]
    code = """
from tui_oauth.paths import places
from tui_oauth.vault import rekey
from tui_oauth.vault.unlock import open_with_slot
print("ready", flush=True)
spots = places(os.environ)
while True:
    opened, found = open_with_slot(spots, os.environ)
    rekey.rekey(opened, rekey.plan(spots, os.environ, opened, found))
    os.write(1, b".")
"""
    seen = set()
    for round_number in range(8):
        process = program(home, code)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert process.stdout.read(1) == "."
        time.sleep(0.003 * round_number)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
        fresh = reopen(home)
        assert [fresh.secrets(e) for e in made] == [secrets(f"cs-{n}") for n in range(20)]
        seen.add(fresh.data_key)
    assert len(seen) == 8
    reopen(home).add(entry("after"))
    assert not list(spots.vault.parent.glob("*.tmp"))
