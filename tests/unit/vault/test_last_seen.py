"""An older state of the vault in its place: noticed, said until accepted, no false alarm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from vault_helpers import entry, program

from tui_oauth.paths import Places
from tui_oauth.vault import Vault, create_vault, last_seen
from tui_oauth.workspace import Workspace


@pytest.fixture
def full(vault: Vault, home: Path) -> Vault:
    for name in ("one", "two", "three"):
        vault.add(entry(name))
    assert opened(home).vault_notice == ""
    return vault


def opened(home: Path) -> Workspace:
    """A fresh run, as a command makes one."""
    workspace = Workspace.from_environment({"HOME": str(home)})
    assert workspace.vault.entries() is not None
    return workspace


def notes(spots: Places) -> dict[str, object]:
    found: dict[str, object] = json.loads((spots.state / "last-seen.json").read_bytes())
    return found


def put_back(spots: Places, data: bytes) -> None:
    spots.vault.write_bytes(data)


def test_what_is_written_and_what_is_read_is_noted(full: Vault, home: Path, spots: Places) -> None:
    vault_id = full.header.vault_id
    path = spots.state / "last-seen.json"
    assert notes(spots)[vault_id]["gen"] == 4  # type: ignore[index]
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    workspace = opened(home)
    before = path.stat().st_mtime_ns
    opened(home)
    assert path.stat().st_mtime_ns == before  # nothing new, nothing written
    workspace.vault.add(entry("four"))
    assert notes(spots)[vault_id]["gen"] == 5  # type: ignore[index]
    full.add(entry("five"))  # by someone who keeps no note
    opened(home)
    assert notes(spots)[vault_id]["gen"] == 6  # type: ignore[index]


def test_an_older_state_is_said_until_it_is_accepted(
    full: Vault, home: Path, spots: Places
) -> None:
    old = spots.vault.read_bytes()
    full.add(entry("four"))
    opened(home)
    put_back(spots, old)
    for _ in range(2):
        notice = opened(home).vault_notice
        assert "change 4" in notice
        assert "change 5 had been seen" in notice
        assert "--accept-older" in notice
    # Writing does not make it right, not even past the state that was seen.
    workspace = opened(home)
    for name in ("x", "y", "z"):
        workspace.vault.add(entry(name))
    assert opened(home).vault_notice
    workspace = opened(home)
    assert workspace.accept_older()
    assert not workspace.accept_older()
    assert workspace.vault_notice == ""
    assert opened(home).vault_notice == ""


def test_the_right_state_put_back_ends_the_doubt(full: Vault, home: Path, spots: Places) -> None:
    old = spots.vault.read_bytes()
    full.add(entry("four"))
    opened(home)
    right = spots.vault.read_bytes()
    put_back(spots, old)
    assert opened(home).vault_notice
    put_back(spots, right)
    assert opened(home).vault_notice == ""
    assert "doubted" not in json.dumps(notes(spots))


def test_a_fork_is_noticed(full: Vault, home: Path, spots: Places) -> None:
    old = spots.vault.read_bytes()
    opened(home).vault.add(entry("here"))
    put_back(spots, old)
    full.add(entry("elsewhere"))  # the same count of changes, other content
    assert "changed elsewhere" in opened(home).vault_notice


def test_a_running_program_notices_too(full: Vault, home: Path, spots: Places) -> None:
    old = spots.vault.read_bytes()
    workspace = opened(home)
    workspace.vault.add(entry("four"))
    put_back(spots, old)
    workspace.vault.entries()
    assert workspace.vault_notice


def test_it_is_told_once_a_run(full: Vault, home: Path, spots: Places) -> None:
    old = spots.vault.read_bytes()
    opened(home).vault.add(entry("four"))
    put_back(spots, old)
    said: list[str] = []
    workspace = Workspace.from_environment({"HOME": str(home)})
    workspace.tell = said.append
    for _ in range(3):
        workspace.vault.entries()
    assert len(said) == 1


def test_two_vaults_do_not_get_into_each_others_way(
    full: Vault, home: Path, spots: Places, tmp_path: Path
) -> None:
    other = spots._replace(vault=tmp_path / "other.json")
    create_vault(other)
    Workspace.from_environment({"HOME": str(home)}, vault=str(other.vault)).vault.add(entry())
    assert opened(home).vault_notice == ""
    assert len(notes(spots)) == 2


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"x": 1}', b"\xff" * 100_000])
def test_a_note_that_cannot_be_read_is_no_note(
    full: Vault, home: Path, spots: Places, data: bytes
) -> None:
    (spots.state / "last-seen.json").write_bytes(data)
    assert opened(home).vault_notice == ""


def test_a_state_folder_that_cannot_be_used_fails_nothing(full: Vault, home: Path) -> None:
    state = home / "elsewhere"
    state.write_text("a file")
    places = opened(home).places._replace(state=state)
    follower = last_seen.LastSeen(places.state, places.vault)
    full.observe(follower.follow)
    full.add(entry("four"))
    assert follower.notice == ""
    assert state.read_text() == "a file"


def test_a_note_is_not_followed_through_a_link(full: Vault, home: Path, spots: Places) -> None:
    path = spots.state / "last-seen.json"
    target = home / "precious"
    target.write_text("precious")
    path.unlink()
    path.symlink_to(target)
    opened(home).vault.add(entry("four"))
    assert target.read_text() == "precious"


def test_no_false_alarm_while_others_write(full: Vault, home: Path, spots: Places) -> None:
    code = """
from tui_oauth.workspace import Workspace
writer = argv[0] == "write"
said = []
for number in range(25):
    workspace = Workspace.from_environment()
    workspace.tell = said.append
    held = workspace.vault.entries()[0]
    if writer:
        workspace.vault.change(held.id, lambda e, s: (e._replace(updated_at=e.updated_at + 1), s))
print(len(said), said[:1])
"""
    processes = [program(home, code, kind) for kind in ("write", "write", "read", "read")]
    for process in processes:
        out, _ = process.communicate(timeout=60)
        assert out == "0 []\n"
    assert [path.name for path in spots.state.iterdir()] == ["last-seen.json"]
