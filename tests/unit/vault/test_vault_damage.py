"""Damage and tampering of every kind: named as such, never repaired, never wrong data."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vault_helpers import entry, places_of, reopen, secrets, state_of

from tui_oauth.errors import VaultDamaged, VaultLocked
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import Vault, container, create_vault, open_vault, read_header

Document = dict[str, Any]


@pytest.fixture
def full(vault: Vault) -> Vault:
    vault.add(entry("one"), secrets("cs-one"))
    vault.add(entry("two"), secrets("cs-two"))
    return vault


def _refused(home: Path, data: bytes) -> None:
    path = places_of(home).vault
    path.write_bytes(data)
    before = state_of(home)
    with pytest.raises(VaultDamaged):
        reopen(home)
    assert state_of(home) == before


def test_rule_111_a_flipped_bit_in_any_byte_is_noticed(
    vault: Vault, home: Path, spots: Places
) -> None:
    vault.add(entry("one"), secrets("cs-one"))
    good = spots.vault.read_bytes()
    descriptor = os.open(spots.vault, os.O_WRONLY)
    for place in range(len(good)):
        for bit in (place % 8, (place + 3) % 8):
            os.pwrite(descriptor, bytes([good[place] ^ 1 << bit]), place)
            with pytest.raises(VaultDamaged):
                reopen(home)
        os.pwrite(descriptor, good[place : place + 1], place)
    os.close(descriptor)
    assert spots.vault.read_bytes() == good
    assert len(reopen(home).entries()) == 1


def test_rule_111_every_truncation_is_noticed(full: Vault, home: Path, spots: Places) -> None:
    good = spots.vault.read_bytes()
    for length in range(len(good) - 1, 0, -7):
        os.truncate(spots.vault, length)
        with pytest.raises(VaultDamaged):
            reopen(home)
    assert spots.vault.read_bytes() == good[: spots.vault.stat().st_size]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"{}",
        b"[]",
        b"null",
        b'{"_default": {"1": {"name": "someone else\'s TinyDB"}}}',
        b'{"_vault":{"1":{}},"entries":{},"_seal":{"1":{"mac":""}}}',
        b'{"_vault":{"1":' + b"[" * 200_000,
        b'{"_vault":{"1":' + b'{"v":' * 200_000,
        b'{"_vault":{"1":{"v":' + b"9" * 20_000 + b"}}}",
        b'{"_vault":{"1":{"v":NaN}}}',
        b"\x00" * 4096,
        '{"_vault":{"1":{"v":1,"é"'.encode(),
    ],
    ids=lambda data: data[:24].decode("latin-1") + f" {len(data)}",
)
def test_foreign_files_are_refused_and_left_alone(vault: Vault, home: Path, data: bytes) -> None:
    _refused(home, data)


def test_a_giant_file_is_refused_without_reading_on(
    vault: Vault, home: Path, spots: Places
) -> None:
    with spots.vault.open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(VaultDamaged, match="larger than 64 MiB"):
        reopen(home)
    assert spots.vault.stat().st_size == 1 << 40


def _swap_records(documents: Document) -> None:
    first, second = documents
    documents[first], documents[second] = documents[second], documents[first]


def _swap_parts(documents: Document) -> None:
    first, second = documents.values()
    first["sec"], second["sec"] = second["sec"], first["sec"]


def _swap_names(documents: Document) -> None:
    first, second = documents.values()
    first["k"], second["k"] = second["k"], first["k"]


def _repeat(documents: Document) -> None:
    documents["7"] = next(iter(documents.values()))


def _remove(documents: Document) -> None:
    documents.popitem()


def _count_up(documents: Document) -> None:
    next(iter(documents.values()))["rev"] += 1


EDITS = [_swap_records, _swap_parts, _swap_names, _repeat, _remove, _count_up]


@pytest.mark.parametrize("edit", EDITS)
def test_rule_112_records_that_were_moved_about_are_noticed(
    full: Vault, home: Path, spots: Places, edit: Callable[[Document], None]
) -> None:
    value = json.loads(spots.vault.read_bytes())
    edit(value["entries"])
    _refused(home, json.dumps(value, separators=(",", ":")).encode())


def test_one_record_rolled_back_is_noticed(full: Vault, home: Path, spots: Places) -> None:
    old = json.loads(spots.vault.read_bytes())["entries"]
    held = full.find("one")
    full.change(held.id, lambda entry, kept: (entry._replace(account="new"), kept))
    value = json.loads(spots.vault.read_bytes())
    number = next(key for key, record in old.items() if record["id"] == held.id)
    value["entries"][number] = old[number]
    _refused(home, json.dumps(value, separators=(",", ":")).encode())


@pytest.mark.parametrize("edit", [_swap_parts, _swap_names, _repeat, _count_up])
def test_rule_112_even_under_a_right_seal_records_open_in_their_place_only(
    full: Vault, home: Path, spots: Places, edit: Callable[[Document], None]
) -> None:
    tables = json.loads(spots.vault.read_bytes())
    edit(tables["entries"])
    only_entries = {"entries": tables["entries"]}
    spots.vault.write_bytes(container.build(only_entries, full.header, full._keys))
    vault = reopen(home)

    def open_all() -> None:
        for name in ("one", "two"):
            vault.secrets(vault.find(name))

    with pytest.raises(VaultDamaged):
        open_all()


def test_a_newer_container_is_named_and_not_touched(full: Vault, home: Path, spots: Places) -> None:
    data = spots.vault.read_bytes().replace(b'{"v":1,', b'{"v":2,', 1)
    spots.vault.write_bytes(data)
    with pytest.raises(VaultDamaged, match="newer tui-oauth"):
        reopen(home)
    with pytest.raises(VaultDamaged, match="newer tui-oauth"):
        full.add(entry("three"))
    assert spots.vault.read_bytes() == data


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("m", 4 * 1024 * 1024),
        ("m", 1),
        ("m", True),
        ("m", "65536"),
        ("t", 17),
        ("t", 0),
        ("p", 255),
        ("salt", "AAAA"),
        ("salt", 5),
        ("kdf", "pbkdf2"),
    ],
)
def test_costs_out_of_bounds_are_refused_before_they_are_paid(
    spots: Places, monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    vault = create_vault(spots, passphrase=Secret("correct horse"))
    slot = vault.header.slots[0]
    bomb = slot._replace(parameters={**slot.parameters, name: value})
    header = vault.header._replace(slots=(bomb,))
    spots.vault.write_bytes(container.build({"entries": {}}, header, vault._keys))
    monkeypatch.setattr("tui_oauth.vault.crypto.argon2id", lambda *_, **__: pytest.fail("paid"))
    with pytest.raises(VaultDamaged):
        open_vault(spots, {}, passphrase=Secret("correct horse"))


def test_damage_under_an_open_vault_is_noticed_by_reads_and_writes(
    full: Vault, spots: Places
) -> None:
    data = bytearray(spots.vault.read_bytes())
    data[len(data) // 2] ^= 1
    spots.vault.write_bytes(data)
    assert full.changed_on_disk()
    with pytest.raises(VaultDamaged):
        full.entries()
    with pytest.raises(VaultDamaged):
        full.add(entry("three"))
    assert spots.vault.read_bytes() == data


def test_a_vault_put_in_place_of_another_is_refused_by_a_running_program(
    full: Vault, spots: Places, tmp_path: Path
) -> None:
    other = spots._replace(vault=tmp_path / "other.json")
    create_vault(other)
    other.vault.rename(spots.vault)
    with pytest.raises(VaultLocked, match="Another vault"):
        full.entries()


def test_the_header_alone_is_read_from_a_damaged_file(full: Vault, spots: Places) -> None:
    header = full.header
    spots.vault.write_bytes(spots.vault.read_bytes()[:-100])
    assert read_header(spots.vault) == header
