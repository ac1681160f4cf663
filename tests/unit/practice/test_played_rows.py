"""Rows of played services: Intercom's below each of its hosts, HubSpot's contacts in its own dialect."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.data.hubspot import PATH
from tui_oauth.practice.data.stamps import LATER
from tui_oauth.practice.played.application import CLIENT_ID, CLIENT_SECRET, PlayedApplication
from tui_oauth.services.catalogue import Catalogue

BASE, CALLBACK = "http://127.0.0.1:8977", "http://localhost:8976/callback"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Reader:
    """Signs in to a played service without sockets, and asks for rows."""

    def __init__(self, service: str, rows: dict[str, int]) -> None:
        self.application = PlayedApplication(
            Catalogue().get(service), BASE, CALLBACK, lambda: 1_000_000.0, dataset=Dataset(rows)
        )
        played = self.application.service
        scopes = " ".join(played.default_scopes)
        asked = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "state": "s"}
        if played.grants != ("authorization_code",):
            asked |= {"response_type": "code", "scope": scopes}
        path = urlsplit(played.authorize_url.format(app_host="app.intercom.com")).path
        page = self.call("GET", path, urlencode(asked)).body.decode()
        key = re.search(r'name="key" value="([^"]+)"', page)[1]
        decided = urlencode({"key": key, "answer": "allow"}).encode()
        back = self.call("POST", "/consent", "", decided, **FORM).headers["Location"]
        sent = {"code": parse_qs(urlsplit(back).query)["code"][0], "client_id": CLIENT_ID}
        sent["client_secret"] = CLIENT_SECRET
        if "scope" in asked:
            sent |= {"grant_type": "authorization_code", "redirect_uri": CALLBACK}
        path = urlsplit(played.token_url).path
        answer = self.call("POST", path, "", urlencode(sent).encode(), **FORM)
        assert answer.status == 200, answer.body
        self.token = {"Authorization": f"Bearer {json.loads(answer.body)['access_token']}"}

    def call(self, method, path, query="", body=b"", **headers):
        host = {"Host": "127.0.0.1:8977"}
        return self.application.handle(method, path, query, {**host, **headers}, body)

    def rows(self, method, path, body=None, **query):
        text = b"" if body is None else json.dumps(body).encode()
        return self.call(method, path, urlencode(query), text, **self.token)


@pytest.fixture
def intercom() -> Reader:
    return Reader("intercom", {"contacts": 5, "activity_logs": 30})


@pytest.fixture
def hubspot() -> Reader:
    return Reader("hubspot", {"contacts": 230})


def test_intercom_answers_below_each_of_its_hosts(intercom):
    for host in ("/api.intercom.io", "/api.eu.intercom.io", ""):
        reply = intercom.rows("GET", f"{host}/contacts")
        assert json.loads(reply.body)["data"] == [*intercom.application.dataset.rows("contacts")]
        assert int(reply.headers["X-RateLimit-Remaining"]) > 0
    logs = intercom.rows("GET", "/api.intercom.io/admins/activity_logs", created_at_after="0")
    following = json.loads(logs.body)["pages"]["next"]
    assert following.startswith(f"{BASE}/api.intercom.io/admins/activity_logs?")
    assert intercom.application.served["contacts"] == 15
    assert intercom.call("GET", "/contacts").status == 401


def test_a_service_without_rows_has_none():
    reader = Reader("hubspot", {})
    assert reader.rows("GET", "/api.hubapi.com/contacts").status == 404
    played = PlayedApplication(Catalogue().get("slack"), BASE, CALLBACK, lambda: 0.0)
    found = played.handle("GET", "/slack.com/contacts", "", {"Host": "127.0.0.1:8977"})
    assert (found.status, found.body) == (404, b"Slack (sandbox) has no such address.")


def test_hubspot_contacts_page_by_page(hubspot):
    found, query = [], {"limit": "100", "properties": "email,lifecyclestage,nonsense"}
    while True:
        page = json.loads(hubspot.rows("GET", PATH, **query).body)
        found += page["results"]
        if "paging" not in page:
            break
        assert page["paging"]["next"]["link"].startswith(f"{BASE}{PATH}?")
        query["after"] = page["paging"]["next"]["after"]
    assert [int(contact["id"]) for contact in found] == [*range(1, 231)]
    first = found[0]["properties"]
    assert first["nonsense"] is None
    assert first["lifecyclestage"] == "customer"
    assert (first["hs_object_id"], first["lastmodifieddate"]) == ("1", found[0]["updatedAt"])
    assert hubspot.rows("GET", PATH, limit="101").status == 400
    assert hubspot.application.count["contacts"] == 3


def test_hubspot_searches_by_the_time_of_change(hubspot):
    changed = hubspot.application.dataset.change("contacts", 7)
    named = {"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(LATER * 1000)}
    asked = {
        "filterGroups": [{"filters": [named]}],
        "sorts": [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}],
        "limit": 4,
    }
    first = json.loads(hubspot.rows("POST", f"{PATH}/search", asked).body)
    assert first["total"] == 7
    asked["after"] = first["paging"]["next"]["after"]
    second = json.loads(hubspot.rows("POST", f"{PATH}/search", asked).body)
    assert "paging" not in second
    found = [int(contact["id"]) for contact in first["results"] + second["results"]]
    assert found == changed
    named |= {"operator": "GT", "value": "2025-01-01T00:00:00Z"}
    del asked["after"]
    assert json.loads(hubspot.rows("POST", f"{PATH}/search", asked).body)["total"] == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"after": "9999", "limit": 2},
        {"filterGroups": [{"filters": [{"propertyName": "x", "operator": "GT", "value": "1"}]}]},
        {"filterGroups": {}, "sorts": "x"},
        {"limit": 201},
    ],
    ids=["too-deep", "field", "shape", "limit"],
)
def test_hubspot_refuses_odd_searches_in_its_own_words(hubspot, wrong):
    reply = hubspot.rows("POST", f"{PATH}/search", wrong)
    problem = json.loads(reply.body)
    assert (reply.status, problem["category"]) == (400, "VALIDATION_ERROR")
    assert problem["correlationId"]


def test_hubspot_refusals(hubspot):
    def refused(reply):
        return reply.status, json.loads(reply.body)["category"]

    assert refused(hubspot.call("GET", PATH)) == (401, "INVALID_AUTHENTICATION")
    hubspot.application.behaviour = Behaviour(missing_permission=("crm.objects.contacts.read",))
    missing = hubspot.rows("GET", PATH)
    assert refused(missing) == (403, "MISSING_SCOPES")
    assert "crm.objects.contacts.read" in missing.body.decode()
    hubspot.application.behaviour = Behaviour(rate_limit=1)
    over = hubspot.rows("GET", PATH)
    assert refused(over) == (429, "RATE_LIMITS")
    assert over.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    hubspot.application.behaviour = Behaviour(revoke_after=0)
    assert hubspot.rows("GET", PATH).status == 401
    hubspot.application.behaviour = Behaviour()
    assert hubspot.rows("GET", PATH).status == 401
