"""Saving what can be saved: flipped bits, torn and truncated files, lost headers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from vault_helpers import entry, places_of, reopen, secrets, state_of, tokens, with_access

from tui_oauth.errors import AlreadyExists, VaultDamaged, VaultLocked
from tui_oauth.model import EntrySecrets
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import KeyOptions, Vault, create_vault, last_seen, open_vault
from tui_oauth.vault.health.salvage import MARK, Salvage, describe_lost, salvage
from tui_oauth.vault.health.scan import mended_header, scan

NAMES = ("one", "two", "three")


@pytest.fixture
def full(vault: Vault) -> Vault:
    for name in NAMES:
        vault.add(entry(name), secrets(f"cs-{name}"))
    return vault


def saved_to(spots: Places, out: Path) -> Salvage:
    """Salvage, and nothing else in the home has changed by it."""
    before = state_of(spots.vault.parent)
    found = salvage(spots, out, {}, KeyOptions())
    assert state_of(spots.vault.parent) == before
    return found


def opened(spots: Places, out: Path) -> Vault:
    return open_vault(spots._replace(vault=out), {})


def record_at(data: bytes, number: int) -> int:
    at = -1
    for _ in range(number + 1):
        at = data.index(b'{"id":"', at + 1)
    return at


def test_one_flipped_bit_anywhere_loses_no_entry(
    full: Vault, spots: Places, tmp_path: Path
) -> None:
    good = spots.vault.read_bytes()
    start = record_at(good, 1)  # the first of the entries; 0 is the key slot
    proven = 0
    places = [*range(40, start, 61), *range(start, len(good), 53)]
    for number, place in enumerate(places):
        spots.vault.write_bytes(
            good[:place] + bytes([good[place] ^ 1 << number % 8]) + good[place + 1 :]
        )
        out = tmp_path / f"out-{number}.json"
        found = saved_to(spots, out)
        assert sorted(one.name for one in found.saved) == sorted(NAMES), place
        assert found.lost == []
        again = opened(spots, out)
        for name in NAMES:
            held = again.find(name)
            assert again.secrets(held) == secrets(f"cs-{name}")
            assert (held.last_error == MARK) is not found.proven
        proven += found.proven
    # Between the records a bit is not looked for, so that their seal cannot be proven again.
    assert proven > len(places) * 0.8


@pytest.mark.parametrize(
    "piece", [b'{"id":"', b'","k":"', b'","rev":', b',"meta":"', b'","sec":"', b'"}']
)
def test_a_flipped_bit_between_the_values_is_turned_back(
    full: Vault, spots: Places, tmp_path: Path, piece: bytes
) -> None:
    good = spots.vault.read_bytes()
    at = good.index(piece, record_at(good, 2))
    for offset in range(len(piece)):
        place = at + offset
        damaged = good[:place] + bytes([good[place] ^ 16]) + good[place + 1 :]
        found = scan(damaged, full._keys)
        assert {one.entry.name for one in found.opened} == set(NAMES), offset
        assert found.data == good


def test_a_truncated_vault_gives_what_was_before_the_cut(
    full: Vault, home: Path, spots: Places, tmp_path: Path
) -> None:
    good = spots.vault.read_bytes()
    slots = full.header.slots
    cut = good.index(b'","sec":"', record_at(good, 3))
    spots.vault.write_bytes(good[: cut + 60])  # in the last record, after its name
    found = saved_to(spots, tmp_path / "out.json")
    assert not found.proven
    assert len(found.saved) == 2
    (lost,) = found.lost
    assert lost.name == "three"
    assert lost.copies == ()
    assert describe_lost(lost) == "three: damaged; no copy has it."
    vault = opened(spots, tmp_path / "out.json")
    assert vault.header.slots == slots
    assert {held.last_error for held in vault.entries()} == {MARK}
    (tmp_path / "out.json").rename(spots.vault)
    reopen(home).add(entry("goes on"))


def test_a_lost_entry_is_named_with_the_copies_that_have_it(
    full: Vault, spots: Places, tmp_path: Path
) -> None:
    held = full.find("two")
    full.change(held.id, lambda e, s: (e._replace(account="later"), s))
    good = spots.vault.read_bytes()
    at = good.index(held.id.encode())
    torn = good[: at + 40] + bytes(300) + good[at + 340 :]
    spots.vault.write_bytes(torn)
    found = saved_to(spots, tmp_path / "out.json")
    assert {one.name for one in found.saved} == {"one", "three"}
    (lost,) = found.lost
    assert (lost.name, lost.id, lost.why) == ("two", held.id, "damaged")
    assert spots.vault.with_name("vault.json.bak") in lost.copies


def test_a_zeroed_block_costs_what_lies_in_it_only(
    vault: Vault, spots: Places, tmp_path: Path
) -> None:
    for number in range(40):
        vault.add(entry(f"n{number:02}"), secrets(f"s{number}"))
    good = spots.vault.read_bytes()
    spots.vault.write_bytes(good[:16384] + bytes(4096) + good[20480:])
    found = saved_to(spots, tmp_path / "out.json")
    lost = 40 - len(found.saved)
    assert 5 <= lost <= 7
    assert len(found.lost) == lost  # the last copy knows the names of all of them
    assert all(one.name and one.copies for one in found.lost)


def test_a_lost_header_comes_from_a_copy(full: Vault, spots: Places, tmp_path: Path) -> None:
    good = spots.vault.read_bytes()
    spots.vault.write_bytes(bytes(200) + good[200:])
    found = saved_to(spots, tmp_path / "out.json")
    assert found.header_from is not None
    assert found.header_from.name == "vault.json.bak"
    assert len(found.saved) == 3
    for path in spots.vault.parent.glob("*.bak"):
        path.unlink()
    with pytest.raises(VaultDamaged, match="key slots; no copy has them"):
        salvage(spots, tmp_path / "other.json", {}, KeyOptions())


def test_a_healthy_vault_is_copied_as_it_is(full: Vault, spots: Places, tmp_path: Path) -> None:
    found = saved_to(spots, tmp_path / "out.json")
    assert found.proven
    assert not any(one.mended for one in found.saved)
    again = opened(spots, tmp_path / "out.json")
    assert again.entries() == full.entries()
    mine, theirs = (json.loads(p.read_bytes()) for p in (spots.vault, tmp_path / "out.json"))
    assert mine["entries"] == theirs["entries"]


def test_the_new_vault_is_not_taken_for_an_old_one(
    full: Vault, spots: Places, tmp_path: Path
) -> None:
    follower = last_seen.LastSeen(spots.state, spots.vault)
    full.observe(follower.follow)
    old = spots.vault.read_bytes()
    for name in ("x", "y"):
        full.add(entry(name))
    spots.vault.write_bytes(old[:-50])
    saved_to(spots, tmp_path / "out.json")
    again = last_seen.LastSeen(spots.state, tmp_path / "out.json")
    opened(spots, tmp_path / "out.json").observe(again.follow)
    assert again.notice == ""


def test_of_two_states_of_a_record_the_later_is_taken(
    full: Vault, spots: Places, tmp_path: Path
) -> None:
    old = json.loads(spots.vault.read_bytes())["entries"]
    held = full.find("one")
    full.change(held.id, with_access("newer"))
    value = json.loads(spots.vault.read_bytes())
    number = next(key for key, record in old.items() if record["id"] == held.id)
    value["entries"]["7"] = old[number]
    spots.vault.write_bytes(json.dumps(value, separators=(",", ":")).encode())
    found = saved_to(spots, tmp_path / "out.json")
    assert not found.proven
    again = opened(spots, tmp_path / "out.json")
    assert again.secrets(again.find("one")).tokens == tokens("newer")


def test_records_of_another_vault_do_not_come_in(
    full: Vault, spots: Places, tmp_path: Path
) -> None:
    folder = tmp_path / "stranger"
    folder.mkdir(mode=0o700)
    other = create_vault(places_of(folder), key_file=spots.key_file)
    other.add(entry("planted"), EntrySecrets("x", Secret("y"), None))
    planted = other.path.read_bytes()
    at = record_at(planted, 1)
    good = spots.vault.read_bytes()
    spots.vault.write_bytes(good[:-40] + planted[at:])
    found = saved_to(spots, tmp_path / "out.json")
    assert {one.name for one in found.saved} == set(NAMES)


def test_salvage_overwrites_nothing_and_needs_the_key(
    full: Vault, spots: Places, tmp_path: Path
) -> None:
    with pytest.raises(AlreadyExists):
        salvage(spots, spots.vault, {}, KeyOptions())
    spots.key_file.rename(tmp_path / "key")
    with pytest.raises(VaultLocked):
        salvage(spots, tmp_path / "out.json", {}, KeyOptions())
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("data", [b"", b"x" * 5000, b'{"_vault":{"1":' * 2000, b"\x00" * 100_000])
def test_rubbish_ends_in_a_sentence(
    vault: Vault, spots: Places, tmp_path: Path, data: bytes
) -> None:
    spots.vault.write_bytes(data)
    with pytest.raises(VaultDamaged):
        salvage(spots, tmp_path / "out.json", {}, KeyOptions())
    assert spots.vault.read_bytes() == data


def test_every_truncation_ends_in_a_vault_or_a_sentence(
    full: Vault, spots: Places, tmp_path: Path
) -> None:
    for path in spots.vault.parent.glob("*.bak"):
        path.unlink()
    good = spots.vault.read_bytes()
    saved = []
    for length in range(1, len(good), 43):
        spots.vault.write_bytes(good[:length])
        out = tmp_path / f"{length}.json"
        try:
            saved.append(len(saved_to(spots, out).saved))
        except VaultDamaged:
            saved.append(0)
            assert not out.exists()
    assert saved == sorted(saved)
    assert set(saved) == {0, 1, 2, 3}


def test_any_bit_of_the_header_is_turned_back(full: Vault, spots: Places) -> None:
    good = spots.vault.read_bytes()
    end = good.index(b'"entries"')
    for place in range(end):
        damaged = good[:place] + bytes([good[place] ^ 1 << place % 8]) + good[place + 1 :]
        mended = mended_header(damaged, spots.vault)
        assert mended is not None
        assert mended[0] == full.header


def test_a_byte_of_the_entries_is_not_the_headers_matter(full: Vault, spots: Places) -> None:
    good = bytearray(spots.vault.read_bytes())
    good[-300] ^= 128
    spots.vault.write_bytes(good)
    with pytest.raises(VaultDamaged, match="seal does not fit"):
        open_vault(spots, {})
