"""What tests of the adapters share: other programs in the home of the test, and a service that differs."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files

import pytest
from cli_tools import COMMAND, Shell

US = " ".join(COMMAND)


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not shutil.which(program), reason=f"needs {program}")


def declare(shell: Shell, lines: str) -> None:
    """Let the service of the entry `practice` differ by `lines` of its file."""
    folder = shell.settings.parent / "services"
    folder.mkdir(mode=0o700, exist_ok=True)
    built_in = (files("tui_oauth.services") / "data" / "practice.toml").read_text()
    (folder / "practice.toml").write_text(built_in.replace("[quirks.api]", lines, 1))


def run(shell: Shell, *args: str, code: int = 0, **more: str) -> str:
    """Another program, in the home of the test; what it prints."""
    done = subprocess.run(
        args, env={**shell.environ, **more}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done
    return done.stdout
