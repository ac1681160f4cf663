"""Hostile input: markup, foreign hosts and forms, redirects to elsewhere, too much."""

from __future__ import annotations

import pytest
from practice_calls import CALLBACK, send

from tui_oauth.oauth.http import Request


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        "http://127.0.0.1:8976/callback@evil.example",
        "http://127.0.0.1:8976/callback?x=1",
        "http://127.0.0.1:8976/CALLBACK",
        "//evil.example/callback",
        "javascript:alert(1)",
        CALLBACK + "\r\nX: y",
    ],
)
@pytest.mark.parametrize("extra", [{}, {"response_type": "token"}, {"code_challenge": "x"}])
def test_no_open_redirect(client, uri, extra):
    for reply in (
        client.get("/oauth", client_id=client.app.client_id, redirect_uri=uri, **extra),
        client.post("/oauth", {"client_id": client.app.client_id, "redirect_uri": uri, **extra}),
    ):
        assert reply.status == 400
        assert "Location" not in reply.headers
        assert 'href="javascript' not in reply.body.decode()


def test_a_repeated_parameter_stays_on_our_page(client):
    query = f"client_id={client.app.client_id}&state=a&state=b"
    reply = client.call("GET", "/oauth", query)
    assert (reply.status, "state" in reply.body.decode()) == (400, True)


HOSTILE = "<script>alert(1)</script>\"><img src=x onerror=alert(1)> & 'quoted'"


def test_hostile_names_are_text(provider, visitor):
    visitor.open(f"{provider.url}/apps/new")
    visitor.page.form.type("App Name", HOSTILE)
    visitor.press("Create app")
    (app,) = provider.application.store.apps()
    assert app.name == HOSTILE
    provider.application.store.configure(
        app, use_oauth=True, redirect_links=(CALLBACK,), permissions=()
    )
    base = f"/apps/{app.key}"
    for path in (
        "/",
        f"{base}/authentication",
        f"{base}/basic-information",
        f"{base}/workspaces",
        f"/oauth?client_id={app.client_id}",
    ):
        body = send(Request("GET", provider.url + path, "page")).body.decode()
        assert "&lt;script&gt;alert(1)" in body
        assert "<script>alert" not in body
        assert "<img" not in body


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state"])
def test_hostile_parameters_are_text(client, name):
    asked = {"client_id": client.app.client_id, name: HOSTILE}
    body = client.get("/oauth", **asked).body.decode()
    assert "&lt;script&gt;alert(1)" in body
    assert "<script>alert" not in body


def test_every_page_has_a_strict_policy(client):
    for path in ("/", "/apps/new", f"/apps/{client.app.key}/authentication", "/nowhere", "/oauth"):
        reply = client.get(path)
        policy = reply.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert b"<style" not in reply.body
        assert b" style=" not in reply.body


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8977", "localhost:1", "LOCALHOST", "[::1]:8977", "localhost."]
)
def test_loopback_names_are_served(client, host):
    assert client.application.handle("GET", "/", headers={"host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8977",
        "localhost@evil",
        "127.0.0.2",
        "localhost:80:80",
    ],
)
def test_rule_23_other_hosts_are_not(client, host):
    reply = client.application.handle(
        "GET", f"/apps/{client.app.key}/basic-information", headers={"Host": host}
    )
    assert reply.status == 421
    assert client.app.client_secret.encode() not in reply.body
    assert client.application.handle("GET", "/").status == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_forms_of_other_sites_are_refused(client, headers):
    asked = {"client_id": client.app.client_id}
    page = client.get("/oauth", **asked).body.decode()
    token = page.split('name="csrf" value="')[1].split('"')[0]
    reply = client.post("/oauth", {**asked, "csrf": token, "answer": "allow"}, **headers)
    assert reply.status == 403
    assert "Location" not in reply.headers


@pytest.mark.parametrize("token", ["", "x", "é", "0" * 64])
def test_forms_without_our_token_are_refused(client, token):
    before = client.application.store.apps()
    fields = {"csrf": token, "name": "Mine", "workspace": "aurora01"}
    assert client.post("/apps/new", fields).status == 403
    assert (
        client.post(f"/apps/{client.app.key}/authentication", {"csrf": token, "save": "1"}).status
        == 403
    )
    assert client.post(f"/apps/{client.app.key}/workspaces", {"csrf": token}).status == 403
    assert (
        client.post(
            "/oauth", {"client_id": client.app.client_id, "csrf": token, "answer": "allow"}
        ).status
        == 403
    )
    assert client.application.store.apps() == before
    assert client.app.use_oauth


def test_addresses_that_are_not_there(client):
    for path in ("/x", "/apps/00000000/authentication", "/apps/../etc", "/style.css/x", "//x"):
        assert client.get(path).status == 404


def test_too_much_is_refused(client):
    assert client.call("POST", "/apps/new", "", b"a" * 70_000).status == 413
    assert client.call("GET", "/oauth", "&".join("a=b" for _ in range(600))).status == 400
