"""Played services, from the service file to rows: HubSpot, whose source is one file of data, and Intercom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.refreshing import sign_in
from tests.stage import Stage
from tui_oauth.entries import callback_url, configure_entry, create_entry
from tui_oauth.extract.running import Extracted, extract
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.played.application import CLIENT_ID, CLIENT_SECRET
from tui_oauth.practice.played.provider import PlayedProvider
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.toml_text import service_text

Run = Callable[..., Extracted]


@pytest.fixture
def played(request, shell, stage: Stage, tmp_path: Path):
    """A played service with its rows, and a way to extract contacts from it with a signed-in entry."""
    name, rows = request.param
    service = Catalogue().get(name)
    callback = callback_url(stage.workspace, service=service)
    with PlayedProvider(service, callback, port=0, dataset=Dataset({"contacts": rows})) as provider:
        file = tmp_path / f"{name}-sandbox.toml"
        file.write_text(service_text(provider.service))
        shell.run("service", "add", str(file))
        entry = create_entry(stage.workspace, "mine", f"{name}-sandbox")
        entry = configure_entry(
            stage.workspace, entry, client_id=CLIENT_ID, client_secret=Secret(CLIENT_SECRET)
        )
        asyncio.run(sign_in(stage, entry))

        def run(**how: Any) -> Extracted:
            base = f"duckdb:{shell.home / 'found.duckdb'}"
            summary = extract(stage.workspace, "mine", ["contacts"], base, **how)
            assert summary.problem is None
            return summary.resources[0]

        yield provider.application, run


def found(home: Path, query: str) -> tuple[Any, ...]:
    with duckdb.connect(str(home / "found.duckdb"), read_only=True) as base:
        row: tuple[Any, ...] | None = base.execute(query).fetchone()
        assert row is not None
        return row


HUBSPOT = """
    select count(distinct id), sum(cast(id as bigint)),
        count(distinct json_extract_string(properties, '$.email'))
    from mine.contacts
"""


@pytest.mark.parametrize("played", [("hubspot", 10_400)], indirect=True, ids=["hubspot"])
def test_hubspot_contacts_and_more_changes_than_a_search_gives(home, played):
    application, run = played
    first = run(limit=300)
    assert (first.rows, first.calls) == (300, 3)
    # All of them by the search, which ends at 10,000: it goes on from the last one's moment.
    changes = run(since=1_000)
    assert changes.rows >= 10_400
    numbers = sum(range(1, 10_401))
    assert found(home, HUBSPOT) == (10_400, numbers, 10_400)
    application.dataset.change("contacts", 4)
    application.dataset.add("contacts", 2)
    again = run()
    assert (again.rows, again.calls) == (6, 1)
    assert found(home, HUBSPOT) == (10_402, numbers + 10_401 + 10_402, 10_402)


@pytest.mark.parametrize("played", [("intercom", 310)], indirect=True, ids=["intercom"])
def test_a_played_intercom_gives_its_rows_below_its_host(home, played):
    application, run = played
    assert run().calls == 3
    rows = [*application.dataset.rows("contacts")]
    query = "select count(*), sum(updated_at) from mine.contacts"
    assert found(home, query) == (310, sum(row["updated_at"] for row in rows))
