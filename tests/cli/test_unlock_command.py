"""`unlock` and `lock`: a passphrase vault that works for scripts for a while."""

from __future__ import annotations

import re
import subprocess
import sys
import time

import pytest
from agent_home import talk, wait_for
from cli_tools import COMMAND, SECONDS

from tests.seccomp import blocking
from tui_oauth.vault import kernel_keyring, read_header

WORDS = {"TUI_OAUTH_PASSPHRASE": "correct horse"}
DERIVATION = "cryptography.hazmat.primitives.kdf.argon2"


@pytest.fixture
def kernel():
    """A kernel that keeps keys for us."""
    try:
        kernel_keyring.recall("0" * 32)
    except kernel_keyring.Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def worded(shell, kernel):
    """A passphrase vault with one authorized entry, and its id; what is kept is forgotten at the end."""
    from tests.bench.filled import authorized_entry
    from tui_oauth.secret import Secret
    from tui_oauth.vault import create_vault
    from tui_oauth.workspace import Workspace

    places = Workspace.from_environment(shell.environ).places
    vault = create_vault(places, passphrase=Secret("correct horse"))
    vault.add(*authorized_entry("practice", "token-canary"))
    vault_id = vault.header.vault_id
    yield vault_id
    kernel_keyring.forget(vault_id)


def modules(shell, *args):
    """What the real command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tui_oauth", *args],
        env=shell.environ, capture_output=True, text=True, check=True, timeout=SECONDS,
    )  # fmt: skip
    return set(re.findall(r"^import time:.*\| +(\S+)$", done.stderr, re.MULTILINE))


def test_while_unlocked_no_call_derives_the_key(shell, worded):
    shell.run("token", "practice", code=4)
    done = shell.run("unlock", "--for", "8h", environ=WORDS)
    assert re.search(r"^Unlocked .* until \d{4}-\d\d-\d\dT[\d:]+Z \(8 h\)\.$", done.out, re.M)
    assert "every program that runs as you" in done.err
    for _ in range(3):
        assert shell.run("token", "practice").out == "token-canary\n"
    loaded = modules(shell, "token", "practice")
    assert DERIVATION not in loaded  # where the derivation is, it is imported
    assert not loaded & {"subprocess", "textual", "httpx", "asyncio", "ssl", "keyring"}
    shell.more = dict(WORDS)
    assert DERIVATION in modules(shell, "token", "practice")


def test_status_says_until_when(shell, worded):
    assert shell.run("status", "--json").json["unlocked_until"] is None
    shell.run("unlock", "--for", "1h", environ=WORDS)
    shown = shell.run("status", "--json").json
    assert (shown["vault_state"], shown["protection"]) == ("open", "passphrase")
    until = time.strptime(shown["unlocked_until"], "%Y-%m-%dT%H:%M:%SZ")
    import calendar

    assert 3500 < calendar.timegm(until) - time.time() <= 3600
    assert f"Unlocked until  {shown['unlocked_until']}" in shell.run("status").out


def test_lock_forgets(shell, worded):
    shell.run("unlock", environ=WORDS)
    shell.run("list")
    assert shell.run("lock").out == f"Locked {shell.vault}\n"
    shell.run("list", code=4)
    assert shell.run("lock").out == f"{shell.vault} was not unlocked.\n"


def test_it_ends_by_itself(shell, worded):
    shell.run("unlock", "--for", "2s", environ=WORDS)
    deadline = time.monotonic() + 20
    while shell.run("token", "practice", code=None).code == 0:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert "tui-oauth unlock" in shell.run("token", "practice", code=4).err


def test_nobody_prolongs_it_without_a_key(shell, worded):
    shell.run("unlock", environ=WORDS)
    assert "is locked" in shell.run("unlock", "--for", "7d", code=4).err


def test_the_passphrase_is_asked_once(shell, worded):
    with shell.terminal("unlock", "--for", "1h") as terminal:
        terminal.wait_for("Passphrase for ")
        terminal.type("correct horse\n")
        assert "Unlocked" in terminal.end()
    with shell.terminal("list") as terminal:
        assert "Passphrase" not in terminal.end()


def test_rekey_ends_it(shell, worded):
    shell.run("unlock", environ=WORDS)
    done = shell.run("vault", "rekey", environ=WORDS)
    assert "no longer unlocked" in done.err
    shell.run("list", code=4)
    shell.run("list", environ=WORDS)


def test_a_key_file_vault_is_told_that_it_stays_open(shell, workspace, kernel):
    vault_id = read_header(shell.vault).vault_id
    try:
        shell.run("unlock", "--for", "1h")
        assert "goes on opening it" in shell.run("lock").err
    finally:
        kernel_keyring.forget(vault_id)


def test_where_the_kernel_refuses_it_is_said(shell, worded):
    for args, code, words in (
        (["unlock"], 8, "Instead: give scripts a key file of their own"),
        (["lock"], 8, "blocked"),
        (["list"], 0, ""),
        (["status"], 0, ""),
    ):
        done = subprocess.run(
            [*COMMAND, *args], env={**shell.environ, **WORDS}, capture_output=True, text=True,
            timeout=SECONDS, check=False, preexec_fn=blocking(kernel_keyring._numbers()),
        )  # fmt: skip
        assert done.returncode == code, done
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        if args == ["status"]:
            assert "Cannot unlock  the kernel's keyring is blocked here" in done.stdout


def test_an_unlocked_token_costs_far_less_than_a_derivation(shell, worded):
    def best(environ):
        times = []
        for _ in range(5):
            started = time.perf_counter()
            shell.run("token", "practice", environ=environ)
            times.append(time.perf_counter() - started)
        return min(times)

    with_words = best(WORDS)
    shell.run("unlock", environ=WORDS)
    assert best({}) < with_words * 0.8


def test_an_agent_is_open_for_as_long_and_says_until_when(shell, worded, runtime):
    def status():
        return shell.run("agent", "status", "--json").json

    with shell.start("agent") as agent:
        agent.said("The vault is locked")
        assert status()["locked"] is True
        assert "tui-oauth unlock" in talk(runtime, "token practice")[0]
        assert "locked" in shell.run("agent", "status").out
        shell.run("unlock", "--for", "1h", environ=WORDS)
        wait_for(lambda: talk(runtime, "token practice") == ["ok token-canary"])
        assert status()["unlocked_until"] is not None
        assert ", open until 20" in shell.run("agent", "status").out
        shell.run("lock")
        assert talk(runtime, "token practice")[0].startswith("error VaultLocked")
        assert shell.run("token", "practice", code=4).out == ""
        shell.run("unlock", "--for", "4", environ=WORDS)
        wait_for(lambda: talk(runtime, "token practice") == ["ok token-canary"])
        wait_for(lambda: status()["locked"])  # nobody did anything
        assert talk(runtime, "token practice")[0].startswith("error VaultLocked")
