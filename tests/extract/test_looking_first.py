"""What can be had before anything is loaded: the offer, what is missing, the first rows; and the regions."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.little_api import Call, LittleApi
from tui_oauth.errors import NeedsPerson, NotFound, UsageProblem
from tui_oauth.extract import calls
from tui_oauth.extract.available import offered, probe
from tui_oauth.extract.declared import load
from tui_oauth.extract.destination import parse
from tui_oauth.extract.limits import before_again, before_next
from tui_oauth.extract.preview import preview
from tui_oauth.extract.running import extract
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.provider import PracticeProvider


@pytest.fixture
def provider() -> Iterator[PracticeProvider]:
    with PracticeProvider(dataset=Dataset({"contacts": 40, "companies": 120})) as provider:
        yield provider


def test_what_is_missing_is_found_by_a_look_at_each(workspace, provider, practice_entry):
    name = practice_entry(provider)
    provider.application.behaviour = Behaviour(missing_permission=("Read tags",))
    found = {one.name: one for one in probe(workspace, name)}
    assert set(found) == {one.name for one in offered(workspace, name) if not one.argument}
    lacking = {one.name: one.missing for one in found.values() if not one.readable}
    assert lacking == {"tags": "Read tags", "contact_tags": "Read tags"}
    # A look opens no scroll: the next one would have to wait for its end.
    assert len(preview(workspace, name, "company_segments", 3)) == 3


def test_the_first_rows_cost_one_small_page(workspace, provider, practice_entry):
    name = practice_entry(provider)
    rows = preview(workspace, name, "contacts", 5)
    assert rows == [provider.application.dataset.row("contacts", number) for number in range(1, 6)]
    assert provider.application.served["contacts"] == 5
    with pytest.raises(NotFound, match="no resource 'contact'"):
        preview(workspace, name, "contact")
    with pytest.raises(UsageProblem, match="custom_objects:TYPE"):
        preview(workspace, name, "custom_objects")


def test_a_token_that_is_refused_needs_a_person(workspace, provider, practice_entry):
    name = practice_entry(provider)
    (app,) = provider.application.store.apps()
    for grant in provider.application.store.grants(app):
        provider.application.store.end_grant(grant)
    with pytest.raises(NeedsPerson, match="Press a in Manage OAuth"):
        list(probe(workspace, name, ["tags"]))


def test_the_region_that_the_service_names_decides_where_calls_go(workspace, entry_at):
    """Hosts of the real service are not called here: the address alone is looked at."""
    from tui_oauth import entries

    source = load("intercom")
    entry = entries.create_entry(workspace, "eu", "intercom", {"region": "us"})

    def learn(entry, held):
        from tui_oauth.model import TokenSet, with_tokens
        from tui_oauth.secret import Secret

        tokens = TokenSet(Secret("t"), "Bearer", workspace.now(), extra={"region": "EU"})
        return with_tokens(entry, tokens, workspace.now()), held._replace(tokens=tokens)

    workspace.vault.change(entry.id, learn)
    assert calls.api_base(workspace, "eu", source) == "https://api.eu.intercom.io"
    from tui_oauth.oauth.api import may_send_to

    declared = entries.entry_service(workspace, workspace.vault.find("eu"))
    assert may_send_to(declared, "https://api.eu.intercom.io/contacts")
    assert not may_send_to(declared, "https://api.eu.intercom.example/contacts")
    # A service that is played on this machine stays there, whatever region it says.
    assert calls.api_base(workspace, entry_at(9).name, source) == "http://127.0.0.1:9"


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_files(kind, workspace, entry_at, tmp_path):
    def answers(call: Call) -> tuple[int, dict[str, str], object]:
        assert call.path == "/tags"
        return 200, {}, {"data": [{"id": "1", "name": "vip"}, {"id": "2", "name": "new"}]}

    with LittleApi(answers) as api:
        name = entry_at(api.port).name
        for _ in range(2):  # read anew: the second run's files take the place of the first one's
            summary = extract(workspace, name, ["tags"], f"{kind}:{tmp_path / 'out'}")
            assert summary.problem is None
    (file,) = (tmp_path / "out/my_intercom/tags").iterdir()
    assert file.suffix == f".{kind}"
    if kind == "jsonl":
        assert [json.loads(line)["name"] for line in file.read_text().splitlines()] == [
            "vip",
            "new",
        ]
    if kind == "csv":
        assert "vip" in file.read_text()


def test_destinations():
    assert parse("").place.endswith("/extracted.duckdb")
    assert parse("snowflake").words == "snowflake"
    assert parse("s3://bucket/folder").file_format == "parquet"
    assert parse("duckdb:bench.duckdb").dataset("Bench") == "bench_data"
    assert parse("duckdb:x.duckdb").dataset("My Intercom (EU)") == "my_intercom_eu"
    for wrong in ("jsonl", "duckdb::memory:", "what ever", "snowflake:x"):
        with pytest.raises(UsageProblem):
            parse(wrong)


def test_how_long_is_waited():
    intercom, hubspot = load("intercom").limits, load("hubspot").limits
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1010"}
    assert before_next(intercom, reset, 1000.0) == 10.0
    assert before_next(intercom, {**reset, "x-ratelimit-remaining": "1"}, 1000.0) == 0.0
    assert before_again(intercom, 429, reset, 1000.0, 1) == 10.0
    assert before_again(intercom, 503, {"retry-after": "3"}, 1000.0, 1) == 3.0
    later = {"retry-after": "Thu, 01 Jan 1970 00:16:50 GMT"}
    assert before_again(intercom, 503, later, 1000.0, 1) == 10.0
    assert [before_again(intercom, 500, {}, 0.0, n) for n in (1, 2, 3)] == [0.25, 0.5, 1.0]
    window = {"x-hubspot-ratelimit-interval-milliseconds": "10000"}
    assert before_again(hubspot, 429, window, 1000.0, 1) == 10.0
    assert before_again(intercom, 429, {"x-ratelimit-reset": "99999999"}, 0.0, 1) == 900.0
