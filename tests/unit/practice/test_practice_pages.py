"""The Developer Hub and the consent page over real HTTP, by the words a person reads."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from practice_calls import CALLBACK, send

from tui_oauth.oauth.http import Request
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.consent import difference
from tui_oauth.practice.hub import link_problem
from tui_oauth.practice.visitor import Visitor

HTTPS_CALLBACK = "https://localhost:8976/callback"


def make_app(visitor: Visitor, url: str, *links: str, kind: str = "Internal integration") -> None:
    """Steps 4 of the walk, up to Save."""
    visitor.open(f"{url}/")
    visitor.follow("New app")
    visitor.page.form.type("App Name", "My connector")
    visitor.page.form.tick(kind)
    visitor.press("Create app")
    assert visitor.page.heading == "Authentication"
    visitor.follow("Edit")
    visitor.page.form.tick("Use OAuth")
    for number, link in enumerate(links, 1):
        visitor.press("+ Add redirect link")
        visitor.page.form.type(f"Redirect link {number}", f" {link}\t")
    visitor.page.form.tick("Read conversations")
    visitor.press("Save")


def test_the_pages_as_the_guide_describes_them(provider, visitor):
    make_app(visitor, provider.url, CALLBACK, HTTPS_CALLBACK)
    assert visitor.page.url.endswith("/authentication?saved=1")
    (app,) = provider.application.store.apps()
    assert (app.name, app.use_oauth, app.public) == ("My connector", True, False)
    assert app.redirect_links == (CALLBACK, HTTPS_CALLBACK)
    assert app.permissions == (
        "Read and list users and companies",
        "Read conversations",
        "Read one admin",
    )
    page = visitor.follow("Basic Information")
    assert page.values["Client ID"] == app.client_id
    assert page.values["Client secret"] == app.client_secret
    assert (page.values["Issuer"], page.values["API"]) == (provider.url, f"{provider.url}/api")
    assert "My connector" in visitor.follow("Your apps").links


def test_a_sign_in_through_the_pages(provider, visitor):
    make_app(visitor, provider.url, CALLBACK)
    (app,) = provider.application.store.apps()
    page = visitor.open(f"{provider.url}/oauth?client_id={app.client_id}&state=a%2Fb")
    assert page.heading == "My connector asks for access"
    form = page.form
    reply = send(
        Request(
            "POST",
            provider.url + form.action,
            "consent",
            {"Content-Type": "application/x-www-form-urlencoded"},
            form.content("Authorize access").encode(),
        )
    )
    assert reply.status == 303
    query = parse_qs(urlsplit(reply.headers["location"]).query)
    assert query["state"] == ["a/b"]
    assert query["code"][0].endswith("==")


def test_cancel_is_access_denied_with_the_state(client):
    assert client.consent("cancel", state="s") == {"error": "access_denied", "state": "s"}


def test_without_a_state_none_is_sent_back(client):
    assert client.consent("cancel") == {"error": "access_denied"}


def test_the_first_redirect_link_is_the_default_and_others_can_be_chosen(client):
    app = client.application.register("Two", CALLBACK, HTTPS_CALLBACK)
    assert CALLBACK in client.get("/oauth", client_id=app.client_id).body.decode()
    chosen = client.get("/oauth", client_id=app.client_id, redirect_uri=HTTPS_CALLBACK)
    assert f"sent back to <code>{HTTPS_CALLBACK}</code>" in chosen.body.decode()
    assert "form-action 'self' https://localhost:8976" in chosen.headers["Content-Security-Policy"]


def test_a_redirect_link_with_a_query_keeps_it(client):
    app = client.application.register("Query", "https://example.test/back?a=1")
    page = client.get("/oauth", client_id=app.client_id).body.decode()
    token = page.split('name="csrf" value="')[1].split('"')[0]
    reply = client.post("/oauth", {"client_id": app.client_id, "csrf": token, "answer": "cancel"})
    assert reply.headers["Location"] == "https://example.test/back?a=1&error=access_denied"


def test_a_public_app_asks_for_the_workspace(client):
    app = client.application.register("Public", CALLBACK, public=True)
    assert '<select name="workspace"' in client.get("/oauth", client_id=app.client_id).body.decode()
    asked = {"client_id": app.client_id}
    page = client.get("/oauth", **asked).body.decode()
    token = page.split('name="csrf" value="')[1].split('"')[0]
    reply = client.post(
        "/oauth", {**asked, "csrf": token, "answer": "allow", "workspace": "harbour2"}
    )
    code = parse_qs(urlsplit(reply.headers["Location"]).query)["code"][0]
    answer = json.loads(client.token(app=app, code=code).body)
    assert json.loads(client.me(answer["token"]).body)["app"]["name"] == "Harbour Coffee"


def test_an_internal_app_stays_in_its_workspace(client):
    asked = {"client_id": client.app.client_id}
    page = client.get("/oauth", **asked).body.decode()
    token = page.split('name="csrf" value="')[1].split('"')[0]
    reply = client.post(
        "/oauth", {**asked, "csrf": token, "answer": "allow", "workspace": "harbour2"}
    )
    code = parse_qs(urlsplit(reply.headers["Location"]).query)["code"][0]
    answer = json.loads(client.token(code=code).body)
    assert json.loads(client.me(answer["token"]).body)["app"]["name"] == "Aurora Books"


def test_an_unknown_redirect_uri_shows_both_sides(client):
    sent = "http://localhost:8976/callback"
    reply = client.get("/oauth", client_id=client.app.client_id, redirect_uri=sent, state="s")
    page = reply.body.decode()
    assert reply.status == 400
    assert "Location" not in reply.headers
    assert f"<code>{sent}</code>" in page
    assert f"<code>{CALLBACK}</code>" in page
    assert "They differ only in the host: localhost and 127.0.0.1." in page


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (CALLBACK + "/", "slash"),
        ("https://127.0.0.1:8976/callback", "https and http"),
        ("http://127.0.0.1:9/callback", "port: 9 and 8976"),
        ("http://[::1]:8976/callback", "host: ::1 and 127.0.0.1"),
        ("http://evil.example/callback", ""),
        ("http://[broken", ""),
    ],
)
def test_small_differences_are_named(sent, words):
    found = difference(sent, (CALLBACK,))
    assert words in found
    assert bool(found) == bool(words)


def test_an_unknown_client_and_an_app_without_oauth(client):
    assert b"No app has this client ID" in client.get("/oauth", client_id="nobody").body
    app = client.application.register("Bare")
    reply = client.get("/oauth", client_id=app.client_id)
    assert reply.status == 400
    assert b"tick Use OAuth" in reply.body


def test_another_response_type_is_refused_at_the_redirect_uri(client):
    reply = client.get("/oauth", client_id=client.app.client_id, response_type="token", state="s")
    assert reply.headers["Location"] == f"{CALLBACK}?error=unsupported_response_type&state=s"


@pytest.mark.parametrize(
    "state", ["a b", "é", "&error=x", "\r\nSet-Cookie: a=b", "=" * 2000, "%2B+"]
)
def test_the_state_comes_back_unchanged(client, state):
    assert client.consent("cancel", state=state)["state"] == state


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (CALLBACK, ""),
        ("https://example.test/a?b=c", ""),
        ("http://[::1]:8976/callback", ""),
        ("callback", "https://"),
        ("ftp://x/", "https://"),
        ("https://", "https://"),
        ("https://x/#a", "fragment"),
        ("https://user@x/", "user name"),
        ("https://x:99999/", "not an address"),
        ("https://x:0/", "not valid"),
        ("https://x;y/", "not valid"),
        ("https://é/", "ASCII"),
        ("https://x/a b", "blanks"),
        ("https://x/" + "a" * 2000, "longer"),
    ],
)
def test_redirect_links_are_checked(link, words):
    found = link_problem(link, https_only=False)
    assert words in found
    assert bool(found) == bool(words)


def test_a_wrong_link_is_not_saved_and_the_form_says_why(provider, visitor):
    provider.application.behaviour = Behaviour(https_only=True)
    make_app(visitor, provider.url, CALLBACK)
    assert visitor.page.status == 422
    (app,) = provider.application.store.apps()
    assert app.redirect_links == ()
    visitor.page.form.type("Redirect link 1", HTTPS_CALLBACK)
    visitor.press("Save")
    assert visitor.page.status == 200
    assert app.redirect_links == (HTTPS_CALLBACK,)


def test_links_can_be_removed_and_empty_ones_do_not_count(provider, visitor):
    make_app(visitor, provider.url, CALLBACK, HTTPS_CALLBACK, "", CALLBACK)
    (app,) = provider.application.store.apps()
    assert app.redirect_links == (CALLBACK, HTTPS_CALLBACK)
    visitor.follow("Edit")
    visitor.press("Remove")
    visitor.press("Save")
    assert app.redirect_links == (HTTPS_CALLBACK,)


@pytest.mark.parametrize("name", ["", "   ", "x" * 81])
def test_an_app_needs_a_name(provider, visitor, name):
    visitor.open(f"{provider.url}/apps/new")
    visitor.page.form.type("App Name", name)
    visitor.press("Create app")
    assert (visitor.page.status, visitor.page.heading) == (422, "New app")
    assert provider.application.store.apps() == ()


def test_uninstall_on_the_page_ends_the_token(client):
    token = client.tokens()["token"]
    path = f"/apps/{client.app.key}/workspaces"
    page = client.get(path).body.decode()
    assert "Aurora Books" in page
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    (grant,) = client.application.store.grants(client.app)
    assert client.post(path, {"csrf": csrf, "grant": grant.id}).status == 303
    assert client.me(token).status == 401
    assert "Nobody has authorized" in client.get(path).body.decode()
