"""`authorize`: the link, the callback, the paste, and everything that can go wrong with them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tui_oauth import entries
from tui_oauth.cli import main as cli_main
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret

WAITING = {"event", "authorization_url", "callback_url", "ssh_forward", "expires_at"}
TIME = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def failed(running):
    """The event of a sign-in that failed."""
    event = running.event()
    assert set(event) == {"event", "error", "message"}
    assert event["event"] == "failed"
    return event


def test_the_link_the_callback_and_the_token(shell, configured, browser, free_port):
    with shell.start("authorize", "practice") as running:
        said = running.said("^C cancels")
        link = next(line.strip() for line in said.splitlines() if "/oauth?" in line)
        assert f"Callback URL: http://127.0.0.1:{free_port}/callback" in said
        assert f"ssh -N -L {free_port}:127.0.0.1:{free_port} " in said
        assert "\x1b" not in said
        page = browser.get(browser.consent(link))
        assert page.status == 200
        assert "Authorization Successful" in page.text
        done = running.end()
    assert done.out.startswith("Authorization Successful: ")
    assert len(done.out.splitlines()) == 1
    token = shell.run("token", "practice")
    assert token.out.count("\n") == 1
    assert token.err == ""
    assert shell.run("header", "practice").out == f"Authorization: Bearer {token.out}"
    assert shell.run("list", "--json").json[0]["status"] == "authorized"


def test_json_events(shell, configured, browser, free_port):
    import re

    with shell.start("authorize", "practice", "--json", "--timeout", "60") as running:
        waiting = running.event()
        assert set(waiting) == WAITING
        assert waiting["event"] == "waiting"
        assert waiting["callback_url"] == f"http://127.0.0.1:{free_port}/callback"
        assert re.fullmatch(TIME, waiting["expires_at"])
        browser.get(browser.consent(waiting["authorization_url"]))
        authorized = running.event()
        done = running.end()
    assert set(authorized) == {"event", "account", "scopes", "expires_at"}
    assert authorized["event"] == "authorized"
    assert authorized["account"]
    assert authorized["expires_at"] is None
    assert done.out == ""


@pytest.mark.parametrize("what", ["address", "query", "code"])
def test_a_pasted_answer_in_a_pipe(what, shell, configured, browser):
    with shell.start("authorize", "practice", "--json", stdin=subprocess.PIPE) as running:
        address = browser.consent(running.event()["authorization_url"])
        query = urlsplit(address).query
        text = {"address": address, "query": query, "code": parse_qs(query)["code"][0]}[what]
        running.write(f"{text}\n")
        assert running.event()["event"] == "authorized"
        running.end()


def test_a_wrong_paste_is_explained_and_the_wait_goes_on(shell, configured, browser):
    with shell.start("authorize", "practice", "--json", stdin=subprocess.PIPE) as running:
        link = running.event()["authorization_url"]
        running.write(f"{link}\n")
        running.said("Still waiting")
        address = browser.consent(link)
        state = parse_qs(urlsplit(address).query)["state"][0]
        running.write(f"\n  \n{address.replace(state, 'x' * len(state))}\n")
        assert "another sign-in" in running.said("Still waiting")
        running.write(f"{'x' * 70_000}\n")
        running.said("too long")
        running.write(f"  {address}  \r\n")
        assert running.event()["event"] == "authorized"
        running.end()


def test_rule_46_what_is_pasted_is_no_argument_and_is_not_said_again(shell, configured, browser):
    with shell.start("authorize", "practice", "--json", stdin=subprocess.PIPE) as running:
        address = browser.consent(running.event()["authorization_url"])
        asked = parse_qs(urlsplit(address).query)
        running.write(f"{address.replace('state=', 'state=x')}\n")
        said = running.said("Still waiting")
        process = Path(f"/proc/{running.process.pid}")
        seen = said + (process / "cmdline").read_text() + (process / "environ").read_text()
        running.write(f"{address}\n")
        assert running.event()["event"] == "authorized"
        seen += running.end().err
    assert asked["code"][0] not in seen
    assert shell.run("authorize", "practice", address, code=2).out == ""


def test_rule_51_over_ssh_no_browser_is_started_and_the_link_is_there_to_copy(
    shell, configured, tmp_path
):
    opened = tmp_path / "opened"
    program = tmp_path / "browser"
    program.write_text(f"#!/bin/sh\ntouch {opened}\n")
    program.chmod(0o700)
    shell.more = {
        "BROWSER": str(program),
        "DISPLAY": ":0",
        "SSH_CONNECTION": "10.0.0.9 5 10.0.0.5 22",
    }
    with shell.start("authorize", "practice", "--json") as running:
        link = running.event()["authorization_url"]
        assert link in running.said(link)
        running.interrupt()
        running.end(130)
    assert not opened.exists()
    with shell.start("authorize", "practice", "--open") as running:
        said = running.said("^C cancels")
        assert any(line.strip().startswith("http://127.0.0.1:") for line in said.splitlines())
        running.interrupt()
        running.end(130)
    assert not opened.exists()


def test_the_end_of_standard_input_is_no_answer(shell, configured, browser):
    with shell.start("authorize", "practice", "--json", stdin=subprocess.PIPE) as running:
        link = running.event()["authorization_url"]
        running.process.stdin.close()
        running.process.stdin = None
        browser.get(browser.consent(link))
        assert running.event()["event"] == "authorized"
        running.end()


def test_paste_reads_a_file_too(shell, configured, tmp_path):
    answer = tmp_path / "answer.txt"
    answer.write_text("http://127.0.0.1:1/callback?code=from-elsewhere&state=wrong")
    with (
        answer.open() as stdin,
        shell.start("authorize", "practice", "--paste", stdin=stdin.fileno()) as running,
    ):
        running.said("Still waiting")
        running.interrupt()
        running.end(130)


@pytest.mark.usefixtures("unchanged")
def test_denied_consent(shell, configured, browser):
    with shell.start("authorize", "practice", "--json") as running:
        page = browser.get(browser.consent(running.event()["authorization_url"], "cancel"))
        assert "Authorization Successful" not in page.text
        event = failed(running)
        done = running.end(10)
    assert event["error"] == "access_denied"
    assert event["message"] in done.err
    assert "tui-oauth authorize" in done.err or "again" in done.err


@pytest.mark.usefixtures("unchanged")
def test_wrong_state_at_the_callback(shell, configured, browser):
    with shell.start("authorize", "practice", "--json") as running:
        waiting = running.event()
        page = browser.get(f"{waiting['callback_url']}?code=stolen&state={'y' * 43}")
        assert page.status >= 400
        assert "Authorization Successful" not in page.text
        running.interrupt()  # it still waits
        assert failed(running)["error"] == "interrupted"
        running.end(130)


@pytest.mark.usefixtures("unchanged")
def test_no_answer_in_time(shell, configured):
    done = shell.run("authorize", "practice", "--timeout", "1", "--qr", code=7)
    assert done.out == ""
    assert "█▀▀▀▀▀█" in done.err
    assert "No answer came for practice" in done.err
    assert "tui-oauth authorize practice" in done.err


@pytest.mark.usefixtures("unchanged")
def test_the_answer_of_an_expired_attempt(shell, configured, browser):
    with shell.start("authorize", "practice", "--json", "--timeout", "1") as first:
        late = first.event()
        failed(first)
        first.end(7)
    address = browser.consent(late["authorization_url"])
    with shell.start("authorize", "practice", "--json") as second:
        second.event()
        page = browser.get(address)
        assert page.status >= 400
        assert "Authorization Successful" not in page.text
        second.interrupt()
        failed(second)
        second.end(130)


@pytest.mark.usefixtures("unchanged")
def test_interrupted(shell, configured):
    with shell.start("authorize", "practice", "--json") as running:
        running.event()
        running.interrupt(signal.SIGINT)
        assert failed(running)["error"] == "interrupted"
        assert "Interrupted" in running.end(130).err


def test_a_taken_port_offers_paste_back(shell, configured, browser, free_port):
    with (
        socket.create_server(("127.0.0.1", free_port)),
        shell.start("authorize", "practice", "--json", stdin=subprocess.PIPE) as running,
    ):
        waiting = running.event()
        said = running.said("^C cancels")
        assert str(free_port) in said
        assert "paste" in said.lower()
        running.write(browser.consent(waiting["authorization_url"]) + "\n")
        assert running.event()["event"] == "authorized"
        running.end()


def test_a_pasted_address_that_the_terminal_wrapped_is_one_answer(shell, configured, browser):
    with shell.start("authorize", "practice", "--json", stdin=subprocess.PIPE) as running:
        address = browser.consent(running.event()["authorization_url"])
        pieces = [address[at : at + 50] for at in range(0, len(address), 50)]
        assert len(pieces) > 1
        running.write('"' + "\r\n  ".join(pieces) + '"\n')
        assert running.event()["event"] == "authorized"
        assert "Still waiting" not in running.end().err


def test_an_answer_from_a_file_counts_where_the_port_is_taken(
    shell, configured, browser, free_port, tmp_path
):
    with socket.create_server(("127.0.0.1", free_port)):
        answer = tmp_path / "answer.fifo"
        os.mkfifo(answer)
        keep = os.open(answer, os.O_RDWR)
        with shell.start("authorize", "practice", "--json", "--paste", stdin=keep) as running:
            address = browser.consent(running.event()["authorization_url"])
            os.write(keep, f"  '{address}'\n".encode())
            os.close(keep)
            assert running.event()["event"] == "authorized"
            running.end()


def test_the_way_shown_first_is_kept_with_the_entry_and_orders_the_words(shell, configured):
    for way in ("callback", "paste"):
        with shell.start("authorize", "practice", "--first", way, stdin=subprocess.PIPE) as running:
            said = running.said("^C cancels")
            running.interrupt()
            running.end(130)
        tunnel, paste = said.index("ssh -N -L"), said.index("Paste here the address")
        assert (tunnel < paste) == (way == "callback")
    done = shell.run("authorize", "practice", "--first", "device", code=2)
    assert "no sign-in by a code" in done.err


@pytest.mark.usefixtures("unchanged")
def test_a_taken_port_and_nobody_to_paste_ends_at_once(shell, configured, free_port):
    with socket.create_server(("127.0.0.1", free_port)):
        done = shell.run("authorize", "practice", code=8)
    assert str(free_port) in done.err
    assert "tui-oauth authorize practice --paste" in done.err


@pytest.mark.parametrize(
    ("behaviour", "code", "error"),
    [
        (Behaviour(down=True), 11, "provider_unreachable"),
        (Behaviour(html=True), 11, "provider_unreachable"),
        (Behaviour(odd_json="truncated"), 11, "provider_unreachable"),
        (Behaviour(odd_json="token-missing"), None, None),
        (Behaviour(odd_json="control-characters"), None, None),
        (Behaviour(odd_json="error-200"), 10, None),
        (Behaviour(redirects=True), None, None),
    ],
    ids=["down", "html", "truncated", "no token", "control characters", "error 200", "redirects"],
)
@pytest.mark.usefixtures("unchanged")
def test_a_provider_that_misbehaves_is_named_and_nothing_is_stored(
    behaviour, code, error, shell, configured, browser, provider
):
    with shell.start("authorize", "practice", "--json") as running:
        address = browser.consent(running.event()["authorization_url"])
        provider.application.behaviour = behaviour
        assert "Authorization Successful" not in browser.get(address).text
        event = failed(running)
        done = running.end(None)
    assert done.code == code if code else done.code in {10, 11}
    assert error is None or event["error"] == error
    assert f"127.0.0.1:{provider.port}" in done.err or "Practice provider" in done.err
    assert "\x1b" not in done.err + event["message"]
    assert provider.application.count["elsewhere"] == 0


@pytest.mark.usefixtures("unchanged")
def test_a_provider_that_is_gone(shell, configured, browser, provider):
    with shell.start("authorize", "practice", "--json") as running:
        address = browser.consent(running.event()["authorization_url"])
        provider.stop()
        browser.get(address)
        event = failed(running)
        done = running.end(11)
    assert event["error"] == "provider_unreachable"
    assert f"127.0.0.1:{provider.port}" in done.err


def test_a_wrong_client_secret_is_explained(shell, workspace, configured, browser):
    entries.configure_entry(workspace, configured, client_secret=Secret("not-it-canary"))
    before = shell.vault.read_bytes()
    with shell.start("authorize", "practice", "--json") as running:
        browser.get(browser.consent(running.event()["authorization_url"]))
        failed(running)
        done = running.end(10)
    assert "client secret" in done.err.lower()
    assert "canary" not in done.err
    assert shell.vault.read_bytes() == before


def test_an_entry_that_is_not_configured_needs_a_person(shell, workspace):
    shell.run("create", "fresh", "--service", "practice")
    before = shell.vault.read_bytes()
    done = shell.run("authorize", "fresh", "--json", code=7)
    assert json.loads(done.out)["event"] == "failed"
    assert "tui-oauth configure fresh" in done.err
    assert shell.vault.read_bytes() == before


def test_rule_50_the_callback_is_answered_while_the_browser_is_watched(
    configured, browser, free_port, monkeypatch
):
    """The program is watched for a second, and in that time the browser may be back already."""
    seen = []

    def quick_browser(link, environ, *, fragment):
        back = f"http://127.0.0.1:{free_port}/callback?error=x&state=wrong"
        seen.append(browser.get(back).status)

    monkeypatch.setattr("tui_oauth.browser.open_link", quick_browser)
    assert cli_main.main(["authorize", "practice", "--open", "--timeout", "2"]) == 7
    assert seen == [400]


def test_debug_hides_code_state_and_tokens(shell, configured, browser):
    with shell.start("--debug", "authorize", "practice", "--json") as running:
        waiting = running.event()
        address = browser.consent(waiting["authorization_url"])
        browser.get(address)
        running.event()
        done = running.end()
    query = parse_qs(urlsplit(address).query)
    _, _, narration = done.err.partition("Callback URL:")
    assert query["code"][0] not in done.err
    assert query["state"][0] not in narration
    token = shell.run("token", "practice").out.strip()
    assert token not in done.err


def test_the_tokens_end_is_told(shell, configured, browser, provider):
    provider.application.behaviour = replace(Behaviour(), expires_in=3600, refresh_tokens=True)
    with shell.start("authorize", "practice", "--json") as running:
        browser.get(browser.consent(running.event()["authorization_url"]))
        assert running.event()["expires_at"].endswith("Z")
        running.end()
    shown = shell.run("show", "practice", "--json").json
    assert shown["has_refresh_token"] is True
