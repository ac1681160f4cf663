"""Where the rows go: `--to` as a destination of dlt."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui_oauth.errors import UsageProblem
from tui_oauth.extract.engine import engine
from tui_oauth.paths import expanded
from tui_oauth.text import neutralise

FILES = ("jsonl", "csv", "parquet")
DEFAULT_FILE = "extracted.duckdb"
_MEMORY = "128MB"
"""What DuckDB may use for a merge; without a limit it takes what the machine has."""


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination: `kind` (duckdb, jsonl, csv, parquet or the name that dlt knows), and its `place`."""

    kind: str
    place: str = ""

    def dataset(self, name: str) -> str:
        """The schema, or folder, for the rows of the entry `name`."""
        wanted = slug(name)
        # DuckDB takes the name of a file for that of a database, and could not tell it from the schema.
        taken = self.kind == "duckdb" and Path(self.place).stem.lower() == wanted
        return f"{wanted}_data" if taken else wanted

    @property
    def words(self) -> str:
        """The destination in a sentence."""
        kind = {
            "duckdb": "DuckDB",
            "jsonl": "JSONL files",
            "csv": "CSV files",
            "parquet": "Parquet files",
        }
        named = kind.get(self.kind, self.kind)
        return f"{named} in {self.place}" if self.place else named

    @property
    def mark(self) -> str:
        """A short text that tells destinations apart, for names."""
        return hashlib.sha256(f"{self.kind} {self.place}".encode()).hexdigest()[:8]

    @property
    def file_format(self) -> str | None:
        """The format of what is loaded; None where the destination knows best."""
        if self.kind == "duckdb":
            return "parquet"
        return self.kind if self.kind in FILES else None


def parse(text: str) -> Destination:
    """The destination that `text` names; without any, a DuckDB file in the folder that one is in.

    `duckdb`, `duckdb:PATH`, `jsonl:DIR`, `csv:DIR`, `parquet:DIR`, where DIR can be the address of an
    object storage (`parquet:s3://bucket/folder`), or the name of another destination of dlt.
    """
    kind, colon, place = text.partition(":")
    kind = kind.strip().lower() or "duckdb"
    if kind == "duckdb":
        if place == ":memory:":
            raise UsageProblem("Rows in memory are gone at the end.", "Name a file: duckdb:PATH")
        return Destination(kind, str(expanded(place or DEFAULT_FILE).absolute()))
    if kind in FILES:
        if not place:
            raise UsageProblem(f"{kind} needs a folder.", f"For instance: --to {kind}:./data")
        there = place if "://" in place else str(expanded(place).absolute())
        return Destination(kind, there)
    if "://" in text:
        return Destination("parquet", text)
    if colon or not re.fullmatch(r"[a-z0-9_.]+", kind):
        raise UsageProblem(
            f"{neutralise(text, 80)!r} is no destination.",
            "Use duckdb:PATH, jsonl:DIR, csv:DIR, parquet:DIR, or the name of a destination of dlt.",
        )
    return Destination(kind)


def slug(name: str) -> str:
    """The name of an entry as that of a file, a dataset, a table."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return plain if plain and not plain[0].isdigit() else f"entry_{plain}".rstrip("_")


def connected(destination: Destination) -> Any:
    """The destination as dlt wants it."""
    dlt = engine()
    if destination.kind == "duckdb":
        from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

        Path(destination.place).parent.mkdir(parents=True, exist_ok=True)

        credentials = DuckDbCredentials(destination.place)
        credentials.global_config = {"memory_limit": _MEMORY}
        return dlt.destinations.duckdb(credentials)
    if destination.kind in FILES:
        return dlt.destinations.filesystem(bucket_url=destination.place)
    try:
        return dlt.destination(destination.kind)
    except Exception as error:
        raise UsageProblem(
            f"{destination.kind!r} is no destination that dlt knows.",
            "Known are, among others, snowflake, bigquery, redshift, synapse, databricks.",
        ) from error
