"""What a command loads: the budget of `token` is kept by not importing."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from cli_tools import Shell

HEAVY = {
    "dlt",
    "duckdb",
    "pyarrow",
    "textual",
    "rich",
    "httpx",
    "httpcore",
    "asyncio",
    "ssl",
    "click",
    "segno",
    "h11",
}


def loaded(shell: Shell, *args: str) -> set[str]:
    """The modules that the real command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tui_oauth", *args],
        env=shell.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))


@pytest.mark.parametrize(
    "args", [["--version"], ["--help"], ["token", "--help"], ["list", "--help"]]
)
def test_help_and_version_load_nothing_of_weight(args, shell):
    modules = loaded(shell, *args)
    assert not modules & (HEAVY | {"tinydb", "cryptography", "tomllib", "json", "socket"})
    commands = {name for name in modules if name.startswith("tui_oauth.")}
    assert commands == {
        "tui_oauth.cli", "tui_oauth.cli.main", "tui_oauth.cli.output", "tui_oauth.cli.commands", "tui_oauth.cli.tree",
        "tui_oauth.cli.options", "tui_oauth.cli.program_options", "tui_oauth.cli.agent_options",
        "tui_oauth.cli.vault_options", "tui_oauth.cli.values", "tui_oauth.errors", "tui_oauth.text",
    }  # fmt: skip


def test_token_loads_what_it_needs_and_no_more(shell, authorized):
    authorized()
    shell.settings.unlink()
    modules = loaded(shell, "token", "practice")
    assert not modules & (HEAVY | {"tomllib", "socket", "subprocess", "ctypes", "keyring"})
    assert not {
        name for name in modules if name.startswith(("tui_oauth.services", "tui_oauth.oauth"))
    }
    assert "tinydb" in modules


def test_other_keys_of_the_vault_cost_the_key_file_nothing(shell, authorized):
    authorized()
    shell.run("vault", "key", "add", "recovery")
    command = "echo words"
    shell.run("vault", "key", "add", "passphrase", "--new-passphrase-command", command)
    modules = loaded(shell, "token", "practice")
    assert not modules & {"ctypes", "subprocess", "cryptography.hazmat.primitives.kdf.argon2"}
    ours = {name.rpartition(".")[2] for name in modules if name.startswith("tui_oauth.vault.")}
    assert "slots" in ours
    assert not ours & {"recovery", "passphrase", "unlocked", "kernel_keyring", "os_keyring"}


@pytest.mark.parametrize(
    "args", [["list"], ["list", "--json"], ["show", "practice"], ["header", "practice"]]
)
def test_list_show_and_header_load_nothing_of_the_network_or_the_screens(args, shell, authorized):
    authorized()
    assert not loaded(shell, *args) & HEAVY
