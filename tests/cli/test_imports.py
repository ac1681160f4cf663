"""What a command loads: the budget of `token` is kept by not importing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_tools import Shell

from tui_oauth.cli import shortcut, tree

ROOT = Path(__file__).parents[2]
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
        "tui_oauth.cli", "tui_oauth.cli.main", "tui_oauth.cli.shortcut", "tui_oauth.cli.output",
        "tui_oauth.cli.commands", "tui_oauth.cli.tree",
        "tui_oauth.cli.options", "tui_oauth.cli.program_options", "tui_oauth.cli.agent_options",
        "tui_oauth.cli.vault_options", "tui_oauth.cli.values", "tui_oauth.errors", "tui_oauth.text",
    }  # fmt: skip


def test_token_loads_what_it_needs_and_no_more(shell, authorized):
    authorized()
    shell.settings.unlink()
    modules = loaded(shell, "token", "practice")
    assert not modules & (HEAVY | {"tomllib", "socket", "subprocess", "ctypes", "keyring"})
    # Each of these is milliseconds that programs would pay again and again.
    assert not modules & {
        "argparse", "gettext", "locale", "dataclasses", "inspect", "tinydb", "threading", "weakref", "copy", "datetime",
    }  # fmt: skip
    assert not {
        name
        for name in modules
        if name.startswith(
            ("tui_oauth.services", "tui_oauth.oauth", "tui_oauth.cli.tree", "tui_oauth.extract")
        )
    }


def test_the_first_screen_loads_no_service_and_no_network():
    code = "import sys; import tui_oauth.tui.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert "tui_oauth.tui.screens.manage" in modules
    # Services alone are a tenth of the time to the first paint.
    assert not modules & {
        "tui_oauth.services.format", "tui_oauth.redacting", "tui_oauth.signin", "tui_oauth.net", "httpx", "segno", "tinydb",
    }  # fmt: skip


def test_the_python_client_of_the_agent_brings_nothing_along():
    code = "import sys; before = set(sys.modules); import tui_oauth.agent.client; print(*set(sys.modules) - before)"
    bare = [sys.executable, "-S", "-c", f"import sys; sys.path.append({str(ROOT)!r}); {code}"]
    done = subprocess.run(bare, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"tui_oauth", "tui_oauth.agent", "tui_oauth.agent.client"}


@pytest.mark.parametrize("argv", [["token", "my-intercom"], ["header", "a b"], ["token", ""]])
def test_the_shortcut_gives_what_the_tree_gives(argv):
    found = shortcut.parse(argv)
    assert found is not None
    assert vars(found) == vars(tree.parse(argv))


@pytest.mark.parametrize(
    "argv",
    [
        [], ["token"], ["token", "--help"], ["token", "-h"], ["token", "--json"], ["token", "a", "b"], ["token", "a", "--json"],
        ["--debug", "token", "a"], ["show", "a"], ["exec", "a"], ["token", "--"], ["header", "-1"],
    ],
)  # fmt: skip
def test_all_else_is_left_to_the_tree(argv):
    assert shortcut.parse(argv) is None


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


OPENED = """
import sys
opened = set()
def hook(event, args):
    if event == "open" and str(args[0]).endswith((".toml", "index.json")):
        opened.add(str(args[0]).rpartition("/")[2])
sys.addaudithook(hook)
from tui_oauth.cli.main import main
code = main(sys.argv[1:])
print(*sorted(opened), file=sys.stderr)
sys.exit(code)
"""


def test_token_reads_no_service_file_or_the_one_that_a_refresh_needs(shell, signed_in):
    def opened(*args: str) -> list[str]:
        argv = [sys.executable, "-c", OPENED, *args]
        done = subprocess.run(argv, env=shell.environ, capture_output=True, text=True, check=True)
        return [name for name in done.stderr.split() if name != shell.settings.name]

    signed_in(expires_in=3600)
    assert opened("token", "practice") == []
    assert opened("token", "practice", "--min-ttl", "7200") == ["practice.toml"]
