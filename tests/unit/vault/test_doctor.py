"""Each check of the doctor: what it finds, what it advises, and that it never writes."""

from __future__ import annotations

import fcntl
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vault_helpers import entry, places_of, secrets, state_of, tokens

from tui_oauth import doctor
from tui_oauth.callback.certificate import ensure_certificate
from tui_oauth.errors import UsageProblem
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.settings import Settings
from tui_oauth.vault import KeyOptions, Vault, container, create_vault, last_seen
from tui_oauth.vault.health import places as place_checks
from tui_oauth.vault.health.findings import Report
from tui_oauth.workspace import Workspace


@pytest.fixture
def full(vault: Vault) -> Vault:
    vault.add(entry("one"), secrets("cs-one"))
    vault.add(entry("two"), secrets("cs-two"))
    return vault


def look(home: Path, **environ: str) -> Report:
    """An examination; the home is the same after it."""
    before = state_of(home)
    workspace = Workspace.from_environment({"HOME": str(home), **environ})
    report, _ = doctor.examine(workspace)
    assert state_of(home) == before
    return report


def found(home: Path, **environ: str) -> dict[str, str]:
    """The ids of what was found, with the severity of each."""
    return {one.id: one.severity.value for one in look(home, **environ).findings}


def test_a_healthy_vault_is_clean(full: Vault, home: Path) -> None:
    report = look(home)
    assert report.findings == []
    assert report.left_out == []
    assert report.clean
    assert len(report.checked) == 14


def test_the_day_copy_of_a_change_that_failed_is_no_finding(
    full: Vault, home: Path, spots: Places
) -> None:
    (day,) = spots.vault.parent.glob("vault.json.2*.bak")
    day.unlink()
    os.link(spots.vault, day)  # as a full disk leaves it: the copy is kept, the change is not
    assert found(home) == {}


def test_no_vault_and_a_vault_that_went(full: Vault, home: Path, spots: Places) -> None:
    spots.vault.unlink()
    (one,) = look(home).findings
    assert (one.id, one.severity.value) == ("vault-missing", "warning")
    assert "vault.json.bak" in one.advice
    for path in spots.vault.parent.glob("*.bak"):
        path.unlink()
    (one,) = look(home).findings
    assert "tui-oauth init" in one.advice


def test_locked_means_fewer_checks_and_says_which(
    full: Vault, home: Path, spots: Places, tmp_path: Path
) -> None:
    spots.key_file.rename(tmp_path / "key")
    report = look(home)
    assert report.clean
    assert any("the seal (MAC)" in line and "locked" in line for line in report.left_out)
    assert "the file's outer form" in report.checked
    spots.vault.write_bytes(spots.vault.read_bytes()[:-20])
    assert found(home) == {"vault-torn": "damaged"}


Break = Callable[[Places], object]


def _link(spots: Places) -> None:
    spots.vault.rename(spots.vault.with_name("real.json"))
    spots.vault.symlink_to("real.json")


def _fifo(spots: Places) -> None:
    spots.vault.unlink()
    os.mkfifo(spots.vault, 0o600)


def _zero(spots: Places) -> None:
    spots.vault.write_bytes(b"")


def _newer(spots: Places) -> None:
    spots.vault.write_bytes(spots.vault.read_bytes().replace(b'{"v":1,', b'{"v":2,', 1))


def _locks_open_to_others(spots: Places) -> None:
    (spots.vault.parent / "locks").mkdir()
    (spots.vault.parent / "locks").chmod(0o777)


def _git(spots: Places) -> None:
    (spots.key_file.parent.parent / ".git").mkdir()


def _damaged_copy(spots: Places) -> None:
    copy = spots.vault.with_name("vault.json.bak")
    data = bytearray(copy.read_bytes())
    data[-100] ^= 1
    copy.unlink()  # it may share its content with the copy of the day
    copy.write_bytes(data)
    copy.chmod(0o600)


def _torn_copy(spots: Places) -> None:
    copy = spots.vault.with_name("vault.json.2020-01-01.bak")
    copy.write_bytes(b"{")
    copy.chmod(0o600)


def _reserve(spots: Places) -> None:
    (spots.vault.parent / "locks").mkdir(mode=0o700)
    (spots.vault.parent / "locks" / f"{'a' * 32}.reserve").write_bytes(b"")


def _temporary(spots: Places) -> None:
    spots.vault.with_name("vault.json.tmp").write_bytes(b"half")


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (lambda s: s.vault.chmod(0o644), {"vault-mode": "warning"}),
        (_link, {"vault-link": "warning"}),
        (_fifo, {"vault-type": "warning"}),
        (lambda s: os.link(s.vault, s.vault.parent / "second"), {"vault-hard-links": "warning"}),
        (lambda s: s.vault.parent.chmod(0o777), {"folder-mode": "warning"}),
        (_locks_open_to_others, {"folder-mode": "warning"}),
        (_zero, {"header-damaged": "damaged"}),
        (_newer, {"vault-newer": "damaged"}),
        (_temporary, {"leftover-temporary": "warning"}),
        (_reserve, {"leftover-reserve": "warning"}),
        (lambda s: s.vault.with_name("vault.json.bak").chmod(0o640), {"copy-mode": "warning"}),
        (_damaged_copy, {"copy-damaged": "warning"}),
        (_torn_copy, {"copy-unusable": "warning"}),
        (_git, {"key-file-in-git": "warning"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_advice(
    full: Vault, home: Path, spots: Places, harm: Break, expected: dict[str, str]
) -> None:
    harm(spots)
    report = look(home)
    names = {one.id: one.severity.value for one in report.findings}
    # A file of a loose mode is not read by the copies' check, which then says so besides.
    names.pop("copy-unusable", None) if "copy-mode" in names else None
    assert expected.items() <= names.items()
    assert set(names) <= {*expected, "copy-mode"}
    assert all(one.message.endswith((".", ")")) or one.message for one in report.findings)
    assert report.damaged is ("damaged" in expected.values())
    assert not report.clean


def test_the_key_file_beside_the_vault(home: Path, spots: Places) -> None:
    beside = spots.vault.parent / "vault.key"
    create_vault(spots, key_file=beside)
    names = found(home, TUI_OAUTH_KEY_FILE=str(beside))
    assert names == {"key-file-with-vault": "warning"}
    beside.chmod(0o644)
    report = look(home, TUI_OAUTH_KEY_FILE=str(beside))
    names = {one.id: one.severity.value for one in report.findings}
    assert names == {
        "key-file-with-vault": "warning",
        "key-file-mode": "warning",
        "key-unusable": "warning",
    }
    assert report.left_out


def test_two_ways_to_unlock_are_a_mistake_here_too(full: Vault, home: Path) -> None:
    with pytest.raises(UsageProblem, match="together"):
        look(home, TUI_OAUTH_PASSPHRASE="x", TUI_OAUTH_KEY_FILE="y")


def test_a_lock_that_is_held_is_said_and_nothing_hangs(
    full: Vault, home: Path, spots: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place_checks, "_LOCK_SECONDS", 0.05)
    _temporary(spots)  # of the one who writes just now
    with spots.vault.with_name("vault.lock").open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert found(home) == {"lock-held": "warning"}


def test_a_file_system_without_locks_or_room(
    full: Vault, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    real = os.statvfs

    def no_room(path: Any) -> os.statvfs_result:
        values = list(real(path))
        values[4] = 10  # f_bavail
        return os.statvfs_result(values)

    with monkeypatch.context() as patch:
        patch.setattr("fcntl.flock", no_locks)
        assert found(home) == {"lock-unsupported": "warning"}
    with monkeypatch.context() as patch:
        patch.setattr(os, "statvfs", no_room)
        assert found(home) == {"space-low": "warning"}


def test_a_network_file_system_is_a_note(
    full: Vault, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    device = home.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        f"36 35 {os.major(device)}:{os.minor(device)} / /home rw - nfs4 server:/home rw\n"
    )
    monkeypatch.setattr(place_checks, "_MOUNTS", mounts)
    report = look(home)
    assert [one.id for one in report.findings] == ["network-file-system"]
    assert report.clean


def test_a_flipped_bit_counts_what_still_opens(full: Vault, home: Path, spots: Places) -> None:
    data = bytearray(spots.vault.read_bytes())
    data[len(data) // 2] ^= 2
    spots.vault.write_bytes(data)
    (one,) = look(home).findings
    assert (one.id, one.severity.value) == ("seal-broken", "damaged")
    assert "2 can still be opened" in one.message
    assert "--salvage" in one.advice


def _edit(full: Vault, spots: Places, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change documents under a right seal, as only a defect of ours could."""
    documents = json.loads(spots.vault.read_bytes())["entries"]
    edit(documents)
    spots.vault.write_bytes(container.build({"entries": documents}, full.header, full._keys))


def test_every_part_of_every_entry_is_opened(full: Vault, home: Path, spots: Places) -> None:
    def swap(part: str) -> Callable[[dict[str, Any]], None]:
        def edit(documents: dict[str, Any]) -> None:
            one, two = documents.values()
            one[part], two[part] = two[part], one[part]

        return edit

    good = spots.vault.read_bytes()
    for part in ("meta", "sec", "k"):
        _edit(full, spots, swap(part))
        assert found(home) == {"entry-damaged": "damaged"}
        spots.vault.write_bytes(good)
    _edit(full, spots, lambda documents: documents.update({"7": next(iter(documents.values()))}))
    assert found(home) == {"id-twice": "damaged", "name-twice": "damaged"}


def test_costs_counters_and_slots(full: Vault, home: Path, spots: Places) -> None:
    made = create_vault(
        places_of(home)._replace(vault=home / "p.json"), passphrase=Secret("correct horse")
    )
    slot = made.header.slots[0]
    key_slot = full.header.slots[0]

    def with_slots(*slots: Any, **more: Any) -> dict[str, str]:
        header = full.header._replace(slots=slots, **more)
        spots.vault.write_bytes(container.build({"entries": {}}, header, full._keys))
        return found(home)

    weak = slot._replace(parameters={**slot.parameters, "m": 8192})
    bomb = slot._replace(parameters={**slot.parameters, "m": 1 << 30})
    unknown = key_slot._replace(id="1" * 8, kind="smart-card")
    assert with_slots(key_slot, slot) == {}
    assert with_slots(key_slot, weak) == {"kdf-weak": "warning"}
    assert with_slots(key_slot, bomb) == {"kdf-bounds": "damaged"}
    assert with_slots(key_slot, unknown) == {"slot-unknown": "note"}
    assert with_slots(key_slot, seals=2**31) == {"seals-many": "warning"}
    spots.vault.with_name("vault.json.bak").unlink()
    assert with_slots()["slots-none"] == "damaged"


def test_an_older_state_is_found(full: Vault, home: Path, spots: Places) -> None:
    old = spots.vault.read_bytes()
    full.observe(last_seen.LastSeen(spots.state, spots.vault).follow)
    full.add(entry("three"))
    spots.vault.write_bytes(old)
    assert found(home) == {"vault-older": "warning"}


def test_kept_answers(full: Vault, home: Path, spots: Places) -> None:
    one = full.find("one")
    full.keep_pending(one.id, tokens("later"), sent=Secret("rt-1"))
    (finding,) = look(home).findings
    assert finding.id == "kept-answer"
    assert "tui-oauth refresh one" in finding.advice
    folder = spots.vault.parent / "locks"
    (folder / f"{one.id}.pending").rename(folder / f"{full.find('two').id}.pending")
    assert found(home) == {"kept-answer-damaged": "warning"}
    (folder / f"{full.find('two').id}.pending").rename(folder / f"{'b' * 32}.pending")
    assert found(home) == {"kept-answer-orphan": "warning"}


def test_a_refresh_that_did_not_end(full: Vault, home: Path) -> None:
    one = full.find("one")
    held = full.secrets(one).tokens
    assert held is not None
    assert held.refresh_token is not None
    with full.entry_lock(one.id) as marks:
        marks.begin(held.refresh_token, 1_700_000_000)
        assert found(home) == {}, "somebody is at it"
    (finding,) = look(home).findings
    assert finding.id == "refresh-interrupted"
    assert "2023-11-14T22:13:20Z" in finding.message
    assert "tui-oauth refresh one" in finding.advice
    full.change(one.id, lambda entry, kept: (entry, kept._replace(tokens=tokens("new", "rt-9"))))
    assert found(home) == {}, "that token is gone"


def test_copies_of_another_key_are_no_damage(full: Vault, home: Path, spots: Places) -> None:
    other = full.header.slots[0]._replace(id="0" * 8)
    header = full.header._replace(slots=(other,))
    copy = spots.vault.with_name("vault.json.bak")
    copy.unlink()
    copy.write_bytes(container.build({"entries": {}}, header, full._keys))
    copy.chmod(0o600)
    assert found(home) == {"copy-other-key": "note"}


def test_certificate_and_own_services(full: Vault, home: Path, spots: Places) -> None:
    now = 1_700_000_000
    ensure_certificate(spots.certificate, now)
    spots.own_services.mkdir(parents=True)
    (spots.own_services / "bad.toml").write_text("id = 1\n")
    names = found(home)
    assert names == {"certificate-old": "note", "service-unusable": "warning"}
    (spots.own_services / "bad.toml").unlink()
    spots.certificate.with_suffix(".key").chmod(0o644)
    assert found(home)["certificate-key-mode"] == "warning"
    settings = Settings(callback=Settings().callback._replace(certificate="/no", private_key="/no"))
    workspace = Workspace({"HOME": str(home)}, spots, settings, key_options=KeyOptions())
    report, keys = doctor.examine(workspace)
    assert [one.id for one in report.findings] == ["certificate-unusable"]
    assert keys is not None


def test_nothing_secret_and_nothing_of_a_terminal_is_in_it(
    full: Vault, home: Path, spots: Places
) -> None:
    held = full.find("one")
    full.change(held.id, lambda e, s: (e._replace(account="x"), s))
    spots.vault.write_bytes(spots.vault.read_bytes()[:-200])
    report = look(home)
    text = repr(report.findings) + repr(report.left_out)
    assert "cs-one" not in text
    assert "at-1" not in text
    assert stat.S_IMODE(spots.vault.stat().st_mode) == 0o600
