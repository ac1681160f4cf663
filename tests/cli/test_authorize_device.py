"""`authorize` with the device grant: the code, what is said with it, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator

import pytest
from cli_tools import Shell

from tests.providers.device_server import (
    DENIED,
    EXPIRED,
    PENDING,
    TOKENS,
    DeviceServer,
    device_server,
)
from tui_oauth.large_letters import large
from tui_oauth.qr import qr_code
from tui_oauth.workspace import Workspace

SENTENCE = "Only enter this code if YOU started this sign-in just now; never pass it to anyone."
DEVICE = {"event", "verification_uri", "verification_uri_complete", "user_code", "expires_at"}


@pytest.fixture
def server() -> Iterator[DeviceServer]:
    with device_server(polls=[PENDING, TOKENS]) as made:
        yield made


def with_browser(shell: Shell) -> None:
    """A graphical session with a browser that only notes what it is given."""
    program = shell.home / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$1" >> {shell.home}/opened\n')
    program.chmod(0o755)
    shell.more |= {"DISPLAY": ":0", "PATH": f"{program.parent}:{shell.environ['PATH']}"}


def test_rule_101_and_102_who_asks_where_for_what_and_the_sentence(
    shell: Shell, workspace: Workspace, server: DeviceServer
) -> None:
    server.entry(workspace, link=False)
    done = shell.run("authorize", "tv")
    said = done.err
    assert (
        f"Confirm this sign-in of tv on any device, at 127.0.0.1:{server.port} (Living Room):"
        in said
    )
    assert re.search(r"Code +WDJB MJHT\n", said)
    assert f"{server.url}/activate\n" in said
    assert f"{server.url}/activate?user_code=WDJBMJHT\n" in said
    assert re.search(r"For +read, write\n", said)
    assert SENTENCE in said
    assert re.search(r"The code ends in (9|10) min, at 20\d\d-", said)
    assert "Callback URL" not in said
    assert "ssh -N" not in said
    assert done.out == "Authorization Successful\n"
    assert shell.run("token", "tv").out == "by-device\n"


def test_json_events_of_a_service_with_the_device_grant_alone(
    shell: Shell, workspace: Workspace, server: DeviceServer
) -> None:
    server.entry(workspace, link=False)
    lines = shell.run("authorize", "tv", "--json").out.splitlines()
    device, authorized = (json.loads(line) for line in lines)
    assert set(device) == DEVICE
    assert device["event"] == "device"
    assert device["user_code"] == "WDJBMJHT"
    assert device["verification_uri"] == f"{server.url}/activate"
    assert device["verification_uri_complete"] == f"{server.url}/activate?user_code=WDJBMJHT"
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", device["expires_at"])
    assert authorized["event"] == "authorized"
    assert authorized["scopes"] == ["read"]


def test_rule_3_without_a_browser_link_and_code_wait_together(
    shell: Shell, workspace: Workspace, server: DeviceServer
) -> None:
    server.code = server.good_code(verification_uri_complete="https://evil.example/")
    server.entry(workspace)
    done = shell.run("authorize", "tv", "--json")
    waiting, device, authorized = (json.loads(line) for line in done.out.splitlines())
    assert [waiting["event"], device["event"]] == ["waiting", "device"]
    assert device["verification_uri_complete"] is None
    assert "evil" not in done.err
    assert authorized["event"] == "authorized"
    assert "Or confirm this sign-in" in done.err


def test_rule_3_with_a_browser_here_only_on_demand(
    shell: Shell, workspace: Workspace, server: DeviceServer
) -> None:
    with_browser(shell)
    server.entry(workspace)
    with shell.start("authorize", "tv") as running:
        assert "add: --device" in running.said("^C cancels")
        running.interrupt()
        running.end(130)
    assert server.devices == 0
    done = shell.run("authorize", "tv", "--device")
    assert SENTENCE in done.err
    assert server.devices == 1
    assert not (shell.home / "opened").exists()


def test_device_where_the_service_has_none(shell: Shell, configured: object) -> None:
    done = shell.run("authorize", "practice", "--device", code=2)
    assert "no sign-in by a code" in done.err
    assert done.out == ""


@pytest.mark.parametrize("link", [True, False])
def test_qr_shows_the_address_with_the_code_in_it(
    shell: Shell, workspace: Workspace, server: DeviceServer, link: bool
) -> None:
    server.entry(workspace, link=link)
    said = shell.run("authorize", "tv", "--qr").err
    painted = [line for line in said.splitlines() if line.strip() and not line.strip(" ▀▄█")]
    rows = qr_code(f"{server.url}/activate?user_code=WDJBMJHT").rows
    assert painted == [row for row in rows if row.strip()], "that one, and no other"


def test_on_a_terminal_the_code_is_large_and_can_be_copied(
    shell: Shell, workspace: Workspace, server: DeviceServer
) -> None:
    server.entry(workspace, link=False)
    with shell.terminal("authorize", "tv") as terminal:
        terminal.wait_for("Authorization Successful")
        seen = terminal.end()
    for row in large("WDJB MJHT"):
        assert row in seen
    assert "WDJB MJHT" in seen


@pytest.mark.parametrize(
    ("answer", "code", "name"), [(DENIED, 10, "access_denied"), (EXPIRED, 7, "expired")]
)
def test_a_code_that_is_declined_or_ends(
    shell: Shell, workspace: Workspace, server: DeviceServer, answer: object, code: int, name: str
) -> None:
    server.polls = [answer]
    server.entry(workspace, link=False)
    before = shell.vault.read_bytes()
    done = shell.run("authorize", "tv", "--json", code=code)
    failed = json.loads(done.out.splitlines()[-1])
    assert (failed["event"], failed["error"]) == ("failed", name)
    assert "new code" in failed["message"]
    assert shell.vault.read_bytes() == before


def test_no_code_to_be_had_leaves_the_link(
    shell: Shell, workspace: Workspace, server: DeviceServer
) -> None:
    server.code = {"error": "unauthorized_client", "error_description": "\x1b[2Jpolicy"}
    server.entry(workspace)
    with shell.start("authorize", "tv", "--json") as running:
        said = running.said("The link still works")
        assert "Allow the device grant" in said
        assert "\x1b" not in said
        assert running.event()["event"] == "waiting"
        running.interrupt()
        running.end(130)


def test_it_gives_up_once_neither_port_nor_input_nor_code_can_bring_an_answer(
    shell: Shell, workspace: Workspace, server: DeviceServer, free_port: int
) -> None:
    import socket

    server.polls = [PENDING, EXPIRED]
    server.entry(workspace)
    with socket.socket() as other:
        other.bind(("127.0.0.1", free_port))
        other.listen()
        done = shell.run("authorize", "tv", code=8)
    assert server.polled == 2
    assert str(free_port) in done.err


def test_rule_100_interrupted_it_polls_no_more(
    shell: Shell, workspace: Workspace, server: DeviceServer
) -> None:
    server.polls = [PENDING]
    server.entry(workspace, link=False)
    with shell.start("authorize", "tv", stdin=subprocess.DEVNULL) as running:
        running.said("^C cancels")
        running.interrupt()
        running.end(130)
    polled = server.polled
    assert shell.run("list").out  # longer than a poll takes to arrive
    assert server.polled == polled
