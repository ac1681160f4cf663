"""git's credential helper, with git itself."""

from __future__ import annotations

import base64
import functools
import http.server
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from adapter_home import US, declare, needs, run
from cli_tools import Shell


@dataclass
class GitServer:
    """A repository behind a password, served as plain files (gitprotocol-http(5), dumb clients)."""

    port: int
    password: str = ""
    refused: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/repo.git"


@pytest.fixture
def git_server(tmp_path: Path, shell: Shell) -> Iterator[GitServer]:
    root = tmp_path / "git"
    bare, work = root / "repo.git", tmp_path / "work"
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    run(shell, "git", "init", "-q", "-b", "main", str(work))
    (work / "file").write_text("content\n")
    run(shell, "git", "-C", str(work), "add", "file")
    run(shell, "git", "-C", str(work), *who, "commit", "-q", "-m", "first")
    run(shell, "git", "clone", "-q", "--bare", str(work), str(bare))
    run(shell, "git", "-C", str(bare), "update-server-info")

    class Files(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = base64.b64encode(f"oauth2:{server.password}".encode()).decode()
            given = self.headers.get("Authorization", "")
            if given == f"Basic {wanted}":
                super().do_GET()
                return
            if given:
                server.refused.append(given)
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: object) -> None:
            """Nothing: the test looks at what git says."""

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Files, directory=str(root))
    ) as listener:
        server = GitServer(listener.server_address[1])
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,))
        thread.start()
        yield server
        listener.shutdown()
        thread.join()


def as_helper(shell: Shell) -> dict[str, str]:
    """git with our helper and no other, and nobody to ask."""
    return {
        "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": f"!{US} git-credential practice",
    }  # fmt: skip


def git_places(shell: Shell, server: GitServer) -> None:
    declare(shell, f'[quirks.git]\norigins = ["http://127.0.0.1:{server.port}"]\n\n[quirks.api]')


@needs("git")
def test_git_clones_with_the_token(shell, authorized, git_server, tmp_path):
    authorized(token="tok.en+/==")
    git_places(shell, git_server)
    git_server.password = "tok.en+/=="
    run(shell, "git", "clone", "-q", git_server.url, str(tmp_path / "copy"), **as_helper(shell))
    assert (tmp_path / "copy" / "file").read_text() == "content\n"
    assert git_server.refused == []


@needs("git")
def test_git_credential_fill_for_its_own_host_only(shell, authorized, git_server, workspace):
    authorized(token="tok", ends_in=3_600)
    git_places(shell, git_server)
    ends = workspace.vault.find("practice").expires_at
    for host, protocol, expected in (
        (f"127.0.0.1:{git_server.port}", "http", ["username=oauth2", "password=tok"]),
        ("evil.example", "https", []),
        (f"127.0.0.1:{git_server.port}.evil.example", "http", []),
        (f"127.0.0.1:{git_server.port}", "https", []),
    ):
        asked = f"protocol={protocol}\nhost={host}\n\n"
        done = subprocess.run(
            ["git", "credential", "fill"], input=asked, env={**shell.environ, **as_helper(shell)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert [
            line for line in done.stdout.splitlines() if line in {"username=oauth2", "password=tok"}
        ] == expected
        assert (done.returncode == 0) == bool(expected)
        assert "tok" not in done.stderr
        given = shell.run("git-credential", "practice", "get", stdin=asked)
        assert given.out == (
            f"username=oauth2\npassword=tok\npassword_expiry_utc={ends}\n" if expected else ""
        )
        assert given.err == ""


@needs("git")
def test_a_token_that_git_was_refused_is_renewed_for_the_next_time(
    shell, signed_in, provider, git_server, tmp_path
):
    signed_in(rotating_refresh=True, expires_in=3_600)
    git_places(shell, git_server)
    first = shell.run("token", "practice").out.strip()
    git_server.password = "another"
    copy = str(tmp_path / "copy")
    run(shell, "git", "clone", "-q", git_server.url, copy, code=128, **as_helper(shell))
    assert len(git_server.refused) == 1
    assert provider.application.count["refresh"] == 1
    git_server.password = shell.run("token", "practice").out.strip()
    assert git_server.password != first
    run(shell, "git", "clone", "-q", git_server.url, copy, **as_helper(shell))
    asked = (
        f"protocol=http\nhost=127.0.0.1:{git_server.port}\nusername=oauth2\npassword={first}\n\n"
    )
    shell.run("git-credential", "practice", "erase", stdin=asked)
    assert provider.application.count["refresh"] == 1, "that one is not ours any more"


@pytest.mark.usefixtures("unchanged")
def test_what_git_tells_and_a_helper_need_not_know_changes_nothing(shell):
    for action in ("store", "capability", "\x1b[2J"):
        done = shell.run("git-credential", "practice", action, stdin="protocol=https\nhost=x\n\n")
        assert (done.out, done.err) == ("", "")
    done = shell.run("git-credential", "practice", "get", stdin="", code=2)
    assert "[quirks.git]" in done.err


def test_an_entry_that_needs_a_person_says_so_to_git(shell, authorized, git_server):
    authorized(ends_in=-10)
    git_places(shell, git_server)
    asked = f"protocol=http\nhost=127.0.0.1:{git_server.port}\n\n"
    done = shell.run("git-credential", "practice", "get", stdin=asked, code=7)
    assert done.out == ""
    assert "tui-oauth authorize practice" in done.err
