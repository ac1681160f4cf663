"""Every standard grant against `tui-oauth sandbox`, by commands alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cli_tools import Browser, Shell

from tui_oauth import net
from tui_oauth.practice.visitor import Page, Visitor
from tui_oauth.workspace import Workspace


@pytest.fixture
def sandbox(shell: Shell, workspace: Workspace) -> Iterator[dict[str, Any]]:
    """The practice provider in a process of its own; devices may poll every second."""
    with shell.start(
        "sandbox", "--port", "0", "--json", "--device-interval", "1", "--rotating-refresh"
    ) as running:
        yield running.event()


@pytest.fixture
def work(shell: Shell, sandbox: dict[str, Any]) -> Page:
    """The entry `work`, configured with an app that was made in the provider's pages."""
    shell.run(
        "create", "work", "--service", "practice-standard", "--set", f"port={sandbox['port']}"
    )
    visitor = Visitor(net.fetch)
    visitor.open(sandbox["developer_portal_url"])
    visitor.follow("New app")
    visitor.page.form.type("App Name", "Grants")
    visitor.press("Create app")
    visitor.follow("Edit")
    visitor.page.form.tick("Use OAuth")
    visitor.press("+ Add redirect link")
    visitor.page.form.type("Redirect link 1", shell.run("callback-url", "work").out.strip())
    visitor.press("Save")
    page = visitor.follow("Basic Information")
    shell.run(
        *("configure", "work", "--client-id", page.values["Client ID"], "--client-secret-stdin"),
        stdin=page.values["Client secret"],
    )
    return page


def api(sandbox: dict[str, Any], header: str) -> int:
    """What the practice API says to a header that a command printed."""
    import http.client

    name, _, value = header.strip().partition(": ")
    connection = http.client.HTTPConnection("127.0.0.1", sandbox["port"], timeout=10)
    try:
        connection.request("GET", "/api", headers={name: value})
        return connection.getresponse().status
    finally:
        connection.close()


def test_authorization_code_and_refresh(
    shell: Shell, sandbox: dict[str, Any], work: Page, browser: Browser
) -> None:
    with shell.start("authorize", "work", "--json") as running:
        event = running.event()
        page = browser.get(browser.consent(event["authorization_url"]))
        assert "Authorization Successful" in page.text
        while event["event"] != "authorized":
            event = running.event()
        assert event["account"] == "Aurora Books"
        running.end()
    first = shell.run("header", "work").out
    assert api(sandbox, first) == 200
    shell.run("refresh", "work")
    second = shell.run("header", "work").out
    assert second != first
    assert api(sandbox, second) == 200


def test_introspection_and_revocation(
    shell: Shell, sandbox: dict[str, Any], work: Page, browser: Browser
) -> None:
    with shell.start("authorize", "work", "--json") as running:
        event = running.event()
        browser.get(browser.consent(event["authorization_url"]))
        while event["event"] != "authorized":
            event = running.event()
        running.end()
    header = shell.run("header", "work").out
    checked = shell.run("check", "work", "--json").json
    assert (checked["active"], checked["account"]) == (True, "Aurora Books")
    assert checked["client_id"] == work.values["Client ID"]
    shell.run("revoke", "work")
    assert api(sandbox, header) == 401
    assert shell.run("token", "work", code=None).code != 0


def test_the_device_grant(shell: Shell, sandbox: dict[str, Any], work: Page) -> None:
    with shell.start("authorize", "work", "--device", "--json") as running:
        event = running.event()
        while event["event"] != "device":
            event = running.event()
        visitor = Visitor(net.fetch)
        page = visitor.connect_device(event["verification_uri"], event["user_code"])
        assert page.heading == "Device connected"
        while event["event"] != "authorized":
            event = running.event()
        running.end()
    assert api(sandbox, shell.run("header", "work").out) == 200


def test_from_its_url_with_a_client_that_registers_itself(
    shell: Shell, sandbox: dict[str, Any], browser: Browser
) -> None:
    shell.run("create", "found", "--discover", sandbox["resource"], "--register")
    with shell.start("authorize", "found", "--json") as running:
        event = running.event()
        browser.get(browser.consent(event["authorization_url"]))
        while event["event"] != "authorized":
            event = running.event()
        running.end()
    assert api(sandbox, shell.run("header", "found").out) == 200


def test_client_credentials(shell: Shell, sandbox: dict[str, Any], work: Page) -> None:
    made = ("--service", "practice-standard", "--set", f"port={sandbox['port']}")
    shell.run("create", "robot", *made, "--without-person")
    shell.run(
        *("configure", "robot", "--client-id", work.values["Client ID"], "--client-secret-stdin"),
        stdin=work.values["Client secret"],
    )
    header = shell.run("header", "robot").out
    assert api(sandbox, header) == 200
    assert shell.run("check", "robot", "--json").json["active"] is True
    shell.run("refresh", "robot")
    assert shell.run("header", "robot").out != header
