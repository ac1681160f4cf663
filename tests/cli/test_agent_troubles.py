"""An agent among dead, silent and babbling providers; token files; programs."""

from __future__ import annotations

import os
import signal
import stat
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from agent_home import age, copy_of, entry_of, talk, wait_for
from cli_tools import Shell

from tests.providers.misbehaving import answering, serving, silence
from tui_oauth.agent.schedule import LEAST_PAUSE
from tui_oauth.model import Entry
from tui_oauth.practice.provider import PracticeProvider

IN_MEMORY = Path("/dev/shm")


@pytest.fixture
def runtime(shell: Shell) -> Iterator[Path]:
    """A runtime folder in memory, as systemd makes one at log-in."""
    folder = IN_MEMORY / f"tui-oauth-test-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=0o700)
    shell.more["XDG_RUNTIME_DIR"] = str(folder)
    yield folder / "tui-oauth"
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


GOOD = ("practice", "good-0", "good-1", "good-2")
TROUBLE = ("dead", "silent", "babbling")
IN_TIME = 5.0
"""What the others may take longer beside those in trouble; the silent one alone takes 14 seconds."""


def kept_fresh(shell: Shell, *more: str) -> float:
    """How long it takes until the agent has refreshed the good ones, once they and `more` are about to end."""

    def refreshed() -> list[str]:
        known = {one["name"]: one for one in shell.run("agent", "status", "--json").json["entries"]}
        return [known[name]["last_refresh"] for name in GOOD]

    before = refreshed()
    for name in (*more, *GOOD):
        age(shell, 3580, name)
    began = time.monotonic()
    wait_for(lambda: all(new != old for new, old in zip(refreshed(), before, strict=True)))
    return time.monotonic() - began


def asked_for(shell: Shell, runtime: Path) -> float:
    """How long it takes to get the tokens of all good ones, which have ended, by socket and command."""
    for name in GOOD:
        age(shell, 3610, name)
    began = time.monotonic()
    for name in GOOD[1:]:
        assert talk(runtime, f"token {name}")[-1].startswith("ok ")
    assert shell.run("token", GOOD[0]).err == ""
    return time.monotonic() - began


def test_one_in_trouble_does_not_keep_the_others_from_their_tokens(
    shell: Shell, signed_in: Callable[..., None], provider: PracticeProvider, runtime: Path
) -> None:
    signed_in(refresh_tokens=True, expires_in=3600)
    with serving(silence) as silent, serving(answering(b"<p>busy</p>")) as babbling:
        copy_of(shell, "dead", provider.port, refresh_token="spent-long-ago")
        copy_of(shell, "silent", silent.port)
        copy_of(shell, "babbling", babbling.port)
        for name in GOOD[1:]:
            copy_of(shell, name, provider.port)
        with shell.start("agent") as agent:
            agent.allow(120)
            agent.said("The vault is open")
            usual = kept_fresh(shell)
            usual_when_asked = asked_for(shell, runtime)
            assert not silent.requests
            time.sleep(LEAST_PAUSE)  # no entry is refreshed more often than so
            assert kept_fresh(shell, *TROUBLE) < usual + IN_TIME
            assert silent.arrived.wait(20), "the silent one is being asked"
            hanging = [
                threading.Thread(target=shell.run, args=("token", name), kwargs={"code": None})
                for name in TROUBLE
            ]
            for one in hanging:
                one.start()
            assert asked_for(shell, runtime) < usual_when_asked + IN_TIME
            assert any(one.is_alive() for one in hanging), "the silent one still hangs"
            dead = wait_for(
                lambda: entry_of(shell, "dead")["last_error"] and entry_of(shell, "dead")
            )
            assert "authorized again" in dead["last_error"]
            assert dead["next_refresh"] is None, "a person has to act"
            babble = wait_for(
                lambda: entry_of(shell, "babbling")["failures"] and entry_of(shell, "babbling")
            )
            assert babble["next_refresh"] is not None
            for one in hanging:
                one.join()
            age(shell, 60, "dead")
            assert shell.run("token", "dead", code=7).out == ""
            agent.interrupt(signal.SIGTERM)
            agent.interrupt(signal.SIGTERM)  # the silent one would be waited for
            agent.end(code=None)


def test_a_token_file_is_kept_fresh_in_memory_and_goes_with_the_agent(
    shell: Shell, signed_in: Callable[..., None], runtime: Path
) -> None:
    signed_in(rotating_refresh=True, expires_in=3600)
    path = runtime / "practice"
    with shell.start("agent") as agent:
        agent.said("The vault is open")
        done = shell.run("agent", "file", "practice")
        assert done.out == f"{path}\n"
        wait_for(path.exists)
        first = path.read_text()
        assert f"{first}\n" == shell.run("token", "practice").out
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert entry_of(shell)["token_file"] == str(path)
        age(shell, 3580)
        wait_for(lambda: path.exists() and path.read_text() != first)
        assert f"{path.read_text()}\n" == shell.run("token", "practice").out
        shell.run("rename", "practice", "a/b é.")
        other = runtime / "a%2Fb %C3%A9."
        wait_for(lambda: other.exists() and not path.exists())
        shell.run("agent", "file", "a/b é.", "--off")
        wait_for(lambda: not other.exists())
        shell.run("agent", "file", "a/b é.")
        wait_for(other.exists)
        shell.run("delete", "a/b é.", "--yes")
        wait_for(lambda: not other.exists())
        agent.interrupt(signal.SIGTERM)
        agent.end()
    assert sorted(path.name for path in runtime.iterdir()) == ["agent.lock"]


def test_files_go_when_the_agent_ends_and_when_the_vault_is_locked(
    shell: Shell, authorized: Callable[..., Entry], runtime: Path
) -> None:
    authorized(token="tok.en")
    shell.run("agent", "file", "practice")
    path = runtime / "practice"
    key = shell.home / ".config/tui-oauth/vault.key"
    with shell.start("agent") as agent:
        wait_for(lambda: path.exists() and path.read_text() == "tok.en")
        away = key.rename(key.with_name("away"))
        wait_for(lambda: not path.exists())
        away.rename(key)
        wait_for(path.exists)
        agent.interrupt(signal.SIGKILL)
        agent.end(code=-signal.SIGKILL)
    assert path.exists()
    shell.run("agent", "file", "practice", "--off")
    with shell.start("agent") as agent:
        agent.said("The vault is open")
        assert not path.exists(), "what a killed agent left is cleared away"


def test_a_token_that_ended_is_in_no_file(
    shell: Shell, authorized: Callable[..., Entry], runtime: Path
) -> None:
    authorized(token="tok.en", ends_in=6)
    shell.run("agent", "file", "practice")
    with shell.start("agent") as agent:
        wait_for((runtime / "practice").exists)
        wait_for(lambda: not (runtime / "practice").exists())
        agent.interrupt()
        agent.end()


def test_no_token_file_is_written_to_a_disk(
    shell: Shell, authorized: Callable[..., Entry], tmp_path: Path
) -> None:
    from tui_oauth.agent.token_files import IN_MEMORY as KINDS
    from tui_oauth.agent.token_files import file_system

    if file_system(tmp_path) in KINDS:
        pytest.skip("temporary files are in memory here")
    authorized(token="tok.en")
    folder = tmp_path / "disk"
    folder.mkdir(mode=0o700)
    shell.more["XDG_RUNTIME_DIR"] = str(folder)
    shell.run("agent", "file", "practice")
    with shell.start("agent") as agent:
        said = agent.said("not in memory")
        assert "Token files are not written" in said
        status = shell.run("agent", "status", "--json").json
        assert status["token_files"] is None
        assert "not in memory" in status["why_no_token_files"]
        agent.interrupt()
        agent.end()
    assert not (folder / "tui-oauth" / "practice").exists()
    assert file_system(IN_MEMORY) == "tmpfs"
    assert os.path.lexists(folder / "tui-oauth")
