"""`authorize NAME --remote` and `authorize --for LINE`: two machines, one sealed answer."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cli_tools import Browser, Shell

from tui_oauth import entries
from tui_oauth.oauth.elsewhere import NEVER_FOR_OTHERS, is_answer, read_ask
from tui_oauth.secret import Secret


@pytest.fixture
def laptop(tmp_path: Path) -> Shell:
    """Another machine: a home of its own, with nothing in it."""
    home = tmp_path / "laptop"
    home.mkdir(mode=0o700)
    shell = Shell(home)
    shell.more = {"HOME": str(home)}
    return shell


def line_in(said: str) -> str:
    (found,) = [line for line in said.splitlines() if "authorize --for tui-oauth-ask1_" in line]
    return found.split()[-1]


def answered(laptop: Shell, browser: Browser, line: str, answer: str = "allow") -> str:
    """The sealed answer: pasted there, as the first machine holds the port that both share here."""
    with laptop.start("authorize", "--for", line, "--json", stdin=subprocess.PIPE) as there:
        waiting = there.event()
        there.said("^C cancels")
        there.write(browser.consent(waiting["authorization_url"], answer) + "\n")
        event = there.event()
        there.end()
    assert event["event"] == "answer"
    return event["line"]


def test_a_sign_in_on_another_machine(shell, laptop, configured, browser, provider):
    with shell.start("authorize", "practice", "--remote", stdin=subprocess.PIPE) as here:
        line = line_in(here.said("Paste it here"))
        answer = answered(laptop, browser, line)
        here.write(f"{answer}\n")
        done = here.end()
    assert done.out.startswith("Authorization Successful: ")
    assert provider.application.count["token"] == 1
    assert not list(laptop.home.rglob("vault*")), "the other machine needs no vault"
    token = shell.run("token", "practice").out.strip()
    left_there = [path.read_bytes() for path in laptop.home.rglob("*") if path.is_file()]
    assert not any(token.encode() in content for content in left_there)


def test_the_events_beside_those_that_there_are(shell, configured):
    with shell.start("authorize", "practice", "--remote", "--json") as here:
        waiting, remote = here.event(), here.event()
        here.interrupt()
        here.event()
        here.end(130)
    assert waiting["event"] == "waiting"
    assert set(remote) == {"event", "line", "check_code"}
    ask = read_ask(remote["line"], 0)
    assert ask.url == waiting["authorization_url"]
    assert ask.check_code == remote["check_code"]


def test_killed_meanwhile_and_gone_on_with_later(shell, laptop, configured, browser):
    with shell.start("authorize", "practice", "--remote", "--json") as here:
        here.event()
        line = here.event()["line"]
        here.interrupt(signal.SIGKILL)
        here.end(-signal.SIGKILL)
    with laptop.start("authorize", "--for", line, "--no-open") as there:  # the port is free now
        there.said("^C cancels")
        page = browser.get(browser.consent(read_ask(line, 0).url))
        assert "Authorization Received" in page.text
        done = there.end()
    answer = done.out.strip()
    assert is_answer(answer)
    assert len(done.out.splitlines()) == 1
    assert "--resume" in done.err
    with shell.start("authorize", "practice", "--resume", stdin=subprocess.PIPE) as here:
        here.write(f"{answer}\n")
        assert here.end().out.startswith("Authorization Successful: ")
    once_more = shell.run("authorize", "practice", "--resume", "--paste", stdin=answer, code=7)
    assert "no sign-in of practice to go on with" in once_more.err


def test_a_wrong_answer_is_explained_and_the_wait_goes_on(shell, laptop, configured, browser):
    with shell.start("authorize", "practice", "--remote", stdin=subprocess.PIPE) as here:
        line = line_in(here.said("Paste it here"))
        answer = answered(laptop, browser, line)
        here.write(f"{answer[:-4]}\n")
        assert "its checksum does not fit" in here.said("Still waiting")
        here.write(f"{line}\n")
        assert "the line that asks" in here.said("Still waiting")
        here.write(f"{answer}\n")
        assert "Authorization Successful" in here.end().out


def test_a_no_is_carried_back(shell, laptop, configured, browser):
    with shell.start("authorize", "practice", "--remote", "--json", stdin=subprocess.PIPE) as here:
        here.event()
        answer = answered(laptop, browser, here.event()["line"], "cancel")
        here.write(f"{answer}\n")
        assert here.event()["error"] == "access_denied"
        here.end(10)


def asked(shell: Shell) -> str:
    with shell.start("authorize", "practice", "--remote", "--json") as here:
        here.event()
        line = here.event()["line"]
        here.interrupt()
        here.end(130)
    return line


def test_rule_101_what_is_shown_before_anything_is_opened(shell, laptop, configured, provider):
    line = asked(shell)
    with laptop.start("authorize", "--for", line) as there:
        said = there.said("^C cancels")
        there.interrupt()
        there.end(130)
    assert said.index(f"127.0.0.1:{provider.port}") < said.index("/oauth?")
    assert "Practice provider (as the line says)" in said
    assert read_ask(line, 0).check_code in said
    assert NEVER_FOR_OTHERS in said


def test_nothing_is_opened_without_a_word_from_the_person(shell, laptop, configured, tmp_path):
    line = asked(shell)
    opened = tmp_path / "opened"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.new && mv {opened}.new {opened}\n')
    program.chmod(0o700)
    laptop.more |= {"BROWSER": str(program), "DISPLAY": ":0"}
    with laptop.terminal("authorize", "--for", line) as there:
        there.wait_for("Open it in the browser? (y/N)")
        there.type("\n")
        there.wait_for("^C cancels")
    assert not opened.exists()
    with laptop.start("authorize", "--for", line) as there:
        there.said("^C cancels")
        there.interrupt()
        there.end(130)
    assert not opened.exists()
    with laptop.terminal("authorize", "--for", line) as there:
        there.wait_for("Open it in the browser? (y/N)")
        there.type("y\n")
        there.wait_for("^C cancels")
        wait_until(opened.exists)
    assert opened.read_text() == read_ask(line, 0).url


def wait_until(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_line_may_come_on_standard_input(shell, laptop, configured, browser):
    line = asked(shell)
    with laptop.start("authorize", "--for", "-", stdin=subprocess.PIPE) as there:
        there.write(line + "\n")
        there.process.stdin.close()
        there.process.stdin = None
        there.said("^C cancels")
        browser.get(browser.consent(read_ask(line, 0).url))
        assert is_answer(there.end().out)


def test_an_https_callback_is_served_there_too(shell, laptop, workspace, provider, browser):
    entry = entries.create_entry(
        workspace, "secure", "practice-https", {"port": str(provider.port)}
    )
    app = provider.register("secure", entries.callback_url(workspace, entry))
    entries.configure_entry(
        workspace, entry, client_id=app.client_id, client_secret=Secret(app.client_secret)
    )
    with shell.start("authorize", "secure", "--remote", "--json") as here:
        here.event()
        line = here.event()["line"]
        here.interrupt(signal.SIGKILL)
        here.end(-signal.SIGKILL)
    assert read_ask(line, 0).redirect_uri.startswith("https://")
    with laptop.start("authorize", "--for", line) as there:
        there.said("^C cancels")
        address = browser.consent(read_ask(line, 0).url)
        page = Browser(None, laptop.state / "callback" / "certificate.pem").get(address)
        assert page.status == 200
        answer = there.end().out.strip()
    with shell.start("authorize", "secure", "--resume", stdin=subprocess.PIPE) as here:
        here.write(f"{answer}\n")
        assert "Authorization Successful" in here.end().out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--for", "nonsense"], "no line of tui-oauth"),
        (["--for", "tui-oauth-ask1_AAAA"], "checksum does not fit"),
        (["practice", "--for", "tui-oauth-ask1_AAAA"], "Leave NAME out"),
        (["--for", "tui-oauth-ask1_AAAA", "--remote"], "Leave --remote out"),
        (["--remote"], "needs NAME"),
        ([], "needs NAME"),
    ],
)
def test_what_cannot_be_is_said(args, words, laptop):
    assert words in laptop.run("authorize", *args, code=2).err


def test_a_failure_is_an_event_too(laptop):
    done = laptop.run("authorize", "--for", "nonsense", "--json", code=2)
    assert json.loads(done.out)["event"] == "failed"
