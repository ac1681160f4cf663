"""`authorize --resume`: a sign-in outlives the process that began it, and its answer counts once."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cli_tools import Browser, Running, Shell

from tui_oauth import entries
from tui_oauth.model import Entry
from tui_oauth.pending import kept_sign_ins
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.secret import Secret
from tui_oauth.workspace import Workspace

Killed = Callable[..., dict[str, Any]]


def kept(shell: Shell) -> list[Path]:
    return sorted(shell.vault.parent.glob("locks/*.signins"))


@pytest.fixture
def killed(shell: Shell, configured: Entry) -> Killed:
    """Starts a sign-in, and kills it while it waits; its event `waiting`."""

    def begin(number: int = signal.SIGKILL, *more: str) -> dict[str, Any]:
        with shell.start("authorize", "practice", "--json", *more) as running:
            waiting = running.event()
            running.said("^C cancels")
            running.interrupt(number)
            running.end(-number)
        return waiting

    return begin


@pytest.fixture
def resumed(shell: Shell) -> Iterator[Callable[..., Running]]:
    """Goes on with it, with a pipe to paste into."""
    started: list[Running] = []

    def go_on(*more: str) -> Running:
        started.append(
            shell.start("authorize", "practice", "--resume", *more, stdin=subprocess.PIPE)
        )
        return started[-1]

    yield go_on
    for running in started:
        running.__exit__()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_killed_while_waiting_and_then_pasted(number, shell, killed, resumed, browser):
    before = killed(number)
    address = browser.consent(before["authorization_url"])
    running = resumed("--json")
    assert running.event() == before  # the same link, redirect URI and end, byte for byte
    assert "Going on with the sign-in of practice" in running.said("^C cancels")
    running.write(f"{address}\n")
    assert running.event()["event"] == "authorized"
    running.end()
    assert shell.run("token", "practice").out.strip()
    assert kept(shell) == []


def test_the_callback_is_taken_too(shell, killed, resumed, browser):
    before = killed()
    running = resumed("--json")
    assert running.event() == before
    page = browser.get(browser.consent(before["authorization_url"]))
    assert "Authorization Successful" in page.text
    assert running.event()["event"] == "authorized"
    running.end()


def test_a_terminal_that_is_closed(shell, configured, resumed, browser):
    with shell.terminal("authorize", "practice", "--no-open") as terminal:
        terminal.wait_for("^C cancels")
    link = next(line.strip() for line in terminal.seen.splitlines() if "/oauth?" in line)
    address = browser.consent(link)
    running = resumed("--json")
    running.event()
    running.write(f"{address}\n")
    assert running.event()["event"] == "authorized"
    running.end()


def test_a_taken_port_leaves_the_paste(shell, killed, resumed, browser, free_port):
    before = killed()
    with socket.create_server(("127.0.0.1", free_port)):
        running = resumed("--json")
        assert running.event() == before
        running.write(browser.consent(before["authorization_url"]) + "\n")
        assert running.event()["event"] == "authorized"
        running.end()


def test_the_answer_counts_once(shell, killed, resumed, browser, provider):
    address = browser.consent(killed()["authorization_url"])
    first = resumed("--json")
    first.event()
    first.write(f"{address}\n")
    assert first.event()["event"] == "authorized"
    first.end()
    spent = provider.application.count["token"]
    done = shell.run("authorize", "practice", "--resume", "--paste", stdin=address, code=7)
    assert "There is no sign-in of practice to go on with." in done.err
    assert "tui-oauth authorize practice" in done.err
    assert provider.application.count["token"] == spent


def test_of_two_that_wait_for_one_answer_the_first_gets_it(
    shell, configured, resumed, browser, provider
):
    """The connection is gone and the process lives on: now two of them have the same state."""
    with shell.start("authorize", "practice", "--json") as lives_on:
        address = browser.consent(lives_on.event()["authorization_url"])
        running = resumed("--json")
        running.event()
        running.write(f"{address}\n")
        assert running.event()["event"] == "authorized"
        running.end()
        spent = provider.application.count["token"]
        page = browser.get(address)
        assert "Authorization Successful" not in page.text
        event = lives_on.event()
        assert event["event"] == "failed"
        assert "finished or cancelled elsewhere" in event["message"]
        lives_on.end(7)
    assert provider.application.count["token"] == spent, "a code is sent once (rule 62)"
    assert shell.run("list", "--json").json[0]["status"] == "authorized"


def test_cancelled_is_cancelled(shell, configured):
    with shell.start("authorize", "practice", "--json") as running:
        running.event()
        assert len(kept(shell)) == 1
        running.interrupt()
        running.event()
        running.end(130)
    assert kept(shell) == []
    assert "no sign-in" in shell.run("authorize", "practice", "--resume", code=7).err


def test_one_that_went_on_is_cancelled_too(shell, killed, resumed):
    killed()
    running = resumed("--json")
    running.event()
    running.interrupt()
    running.event()
    running.end(130)
    assert kept(shell) == []


def test_time_that_is_up_is_said_with_what_to_do(shell, workspace, killed):
    killed(signal.SIGKILL, "--timeout", "1")
    entry = workspace.vault.find("practice")
    wait_until_past(workspace, entry)
    done = shell.run("authorize", "practice", "--resume", "--json", code=7)
    assert json.loads(done.out)["error"] == "expired"
    assert "The time for the last sign-in of practice was up" in done.err
    assert "Start a new one: tui-oauth authorize practice" in done.err
    assert kept(shell) == []


def wait_until_past(workspace: Workspace, entry: Entry) -> None:
    (pending,) = kept_sign_ins(workspace, entry)
    deadline = time.monotonic() + 10
    while workspace.now() < pending.expires_at:
        assert time.monotonic() < deadline
        time.sleep(0.05)  # the clock itself is what is waited for


@pytest.mark.parametrize("what", ["client_id", "client_secret", "scopes", "variables"])
def test_other_credentials_end_it(what, shell, workspace, killed, provider):
    killed()
    assert len(kept(shell)) == 1
    entry = workspace.vault.find("practice")
    changes: dict[str, Any] = {
        "client_id": {"client_id": "another"},
        "client_secret": {"client_secret": Secret("another")},
        "scopes": {"scopes": ("other",)},
        "variables": {"variables": {"port": str(provider.port + 1)}},
    }
    entries.configure_entry(workspace, entry, **changes[what])
    assert kept(shell) == []
    assert "no sign-in" in shell.run("authorize", "practice", "--resume", code=7).err


def test_a_name_and_a_refreshed_list_do_not(shell, killed, resumed):
    killed()
    shell.run("rename", "practice", "other")
    shell.run("list")
    shell.run("rename", "other", "practice")
    running = resumed("--json")
    assert running.event()["event"] == "waiting"


def test_deleting_the_entry_ends_it(shell, killed):
    killed()
    shell.run("delete", "practice", "--yes")
    assert kept(shell) == []


def test_a_new_data_key_ends_it(shell, killed):
    killed()
    shell.run("vault", "rekey", "--yes")
    assert kept(shell) == []
    assert "no sign-in" in shell.run("authorize", "practice", "--resume", code=7).err


def test_rule_17_nothing_of_it_stands_anywhere_in_clear(shell, home, workspace, killed):
    link = killed()["authorization_url"]
    (pending,) = kept_sign_ins(workspace, workspace.vault.find("practice"))
    attempt = pending.attempt
    assert attempt.state == parse_qs(urlsplit(link).query)["state"][0]
    (record,) = kept(shell)
    assert record.stat().st_mode & 0o777 == 0o600
    files = [path for path in home.rglob("*") if path.is_file()]
    assert record in files
    for path in files:
        content = path.read_bytes()
        assert attempt.state.encode() not in content, path
        assert attempt.code_verifier.reveal().encode() not in content, path


def test_exports_leave_it_out_and_salvage_copes(shell, home, killed):
    killed()
    bundle, rescued = home / "b.bundle", home / "rescued.json"
    shell.run("export", str(bundle), "--new-passphrase-command", "echo a-long-passphrase-here")
    shell.run("doctor", "--salvage", str(rescued), code=None)
    assert rescued.exists()
    assert not list(rescued.parent.glob("locks/*.signins"))
    assert len(kept(shell)) == 1


def test_doctor_says_that_it_waits_and_finds_one_that_is_damaged(shell, killed):
    killed()
    done = shell.run("doctor", "--json")  # a note is no finding: exit 0
    found = {one["id"]: one for one in done.json["findings"]}
    assert "practice waits for its answer until 20" in found["sign-in-waits"]["message"]
    assert "tui-oauth authorize practice --resume" in found["sign-in-waits"]["advice"]
    (record,) = kept(shell)
    damaged = bytearray(record.read_bytes())
    damaged[40] ^= 1
    record.write_bytes(damaged)
    found = {one["id"] for one in shell.run("doctor", "--json", code=1).json["findings"]}
    assert "sign-in-damaged" in found
    assert "no sign-in" in shell.run("authorize", "practice", "--resume", code=7).err
    shell.run("list")


def test_a_record_of_another_entry_does_not_open(shell, workspace, killed, provider):
    killed()
    other = entries.create_entry(workspace, "other", "practice", {"port": str(provider.port)})
    entries.configure_entry(workspace, other, client_id="c", client_secret=Secret("s"))
    (record,) = kept(shell)
    record.rename(record.with_name(f"{other.id}.signins"))
    assert "no sign-in" in shell.run("authorize", "other", "--resume", code=7).err


def test_a_new_sign_in_says_that_an_earlier_one_waits(shell, killed, resumed, browser):
    before = killed()
    with shell.start("authorize", "practice", "--json") as running:
        new = running.event()
        assert new["authorization_url"] != before["authorization_url"]
        said = running.said("^C cancels")
        assert "tui-oauth authorize practice --resume" in said
        running.interrupt()
        running.event()
        running.end(130)
    going_on = resumed("--json")  # cancelling the new one has left the earlier one alone
    assert going_on.event() == before


def test_resume_and_timeout_do_not_go_together(shell, configured):
    done = shell.run("authorize", "practice", "--resume", "--timeout", "5", code=2)
    assert "Leave --timeout out" in done.err


def test_a_device_code_goes_on(shell, workspace, provider: PracticeProvider, browser: Browser):
    provider.application.behaviour = Behaviour(device_interval=1)
    entry = entries.create_entry(
        workspace, "device", "practice-standard", {"port": str(provider.port)}
    )
    app = provider.register("device", entries.callback_url(workspace, entry))
    entries.configure_entry(
        workspace, entry, client_id=app.client_id, client_secret=Secret(app.client_secret)
    )
    with shell.start("authorize", "device", "--device", "--json") as running:
        events = [running.event(), running.event()]
        running.interrupt(signal.SIGKILL)
        running.end(-signal.SIGKILL)
    with shell.start("authorize", "device", "--resume", "--json") as running:
        assert [running.event(), running.event()] == events  # the same link and the same code
        running.interrupt()
        running.event()
        running.end(130)
