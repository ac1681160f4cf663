"""What the dropdown shows of a service, without reading its file.

Hundreds of files take half a second to read and check, which nobody should wait for who wants to
choose one. So what the list needs stands in one index, made from the files:

    python -m tui_oauth.services.listing

A built-in file that the index does not know yet is read by itself, so a new service works before
the index is made anew; a test tells when that is due.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tui_oauth.services.format import RedirectUriRules, Service

INDEX = Path(__file__).parent / "index.json"


@dataclass(frozen=True, slots=True)
class Listing:
    """One line of the dropdown; the fields mean what they mean in `Service`."""

    id: str
    name: str
    category: str
    aliases: tuple[str, ...] = ()
    docs_url: str = ""
    confidence: str = ""
    redirect_uri_rules: RedirectUriRules = field(default_factory=RedirectUriRules)
    own: bool = False


def listing_of(service: Service) -> Listing:
    """The line of `service`."""
    return Listing(
        id=service.id,
        name=service.name,
        category=service.category,
        aliases=service.aliases,
        docs_url=service.docs_url,
        confidence=service.confidence,
        redirect_uri_rules=dataclasses.replace(service.redirect_uri_rules, note=""),
        own=service.own,
    )


def indexed(index: Path = INDEX) -> dict[str, Listing]:
    """The lines of the index by id; empty where there is none, and every file is read then."""
    try:
        rows = json.loads(index.read_bytes())
    except FileNotFoundError:
        return {}
    return {row["id"]: _listing(row) for row in rows}


def index_text(services: list[Service]) -> str:
    """The index for `services`, one line each, in the order of their ids."""
    rows = [_row(listing_of(service)) for service in sorted(services, key=lambda one: one.id)]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f"[\n{lines}\n]\n"


def _row(listing: Listing) -> dict[str, Any]:
    row = {name: value for name, value in dataclasses.asdict(listing).items() if value}
    rules = {name: value for name, value in row["redirect_uri_rules"].items() if value not in _BARE}
    return row | {"redirect_uri_rules": rules}


_BARE: tuple[object, ...] = (None, "")


def _listing(row: Mapping[str, Any]) -> Listing:
    rules = RedirectUriRules(**row["redirect_uri_rules"])
    given = {**row, "redirect_uri_rules": rules, "aliases": tuple(row.get("aliases", ()))}
    return Listing(**given)


def _main() -> None:
    from tui_oauth.services.catalogue import BUILT_IN
    from tui_oauth.services.loading import parse_service

    paths = sorted(BUILT_IN.glob("*.toml"))
    services = [parse_service(path.read_text(encoding="utf-8"), path.name) for path in paths]
    INDEX.write_text(index_text(services), encoding="utf-8")


if __name__ == "__main__":
    _main()
