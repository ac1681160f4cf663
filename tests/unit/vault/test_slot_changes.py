"""Adding, removing and changing keys, each in one commit; recovery codes at work."""

from __future__ import annotations

from pathlib import Path

import pytest
from vault_helpers import entry, program, reopen, secrets, state_of

from tui_oauth.errors import (
    AlreadyExists,
    Conflict,
    NotFound,
    StorageFailed,
    UnsafePath,
    UsageProblem,
    VaultLocked,
)
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import (
    KeyOptions,
    Vault,
    create_vault,
    files,
    open_vault,
    recovery,
    slot_changes,
    slots,
)

WORDS = Secret("correct horse")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    # The smallest costs within the bounds: these tests are about the slots.
    monkeypatch.setattr(slots, "MEMORY_KIB", 8192)
    monkeypatch.setattr(slots, "PASSES", 1)


def _never(question: str) -> Secret:
    pytest.fail(f"asked {question!r}")


def _held(vault: Vault) -> object:
    found = vault.find("work")
    return found, vault.secrets(found)


def test_a_key_file_is_made_and_opens(vault: Vault, spots: Places, tmp_path: Path) -> None:
    vault.add(entry(), secrets())
    before = vault.header
    path = tmp_path / "cron" / "cron.key"
    info, made = slot_changes.add_key_file(vault, path, "cron")
    assert made
    assert (info.kind, info.label) == ("key-file", "cron")
    assert path.stat().st_mode & 0o777 == 0o600
    assert vault.header.generation == before.generation + 1
    assert vault.header.slots[:1] == before.slots
    assert vault.header.seals == before.seals  # no entry was sealed again
    opened = open_vault(spots, {}, KeyOptions(key_file=str(path)), ask=_never)
    assert _held(opened) == _held(vault)
    with pytest.raises(AlreadyExists, match=info.id):
        slot_changes.add_key_file(vault, path)


def test_a_key_file_that_is_there_is_used(vault: Vault, spots: Places, tmp_path: Path) -> None:
    path = tmp_path / "own.key"
    path.write_text(slots.key_file_text(b"\x05" * 32))
    path.chmod(0o600)
    before = path.read_bytes()
    assert slot_changes.add_key_file(vault, path)[1] is False
    assert path.read_bytes() == before
    assert open_vault(spots, {"TUI_OAUTH_KEY_FILE": str(path)})
    loose = tmp_path / "loose.key"
    loose.write_text(slots.key_file_text(b"\x06" * 32))
    loose.chmod(0o644)
    with pytest.raises(UnsafePath):
        slot_changes.add_key_file(vault, loose)


def test_a_key_file_goes_again_when_the_vault_cannot_be_written(
    vault: Vault, home: Path, spots: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state_of(spots.vault.parent)["vault.json"]

    def full(*_: object, **__: object) -> None:
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(files, "replace_private", full)
    with pytest.raises(StorageFailed):
        slot_changes.add_key_file(vault, tmp_path / "cron.key")
    assert not (tmp_path / "cron.key").exists()
    assert state_of(spots.vault.parent)["vault.json"] == before
    monkeypatch.undo()
    assert len(reopen(home).header.slots) == 1


def test_a_recovery_code_opens_wherever_a_passphrase_is_given(vault: Vault, spots: Places) -> None:
    vault.add(entry(), secrets())
    info, code = slot_changes.add_recovery(vault, "safe")
    assert vault.protection == "key file, recovery code"
    assert code.reveal() not in spots.vault.read_text()
    spots.key_file.unlink()
    typed = Secret(code.reveal().replace("-", " ").lower())
    asked: list[str] = []

    def ask(question: str) -> Secret:
        asked.append(question)
        return typed

    assert _held(open_vault(spots, {}, ask=ask)) == _held(vault)
    assert asked == [f"Recovery code for {spots.vault}: "]
    assert open_vault(spots, {"TUI_OAUTH_PASSPHRASE": code.reveal()}, ask=_never)
    assert open_vault(spots, {}, passphrase=typed)
    with pytest.raises(VaultLocked, match="recovery code in the same ways"):
        open_vault(spots, {})
    slot_changes.add_key_file(vault, spots.key_file.with_name("other.key"))
    slot_changes.remove_slot(vault, info.id)
    with pytest.raises(VaultLocked, match="cannot open"):
        open_vault(spots, {}, passphrase=code)


def test_a_mistyped_code_is_told_from_a_wrong_one(vault: Vault, spots: Places) -> None:
    _, code = slot_changes.add_recovery(vault)
    last = code.reveal()[-1]
    slip = Secret(code.reveal()[:-1] + ("A" if last != "A" else "B"))
    with pytest.raises(VaultLocked, match="checksum does not fit"):
        open_vault(spots, {}, passphrase=slip)
    with pytest.raises(VaultLocked, match="does not open"):
        open_vault(spots, {}, passphrase=recovery.code_of(bytes(16)))
    spots.key_file.unlink()
    questions: list[str] = []
    answers = iter([slip, code])

    def ask(question: str) -> Secret:
        questions.append(question)
        return next(answers)

    assert open_vault(spots, {}, ask=ask)
    assert "there is a slip in it" in questions[1]


def test_a_new_vault_with_a_recovery_code(spots: Places) -> None:
    secret = recovery.new_secret()
    made = create_vault(spots, passphrase=WORDS, recovery=secret)
    assert made.protection == "passphrase, recovery code"
    assert open_vault(spots, {}, passphrase=WORDS)
    assert open_vault(spots, {}, passphrase=recovery.code_of(secret))
    with pytest.raises(VaultLocked):
        open_vault(spots, {}, passphrase=Secret("other"))


def test_changing_a_passphrase_rewrites_one_slot(vault: Vault, spots: Places) -> None:
    info = slot_changes.add_passphrase(vault, WORDS, "mine")
    key_slot, old = vault.header.slots
    generation = vault.header.generation
    changed = slot_changes.change_passphrase(vault, Secret("new words"))
    assert (changed.id, changed.label) == (info.id, "mine")
    assert vault.header.slots[0] == key_slot
    assert vault.header.slots[1].parameters["salt"] != old.parameters["salt"]
    assert vault.header.generation == generation + 1
    assert open_vault(spots, {}, passphrase=Secret("new words"))
    with pytest.raises(VaultLocked):
        open_vault(spots, {}, passphrase=WORDS)


def test_which_passphrase_is_changed_has_to_be_clear(vault: Vault, spots: Places) -> None:
    with pytest.raises(UsageProblem, match="no passphrase"):
        slot_changes.change_passphrase(vault, WORDS)
    one = slot_changes.add_passphrase(vault, WORDS)
    two = slot_changes.add_passphrase(vault, Secret("second"))
    with pytest.raises(UsageProblem, match="2 passphrases"):
        slot_changes.change_passphrase(vault, Secret("x"))
    with pytest.raises(UsageProblem, match="no passphrase"):
        slot_changes.change_passphrase(vault, Secret("x"), vault.header.slots[0].id)
    with pytest.raises(NotFound):
        slot_changes.change_passphrase(vault, Secret("x"), "00000000")
    slot_changes.change_passphrase(vault, Secret("third"), two.id)
    assert open_vault(spots, {}, passphrase=WORDS)
    assert open_vault(spots, {}, passphrase=Secret("third"))
    assert [slot.id for slot in vault.header.slots[1:]] == [one.id, two.id]


def test_the_last_key_stays(vault: Vault, spots: Places) -> None:
    first = vault.header.slots[0].id
    before = spots.vault.read_bytes()
    with pytest.raises(UsageProblem, match="last key"):
        slot_changes.remove_slot(vault, first)
    with pytest.raises(NotFound):
        slot_changes.remove_slot(vault, "00000000")
    assert spots.vault.read_bytes() == before
    slot_changes.add_passphrase(vault, WORDS)
    slot_changes.remove_slot(vault, first)
    assert vault.protection == "passphrase"
    with pytest.raises(VaultLocked):
        open_vault(spots, {})
    with pytest.raises(UsageProblem, match="last key"):
        slot_changes.remove_slot(vault, vault.header.slots[0].id)


def test_a_key_of_a_kind_that_we_cannot_open_does_not_count(vault: Vault, spots: Places) -> None:
    card = vault.header.slots[0]._replace(id="0000000c", kind="smart-card")
    vault.change_slots(lambda before, _: (*before, card))
    with pytest.raises(UsageProblem, match="last key"):
        slot_changes.remove_slot(vault, vault.header.slots[0].id)
    slot_changes.remove_slot(vault, card.id)
    assert vault.protection == "key file"


def test_two_processes_cannot_remove_the_last_two_keys(
    vault: Vault, home: Path, spots: Places
) -> None:
    other = reopen(home)
    info = slot_changes.add_passphrase(vault, WORDS)
    assert slot_changes.remove_slot(other, info.id).id == info.id
    with pytest.raises(UsageProblem, match="last key"):
        slot_changes.remove_slot(vault, vault.header.slots[0].id)


def test_a_change_that_another_process_overtook_is_not_made(vault: Vault, home: Path) -> None:
    info = slot_changes.add_passphrase(vault, WORDS)
    stale = slot_changes.passphrase_to_change(vault)
    code = """
from tui_oauth.secret import Secret
from tui_oauth.vault import slot_changes
slot_changes.change_passphrase(vault, Secret("of the other"))
"""
    process = program(home, code)
    assert process.wait(30) == 0
    process.communicate()
    real = slot_changes.passphrase_to_change
    try:
        slot_changes.passphrase_to_change = lambda *_: stale
        with pytest.raises(Conflict):
            slot_changes.change_passphrase(vault, Secret("mine"))
    finally:
        slot_changes.passphrase_to_change = real
    assert [slot.id for slot in vault.header.slots][1:] == [info.id]


def test_labels_and_numbers_have_bounds(vault: Vault, spots: Places) -> None:
    for label in ("x" * 61, "two\nlines", "\x1b[31m", "‮"):
        with pytest.raises(UsageProblem, match="label"):
            slot_changes.add_recovery(vault, label)
    with pytest.raises(UsageProblem, match="empty"):
        slot_changes.add_passphrase(vault, Secret(""))
    while len(vault.header.slots) < slot_changes.MAX_SLOTS:
        slot_changes.add_recovery(vault, "\U0001f511" * 30)
    for add in (slot_changes.add_recovery, lambda v: slot_changes.add_passphrase(v, WORDS)):
        with pytest.raises(UsageProblem, match="at most 32"):
            add(vault)
    assert len(open_vault(spots, {}).header.slots) == 32  # and the header is within its bounds


def test_secrets_stay_out_of_reprs(vault: Vault, spots: Places) -> None:
    from tui_oauth.vault.unlock import open_with_slot

    _, found = open_with_slot(spots, {})
    shown = repr(found)
    assert repr(found.secret) not in shown
    assert found.data_key.hex() not in shown
    assert repr(found.data_key) not in shown
