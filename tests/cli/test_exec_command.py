"""`exec`: a program with tokens, its signals, its exit status, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cli_tools import COMMAND, Shell
from test_imports import HEAVY, loaded

from tui_oauth.errors import StorageFailed, UnsafePath
from tui_oauth.model import EntrySecrets, TokenSet
from tui_oauth.passing_files import passing_files
from tui_oauth.secret import Secret

PRINT = ("sh", "-c", 'echo "$PRACTICE_ACCESS_TOKEN"')
SHOW_FILE = (
    "sh", "-c", 'cat "$PRACTICE_HEADER_FILE"; echo "$PRACTICE_HEADER_FILE"; echo "${PRACTICE_ACCESS_TOKEN-none}"',
)  # fmt: skip
WAITS = """
import os, signal
count = 0
def counts(number, frame):
    global count
    count += 1
def ends(number, frame):
    os.write(1, b"interrupts %d\\n" % count)
    os._exit(9)
signal.signal(signal.SIGINT, counts)
signal.signal(signal.SIGUSR1, ends)
signal.signal(signal.SIGTERM, ends)
os.write(1, b"ready %d\\n" % os.getpid())
while True:
    signal.pause()
"""


@pytest.fixture
def runtime(shell: Shell, tmp_path: Path) -> Path:
    """The folder that is emptied at logout."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    shell.more["XDG_RUNTIME_DIR"] = str(folder)
    return folder


@pytest.fixture
def second(workspace, authorized):
    """Another authorized entry, called `two.b`."""
    authorized(token="tok-1")
    entry = workspace.vault.find("practice")
    held = workspace.vault.secrets(entry)
    tokens = held.tokens._replace(access_token=Secret("tok-2"))
    return workspace.vault.add(
        entry._replace(id="", name="two.b"), EntrySecrets("id", Secret("secret"), tokens)
    )


def left(runtime: Path) -> list[Path]:
    return [path for path in runtime.rglob("*") if not path.is_dir()]


def test_a_program_gets_the_token_in_its_environment(shell, authorized):
    authorized(token="tok.en+/==")
    done = shell.run("exec", "practice", "--", *PRINT)
    assert (done.out, done.err) == ("tok.en+/==\n", "")


def test_the_variable_can_be_named(shell, authorized):
    authorized(token="tok")
    done = shell.run("exec", "practice", "--env", "API_KEY", "--", "printenv", "API_KEY")
    assert done.out == "tok\n"
    done = shell.run("exec", "--env=practice=K", "practice", "--", "printenv", "K")
    assert done.out == "tok\n"


def test_several_entries_each_with_a_variable(shell, second):
    script = 'echo "$PRACTICE_ACCESS_TOKEN $TWO_B_ACCESS_TOKEN"'
    assert shell.run("exec", "practice", "two.b", "--", "sh", "-c", script).out == "tok-1 tok-2\n"
    script = 'echo "$ONE $TWO ${PRACTICE_ACCESS_TOKEN-none}"'
    done = shell.run(
        "exec", "practice", "Two.B", "--env", "two.b=TWO", "--env", "practice=ONE", "--", "sh", "-c", script,
    )  # fmt: skip
    assert done.out == "tok-1 tok-2 none\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("practice", "two.b", "--env", "X"), "which of the 2 entries"),
        (("practice", "two.b", "--env", "other=X"), "not among"),
        (("practice", "two.b", "--env", "two.b=X", "--env", "practice=X"), "Two entries"),
        (("practice", "two.b", "--env", "two.b=X", "--env", "two.b=Y"), "two variables"),
        (("practice", "practice"), "Two entries"),
        (("practice", "--env", "A-B"), "cannot be the name"),
        (("practice", "--env", "1A"), "cannot be the name"),
        (("practice", "--env", ""), "cannot be the name"),
    ],
)
def test_variables_that_cannot_be_are_2_and_nothing_runs(words, said, shell, second, tmp_path):
    done = shell.run("exec", *words, "--", "touch", str(tmp_path / "ran"), code=2)
    assert said in done.err
    assert not (tmp_path / "ran").exists()


def test_without_a_token_for_each_nothing_runs(shell, second, workspace, tmp_path):
    ran = ("--", "touch", str(tmp_path / "ran"))
    shell.run("exec", "practice", "nobody", *ran, code=3)
    shell.run("create", "bare", "--service", "practice")
    done = shell.run("exec", "practice", "bare", *ran, code=7)
    assert "tui-oauth configure bare" in done.err
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("more", [(), ("--header-file",)])
def test_rule_117_a_token_with_control_characters_runs_nothing(
    more, shell, authorized, tmp_path, runtime
):
    authorized(token="a\nb")
    done = shell.run("exec", "practice", *more, "--", "touch", str(tmp_path / "ran"), code=10)
    assert "control characters" in done.err
    assert not (tmp_path / "ran").exists()
    assert left(runtime) == []


def test_what_is_missing_or_cannot_be_started_is_2(shell, authorized, runtime):
    authorized()
    for words in (
        ("exec",),
        ("exec", "practice"),
        ("exec", "practice", "--"),
        ("exec", "practice", "--", ""),
        ("exec", "--", "true"),
    ):
        assert "tui-oauth" in shell.run(*words, code=2).err
    assert "two dashes" in shell.run("exec", "practice", "true", code=2).err
    for more in ((), ("--header-file",)):
        for program in ("no-such-program", "/etc/passwd"):
            done = shell.run("exec", "practice", *more, "--", program, code=2)
            assert "could not be started" in done.err
    assert left(runtime) == []


def test_all_behind_the_dashes_is_the_programs(shell, authorized):
    authorized()
    words = ["--help", "--vault", "x", "--", "token", "exec", "-h", "--env", "é", "$HOME"]
    done = shell.run("exec", "practice", "--", "printf", "%s\n", *words)
    assert done.out.splitlines() == words


@pytest.mark.parametrize("more", [(), ("--header-file",)])
def test_standard_input_environment_and_exit_status_are_the_programs(
    more, shell, authorized, runtime
):
    authorized()
    shell.more["MINE"] = "kept"
    script = 'read line; echo "$line $MINE"; exit 42'
    done = shell.run("exec", "practice", *more, "--", "sh", "-c", script, stdin="in\n", code=42)
    assert (done.out, done.err) == ("in kept\n", "")


@pytest.mark.parametrize("more", [(), ("--header-file",)])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_that_ends_the_program_ends_this_one(more, number, shell, authorized, runtime):
    authorized()
    script = f"ulimit -c 0; kill -{int(number)} $$"
    shell.run("exec", "practice", *more, "--", "sh", "-c", script, code=-number)
    assert left(runtime) == []


@pytest.mark.parametrize("more", [(), ("--header-file",)])
def test_the_program_starts_with_the_signals_as_they_were(more, shell, authorized, runtime):
    authorized()
    masks = ("grep", "-E", "Sig(Ign|Blk|Cgt)", "/proc/self/status")
    plain = subprocess.run(masks, capture_output=True, text=True, check=True).stdout
    # The C library keeps two of the real-time ones to itself, and sets them when it starts a program.
    known = re.compile(r"[0-9a-f]{8}$", re.MULTILINE)
    found = shell.run("exec", "practice", *more, "--", *masks).out
    masked = [int(mask, 16) & 0x7FFFFFFF for mask in known.findall(found)]
    assert masked == [int(mask, 16) & 0x7FFFFFFF for mask in known.findall(plain)]
    assert len(masked) == 3


def test_the_header_in_a_file_that_is_gone_afterwards(shell, authorized, runtime):
    authorized(token="tok")
    header, path, token = shell.run(
        "exec", "practice", "--header-file", "--", *SHOW_FILE
    ).out.splitlines()
    assert header == "Authorization: Bearer tok"
    assert token == "none", "the environment has the path only"
    assert Path(path).is_relative_to(runtime)
    assert not Path(path).exists()
    assert left(runtime) == []
    script = 'stat -c "%a %F" "$F" "$(dirname "$F")"'
    done = shell.run("exec", "practice", "--header-file", "--env", "F", "--", "sh", "-c", script)
    assert done.out.splitlines() == ["600 regular file", "700 directory"]


def test_each_entry_has_a_header_file_of_its_own(shell, second, runtime):
    script = 'cat "$PRACTICE_HEADER_FILE" "$TWO_B_HEADER_FILE"'
    done = shell.run("exec", "practice", "two.b", "--header-file", "--", "sh", "-c", script)
    assert done.out == "Authorization: Bearer tok-1\nAuthorization: Bearer tok-2\n"
    assert left(runtime) == []


def test_curl_takes_the_header_file(shell, signed_in, provider, runtime):
    signed_in()
    script = f'curl -sS -H @"$PRACTICE_HEADER_FILE" {provider.url}/me'
    done = shell.run("exec", "practice", "--header-file", "--", "sh", "-c", script)
    assert done.json["app"]["name"] == "Aurora Books"


@pytest.mark.parametrize("more", [(), ("--header-file",)])
def test_signals_are_passed_on(more, shell, authorized, runtime):
    authorized()
    words = ("exec", "practice", *more, "--", sys.executable, "-c", WAITS)
    with shell.start(*words) as running:
        assert running.line().startswith("ready ")
        running.interrupt(signal.SIGINT)
        running.interrupt(signal.SIGTERM)
        done = running.end(9)
    assert done.out == "interrupts 1\n"
    assert left(runtime) == []


def test_what_the_terminal_sends_reaches_the_program_once(shell, authorized, runtime):
    authorized()
    words = ("exec", "practice", "--header-file", "--", sys.executable, "-c", WAITS)
    with shell.terminal(*words, environ={"XDG_RUNTIME_DIR": str(runtime)}) as terminal:
        terminal.wait_for("ready ")
        terminal.type("\x03")
        terminal.wait_for("^C")
        os.kill(terminal.process.pid, signal.SIGUSR1)
        assert "interrupts 1" in terminal.end(9)
    assert left(runtime) == []


def test_it_stops_and_goes_on_with_the_program(shell, authorized, runtime):
    authorized()
    words = ("exec", "practice", "--header-file", "--", sys.executable, "-c", WAITS)
    process = subprocess.Popen(
        [*COMMAND, *words], env=shell.environ, stdout=subprocess.PIPE, text=True, process_group=0
    )
    try:
        assert process.stdout.readline().startswith("ready ")
        os.killpg(process.pid, signal.SIGTSTP)
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        os.killpg(process.pid, signal.SIGCONT)
        process.send_signal(signal.SIGUSR1)
        assert process.communicate(timeout=20)[0] == "interrupts 0\n"
        assert process.returncode == 9
    finally:
        process.kill()
        process.wait()


def test_what_a_killed_one_left_is_cleared_away_by_the_next(shell, authorized, runtime):
    authorized()
    words = ("exec", "practice", "--header-file", "--", sys.executable, "-c", WAITS)
    with shell.start(*words) as killed, shell.start(*words) as alive:
        child = int(killed.line().split()[1])
        assert alive.line().startswith("ready ")
        killed.interrupt(signal.SIGKILL)
        os.kill(child, signal.SIGTERM)
        killed.end(-signal.SIGKILL)
        assert len(left(runtime)) == 2
        shell.run("exec", "practice", "--header-file", "--", "true")
        assert len(left(runtime)) == 1, "that of the one that is alive"
        alive.interrupt(signal.SIGTERM)
        alive.end(9)
    assert left(runtime) == []


def test_without_a_runtime_folder_it_is_shared_memory(shell, authorized, tmp_path):
    authorized()
    loose = tmp_path / "loose"
    loose.mkdir(mode=0o755)
    for environ in ({}, {"XDG_RUNTIME_DIR": "relative"}, {"XDG_RUNTIME_DIR": str(loose)}):
        done = shell.run(
            "exec", "practice", "--header-file", "--", "printenv", "PRACTICE_HEADER_FILE", environ=environ,
        )  # fmt: skip
        path = Path(done.out.strip())
        assert path.parent == Path(f"/dev/shm/tui-oauth-exec-{os.getuid()}")
        assert not path.exists()


def test_where_nothing_is_in_memory_only_no_file_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("tui_oauth.passing_files._SHARED_MEMORY", tmp_path / "none")
    with pytest.raises(StorageFailed, match="XDG_RUNTIME_DIR"), passing_files({}, ["x"]):
        raise AssertionError
    assert list(tmp_path.rglob("*.header")) == []


def test_rule_111_somebody_elses_folder_is_refused(tmp_path):
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (runtime / "tui-oauth-exec").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafePath), passing_files({"XDG_RUNTIME_DIR": str(runtime)}, ["x"]):
        raise AssertionError
    (runtime / "tui-oauth-exec").unlink()
    (runtime / "tui-oauth-exec").mkdir(mode=0o755)
    with pytest.raises(UnsafePath), passing_files({"XDG_RUNTIME_DIR": str(runtime)}, ["x"]):
        raise AssertionError
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert stat.S_IMODE((runtime / "tui-oauth-exec").stat().st_mode) == 0o755


def test_a_bound_token_is_handed_with_a_word(shell, workspace, authorized):
    entry = authorized()
    workspace.vault.change(entry.id, lambda e, held: (e, held._replace(tokens=bound(held.tokens))))
    done = shell.run("exec", "practice", "--", *PRINT)
    assert done.out
    assert "bound to a key (DPoP)" in done.err


def bound(tokens: TokenSet) -> TokenSet:
    return tokens._replace(token_type="DPoP")


def test_a_token_that_ends_soon_is_refreshed_first(shell, signed_in, provider):
    signed_in(rotating_refresh=True, expires_in=30)
    first = shell.run("exec", "practice", "--min-ttl", "0", "--", *PRINT).out
    assert provider.application.count["refresh"] == 0
    assert shell.run("exec", "practice", "--", *PRINT).out not in {first, "\n"}
    assert provider.application.count["refresh"] == 1


def test_the_passphrase_is_not_handed_on(shell, tmp_path):
    secret = tmp_path / "words"
    secret.write_text("correct horse\n")
    shell.run("init", "--passphrase", "--passphrase-command", f"cat {secret}")
    script = f"exec 9<{secret}; exec {' '.join(COMMAND)} exec x --passphrase-fd 9 -- true"
    done = subprocess.run(["sh", "-c", script], env=shell.environ, capture_output=True, check=False)
    assert done.returncode == 3, "the vault opens, and has no such entry"


@pytest.mark.parametrize("more", [(), ("--header-file",)])
def test_exec_loads_little(more, shell, authorized, runtime):
    authorized()
    modules = loaded(shell, "exec", "practice", *more, "--", "true")
    assert not modules & (HEAVY | {"subprocess", "tempfile", "shutil", "socket"})


def test_descriptors_of_ours_are_not_the_programs(shell, authorized, tmp_path, workspace, runtime):
    authorized()
    key = workspace.places.key_file.read_text()
    assert re.match("tui-oauth-key", key)
    plain = subprocess.run(["ls", "/proc/self/fd"], capture_output=True, text=True, check=True)
    for more in ((), ("--header-file",)):
        done = shell.run("exec", "practice", *more, "--", "ls", "/proc/self/fd")
        assert done.out == plain.stdout
