"""All of Intercom's resources from the practice provider into DuckDB, equal to what it was made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest

from tui_oauth.extract.declared import load
from tui_oauth.extract.running import Summary, extract
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.workspace import Workspace

ROWS = {
    "contacts": 170,
    "companies": 110,
    "conversations": 30,
    "tickets": 160,
    "calls": 60,
    "activity_logs": 70,
    "articles": 60,
}


@pytest.fixture
def provider() -> Iterator[PracticeProvider]:
    with PracticeProvider(dataset=Dataset(ROWS)) as provider:
        yield provider


@pytest.fixture
def run(
    workspace: Workspace, provider: PracticeProvider, practice_entry: Callable[..., str], base: str
) -> Callable[..., Summary]:
    name = practice_entry(provider)

    def run(*resources: str, **how: Any) -> Summary:
        return extract(workspace, name, resources, f"duckdb:{base}", **how)

    return run


@pytest.fixture
def base(tmp_path: Any) -> str:
    return str(tmp_path / "found.duckdb")


def found(base: str, table: str) -> list[dict[str, Any]]:
    """The rows of a table; nested values as they were."""
    with duckdb.connect(base, read_only=True) as connection:
        answer = connection.execute(f"select * from my_intercom.{table}")
        names = [column[0] for column in answer.description]
        nested = {column[0] for column in answer.description if str(column[1]) == "JSON"}
        return [
            {
                name: json.loads(value) if name in nested and value is not None else value
                for name, value in zip(names, line, strict=True)
                if not name.startswith("_dlt")
            }
            for line in answer.fetchall()
        ]


def bare(row: dict[str, Any]) -> str:
    """A row as text, without what is empty: a column that has never had a value is not there."""
    return json.dumps({k: v for k, v in row.items() if v is not None}, sort_keys=True)


def made(provider: PracticeProvider, name: str) -> list[dict[str, Any]]:
    """The rows that the provider computes, without having been asked for them."""
    dataset, source = provider.application.dataset, load("practice")
    assert source is not None
    resource = source.resource(name)
    assert resource is not None
    if not resource.parent:
        return list(dataset.rows(name))
    return [
        {**row, resource.parent_field: str(dataset.row(resource.parent, number)["id"])}
        for number, row in dataset.rows_of(name)
    ]


def test_everything_arrives_as_it_is_and_the_next_run_fetches_only_changes(run, provider, base):
    names = [one.name for one in load("practice").resources if one.name != "custom_objects"]
    summary = run(*names, "custom_objects:Order")
    assert summary.problem is None
    assert all(one.finished for one in summary.resources)
    for name in names:
        wanted = sorted(bare(row) for row in made(provider, name))
        assert sorted(bare(row) for row in found(base, name)) == wanted, name
        (one,) = [one for one in summary.resources if one.resource == name]
        assert one.rows == len(wanted)
    assert len(found(base, "custom_objects_order")) == 60

    dataset = provider.application.dataset
    dataset.change("contacts", 7)
    dataset.change("tickets", 3)
    again = {one.resource: one for one in run("contacts", "tickets", "conversations").resources}
    assert {name: one.rows for name, one in again.items()} == {
        "contacts": 7,
        "tickets": 3,
        "conversations": 0,
    }
    for name in ("contacts", "tickets"):
        assert sorted(map(bare, found(base, name))) == sorted(map(bare, made(provider, name)))
