"""The bytes of a vault file, container version 1.

A compact ASCII JSON object that plain TinyDB can open:

    {"_vault":{"1":{"v":1,"id":...,"gen":...,"aead":"A256GCM","seals":...,"slots":[...],
                    "writer":...,"sum":...}},
     "entries":{<document id>:{"id":...,"k":...,"rev":...,"meta":...,"sec":...},...},
     "_seal":{"1":{"mac":"<64 hex digits>"}}}

The header comes first and is read alone, within 64 KiB, before anything else is parsed. `gen`
counts commits, `seals` the uses of the entries' key. `sum` is the beginning of the SHA-256 of the
header before it: without it a damaged key slot would look like a wrong key. It proves nothing
against a forger; the MAC does, which covers every byte before itself under a sub-key of the data
key, so order, absence and repetition of records are covered with no rule for canonical JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tui_oauth.errors import VaultDamaged
from tui_oauth.text import neutralise
from tui_oauth.vault.crypto import MAC_DIGITS, Keys, sha256
from tui_oauth.vault.slots import Slot, read_slot

VERSION = 1
CIPHER = "A256GCM"
MAX_BYTES = 64 * 1024 * 1024
MAX_HEADER_BYTES = 64 * 1024
MAX_SLOTS = 64
SUM_DIGITS = 16

HEADER_TABLE, ENTRIES_TABLE, SEAL_TABLE = "_vault", "entries", "_seal"
_START = b'{"_vault":{"1":'
_MAC_START = b',"_seal":{"1":{"mac":"'
_MAC_END = b'"}}}'
_SUM_START, _SUM_END = ',"sum":"', '"}'
TAIL_BYTES = MAC_DIGITS + len(_MAC_END)

Tables = dict[str, dict[str, Any]]


class Header(NamedTuple):
    """What a vault says of itself without a key. Until the MAC is checked it is only a claim."""

    vault_id: str
    generation: int
    seals: int
    slots: tuple[Slot, ...]
    writer: str


class MadeByNewer(VaultDamaged):
    """A container version that is not known here. Such a file is left to those who know it."""


def damaged(path: Path, why: str) -> VaultDamaged:
    """The error for a file that cannot be a vault as we left it."""
    return VaultDamaged(
        f"The vault {path} is damaged or was changed by something else: {why}.",
        f"Nothing was written. If {path.name}.bak is beside it, that is the state before the last change.",
    )


def looks_like_one(data: bytes) -> bool:
    """Whether `data` may be a vault or a bundle, whole or damaged, and not something else."""
    return _START in data or _MAC_START in data


def parse_header(data: bytes, path: Path) -> Header:
    """The header at the beginning of `data`, checked for shape; VaultDamaged otherwise."""
    if not data:
        raise damaged(path, "it is empty")
    if len(data) > MAX_BYTES:
        raise damaged(path, f"it is larger than {MAX_BYTES // 1024 // 1024} MiB")
    if not data.startswith(_START):
        raise damaged(path, "it does not begin like a tui-oauth vault")
    try:
        # Latin-1, since what is wrong with a byte of the entries is not the header's matter.
        text = data[:MAX_HEADER_BYTES].decode("latin-1")
        value, end = json.JSONDecoder().raw_decode(text, len(_START))
        text[:end].encode("ascii")
    except (ValueError, RecursionError) as error:
        raise damaged(path, "its header cannot be read") from error
    version = value.get("v") if isinstance(value, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise MadeByNewer(
            f"The vault {path} was made by a newer tui-oauth (container version {version}).",
            "Update tui-oauth. Nothing was written.",
        )
    head, sum_start, tail = text[:end].rpartition(_SUM_START)
    if not sum_start or tail != _sum(head) + _SUM_END:
        raise damaged(path, "its header has a wrong checksum")
    try:
        return _read_header(value)
    except ValueError as error:
        raise damaged(path, f"its header is not as it should be ({error})") from error


def open_tables(data: bytes, keys: Keys, path: Path) -> Tables:
    """Every table in `data` but the header and the seal; VaultDamaged if the MAC does not fit.

    Nothing beyond the header is parsed before the MAC has shown that we wrote it.
    """
    body = len(data) - TAIL_BYTES
    if not data.endswith(_MAC_END) or not data[:body].endswith(_MAC_START):
        raise damaged(path, "its end is missing")
    found = data[body : body + MAC_DIGITS]
    if not keys.made_mac(memoryview(data)[:body], found):
        raise damaged(path, "its seal does not fit its content")
    tables: Tables = json.loads(data)
    return {name: tables[name] for name in tables if name not in {HEADER_TABLE, SEAL_TABLE}}


def build(tables: Mapping[str, Mapping[str, Any]], header: Header, keys: Keys) -> bytes:
    """The bytes of a vault with this header and these tables."""
    head = f"{_START.decode('ascii')}{_compact(_header_json(header))[:-1]}"
    parts = [f"{head}{_SUM_START}{_sum(head)}{_SUM_END}}}"]
    parts += [f"{_compact(name)}:{_compact(table)}" for name, table in tables.items()]
    body = ",".join(parts).encode("ascii") + _MAC_START
    return body + keys.mac(body) + _MAC_END


def mac_of(data: bytes) -> bytes:
    """The last bytes of the file, which name its content."""
    return data[-TAIL_BYTES:]


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _sum(head: str) -> str:
    return sha256(head.encode("ascii")).hex()[:SUM_DIGITS]


def _header_json(header: Header) -> dict[str, object]:
    return {
        "v": VERSION,
        "id": header.vault_id,
        "gen": header.generation,
        "aead": CIPHER,
        "seals": header.seals,
        "slots": [slot.as_json() for slot in header.slots],
        "writer": header.writer,
    }


def _read_header(value: object) -> Header:
    match value:
        case {
            "v": int(version),
            "id": str(vault_id),
            "gen": int(generation),
            "aead": str(cipher),
            "seals": int(seals),
            "slots": list(slots),
            "writer": str(writer),
        }:
            if version != VERSION or cipher != CIPHER or len(slots) > MAX_SLOTS:
                raise ValueError("version, cipher or number of slots")
            if not is_id(vault_id) or generation < 0 or seals < 0:
                raise ValueError("identity or counters")
            read = tuple(read_slot(slot) for slot in slots)
            return Header(vault_id, generation, seals, read, neutralise(writer, 40))
    raise ValueError("a field is missing or of another kind")


def is_id(text: str) -> bool:
    """Whether `text` is an id as we make them: 32 lower-case hexadecimal digits."""
    return len(text) == 32 and not text.strip("0123456789abcdef")
