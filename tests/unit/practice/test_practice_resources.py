"""Every resource, read the way its paging asks for, is what the generator says it is."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import defaultdict
from urllib.parse import parse_qsl, urlsplit

import pytest
from practice_calls import Client

from tui_oauth.practice.application import Application
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.data.stamps import LATER
from tui_oauth.practice.records import PERMISSIONS


@pytest.fixture(scope="module")
def reader() -> Client:
    return Client(Application(dataset=Dataset({"contacts": 60, "companies": 25})), PERMISSIONS)


def read(reader, method, path, body=None, **query):
    reply = reader.rows(method, path, body, **query)
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def numbered(reader, path, rows="data", **query):
    """All pages by number."""
    found, page = [], 1
    while True:
        answer = read(reader, "GET", path, page=str(page), **query)
        found += answer[rows]
        assert answer["total_count"] >= len(found)
        if page >= answer["pages"]["total_pages"]:
            return found
        page += 1


def linked(reader, path, rows, **query):
    """All pages by the address of the next one."""
    found = []
    while True:
        answer = read(reader, "GET", path, **query)
        found += answer[rows]
        following = answer["pages"].get("next")
        if not following:
            return found
        parts = urlsplit(following)
        assert parts.netloc == "127.0.0.1:8977"
        path, query = parts.path, dict(parse_qsl(parts.query))


LISTS = [
    ("/tags", "data", "tags"),
    ("/segments", "segments", "segments"),
    ("/admins", "admins", "admins"),
    ("/teams", "teams", "teams"),
    ("/subscription_types", "data", "subscription_types"),
    ("/ticket_types", "data", "ticket_types"),
    ("/ticket_states", "data", "ticket_states"),
    ("/data_attributes", "data", "data_attributes"),
    ("/conversations/attributes", "data", "conversation_attributes"),
]
NUMBERED = [
    ("/help_center/collections", "collections"),
    ("/news/news_items", "news_items"),
    ("/news/newsfeeds", "newsfeeds"),
    ("/calls", "calls"),
    ("/custom_object_instances/Order", "custom_objects"),
]
BELONGING = [
    ("/contacts/{id}/tags", "contact_tags"),
    ("/contacts/{id}/segments", "contact_segments"),
    ("/contacts/{id}/companies", "contact_companies"),
    ("/contacts/{id}/notes", "contact_notes"),
    ("/contacts/{id}/subscriptions", "contact_subscriptions"),
    ("/companies/{id}/contacts", "company_contacts"),
    ("/companies/{id}/segments", "company_segments"),
    ("/companies/{id}/notes", "company_notes"),
]


@pytest.mark.parametrize(("path", "rows", "resource"), LISTS, ids=[each[2] for each in LISTS])
def test_lists(reader, path, rows, resource):
    found = read(reader, "GET", path)[rows]
    assert found == [*reader.application.dataset.rows(resource)]
    assert found


@pytest.mark.parametrize(("path", "resource"), NUMBERED, ids=[each[1] for each in NUMBERED])
def test_page_numbers(reader, path, resource):
    found = numbered(reader, path)
    assert found == [*reader.application.dataset.rows(resource)]


def test_articles_come_newest_first(reader):
    found = numbered(reader, "/articles", per_page="7")
    assert found == [*reader.application.dataset.rows("articles")][::-1]


@pytest.mark.parametrize(("path", "resource"), BELONGING, ids=[each[1] for each in BELONGING])
def test_what_belongs_to_a_row(reader, path, resource):
    dataset = reader.application.dataset
    expected = defaultdict(list)
    for parent, row in dataset.rows_of(resource):
        expected[parent].append(row)
    assert expected
    parents = "contacts" if path.startswith("/contacts") else "companies"
    for number, parent in enumerate(dataset.rows(parents), 1):
        found = read(reader, "GET", path.replace("{id}", parent["id"]))["data"]
        assert found == expected[number]


def test_a_contact_names_its_notes_tags_and_companies(reader):
    for contact in [*reader.application.dataset.rows("contacts")][:20]:
        for belonging in ("notes", "tags", "companies"):
            found = read(reader, "GET", contact[belonging]["url"])["data"]
            assert [row["id"] for row in contact[belonging]["data"]] == [row["id"] for row in found]


def test_conversations_and_their_parts(reader):
    dataset = reader.application.dataset
    parts = defaultdict(list)
    for parent, row in dataset.rows_of("conversation_parts"):
        parts[parent].append(row)
    assert len(parts[1]) == 500
    found, query = [], {"per_page": "150"}
    while query:
        page = read(reader, "GET", "/conversations", **query)
        found += page["conversations"]
        after = page["pages"].get("next", {}).get("starting_after")
        query = {"per_page": "150", "starting_after": after} if after else {}
    assert found == [*dataset.rows("conversations")]
    for number in (1, 2, 300):
        whole = read(reader, "GET", f"/conversations/{number}")
        assert whole["conversation_parts"]["conversation_parts"] == parts[number]
        assert whole["statistics"]["count_conversation_parts"] == len(parts[number])
    assert reader.rows("GET", "/conversations/301").status == 404


@pytest.mark.parametrize("resource", ["conversations", "tickets"])
def test_searches_to_the_second(reader, resource):
    dataset = reader.application.dataset
    changed = dataset.change(resource, 4)
    query = {"field": "updated_at", "operator": ">", "value": LATER}
    body = {"query": query, "sort": {"field": "updated_at", "order": "ascending"}}
    found = read(reader, "POST", f"/{resource}/search", body)[resource]
    # Three changes fall into one second: the first two here into LATER itself.
    assert found == [dataset.row(resource, number) for number in changed[2:]]


def test_activity_logs_by_link_between_two_moments(reader):
    logs = [*reader.application.dataset.rows("activity_logs")]
    newest_first = logs[::-1]
    assert linked(reader, "/admins/activity_logs", "activity_logs", created_at_after="0") == (
        newest_first
    )
    after, before = logs[30]["created_at"], logs[90]["created_at"]
    between = linked(
        reader,
        "/admins/activity_logs",
        "activity_logs",
        created_at_after=str(after),
        created_at_before=str(before),
    )
    assert between == logs[30:91][::-1]
    assert reader.rows("GET", "/admins/activity_logs").status == 400


def test_events_of_a_contact_by_link(reader):
    expected = defaultdict(list)
    for parent, row in reader.application.dataset.rows_of("data_events"):
        expected[parent].append(row)
    assert len(expected[1]) == 60
    for number, contact in enumerate(reader.application.dataset.rows("contacts"), 1):
        named = {"type": "user", "intercom_user_id": contact["id"]}
        assert linked(reader, "/events", "events", **named) == expected[number]
    by_email = read(reader, "GET", "/events", type="user", email="person2@mail.example")
    assert by_email["events"] == expected[2]
    assert reader.rows("GET", "/events", type="user", email="nobody").status == 404
    assert reader.rows("GET", "/events", email="person2@mail.example").status == 400


def test_attributes_of_one_model(reader):
    found = read(reader, "GET", "/data_attributes", model="company")["data"]
    assert {row["model"] for row in found} == {"company"}
    assert len(found) == 6
    assert reader.rows("GET", "/data_attributes", model="x").status == 400
    assert reader.rows("GET", "/custom_object_instances/Nothing").status == 404


def test_the_content_export_is_asked_for_waited_for_and_downloaded(reader):
    asked = {"created_at_after": 0, "created_at_before": 2_000_000_000}
    job = read(reader, "POST", "/export/content/data", asked)["job_identifier"]
    assert reader.rows("POST", "/export/content/data", asked).status == 429
    states = [read(reader, "GET", f"/export/content/data/{job}") for _ in range(2)]
    assert [state["status"] for state in states] == ["pending", "completed"]
    path = urlsplit(states[1]["download_url"]).path
    assert reader.rows("GET", path).status == 406
    token = {"Authorization": f"Bearer {reader.tokens()['access_token']}"}
    reply = reader.call("GET", path, Accept="application/octet-stream", **token)
    lines = csv.DictReader(io.StringIO(gzip.decompress(reply.body).decode(), newline=""))
    assert [*lines] == [*reader.application.dataset.rows("content_export")]
    assert reader.rows("POST", "/export/content/data", {}).status == 400
