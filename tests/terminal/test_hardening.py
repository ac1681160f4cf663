"""The window's memory is its own: no core file, and nothing for other programs of the same user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal.pty_driver import PtyProgram

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")

NOBODY = 65_534
WINDOW = """
import ctypes, json, os, resource
from pathlib import Path
from tui_oauth.tui.app import run
from tui_oauth.tui.screens.manage import ManageScreen
from tui_oauth.vault import create_vault
from tui_oauth.workspace import Workspace

def tell(self):
    facts = [ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0]]
    Path(os.environ["FACTS"]).write_text(json.dumps(facts))

ManageScreen.action_copy_callback = tell
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
workspace = Workspace.from_environment()
workspace.use_vault(create_vault(workspace.places))
raise SystemExit(run(workspace))
"""
HEADLESS = """
import asyncio, ctypes
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.workspace import Workspace

async def look():
    async with ManageOAuth(Workspace.from_environment()).run_test() as pilot:
        await pilot.pause(0.3)

ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
asyncio.run(look())
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""
PROCESS = """
import ctypes, os, sys
from tui_oauth import hardening
import resource
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(sys.argv[1]))
    os.setuid(int(sys.argv[1]))
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
print("as it starts", flush=True)
sys.stdin.readline()
print(hardening.harden(), flush=True)
sys.stdin.readline()
"""


def test_the_window_is_not_dumpable_and_writes_no_core(tmp_path: Path) -> None:
    facts = tmp_path / "facts"
    with PtyProgram(
        [sys.executable, "-c", WINDOW], env={**os.environ, "FACTS": str(facts)}
    ) as window:
        window.wait_for("No OAuth entries yet")
        window.wait_quiet()
        window.send("c")
        window.wait_until(lambda: facts.exists() and facts.read_text(), "the facts")
        window.send("q")
        assert window.wait_exit() == 0
    assert json.loads(facts.read_text()) == [0, 0]


def test_another_program_of_the_same_user_reads_neither_environment_nor_memory() -> None:
    as_root = os.geteuid() == 0
    reader: dict[str, object] = (
        {"user": NOBODY, "group": NOBODY, "extra_groups": []} if as_root else {}
    )

    def readable(pid: int, name: str) -> bool:
        argv = ["cat", f"/proc/{pid}/{name}"]
        done = subprocess.run(argv, capture_output=True, timeout=20, check=False, **reader)  # type: ignore[call-overload]
        return bool(done.returncode == 0 and done.stdout)

    with subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(NOBODY)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "as it starts\n"
        assert readable(process.pid, "environ")
        assert readable(process.pid, "maps")
        print(file=process.stdin, flush=True)
        assert process.stdout.readline() == "True\n"
        assert not readable(process.pid, "environ")
        assert not readable(process.pid, "maps")


def test_an_app_inside_another_program_leaves_that_process_alone(home: Path) -> None:
    """The tests of the screens run the app in this process, which is not ours to change."""
    code = [sys.executable, "-c", HEADLESS]
    done = subprocess.run(code, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "1\n", done.stderr
