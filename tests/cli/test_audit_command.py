"""Who took which token: noted by the kernel's word, shown without harm; and lists of programs."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from agent_home import talk
from cli_tools import Running, Shell

from tui_oauth import audit
from tui_oauth.errors import NotAllowed
from tui_oauth.model import Entry
from tui_oauth.programs import Program, caller, parent_of, program
from tui_oauth.workspace import Workspace

HERE = os.path.realpath(sys.executable)


def noted(shell: Shell, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shell.run("audit", *args, "--json").json
    return found


def test_commands_are_noted_with_the_program_that_started_them(
    shell: Shell, authorized: Callable[..., Entry]
) -> None:
    entry = authorized(token="canary-token")
    assert shell.run("audit").out == ""
    shell.run("token", "practice")
    shell.run("header", "practice")
    shell.run("exec", "practice", "--", "true")
    found = noted(shell, "practice")
    assert [one["way"] for one in found] == ["token", "header", "exec"]
    for one in found:
        assert (one["entry"], one["entry_id"]) == ("practice", entry.id)
        assert (one["uid"], one["pid"], one["path"]) == (os.getuid(), os.getpid(), HERE)
        assert one["refused"] is False
    shown = shell.run("audit").out
    assert "practice" in shown
    assert HERE in shown
    path = shell.state / "audit.log"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert "canary" not in text
    assert "practice" not in text, "names of entries stand nowhere in clear"


def test_the_socket_is_noted_with_its_peer_and_commands_with_their_parent(
    shell: Shell, authorized: Callable[..., Entry], agent: Running, runtime: Path
) -> None:
    authorized(token="tok.en")
    shell.run("token", "practice")
    talk(runtime, "token practice", "header practice")
    found = noted(shell)
    assert [one["way"] for one in found] == ["token", "agent", "agent"]
    assert {one["pid"] for one in found} == {os.getpid()}
    assert {one["path"] for one in found} == {HERE}


def test_python_is_noted_as_itself(
    shell: Shell, authorized: Callable[..., Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui_oauth import Vault

    authorized(token="tok.en")
    with Vault.open() as vault:
        assert vault.token("practice") == "tok.en"
    (one,) = noted(shell)
    assert (one["way"], one["pid"], one["path"]) == ("python", os.getpid(), HERE)


def test_an_entry_for_some_programs_only(
    shell: Shell, authorized: Callable[..., Entry], agent: Running, runtime: Path
) -> None:
    authorized(token="tok.en")
    sh = os.path.realpath(shutil.which("sh") or "/bin/sh")
    done = shell.run("agent", "allow", "practice", "/bin/sh")
    assert done.out == f"{sh}\n"
    assert "not attacks" in done.err
    for more in ({}, {"XDG_RUNTIME_DIR": "/nowhere"}):
        refused = shell.run("token", "practice", environ=more, code=9)
        assert refused.out == ""
        assert f"not for {HERE}" in refused.err
        # The command after it keeps the shell from becoming the command.
        script = f"{sys.executable} -m tui_oauth token practice; exit $?"
        by_shell = subprocess.run(
            [sh, "-c", script], env={**shell.environ, **more}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert by_shell.stdout == "tok.en\n", by_shell.stderr
    assert talk(runtime, "token practice")[0].startswith("error NotAllowed")
    assert [one["refused"] for one in noted(shell)] == [True, False, True, False, True]
    from tui_oauth import Vault

    with Vault.open() as vault, pytest.raises(NotAllowed):
        vault.token("practice")
    assert shell.run("agent", "file", "practice", code=2).out == ""
    assert shell.run("agent", "allow", "practice").out == f"{sh}\n"
    shell.run("agent", "allow", "practice", "--anyone")
    assert shell.run("token", "practice").out == "tok.en\n"


@pytest.mark.parametrize("given", [["sh"], ["/no/such/program"], ["/tmp"], ["/bin/sh", "--anyone"]])
def test_what_is_no_program_is_refused(
    given: list[str], shell: Shell, authorized: Callable[..., Entry]
) -> None:
    authorized()
    shell.run("agent", "allow", "practice", *given, code=2)
    assert "every program" in shell.run("agent", "allow", "practice").out


def test_a_record_that_cannot_be_written_is_told_and_in_nobodys_way(
    shell: Shell, authorized: Callable[..., Entry]
) -> None:
    authorized(token="tok.en")
    (shell.state / "audit.log").mkdir(parents=True)
    done = shell.run("token", "practice")
    assert done.out == "tok.en\n"
    assert "could not be noted" in done.err
    assert shell.run("audit", code=8).out == ""


def test_lines_of_many_at_once_stay_whole_and_old_files_are_few(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MAX_BYTES", 20_000)
    who = Program(1000, 42, "/usr/bin/\x1b[2Jcurl\t\n", "curl\n\t")

    def write(number: int) -> None:
        for _ in range(50):
            audit.note(workspace, f"{number:032x}", "token", who)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(16)))
    found = list(audit.taken(workspace))
    names = sorted(path.name for path in workspace.places.state.glob("audit.log*"))
    assert names == ["audit.log", "audit.log.1", "audit.log.2", "audit.log.3"]
    lines = sum(
        len(path.read_bytes().splitlines()) for path in workspace.places.state.glob("audit.log*")
    )
    assert len(found) == lines, "no line is torn"
    assert {one.path for one in found} == {"/usr/bin/\\x1b[2Jcurl\\t\\n"}


def test_programs_are_what_the_kernel_says(tmp_path: Path) -> None:
    assert caller().pid == os.getppid()
    assert program(os.getpid()).path == HERE
    assert parent_of(os.getpid()) == os.getppid()
    odd = tmp_path / "a) R 1 (b"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", odd)
    with subprocess.Popen([odd, "60"]) as running:
        try:
            assert parent_of(running.pid) == os.getpid(), "whatever the program is called"
            assert program(running.pid).path in {str(odd), HERE}
        finally:
            running.kill()
    assert program(2**22 + 1) == Program(os.getuid(), 2**22 + 1, "", "")
    assert parent_of(2**22 + 1) == 0
