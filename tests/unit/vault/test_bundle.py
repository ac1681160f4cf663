"""Bundles: another key, another vault id, and a merge that overwrites nothing silently."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from vault_helpers import entry, places_of, secrets, tokens, with_access

from tui_oauth.errors import AlreadyExists, UsageProblem, VaultDamaged, VaultLocked
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import Vault, backups, bundle, create_vault, slots
from tui_oauth.vault.bundle import Action
from tui_oauth.vault.repository import Held

WORDS = Secret("correct horse")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least that is allowed: what a passphrase costs is not what is tested here."""
    monkeypatch.setattr(slots, "MEMORY_KIB", 8 * 1024)
    monkeypatch.setattr(slots, "PASSES", 1)


@pytest.fixture
def other(tmp_path: Path) -> Vault:
    """The vault of another machine."""
    folder = tmp_path / "other"
    folder.mkdir(mode=0o700)
    return create_vault(places_of(folder))


def exported(vault: Vault, path: Path) -> list[Held]:
    bundle.write_bundle(path, list(vault.held().values()), WORDS, 1_700_000_000)
    return bundle.open_bundle(bundle.read_bundle(path), passphrase=WORDS)


def actions(steps: list[bundle.Step]) -> dict[str, str]:
    return {step.theirs.name: step.action.value for step in steps}


def test_a_bundle_has_nothing_of_the_vaults_keys(vault: Vault, tmp_path: Path) -> None:
    made = vault.add(entry("work"), secrets("canary-secret", "canary-token"))
    path = tmp_path / "x.bundle"
    assert exported(vault, path) == [(made, secrets("canary-secret", "canary-token"))]
    data = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"canary" not in data
    assert b"work" not in data
    header = bundle.read_bundle(path).header
    assert header.vault_id != vault.header.vault_id
    assert [slot.kind for slot in header.slots] == ["passphrase"]
    assert header.seals == 2
    mine = json.loads(Path(vault.path).read_bytes())["entries"]
    assert [item["k"] for item in json.loads(data)["entries"].values()] != [
        item["k"] for item in mine.values()
    ]


def test_a_bundle_is_never_written_over_anything(vault: Vault, tmp_path: Path) -> None:
    path = tmp_path / "x.bundle"
    path.write_text("precious")
    with pytest.raises(AlreadyExists):
        bundle.write_bundle(path, [], WORDS, 0)
    assert path.read_text() == "precious"
    with pytest.raises(UsageProblem, match="empty"):
        bundle.write_bundle(tmp_path / "y", [], Secret(""), 0)
    assert not (tmp_path / "y").exists()


def test_a_wrong_passphrase_and_damage_are_told_apart(vault: Vault, tmp_path: Path) -> None:
    vault.add(entry(), secrets())
    path = tmp_path / "x.bundle"
    exported(vault, path)
    with pytest.raises(VaultLocked, match="passphrase does not open"):
        bundle.open_bundle(bundle.read_bundle(path), passphrase=Secret("wrong"))
    good = path.read_bytes()
    for place in range(0, len(good), 97):
        path.write_bytes(good[:place] + bytes([good[place] ^ 4]) + good[place + 1 :])
        with pytest.raises((VaultDamaged, VaultLocked)):
            bundle.open_bundle(bundle.read_bundle(path), passphrase=WORDS)
    path.write_bytes(good[:-9])
    with pytest.raises(VaultDamaged):
        bundle.open_bundle(bundle.read_bundle(path), passphrase=WORDS)


def test_what_is_no_bundle_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="no file"):
        bundle.read_bundle(tmp_path / "nothing")
    with pytest.raises(UsageProblem, match="regular"):
        bundle.read_bundle(tmp_path)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(UsageProblem, match="neither a bundle nor a copy"):
        bundle.read_bundle(tmp_path / "text")


def test_entries_arrive_whole_and_a_second_time_changes_nothing(
    vault: Vault, other: Vault, tmp_path: Path
) -> None:
    made = vault.add(entry("one", account="a", scopes=("x",)), secrets("s1"))
    vault.add(entry("two"))
    incoming = exported(vault, tmp_path / "x")
    assert actions(bundle.apply(other, incoming, replace_ours=False)) == {
        "one": "add",
        "two": "add",
    }
    assert other.entries() == vault.entries()
    assert other.secrets(made) == secrets("s1")
    before = other.path.read_bytes()
    assert actions(bundle.apply(other, incoming, replace_ours=False)) == {
        "one": "same",
        "two": "same",
    }
    assert other.path.read_bytes() == before
    assert other.header.generation == 2  # both came in one commit


def test_a_newer_one_updates_and_an_older_or_other_one_is_a_conflict(
    vault: Vault, other: Vault, tmp_path: Path
) -> None:
    made = vault.add(entry(), secrets())
    first = exported(vault, tmp_path / "1")
    bundle.apply(other, first, replace_ours=False)
    vault.change(made.id, with_access("newer"))
    second = exported(vault, tmp_path / "2")
    (step,) = bundle.apply(other, second, replace_ours=False)
    assert (step.action, step.why) == (Action.UPDATE, "newer: revision 2 instead of 1")
    assert other.secrets(made).tokens == tokens("newer")
    (step,) = bundle.apply(other, first, replace_ours=False)
    assert (step.action, step.ours and step.ours.revision) == (Action.CONFLICT, 2)
    assert other.secrets(made).tokens == tokens("newer")
    # Both sides went on from revision 2.
    vault.change(made.id, with_access("there"))
    other.change(made.id, with_access("here"))
    third = exported(vault, tmp_path / "3")
    (step,) = bundle.apply(other, third, replace_ours=False)
    assert step.action is Action.CONFLICT
    assert "same revision" in step.why
    assert other.secrets(made).tokens == tokens("here")
    (step,) = bundle.apply(other, third, replace_ours=True)
    assert step.action is Action.REPLACE
    assert other.secrets(made).tokens == tokens("there")
    assert other.get(made.id).revision == 4  # it never goes back


def test_a_later_revision_from_an_earlier_time_is_a_conflict(
    vault: Vault, other: Vault, tmp_path: Path
) -> None:
    made = vault.add(entry(), secrets())
    bundle.apply(other, exported(vault, tmp_path / "1"), replace_ours=False)
    vault.change(made.id, with_access("a"))
    vault.change(made.id, with_access("b"))
    other.change(made.id, lambda e, s: (e._replace(updated_at=e.updated_at + 9), s))
    (step,) = bundle.apply(other, exported(vault, tmp_path / "2"), replace_ours=False)
    assert step.action is Action.CONFLICT


def test_the_same_name_with_another_id(vault: Vault, other: Vault, tmp_path: Path) -> None:
    theirs = vault.add(entry("Work"), secrets("theirs"))
    ours = other.add(entry("work"), secrets("ours"))
    incoming = exported(vault, tmp_path / "x")
    (step,) = bundle.apply(other, incoming, replace_ours=False)
    assert (step.action, step.ours) == (Action.CONFLICT, ours)
    assert other.secrets(ours) == secrets("ours")
    (step,) = bundle.apply(other, incoming, replace_ours=True)
    assert step.action is Action.REPLACE
    assert [held.id for held in other.entries()] == [theirs.id]
    assert other.secrets(theirs) == secrets("theirs")


def test_names_that_moved_meet_no_defect(vault: Vault, other: Vault, tmp_path: Path) -> None:
    one, two = vault.add(entry("one"), secrets("1")), vault.add(entry("two"), secrets("2"))
    bundle.apply(other, exported(vault, tmp_path / "1"), replace_ours=False)
    for entry_id, name in ((one.id, "x"), (two.id, "one"), (one.id, "two")):
        vault.change(entry_id, lambda e, s, name=name: (e._replace(name=name), s))  # type: ignore[misc]
    incoming = exported(vault, tmp_path / "2")
    for replace_ours in (False, True):
        steps = bundle.apply(other, incoming, replace_ours=replace_ours)
        assert set(actions(steps).values()) <= {"conflict", "replace", "update"}
        names = [held.name for held in other.entries()]
        assert sorted(names) == ["one", "two"]


def test_a_plan_writes_nothing(vault: Vault, other: Vault, tmp_path: Path) -> None:
    vault.add(entry(), secrets())
    before = other.path.read_bytes()
    steps = bundle.plan(other.held(), exported(vault, tmp_path / "x"), replace_ours=False)
    assert actions(steps) == {"work": "add"}
    assert other.path.read_bytes() == before


def test_a_copy_of_the_vault_opens_with_its_own_key(vault: Vault, spots: Places) -> None:
    made = vault.add(entry(), secrets())
    copy = backups.make_copy(vault.verified_bytes(), spots.vault, None, 0)
    vault.remove(made.id)
    incoming = bundle.open_bundle(bundle.read_bundle(copy), vault=vault)
    bundle.apply(vault, incoming, replace_ours=False)
    assert vault.secrets(made) == secrets()


def test_a_hostile_bundle_cannot_bring_two_entries_of_one_name(
    vault: Vault, tmp_path: Path
) -> None:
    one = entry("work", id="0" * 32, revision=1)
    two = entry("WORK", id="1" * 32, revision=1)
    with pytest.raises(VaultDamaged, match="twice"):
        bundle.write_bundle(tmp_path / "x", [(one, secrets()), (two, secrets())], WORDS, 0)
