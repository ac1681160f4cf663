"""Every bit flipped, every truncation, records moved about: exit code 6 or the right data.

`tests/unit/vault/test_vault_damage.py` has each kind once; this is all of them, and through the
real command line.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.torture.conftest import Tell
from tests.torture.world import FULL, Server, World, spots
from tests.unit.vault.vault_helpers import entry, secrets, state_of
from tui_oauth.errors import VaultDamaged
from tui_oauth.vault import create_vault, open_vault

Document = dict[str, Any]
BIT_STEP = 1 if FULL else 101
CUT_STEP = 1 if FULL else 61
READING = [["token", "one"], ["list", "--json"], ["show", "one"], ["header", "two"], ["status"]]
WRITING = [
    ["rename", "one", "uno"],
    ["delete", "two", "--yes"],
    ["create", "new", "--service", "intercom"],
    ["configure", "one", "--client-id", "x"],
    ["vault", "rekey", "--yes"],
    ["vault", "backup"],
    ["token", "one", "--min-ttl", "99999999"],
]


@pytest.fixture
def small(home: Path) -> Path:
    """The vault of `home`, with one entry in it."""
    create_vault(spots(home)).add(entry("one"), secrets("cs-one"))
    return spots(home).vault


def _damaged_or_right(home: Path) -> bool:
    """Whether the damage was noticed; if not, the data has to be right."""
    try:
        vault = open_vault(spots(home), {})
        (held,) = vault.entries()
        assert held.name == "one"
        assert vault.secrets(held) == secrets("cs-one")
    except VaultDamaged:
        return True
    return False


def _blows(good: bytes) -> Iterator[tuple[str, bytes]]:
    """What is left of the vault: each bit flipped once, each length once."""
    for bit in range(0, len(good) * 8, BIT_STEP):
        torn = bytearray(good)
        torn[bit // 8] ^= 1 << bit % 8
        yield "bit", bytes(torn)
    for length in range(0, len(good), CUT_STEP):
        yield "length", good[:length]


def test_every_bit_and_every_length(small: Path, home: Path, tell: Tell) -> None:
    noticed = {"bit": 0, "length": 0}
    tried = {"bit": 0, "length": 0}
    descriptor = os.open(small, os.O_RDWR)
    for kind, data in _blows(small.read_bytes()):
        os.pwrite(descriptor, data, 0)
        os.ftruncate(descriptor, len(data))
        before = small.stat()
        tried[kind] += 1
        noticed[kind] += _damaged_or_right(home)
        after = small.stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
        assert os.pread(descriptor, len(data) + 1, 0) == data, "reading has rewritten the file"
    os.close(descriptor)
    assert noticed == tried
    tell(f"flipped bits noticed: {noticed['bit']:,} of {tried['bit']:,} (Vault.open)")
    tell(f"truncations noticed: {noticed['length']:,} of {tried['length']:,} (Vault.open)")


def test_bits_and_lengths_on_the_command_line(
    small: Path, home: Path, world: World, server: Server, tell: Tell
) -> None:
    chance = random.Random(6)
    good = small.read_bytes()
    step = 1 if FULL else 40
    blows = []
    for place in range(0, len(good), step):
        torn = bytearray(good)
        torn[place] ^= 1 << chance.randrange(8)
        blows += [bytes(torn), good[:place]]
    for number, data in enumerate(blows):
        small.write_bytes(data)
        before = state_of(home)
        argv = (READING + WRITING)[number // 2 % 12]
        done = server.run(world.environ(home), argv)
        if argv == ["status"]:  # it tells what can be told, also of a vault that does not open
            assert done["code"] in {0, 6}, (argv, done)
        else:
            assert done["code"] == 6, (argv, done)
        assert "Traceback" not in done["err"], done
        assert "cs-one" not in done["out"] + done["err"]
        assert _unchanged(home, before), argv
    tell(f"{len(blows):,} damages on the command line: exit code 6, nothing rewritten")


def _unchanged(home: Path, before: dict[str, Any]) -> bool:
    """Whether all files are as they were; that somebody took the vault's lock may be seen."""
    after = state_of(home)
    for name in [*before, *after]:
        if name.endswith("vault.lock") or Path(home, name).is_dir():
            before.pop(name, None)
            after.pop(name, None)
    return before == after


def _first(tables: Document) -> Document:
    found: Document = next(iter(tables["entries"].values()))
    return found


def _swap(key: str) -> Callable[[Document, Document], None]:
    def edit(tables: Document, old: Document) -> None:
        first, second = tables["entries"].values()
        first[key], second[key] = second[key], first[key]

    edit.__name__ = f"swap {key}"
    return edit


def _swap_records(tables: Document, old: Document) -> None:
    entries = tables["entries"]
    first, second = entries
    entries[first], entries[second] = entries[second], entries[first]


def _reorder(tables: Document, old: Document) -> None:
    tables["entries"] = dict(reversed(tables["entries"].items()))


def _duplicate(tables: Document, old: Document) -> None:
    tables["entries"]["7"] = _first(tables)


def _remove(tables: Document, old: Document) -> None:
    tables["entries"].popitem()


def _roll_back_record(tables: Document, old: Document) -> None:
    for number, record in old["entries"].items():
        if record["id"] == _first(tables)["id"]:
            tables["entries"][number] = record


def _roll_back_all_records(tables: Document, old: Document) -> None:
    tables["entries"] = old["entries"]


def _roll_back_header(tables: Document, old: Document) -> None:
    tables["_vault"] = old["_vault"]


def _roll_back_part(tables: Document, old: Document) -> None:
    for record in old["entries"].values():
        if record["id"] == _first(tables)["id"]:
            _first(tables)["sec"] = record["sec"]


def _foreign_table(tables: Document, old: Document) -> None:
    tables["_default"] = {"1": {"name": "somebody else's"}}


EDITS = [
    *map(_swap, ("k", "sec", "meta", "id", "rev")),
    _swap_records,
    _reorder,
    _duplicate,
    _remove,
    _roll_back_record,
    _roll_back_all_records,
    _roll_back_header,
    _roll_back_part,
    _foreign_table,
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__.strip("_"))
def test_records_moved_about_on_the_command_line(
    home: Path, world: World, server: Server, edit: Callable[[Document, Document], None]
) -> None:
    vault = create_vault(spots(home))
    made = vault.add(entry("one"), secrets("cs-one"))
    vault.add(entry("two", account="b"), secrets("cs-two", "at-2"))
    old = json.loads(vault.path.read_bytes())
    vault.change(made.id, lambda held, _: (held, secrets("cs-one-new", "at-new")))
    tables = json.loads(vault.path.read_bytes())
    good = json.dumps(tables)
    edit(tables, old)
    assert json.dumps(tables) != good
    seal = tables.pop("_seal")
    vault.path.write_bytes(json.dumps({**tables, "_seal": seal}, separators=(",", ":")).encode())
    before = state_of(home)
    for argv in READING[:-1] + WRITING:
        done = server.run(world.environ(home), argv)
        assert done["code"] == 6, (argv, done)
        assert "Traceback" not in done["err"], done
        assert not any(word in done["out"] for word in ("at-", "cs-")), done
        assert _unchanged(home, dict(before)), argv
