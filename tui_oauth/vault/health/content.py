"""The content of a vault file: header, key slots, seal, and every part of every entry."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tui_oauth.errors import TuiOauthError
from tui_oauth.model import normalised_name
from tui_oauth.text import neutralise
from tui_oauth.vault import container, crypto, records, sealing, slots
from tui_oauth.vault.container import Header, Tables
from tui_oauth.vault.crypto import Keys
from tui_oauth.vault.health.findings import Report
from tui_oauth.vault.health.scan import scan
from tui_oauth.vault.sealing import Record

SALVAGE = "Save what can be saved: tui-oauth doctor --salvage OUT"
# NIST SP 800-38D allows 2^32 seals with random nonces under one key; a quarter is time enough.
MANY_SEALS = 2**30


def check_header(report: Report, data: bytes, path: Path) -> Header | None:
    """The header and its key slots; None if it cannot be read."""
    report.done("the header and its key slots")
    try:
        header = container.parse_header(data, path)
    except TuiOauthError as error:
        newer = isinstance(error, container.MadeByNewer)
        advice = error.advice if newer else SALVAGE
        report.damage("vault-newer" if newer else "header-damaged", error.message, advice)
        return None
    if not header.slots:
        report.damage("slots-none", f"The vault {path} has no key slot.", SALVAGE)
    for slot in header.slots:
        _check_slot(report, slot)
    if header.seals > MANY_SEALS:
        report.warn(
            "seals-many",
            f"The vault's key has sealed {header.seals:,} times; {2**32:,} is the most it is good for.",
            "Give it a new one: tui-oauth vault rekey",
        )
    return header


def _check_slot(report: Report, slot: slots.Slot) -> None:
    if slot.kind not in slots.WORDS:
        kind = neutralise(slot.kind, 40)
        report.note(
            "slot-unknown", f"A key slot is of a kind that this version does not know: {kind}."
        )
    if slot.kind != slots.PASSPHRASE:
        return
    costs = {"m": slots.MEMORY_KIB, "t": slots.PASSES, "p": slots.LANES}
    bounds = {"m": slots.MEMORY_BOUNDS_KIB, "t": slots.PASSES_BOUNDS, "p": slots.LANES_BOUNDS}
    given = {name: slot.parameters.get(name) for name in costs}
    for name, value in given.items():
        low, high = bounds[name]
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            report.damage(
                "kdf-bounds",
                f"A passphrase slot asks for a cost {name!r} outside {low:,} to {high:,}.",
                SALVAGE,
            )
            return
    work = {name: value for name, value in given.items() if isinstance(value, int)}
    if work["m"] < costs["m"] or work["m"] * work["t"] < costs["m"] * costs["t"]:
        report.warn(
            "kdf-weak",
            f"A passphrase slot costs {work['m'] // 1024} MiB and {work['t']} passes; the default is "
            f"{costs['m'] // 1024} MiB and {costs['t']}.",
            "Set the passphrase again: tui-oauth vault passphrase",
        )


def check_content(report: Report, data: bytes, keys: Keys, path: Path) -> None:
    """The seal over the file, then every part of every entry."""
    report.done("the seal (MAC) over the whole file")
    report.done("every part of every entry, names and ids")
    try:
        tables = container.open_tables(data, keys, path)
    except TuiOauthError as error:
        found = scan(data, keys)
        mended = sum(opened.mended for opened in found.opened)
        report.damage(
            "seal-broken",
            f"{error.message} Of its entries {len(found.opened)} can still be opened"
            + (f", {mended} of them by turning a flipped bit back" if mended else "")
            + f", {len(found.remains)} cannot.",
            SALVAGE,
        )
        return
    _check_entries(report, tables, keys)


def _check_entries(report: Report, tables: Tables, keys: Keys) -> None:
    ids: Counter[str] = Counter()
    names: Counter[str] = Counter()
    for number, document in tables.get(container.ENTRIES_TABLE, {}).items():
        called = f"The entry with the number {neutralise(number, 20)}"
        try:
            record = Record.of(0, document)
            ids[record.id] += 1
            entry = sealing.open_entry(keys, record)
            called = f"The entry {neutralise(entry.name)}"
            names[normalised_name(entry.name)] += 1
            sealing.open_secrets(keys, record)
        except (crypto.DoesNotOpen, records.UnreadableRecord, KeyError, TypeError):
            report.damage(
                "entry-damaged",
                f"{called} does not open, or stands under a name that is not its own.",
                SALVAGE,
            )
        except TuiOauthError as error:  # written by a newer tui-oauth
            report.warn("entry-newer", f"{called}: {error.message}", error.advice)
    for what, counts in (("id", ids), ("name", names)):
        for value, count in counts.items():
            if count > 1:
                report.damage(
                    f"{what}-twice",
                    f"{count} entries have the {what} {neutralise(value)}.",
                    SALVAGE,
                )


def check_structure(report: Report, data: bytes, path: Path) -> None:
    """What can be told of the content without a key: whether it is whole JSON at all."""
    report.done("the file's outer form")
    try:
        whole = isinstance(json.loads(data), dict) and data.endswith(b'"}}}')
    except (ValueError, RecursionError):
        whole = False
    if not whole:
        report.damage(
            "vault-torn", f"The vault {path} is torn: its end or a part is missing.", SALVAGE
        )
