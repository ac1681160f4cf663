"""What a file of `extract/data` can say, and what becomes of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.little_api import Call, LittleApi
from tui_oauth.errors import InvalidService
from tui_oauth.extract.calls import Calls
from tui_oauth.extract.declared import Paging, load, sources
from tui_oauth.extract.declaring import read
from tui_oauth.extract.paging import Ask, asking, following
from tui_oauth.extract.reading import Reading, Told, Wanted
from tui_oauth.services.catalogue import Catalogue

ROOT = Path(__file__).parents[2]
HUBSPOT = (ROOT / "tui_oauth/extract/data/hubspot.toml").read_text()


def rows(calls: Calls, source: object, name: str, state: dict, **wanted: object) -> list[dict]:
    resource = source.resource(name)
    reading = Reading(calls, resource, Wanted(**wanted), Told(name))
    return [row for page in reading.pages(state) for row in page]


def test_every_source_is_of_services_that_there_are():
    for source in sources():
        for name in source.services:
            assert load(name) is source
            probe = Catalogue().get(name.removesuffix("-sandbox")).identity_probe
            assert probe is not None
            assert probe.url.endswith(source.probe)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('id = "hubspot"', "id = 1"), "id is a number"),
        (('kind = "cursor"', 'kind = "curser"'), 'paging.list.kind is "curser"'),
        (('paging = "list"', 'paging = "lists"'), "resources[1].paging is 'lists'"),
        (('words = "contacts"', ""), "resources[1].words is missing"),
        (('moment = "mill', 'momemt = "mill'), "did you mean moment?"),
        (('cursor = "updatedAt"\n', ""), "needs the cursor"),
        (('rows = "results"', 'parent = "deals"'), "names no resource"),
        (("[headers]", "[headers"), "is not valid TOML"),
    ],
    ids=lambda value: None if isinstance(value, tuple) else re.sub(r"\W+", "-", value),
)
def test_a_mistake_names_file_key_and_what_is_wrong(change, words):
    assert change[0] in HUBSPOT
    with pytest.raises(InvalidService, match=re.escape(words)) as caught:
        read(HUBSPOT.replace(*change, 1), "hubspot.toml")
    assert "hubspot.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("paging", "place", "document", "headers", "count", "wanted"),
    [
        (Paging("single"), {}, {}, {}, 9, None),
        (Paging("number", pages="pages.total"), {}, {"pages": {"total": 2}}, {}, 9, {"page": 2}),
        (Paging("number", pages="pages.total"), {"page": 2}, {"pages": {"total": 2}}, {}, 9, None),
        (Paging("number"), {"page": 4}, {}, {}, 9, {"page": 5}),
        (Paging("number"), {"page": 5}, {}, {}, 0, None),
        (Paging("cursor", next="next"), {}, {"next": "a"}, {}, 0, {"cursor": "a"}),
        (Paging("cursor", next="next"), {"cursor": "a"}, {"next": "a"}, {}, 9, None),
        (Paging("scroll", next="name"), {"cursor": "a"}, {"name": "a"}, {}, 9, {"cursor": "a"}),
        (Paging("scroll", next="name"), {"cursor": "a"}, {"name": "a"}, {}, 0, None),
        (Paging("link", next="next"), {}, {"next": "/b?c=d"}, {}, 9, {"link": "https://a/b?c=d"}),
        (
            Paging("header"),
            {},
            [],
            {"link": '<https://a/1>; rel="prev", <https://a/3>; rel="next"'},
            9,
            {"link": "https://a/3"},
        ),
        (Paging("header"), {}, [], {"link": '<https://a/1>; rel="prev"'}, 9, None),
    ],
    ids=str,
)
def test_where_a_page_leads(paging, place, document, headers, count, wanted):
    assert following(paging, place, "https://a/x", document, headers, count) == wanted


def test_a_place_in_the_body_leaves_the_declaration_as_it_is():
    payload = {"query": {"a": 1}}
    paging = Paging("cursor", parameter="page.after", size_parameter="page.size", size=9, body=True)
    ask = asking(Ask("POST", "/x", {}, payload), paging, {"cursor": "c"})
    assert ask.payload == {"query": {"a": 1}, "page": {"after": "c", "size": 9}}
    assert payload == {"query": {"a": 1}}


def example() -> str:
    """The file that CONTRIBUTING.md shows."""
    text = (ROOT / "CONTRIBUTING.md").read_text().split("## Add a source of data")[1]
    return text.split("```toml\n")[1].split("```")[0]


def test_the_file_in_contributing_extracts_from_an_api_like_it(workspace, entry_at):
    changed = [{"id": str(n), "updatedAt": f"2026-01-0{n}T00:00:00Z"} for n in range(1, 6)]

    def answers(call: Call) -> tuple[int, dict[str, str], object]:
        if call.path.endswith("/notes"):
            parent = call.path.split("/")[3]
            if parent == "2":
                return 404, {}, {"message": "gone meanwhile"}
            return 200, {}, {"results": [{"id": f"n{parent}"}]}
        if call.path == "/v3/contacts/search":
            since = call.body["updated_after"]
            moments = {"1": 1767225600, "5": 1767571200}
            found = [row for row in changed if moments.get(row["id"], 0) > since]
            return 200, {}, {"results": found}
        first = int(call.query.get("after", 0))
        more = {"paging": {"next": {"after": first + 3}}} if first == 0 else {}
        return 200, {}, {"results": changed[first : first + 3], **more}

    source = read(example(), "example.toml")
    with LittleApi(answers) as api:
        name = entry_at(api.port).name
        with Calls(workspace, name, source) as calls:
            state: dict = {}
            assert rows(calls, source, "contacts", state) == changed
            assert state["since"] == 1767571200000
            assert rows(calls, source, "contacts", state) == []
            assert api.calls[-1].body == {"updated_after": 1767571199}
            notes = rows(calls, source, "contact_notes", {})
            assert notes == [{"id": f"n{n}", "contact_id": str(n)} for n in (1, 3, 4, 5)]
            limited: dict = {}
            halves = [rows(calls, source, "contacts", limited, limit=2) for _ in range(3)]
            assert [len(half) for half in halves] == [2, 2, 1]
            assert [row for half in halves for row in half] == changed


def test_a_search_that_gives_no_more_goes_on_from_the_last_moment(workspace, entry_at):
    """HubSpot: 10,000 results at most; here 4, so that three searches are needed."""
    stamps = [1_767_225_600_000 + number // 2 * 1000 for number in range(9)]

    def answers(call: Call) -> tuple[int, dict[str, str], object]:
        since = call.body["filterGroups"][0]["filters"][0]["value"]
        found = [
            {"id": str(number), "updatedAt": stamp}
            for number, stamp in enumerate(stamps)
            if stamp >= since
        ]
        first = int(call.body.get("after", 0))
        if first >= 4:
            return 400, {}, {"message": "too deep"}
        more = first + 2 < len(found)
        after = {"paging": {"next": {"after": str(first + 2)}}} if more else {}
        return 200, {}, {"results": found[first : first + 2], **after}

    text = HUBSPOT.replace("/oauth/v1/access-tokens/{access_token}", "/me")
    source = read(text.replace("most = 10000", "most = 4"), "hubspot.toml")
    with LittleApi(answers) as api, Calls(workspace, entry_at(api.port).name, source) as calls:
        found = rows(calls, source, "contacts", {}, since=stamps[0])
    assert {row["id"] for row in found} == {str(number) for number in range(9)}
