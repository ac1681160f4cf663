"""The adapters beside a running agent: the same answers, and the vault is not opened for them."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from adapter_home import declare
from agent_home import age
from cli_tools import Running, Shell
from test_imports import loaded

from tui_oauth.practice.provider import PracticeProvider

ASKED = "protocol=http\nhost=127.0.0.1:1\n\n"
FILE = "FILE"
WAYS = (
    ("git-credential", "practice", "get"),
    ("curl", "practice"),
    ("kubectl-credential", "practice"),
    ("kubectl-credential", "practice", "--id-token"),
    ("xoauth2", "practice", "--user", "ann@example.com"),
    *(
        ("write", "practice", FILE, "--format", form)
        for form in ("env", "json", "netrc", "id-token")
    ),
)
KNOWS_GIT = '[quirks.git]\norigins = ["http://127.0.0.1:1"]\n\n[quirks.api]'


def outcomes(shell: Shell) -> list[str]:
    """What each adapter prints, or writes to its file."""
    file = shell.home / "file"
    found = []
    for args in WAYS:
        words = [str(file) if word == FILE else word for word in args]
        done = shell.run(*words, stdin=ASKED if args[0] == "git-credential" else None)
        found.append(file.read_text() if FILE in args else done.out)
    return found


def test_they_ask_a_running_agent_which_alone_has_the_vault_open(
    shell: Shell, with_id_token: Callable[[int], str], hold: Callable[..., None], runtime: Path
) -> None:
    with_id_token(3600)
    declare(shell, KNOWS_GIT)
    without = outcomes(shell)
    by_vault = shell.run("audit", "--json").json
    with shell.start("agent") as agent:
        agent.allow(90)
        agent.said("The vault is open")
        assert outcomes(shell) == without
        by_agent = shell.run("audit", "--json").json[len(by_vault) :]
        assert [one["way"] for one in by_agent] == [one["way"] for one in by_vault]
        assert {(one["pid"], one["path"]) for one in by_agent} == {
            (one["pid"], one["path"]) for one in by_vault
        }, "the program that started the command"
        assert not loaded(shell, *WAYS[1]) & {"tinydb", "cryptography"}
        hold(token_type="DPoP")
        refused = shell.run("curl", "practice", code=2)
        assert refused.err.count("bound to a key") == 1
        agent.interrupt(signal.SIGTERM)
        agent.end()


def test_what_a_service_refused_to_git_is_renewed_by_the_agent(
    shell: Shell, signed_in: Callable[..., None], provider: PracticeProvider, agent: Running
) -> None:
    signed_in(rotating_refresh=True, expires_in=3600)
    declare(shell, KNOWS_GIT)
    first = shell.run("token", "practice").out.strip()
    for _ in range(2):  # the second time it is another one already
        shell.run("git-credential", "practice", "erase", stdin=f"{ASKED[:-1]}password={first}\n\n")
        assert provider.application.count["refresh"] == 1
    assert shell.run("token", "practice").out.strip() != first


def test_a_kept_file_follows_what_the_agent_refreshes_and_takes_nothing_else(
    shell: Shell, signed_in: Callable[..., None], agent: Running, tmp_path: Path
) -> None:
    signed_in(rotating_refresh=True, expires_in=3600)
    shell.run("create", "other", "--service", "intercom", "--set", "region=eu")
    file = tmp_path / "kept"
    with shell.start("write", "practice", str(file), "--keep", "--format", "env") as running:
        running.said("Wrote ")
        first = file.read_text()
        shell.run("rename", "other", "another")  # the vault changes, the entry does not
        age(shell, 3580)  # the agent refreshes it
        running.said("Wrote ")
        assert file.read_text() != first
        running.interrupt()
        running.end(130)
    taken = [one for one in shell.run("audit", "practice", "--json").json if one["way"] == "write"]
    assert 2 <= len(taken) <= 4, "not at each change of the vault"
