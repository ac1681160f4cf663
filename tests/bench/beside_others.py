"""What a token costs a program, beside other tools that keep tokens: whole processes, in turns.

    python tests/bench/beside_others.py [ROUNDS]

gh, rclone and oidc-agent (Debian's packages) are left out with a word where they are missing. Our modules
are compiled first, as pip does with what it installs, whatever the environment says of that. Targets:
`token` without an agent at most 1.3 times `gh auth token`; the agent's token file at most 1.5 times `cat`
of any file; the agent's socket from Python at most 1.2 times bare Python that connects to it.
"""

from __future__ import annotations

import compileall
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

GH_HOSTS = "github.com:\n    oauth_token: gho_0123456789abcdefghijklmnopqrstuvwxyz\n    user: me\n"
RCLONE = '[drive]\ntype = drive\ntoken = {"access_token":"x","expiry":"2999-01-01T00:00:00Z"}\n'
CONNECT = """
from _socket import AF_UNIX, SOCK_STREAM, socket
socket(AF_UNIX, SOCK_STREAM).connect({path!r})
"""
CLIENT = """
import sys
sys.path.insert(0, {root!r})
from tui_oauth.agent.client import ask
print(ask(None, "token entry-005"))
"""
Program = tuple[list[str], dict[str, str]]


def seconds(argv: list[str], environ: dict[str, str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(argv, env=environ, capture_output=True, check=False)
    taken = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{argv[0]} ended with {done.returncode}: {done.stderr[-300:]!r}")
    return taken


def others(home: Path, environ: dict[str, str]) -> dict[str, Program]:
    """The other tools that are there, each with a token to print."""
    (home / ".config/gh").mkdir(parents=True)
    (home / ".config/gh/hosts.yml").write_text(GH_HOSTS)
    (home / ".config/rclone").mkdir()
    (home / ".config/rclone/rclone.conf").write_text(RCLONE)
    found: dict[str, Program] = {}
    for name, argv in {
        "gh auth token": ["gh", "auth", "token"],
        "rclone config dump": ["rclone", "config", "dump"],
        "oidc-token, asked for its version": ["oidc-token", "--version"],
    }.items():
        if shutil.which(argv[0]):
            found[name] = (argv, environ)
        else:
            print(f"{argv[0]} is not here and left out")
    return found


def ours() -> list[str]:
    """The command as it is installed beside this Python; else the module."""
    installed = Path(sys.executable).with_name("tui-oauth")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "tui_oauth"]


def agents(environ: dict[str, str]) -> tuple[subprocess.Popen[bytes], dict[str, Program]]:
    """A running agent, and the ways to its tokens."""
    runtime = Path(tempfile.mkdtemp(prefix="tui-oauth-bench-", dir="/dev/shm"))
    runtime.chmod(0o700)
    environ = {**environ, "XDG_RUNTIME_DIR": str(runtime)}
    command = ours()
    subprocess.run(
        [*command, "agent", "file", "entry-005"], env=environ, check=True, capture_output=True
    )
    running = subprocess.Popen(
        [*command, "agent"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    folder = runtime / "tui-oauth"
    end = time.monotonic() + 20
    while not (folder / "entry-005").exists():
        if time.monotonic() > end:
            running.kill()
            raise SystemExit("the agent wrote no token file within 20 s")
        time.sleep(0.05)
    plain = runtime / "a file"
    plain.write_text("x" * 60 + "\n")
    bare = [sys.executable, "-I", "-S", "-c"]
    return running, {
        "cat of any file": (["cat", str(plain)], environ),
        "cat of the agent's token file": (["cat", str(folder / "entry-005")], environ),
        "bare Python and a connect": (
            [*bare, CONNECT.format(path=f"{folder}/agent.sock")],
            environ,
        ),
        "Python asks the agent": ([*bare, CLIENT.format(root=str(ROOT))], environ),
        "tui-oauth token, agent runs": ([*command, "token", "entry-005"], environ),
    }


def main() -> None:
    from tests.bench.filled import fill

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    compileall.compile_dir(ROOT / "tui_oauth", quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        others_too = ("XDG_", "TUI_OAUTH_", "PYTHON")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(others_too)}
        environ = {**kept, "HOME": folder, "PYTHONPATH": str(ROOT)}
        fill(environ, 200)
        programs = others(home, environ)
        programs["tui-oauth token, no agent"] = (
            [*ours(), "token", "entry-005"], environ,
        )  # fmt: skip
        running, through = agents(environ)
        programs |= through
        times: dict[str, list[float]] = {name: [] for name in programs}
        try:
            for number in range(rounds + 1):
                for name, (argv, surroundings) in programs.items():
                    taken = seconds(argv, surroundings)
                    if number:
                        times[name].append(taken)
        finally:
            running.terminate()
            running.wait(10)
            shutil.rmtree(next(iter(through.values()))[1]["XDG_RUNTIME_DIR"], ignore_errors=True)
    print(f"one valid token of 200 entries, whole process, {rounds} rounds, medians")
    against = {
        "tui-oauth token, no agent": "gh auth token",
        "cat of the agent's token file": "cat of any file",
        "Python asks the agent": "bare Python and a connect",
        "tui-oauth token, agent runs": "tui-oauth token, no agent",
    }
    for name, taken_times in times.items():
        line = f"  {name:34} {statistics.median(taken_times) * 1000:7.1f} ms"
        other = against.get(name, "")
        if other in times:
            ratio = statistics.median(taken_times) / statistics.median(times[other])
            line += f"  {ratio:5.2f} times {other}"
        print(line)


if __name__ == "__main__":
    main()
