"""The file format, held against a file that was written once with fixed keys and nonces."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from tinydb import TinyDB
from vault_helpers import entry, reopen, secrets

from tui_oauth.paths import Places
from tui_oauth.vault import Vault, container, create, create_vault, crypto, read_header, storage

GOLDEN = Path(__file__).parent / "golden"


def _write_golden(spots: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    count = iter(range(1000))

    def fixed(size: int) -> bytes:
        return hashlib.shake_128(str(next(count)).encode()).digest(size)

    monkeypatch.setattr(crypto, "random_bytes", fixed)
    monkeypatch.setattr(create.time, "time", lambda: 1_700_000_000.0)
    monkeypatch.setattr(create, "__version__", "0.1.0")
    monkeypatch.setattr(storage, "__version__", "0.1.0")
    vault = create_vault(spots)
    vault.add(entry("Work ✓", variables={"region": "eu"}, scopes=("read",)), secrets())
    second = vault.add(entry("second"))
    vault.change(second.id, lambda held, kept: (held._replace(configured=True), secrets("cs-2")))


def test_the_format_is_byte_for_byte_that_of_version_1(
    spots: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_golden(spots, monkeypatch)
    assert spots.vault.read_bytes() == (GOLDEN / "v1.json").read_bytes()
    assert spots.key_file.read_bytes() == (GOLDEN / "v1.key").read_bytes()


def test_the_golden_vault_of_version_1_opens(home: Path, spots: Places) -> None:
    for source, target in (("v1.json", spots.vault), ("v1.key", spots.key_file)):
        target.parent.mkdir(parents=True, mode=0o700)
        shutil.copyfile(GOLDEN / source, target)
        target.chmod(0o600)
    vault = reopen(home)
    second, work = vault.entries()
    assert (work.name, work.variables, work.scopes) == ("Work ✓", {"region": "eu"}, ("read",))
    assert (second.configured, second.revision) == (True, 2)
    assert vault.secrets(work) == secrets()
    assert vault.secrets(second) == secrets("cs-2")
    assert (vault.header.generation, vault.header.seals) == (4, 6)


def test_plain_tinydb_sees_the_tables_and_no_secret(vault: Vault, spots: Places) -> None:
    vault.add(entry("visible-name"), secrets("visible-secret"))
    with TinyDB(spots.vault, access_mode="r") as plain:
        assert plain.tables() == {"_vault", "entries", "_seal"}
        (document,) = plain.table("entries").all()
        assert set(document) == {"id", "k", "rev", "meta", "sec"}
        assert plain.table("_vault").get(doc_id=1)["v"] == 1
    text = spots.vault.read_text()
    assert "visible" not in text
    assert "Intercom" not in text


def test_header_first_and_seal_last(vault: Vault, spots: Places) -> None:
    vault.add(entry())
    data = spots.vault.read_bytes()
    assert data.isascii()
    assert data.startswith(b'{"_vault":{"1":{"v":1,"id":"')
    assert list(json.loads(data)) == ["_vault", "entries", "_seal"]
    assert json.loads(data)["_seal"]["1"]["mac"].encode() == data[-68:-4]


def test_parts_are_padded_so_that_lengths_say_little(vault: Vault, spots: Places) -> None:
    vault.add(entry("a"), secrets("x"))
    vault.add(entry("bbbbbbbb"), secrets("x" * 9))
    documents = json.loads(spots.vault.read_bytes())["entries"].values()
    for part, block in (("meta", 64), ("sec", 256)):
        sizes = {len(crypto.from_text(document[part])) - 28 for document in documents}
        assert all(size % block == 0 for size in sizes)
    assert len({len(document["sec"]) for document in documents}) == 1


def test_the_header_is_readable_without_a_key(vault: Vault, spots: Places) -> None:
    vault.add(entry())
    spots.key_file.unlink()
    header = read_header(spots.vault)
    assert (header.vault_id, header.generation, header.seals) == (vault.header.vault_id, 2, 2)
    (slot,) = header.slots
    assert (slot.kind, slot.info.kind, slot.info.label) == ("key-file", "key-file", "first")


def test_slots_and_tables_of_another_version_survive_our_writing(
    vault: Vault, home: Path, spots: Places
) -> None:
    keys = vault._keys
    header = vault.header
    unknown = header.slots[0]._replace(id="00000000", kind="smart-card")
    tables = {"entries": {}, "trash": {"5": {"x": 1}}}
    later = header._replace(slots=(*header.slots, unknown))
    spots.vault.write_bytes(container.build(tables, later, keys))
    again = reopen(home)
    assert again.protection == "key file, smart-card"
    again.add(entry())
    assert read_header(spots.vault).slots[1] == unknown
    assert json.loads(spots.vault.read_bytes())["trash"] == {"5": {"x": 1}}
