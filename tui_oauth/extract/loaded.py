"""The first rows of what a run has loaded, read back from where they are now."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from tui_oauth.extract.running import Summary

ROWS = 20
_OF_THE_ENGINE = "_dlt_"
_READERS = {"jsonl": "read_json_auto", "csv": "read_csv_auto", "parquet": "read_parquet"}


def first_rows(summary: Summary, rows: int = ROWS) -> dict[str, list[dict[str, Any]]]:
    """At most `rows` rows of each resource that has some, from a DuckDB file or a folder of this machine.

    For rows elsewhere there is nothing: they are looked at there.
    """
    import duckdb

    place = Path(summary.place) if summary.place and "://" not in summary.place else None
    if place is None:
        return {}
    found: dict[str, list[dict[str, Any]]] = {}
    with duckdb.connect(str(place) if place.is_file() else ":memory:") as base:
        for one in summary.resources:
            # What was never loaded has no table; what others put there may not be readable.
            with contextlib.suppress(duckdb.Error):
                read = _table if place.is_file() else _files
                found[one.resource] = read(base, place, summary.dataset, one.table, rows)
    return {name: some for name, some in found.items() if some}


def _table(base: Any, place: Path, dataset: str, table: str, rows: int) -> list[dict[str, Any]]:
    return _read(base.execute(f'select * from "{dataset}"."{table}" limit {int(rows)}'))  # noqa: S608 - names of ours


def _files(base: Any, place: Path, dataset: str, table: str, rows: int) -> list[dict[str, Any]]:
    folder = place / dataset / table
    newest = sorted(folder.glob("*.*"), key=lambda path: path.stat().st_mtime)[-1:]
    for path in newest:
        reader = _READERS.get(path.suffix.removeprefix("."))
        if reader is not None:
            return _read(base.execute(f"select * from {reader}(?) limit {int(rows)}", [str(path)]))  # noqa: S608 - names of ours
    return []


def _read(answer: Any) -> list[dict[str, Any]]:
    names = [column[0] for column in answer.description]
    return [
        {name: value for name, value in zip(names, row, strict=True) if _is_theirs(name)}
        for row in answer.fetchall()
    ]


def _is_theirs(name: str) -> bool:
    return not name.startswith(_OF_THE_ENGINE)
