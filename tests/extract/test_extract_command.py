"""`tui-oauth extract`, from an API on loopback into files and a database."""

from __future__ import annotations

import duckdb
import pytest

from tests.extract.conftest import TOKEN
from tests.little_api import Call, LittleApi

CHANGED = 1_750_000_000
COUNT = 400


def answers(call: Call) -> tuple[int, dict[str, str], object]:
    if call.token != "extract-token-2b7d9e":
        return 401, {}, {"type": "error.list", "errors": [{"code": "unauthorized"}]}
    if call.path == "/contacts":
        first, size = int(call.query.get("starting_after", 0)), int(call.query["per_page"])
        rows = [{"id": f"c{n}", "updated_at": CHANGED + n} for n in range(first, COUNT)][:size]
        more = first + size < COUNT
        pages = {"next": {"starting_after": str(first + size)}} if more else {}
        return 200, {}, {"type": "list", "data": rows, "pages": pages}
    if call.path == "/contacts/search":
        since = call.body["query"]["value"]
        found = [{"id": f"c{n}", "updated_at": CHANGED + n} for n in range(COUNT)]
        return 200, {}, {"data": [row for row in found if row["updated_at"] > since]}
    if call.path == "/tags":
        return 200, {}, {"data": [{"id": "t1", "name": "vip"}]}
    return 404, {}, {}


@pytest.fixture
def api():
    with LittleApi(answers) as api:
        yield api


def test_rows_arrive_and_the_next_run_asks_for_changes(shell, entry_at, api):
    entry_at(api.port)
    done = shell.run("extract", "my-intercom", "contacts", "tags", "--json")
    contacts, tags = done.json["resources"]
    assert (contacts["rows"], contacts["calls"], contacts["finished"]) == (COUNT, 3, True)
    assert (tags["rows"], tags["next_since"]) == (1, None)
    with duckdb.connect(str(shell.home / "extracted.duckdb")) as base:
        found = base.execute("select count(*), sum(updated_at) from my_intercom.contacts")
        assert found.fetchall() == [(COUNT, sum(CHANGED + n for n in range(COUNT)))]
    assert "contacts: 400 rows" in done.err
    again = shell.run("extract", "my-intercom", "contacts", "tags")
    assert "changes since" in again.out
    assert api.calls[-2].path == "/contacts/search"
    left = {path.name for path in shell.home.iterdir()}
    assert left == {".config", ".local", "extracted.duckdb"}, "dlt keeps nothing elsewhere"


def test_trace_shows_each_call_and_neither_the_token_nor_the_rows(shell, entry_at, api):
    entry_at(api.port)
    plain = shell.run("extract", "my-intercom", "tags", "--full")
    done = shell.run("extract", "my-intercom", "tags", "contacts", "--full", "--trace")
    place = f"http://127.0.0.1:{api.port}"
    heads = [line for line in done.err.splitlines() if line[:2] in {"> ", "< "} and line[2] != " "]
    assert heads[0] == f"> GET {place}/tags  (tags of Intercom)"
    assert heads[1].startswith("< 200 OK  (")
    assert len(heads) == 2 * 4, "a call for the tags, three for the contacts"
    assert TOKEN not in done.err
    assert "authorization: Bearer ••••" in done.err.lower().replace("bearer", "Bearer")
    assert "per_page" in done.err
    assert "vip" not in done.err, "the rows belong to somebody"
    assert "> " not in plain.err
    assert done.out.count("tags") == plain.out.count("tags")


def test_trace_shows_what_the_service_refuses(shell, entry_at, api):
    entry_at(api.port, token="another-token-91c3")
    done = shell.run("extract", "my-intercom", "tags", "--trace", code=None)
    assert done.code == 7
    assert "< 401 Unauthorized" in done.err
    assert "another-token-91c3" not in done.err
