"""`tui-oauth agent` as a real process: its socket, its answers, its end."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from agent_home import age, entry_of, talk, wait_for
from cli_tools import COMMAND, Running, Shell
from test_imports import HEAVY, loaded

from tui_oauth.model import Entry
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.workspace import Workspace


def test_socket_and_folder_are_the_persons_own(agent: Running, runtime: Path) -> None:
    assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
    found = (runtime / "agent.sock").lstat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600


def test_token_header_and_json_come_from_the_agent(
    shell: Shell, authorized: Callable[..., Entry], runtime: Path
) -> None:
    authorized(token="tok.en", ends_in=5400)
    without = [shell.run(*args) for args in WORDS]
    with shell.start("agent") as running:
        running.said("The vault is open")
        assert [shell.run(*args) for args in WORDS] == without
        modules = loaded(shell, "token", "practice")
        assert "tui_oauth.agent.client" in modules
        assert not modules & (HEAVY | {"tinydb", "cryptography", "socket", "json"})
        assert not loaded(shell, *EXEC) & {"tinydb", "cryptography"}
        running.interrupt(signal.SIGTERM)
        running.end()
    assert "cryptography" in loaded(shell, "token", "practice"), "without one the vault is asked"


EXEC = ("exec", "practice", "--", "printenv", "PRACTICE_ACCESS_TOKEN")
WORDS = (
    ("token", "practice"), ("header", "practice"), ("token", "practice", "--json"), EXEC,
    ("exec", "practice", "--header-file", "--", "sh", "-c", 'cat "$PRACTICE_HEADER_FILE"'),
)  # fmt: skip


def test_the_line_protocol(
    shell: Shell, agent: Running, authorized: Callable[..., Entry], runtime: Path
) -> None:
    authorized(token="tok.en", ends_in=5400)
    assert talk(runtime, "token practice", "ping", "header practice") == [
        "ok tok.en", "ok", "ok Authorization: Bearer tok.en",
    ]  # fmt: skip
    (answer,) = talk(runtime, "json practice\tmin-ttl=5")
    assert json.loads(answer.removeprefix("ok "))["access_token"] == "tok.en"
    kinds = [
        line.split("\t")[0]
        for line in talk(
            runtime, "token nobody", "nonsense", "token practice\tvault=/other", "token"
        )
    ]
    assert kinds == ["error NotFound", "error UsageProblem", "error Conflict", "error UsageProblem"]
    assert talk(runtime, "x" * 20_000) == ["error UsageProblem\t\tThe request is too long.\t"]


def test_http_on_the_same_socket(
    shell: Shell, agent: Running, authorized: Callable[..., Entry], runtime: Path
) -> None:
    authorized(token="tok.en", ends_in=5400)

    def get(path: str, method: str = "GET") -> tuple[str, str]:
        lines = talk(runtime, f"{method} {path} HTTP/1.1\r", "Host: agent\r", "\r")
        return lines[0].split()[1], lines[-1]

    assert get("/token/practice?min_ttl=5") == ("200", "tok.en")
    assert get("/header/practice") == ("200", "Authorization: Bearer tok.en")
    assert json.loads(get("/json/practice")[1])["access_token"] == "tok.en"
    assert json.loads(get("/status")[1])["locked"] is False
    assert get("/token/nob%6Fdy")[0] == "404"
    assert get("/token/practice", "POST")[0] == "400"
    assert get("/elsewhere")[0] == "400"


def test_an_entry_is_refreshed_before_it_ends(
    shell: Shell, signed_in: Callable[..., None], provider: PracticeProvider, runtime: Path
) -> None:
    signed_in(rotating_refresh=True, expires_in=3600)
    vault = Workspace.from_environment(shell.environ).vault
    entry = vault.find("practice")
    with shell.start("agent") as running:
        running.said("The vault is open")
        assert entry_of(shell)["next_refresh"] < entry_of(shell)["expires_at"]
        assert provider.application.count["refresh"] == 0
        age(shell, 3580)
        fresh = wait_for(lambda: entry_of(shell)["last_refresh"] and entry_of(shell))
        assert fresh["last_error"] is None
        assert provider.application.count["refresh"] == 1
        assert vault.get(entry.id).expires_at is not None
        assert vault.get(entry.id).expires_at - time.time() > 3000  # type: ignore[operator]


def test_two_hundred_at_once_cost_one_refresh(
    shell: Shell, signed_in: Callable[..., None], provider: PracticeProvider, runtime: Path
) -> None:
    signed_in(rotating_refresh=True, expires_in=3600, delay=1.0)
    with shell.start("agent") as running:
        running.allow(200)
        running.said("The vault is open")
        age(shell, 3570)
        # Each is given more than its 20 seconds: the machine may have other things to do.
        command = [*COMMAND, "token", "practice", "--deadline", "100"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": shell.environ}
        asked = [subprocess.Popen(command, **pipes) for _ in range(200)]  # none is waited for
        said = [one.communicate(timeout=150) for one in asked]
        failed = [err for one, (_, err) in zip(asked, said, strict=True) if one.returncode]
        assert failed == []
        assert {err for _, err in said} == {b""}
        assert len({out for out, _ in said}) == 1
        assert provider.application.count["refresh"] == 1
        running.interrupt(signal.SIGTERM)
        running.end()


def test_lock_and_unlock_are_followed(
    shell: Shell, authorized: Callable[..., Entry], runtime: Path
) -> None:
    authorized(token="tok.en")
    key = shell.home / ".config/tui-oauth/vault.key"
    with shell.start("agent") as running:
        running.said("The vault is open")
        assert talk(runtime, "token practice") == ["ok tok.en"]
        away = key.rename(key.with_name("away"))
        (answer,) = talk(runtime, "token practice")
        assert answer.startswith("error VaultLocked"), "no weaker than the vault"
        assert shell.run("token", "practice", code=4).out == ""
        assert shell.run("agent", "status", "--json").json["locked"] is True
        assert "locked" in shell.run("agent", "status").out
        away.rename(key)
        talk(runtime, "reload")
        wait_for(lambda: talk(runtime, "token practice") == ["ok tok.en"])


def test_a_key_named_for_the_call_is_not_passed_by(
    shell: Shell, authorized: Callable[..., Entry], agent: Running, tmp_path: Path
) -> None:
    authorized(token="tok.en")
    assert shell.run("token", "practice").out == "tok.en\n"
    shell.run("--key-file", str(tmp_path / "none"), "token", "practice", code=4)
    shell.run("token", "practice", environ={"TUI_OAUTH_PASSPHRASE": "wrong"}, code=4)


def test_it_ends_cleanly_and_only_one_runs(shell: Shell, agent: Running, runtime: Path) -> None:
    done = shell.run("agent", code=3)
    assert "runs already" in done.err
    agent.interrupt(signal.SIGTERM)
    assert agent.end().err.endswith("Ended.\n")
    assert not (runtime / "agent.sock").exists()
    assert "No agent runs" in shell.run("agent", "status", code=3).err


def test_what_a_killed_agent_left_is_cleared_away(
    shell: Shell, authorized: Callable[..., Entry], agent: Running, runtime: Path
) -> None:
    authorized(token="tok.en")
    agent.interrupt(signal.SIGKILL)
    agent.end(code=-signal.SIGKILL)
    assert (runtime / "agent.sock").exists()
    assert shell.run("token", "practice").out == "tok.en\n", "nobody listens: the vault is asked"
    with shell.start("agent") as running:
        running.said("The vault is open")
        assert talk(runtime, "token practice") == ["ok tok.en"]


def test_an_agent_that_is_stopped_delays_nobody_for_long(
    shell: Shell, authorized: Callable[..., Entry], agent: Running
) -> None:
    authorized(token="tok.en")
    agent.interrupt(signal.SIGSTOP)
    began = time.monotonic()
    assert shell.run("token", "practice").out == "tok.en\n"
    assert time.monotonic() - began < 10
    agent.interrupt(signal.SIGCONT)


def test_hup_reads_the_settings_anew(shell: Shell, agent: Running, tmp_path: Path) -> None:
    good = shell.settings.read_text()
    shell.settings.write_text("nonsense")
    agent.interrupt(signal.SIGHUP)
    agent.said("Not reloaded")
    shell.settings.write_text(f'vault = "{tmp_path}/other.json"\n{good}')
    agent.interrupt(signal.SIGHUP)
    agent.said("There is no vault at")
    assert shell.run("agent", "status", "--json").json["vault"] == f"{tmp_path}/other.json"


def test_without_a_place_for_its_socket_it_says_so(shell: Shell, tmp_path: Path) -> None:
    assert "XDG_RUNTIME_DIR is not set" in shell.run("agent", code=2).err
    gone = {"XDG_RUNTIME_DIR": str(tmp_path / "gone")}
    assert "no folder" in shell.run("agent", environ=gone, code=2).err
    open_to_all = tmp_path / "open"
    (open_to_all / "tui-oauth").mkdir(parents=True)
    (open_to_all / "tui-oauth").chmod(0o755)
    given = {"XDG_RUNTIME_DIR": str(open_to_all)}
    assert "chmod 700" in shell.run("agent", environ=given, code=9).err


def test_install_writes_a_unit_that_systemd_takes(shell: Shell, tmp_path: Path) -> None:
    vault = str(tmp_path / 'odd "name" 100%.json')
    shown = shell.run("--vault", vault, "agent", "install", "--print").out
    assert not (shell.home / ".config/systemd").exists()
    done = shell.run("--vault", vault, "agent", "install")
    path = shell.home / ".config/systemd/user/tui-oauth-agent.service"
    assert path.read_text() == shown
    assert str(path) in done.out
    assert "systemctl --user enable --now tui-oauth-agent.service" in done.err
    assert sys.executable in shown
    assert 'odd \\"name\\" 100%%.json' in shown
    if not Path("/usr/bin/systemd-analyze").exists():
        return
    checked = subprocess.run(
        ["/usr/bin/systemd-analyze", "verify", "--user", str(path)],
        capture_output=True, text=True, check=False, env={**shell.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )  # fmt: skip
    assert "tui-oauth-agent.service:" not in checked.stderr, checked.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
def test_another_user_is_turned_away(
    shell: Shell, authorized: Callable[..., Entry], agent: Running, runtime: Path
) -> None:
    authorized(token="tok.en")
    client = (
        "import socket,sys\n"
        "s=socket.socket(socket.AF_UNIX); s.connect('agent.sock'); s.sendall(b'token practice\\n')\n"
        "sys.stdout.write(repr(s.recv(100)))"
    )
    # As if somebody had opened the folder: the kernel's word on the user counts all the same.
    for folder in (runtime, *runtime.parents):
        if folder.stat().st_mode & 0o005 != 0o005 and folder.stat().st_uid == os.geteuid():
            folder.chmod(0o755)
    (runtime / "agent.sock").chmod(0o666)
    argv = ["/usr/bin/env", "python3", "-c", client]
    own = subprocess.run(argv, cwd=runtime, capture_output=True, text=True, check=True)
    assert own.stdout == repr(b"ok tok.en\n")
    other = subprocess.run(
        argv, cwd=runtime, capture_output=True, text=True, check=False, user=65_534
    )
    assert "ok" not in other.stdout, other
