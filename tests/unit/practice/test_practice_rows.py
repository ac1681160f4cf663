"""Rows as Intercom serves them: pages, searches, what belongs to what, and what goes wrong."""

from __future__ import annotations

import http.client
import json

import pytest
from practice_calls import Client

from tui_oauth.practice.application import Application
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.data.searching import DAY
from tui_oauth.practice.data.stamps import LATER
from tui_oauth.practice.records import PERMISSIONS

CLOCK = [1_000_000.0]


@pytest.fixture
def reader() -> Client:
    """A client that may read everything, and rows of which some pages are not full."""
    dataset = Dataset({"contacts": 320, "companies": 130})
    CLOCK[0] = 1_000_000.0
    return Client(Application(dataset=dataset, now=lambda: CLOCK[0]), PERMISSIONS)


def answer(reply):
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def refusal(reply):
    problem = json.loads(reply.body)
    assert problem["type"] == "error.list"
    return reply.status, problem["errors"][0]["code"]


def by_cursor(reader, method, path, rows="data", **body):
    """All rows of a list or a search, page by page."""
    found, after = [], {}
    while True:
        if method == "GET":
            page = answer(reader.rows("GET", path, per_page="150", **after))
        else:
            pagination = {"per_page": 150, **after}
            page = answer(reader.rows("POST", path, {**body, "pagination": pagination}))
        found += page[rows]
        if not page["pages"].get("next"):
            assert page["total_count"] == len(found)
            return found
        after = {"starting_after": page["pages"]["next"]["starting_after"]}


def changed_since(moment, order="ascending", operator=">"):
    return {
        "query": {"field": "updated_at", "operator": operator, "value": moment},
        "sort": {"field": "updated_at", "order": order},
    }


def test_the_rows_are_always_the_same():
    rows = {"contacts": 5}
    first = [*Dataset(rows).rows("contacts")]
    assert first == [*Dataset(rows).rows("contacts")]
    assert first != [*Dataset(rows, seed=2).rows("contacts")]
    with pytest.raises(ValueError, match="nonsense"):
        Dataset({"nonsense": 1})


def test_contacts_by_cursor_are_the_contacts(reader):
    contacts = by_cursor(reader, "GET", "/contacts")
    assert contacts == [*reader.application.dataset.rows("contacts")]
    assert len({contact["id"] for contact in contacts}) == 320
    assert reader.application.count["contacts"] == 3
    assert reader.application.served["contacts"] == 320


def test_a_search_finds_what_changed_in_either_order(reader):
    dataset = reader.application.dataset
    changed = dataset.change("contacts", 200) + dataset.add("contacts", 3)
    for order in ("ascending", "descending"):
        found = by_cursor(reader, "POST", "/contacts/search", **changed_since(LATER - DAY, order))
        expected = [dataset.row("contacts", number) for number in changed]
        assert found == (expected if order == "ascending" else expected[::-1])


def test_dates_in_a_contact_search_are_whole_days(reader):
    reader.application.dataset.change("contacts", 2)
    same_day = answer(reader.rows("POST", "/contacts/search", changed_since(LATER)))
    assert same_day["total_count"] == 0
    that_day = changed_since(LATER + 3600, operator="=")
    assert answer(reader.rows("POST", "/contacts/search", that_day))["total_count"] == 2
    at_least = changed_since(LATER, operator=">=")
    assert refusal(reader.rows("POST", "/contacts/search", at_least)) == (400, "parameter_invalid")


def test_a_page_of_a_search_follows_the_last_though_rows_changed_meanwhile(reader):
    dataset = reader.application.dataset
    asked = {**changed_since(0), "pagination": {"per_page": 100}}
    page = answer(reader.rows("POST", "/contacts/search", asked))
    dataset.change("contacts", 320)
    asked["pagination"]["starting_after"] = page["pages"]["next"]["starting_after"]
    after = answer(reader.rows("POST", "/contacts/search", asked))
    assert after["data"][0] == dataset.row("contacts", 1)


def test_companies_by_scroll_and_by_page_number(reader):
    companies = [*reader.application.dataset.rows("companies")]
    page = answer(reader.rows("GET", "/companies/scroll"))
    scrolled = page["data"]
    assert refusal(reader.rows("GET", "/companies/scroll")) == (400, "scroll_exists")
    while page["data"]:
        page = answer(reader.rows("GET", "/companies/scroll", scroll_param=page["scroll_param"]))
        scrolled += page["data"]
    assert scrolled == companies

    numbered = []
    for number in (1, 2, 3):
        asked = {"page": number, "per_page": 60}
        page = answer(reader.rows("POST", "/companies/list", asked))
        assert page["pages"]["total_pages"] == 3
        numbered += page["data"]
    assert numbered == companies


def test_a_scroll_ends_when_it_is_not_used(reader):
    name = answer(reader.rows("GET", "/companies/scroll"))["scroll_param"]
    CLOCK[0] += 61
    late = reader.rows("GET", "/companies/scroll", scroll_param=name)
    assert refusal(late) == (404, "not_found")
    assert answer(reader.rows("GET", "/companies/scroll"))["scroll_param"] != name


def test_a_scroll_that_breaks_off_goes_on_and_one_that_fails_has_ended(reader):
    first = answer(reader.rows("GET", "/companies/scroll"))
    name = {"scroll_param": first["scroll_param"]}
    reader.application.behaviour = Behaviour(page_fault="cut-off", page_fault_every=1)
    assert reader.rows("GET", "/companies/scroll", **name).missing
    assert answer(reader.rows("GET", "/companies/scroll", **name))["data"] == []
    reader.application.behaviour = Behaviour()
    first = answer(reader.rows("GET", "/companies/scroll"))
    name = {"scroll_param": first["scroll_param"]}
    reader.application.behaviour = Behaviour(page_fault="error", page_fault_every=1)
    assert reader.rows("GET", "/companies/scroll", **name).status == 500
    assert refusal(reader.rows("GET", "/companies/scroll", **name)) == (404, "not_found")
    reader.application.behaviour = Behaviour()
    assert answer(reader.rows("GET", "/companies/scroll"))["data"]


def test_what_belongs_to_contacts_fits_what_belongs_to_companies(reader):
    pairs = set()
    for contact in reader.application.dataset.rows("contacts"):
        for company in answer(reader.rows("GET", f"/contacts/{contact['id']}/companies"))["data"]:
            pairs.add((company["id"], contact["id"]))
        tags = answer(reader.rows("GET", f"/contacts/{contact['id']}/tags"))["data"]
        assert [tag["id"] for tag in tags] == [tag["id"] for tag in contact["tags"]["data"]]
    assert len(pairs) > 200
    seen = {
        (company["id"], contact["id"])
        for company in reader.application.dataset.rows("companies")
        for contact in answer(reader.rows("GET", f"/companies/{company['id']}/contacts"))["data"]
    }
    assert seen == pairs
    assert refusal(reader.rows("GET", "/contacts/nobody/tags")) == (404, "not_found")


@pytest.mark.parametrize(
    "query",
    [{"per_page": "151"}, {"per_page": "x"}, {"per_page": "0"}, {"starting_after": "nonsense"}],
    ids=lambda query: "-".join(query) + next(iter(query.values())),
)
def test_odd_parameters_are_refused(reader, query):
    assert refusal(reader.rows("GET", "/contacts", **query)) == (400, "parameter_invalid")


def test_versions(reader):
    call = {"Authorization": "Bearer nobody"}
    assert refusal(reader.call("GET", "/tags", **call)) == (401, "unauthorized")
    assert reader.rows("GET", "/tags").headers["Intercom-Version"] == "2.14"
    token = {"Authorization": f"Bearer {reader.tokens()['access_token']}"}
    named = reader.call("GET", "/tags", Intercom_Version="2.11", **token)
    assert named.headers["Intercom-Version"] == "2.11"
    wrong = reader.call("GET", "/tags", Intercom_Version="9.9", **token)
    assert refusal(wrong) == (400, "intercom_version_invalid")


def test_rows_need_the_permission_that_was_ticked():
    client = Client(Application())
    assert client.rows("GET", "/contacts").status == 200
    assert refusal(client.rows("GET", "/tags")) == (401, "token_unauthorized")


def test_a_permission_can_be_taken_from_everyone(reader):
    reader.application.behaviour = Behaviour(missing_permission=("Read tags",))
    assert refusal(reader.rows("GET", "/tags")) == (401, "token_unauthorized")
    assert reader.rows("GET", "/segments").status == 200


def test_calls_for_rows_share_the_limit(reader):
    reader.application.behaviour = Behaviour(rate_limit=3, rate_window=5)
    assert [reader.rows("GET", "/tags").status for _ in range(4)] == [200, 200, 200, 429]
    last = reader.rows("GET", "/segments")
    assert refusal(last) == (429, "rate_limit_exceeded")
    CLOCK[0] = float(last.headers["X-RateLimit-Reset"])
    assert reader.rows("GET", "/segments").status == 200


@pytest.mark.parametrize("fault", ["error", "unavailable", "cut-off", "broken-json"])
def test_a_page_fails_once(reader, fault):
    reader.application.behaviour = Behaviour(page_fault=fault, page_fault_every=2)
    assert reader.rows("GET", "/contacts").status == 200
    failed = reader.rows("GET", "/tags")
    if fault in {"error", "unavailable"}:
        assert failed.status >= 500
    else:
        assert failed.status == 200
        with pytest.raises(json.JSONDecodeError):
            json.loads(failed.body)
    assert (failed.missing > 0) == (fault == "cut-off")
    assert reader.rows("GET", "/tags").status == 200
    assert reader.application.served["tags"] == 10


def test_the_token_ends_in_the_middle_once(reader):
    reader.application.behaviour = Behaviour(revoke_after=2)
    assert [reader.rows("GET", "/tags").status for _ in range(4)] == [200, 200, 401, 401]
    again = {"Authorization": f"Bearer {reader.tokens()['access_token']}"}
    assert [reader.call("GET", "/tags", **again).status for _ in range(4)] == [200] * 4


def test_a_page_that_is_cut_off_ends_its_connection(provider):
    client = Client(provider.application)
    token = client.tokens()["access_token"]
    provider.application.behaviour = Behaviour(page_fault="cut-off", page_fault_every=1)
    connection = http.client.HTTPConnection("127.0.0.1", provider.port, timeout=10)
    try:
        connection.request("GET", "/contacts", headers={"Authorization": f"Bearer {token}"})
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()
    finally:
        connection.close()
