"""Wrong calls, broken outputs, defects: what the person sees and the exit code."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess

import pytest
from cli_tools import COMMAND, SECONDS

from tui_oauth.cli import main as cli_main
from tui_oauth.cli.commands import COMMANDS, GROUPS


@pytest.mark.parametrize("command", [*GROUPS, *(c.name for c in COMMANDS)])
def test_every_command_has_help_with_an_example(command, capsys):
    assert cli_main.main([*command.split(), "--help"]) == 0
    shown = capsys.readouterr()
    assert f"usage: tui-oauth {command}" in shown.out
    example = shown.out.split("example:\n")[1].strip()
    assert f"tui-oauth {command}" in example
    assert shown.err == ""


def test_the_tree_names_every_command_of_the_interface():
    assert {c.name for c in COMMANDS} == {
        "init", "status", "services", "guide", "service add", "service show", "service check",
        "create", "callback-url", "configure", "authorize", "list", "show", "token", "header",
        "check", "refresh", "revoke", "rename", "delete", "sandbox", "demo", "unlock", "lock",
        "vault key list", "vault key add", "vault key remove", "vault passphrase", "vault rekey",
        "vault backup", "export", "import", "doctor", "discover", "exec",
        "agent", "agent status", "agent install", "agent file", "agent allow", "audit", "extract",
        "write", "curl", "git-credential", "kubectl-credential", "xoauth2",
    }  # fmt: skip


def test_help_and_version(shell):
    from tui_oauth import __version__

    assert shell.run("--version").out == f"tui-oauth {__version__}\n"
    shown = shell.run("--help")
    assert "tui-oauth demo" in shown.out
    assert shown.err == ""


def test_trap_8_without_a_terminal_manage_oauth_says_what_to_do(shell):
    done = shell.run(code=2)
    assert done.out == ""
    assert "needs a terminal" in done.err
    assert "tui-oauth --help" in done.err


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["lst"], "Perhaps: tui-oauth list"),
        (["\x1b[31mevil\u202e"], r"'\\x1b[31mevil'"),
        (["service"], "add, show, check"),
        (["service", "shw"], "Perhaps: tui-oauth service show"),
        (["token"], "tui-oauth token needs NAME. Run: tui-oauth token --help"),
        (["token", "x", "--min-ttl", "-5"], "--min-ttl"),
        (["token", "x", "--min-ttl", "soon"], "a whole number is wanted"),
        (["list", "--expiring", "7 days"], "30m, 12h or 7d"),
        (["authorize", "x", "--timeout", "0"], "from 1 to 86400 seconds"),
        (["authorize", "x", "--open", "--no-open"], "not allowed with"),
        (["create", "x"], "one of the arguments --service --discover is required"),
        (["create", "x", "--service", "practice", "--set", "port"], "--set region=eu"),
        (["rename", "a", "b", "c"], "takes fewer arguments: 1 too many"),
        (["refresh"], "the name of one entry, or --all"),
        (["refresh", "x", "--all"], "the name of one entry, or --all"),
        (["sandbox", "--port", "65536"], "up to 65535"),
        (["list", "--js"], "has no option --js"),
    ],
)
def test_wrong_calls_end_with_2_and_advice(args, words, shell):
    done = shell.run(*args, code=2)
    assert done.out == ""
    assert words in done.err
    assert done.err.startswith("tui-oauth: ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("option", ["--client-secret", "--secret", "--password"])
def test_rule_113_secrets_are_not_taken_as_arguments_and_not_repeated(option, shell):
    for args in ([option, "hunter-canary"], [f"{option}=hunter-canary"], ["hunter-canary"]):
        done = shell.run("configure", "x", *args, code=2)
        assert "hunter-canary" not in done.out + done.err
    advice = shell.run("configure", "x", option, "hunter-canary", code=2).err
    assert "--client-secret-stdin" in advice


def test_rule_113_no_option_takes_a_secret():
    for command in COMMANDS:
        parser = cli_main_parser(command)
        for action in parser._actions:
            for name in action.option_strings:
                if re.search("secret|pass|token", name):
                    assert name in {
                        "--client-secret-stdin", "--client-secret-file", "--client-secret-expires", "--passphrase",
                        "--passphrase-command", "--passphrase-fd", "--refresh-tokens",
                        "--new-passphrase-command", "--new-passphrase-fd",
                        "--bundle-passphrase-command", "--bundle-passphrase-fd",
                        "--secret-lifetime", "--odd-id-token", "--id-token",
                    }  # fmt: skip
                    assert (
                        action.nargs == 0
                        or name
                        in {
                            "--client-secret-file",
                            "--client-secret-expires",
                            "--secret-lifetime",
                            "--odd-id-token",
                        }
                        or name.endswith(("passphrase-command", "passphrase-fd"))
                    )


def cli_main_parser(command):
    import argparse

    from tui_oauth.cli import options

    parser = argparse.ArgumentParser()
    options.everywhere(parser, None)
    command.fill(parser)
    return parser


def test_global_options_stand_before_and_after_the_command(shell, workspace, tmp_path):
    other = tmp_path / "elsewhere" / "vault.json"
    shell.run("--vault", str(other), "init")
    assert other.exists()
    for args in (
        ["--vault", str(other), "status", "--json"],
        ["status", "--json", "--vault", str(other)],
    ):
        assert shell.run(*args).json["vault"] == str(other)
    assert shell.run("status", "--json").json["vault"] == str(shell.vault)


def test_a_reader_that_leaves_is_no_defect(shell, workspace):
    process = subprocess.Popen(
        [*COMMAND, "--help"], env=shell.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    process.wait(SECONDS)
    with process.stderr as stderr:
        assert stderr.read() == b""
    assert process.returncode == 8


@pytest.mark.parametrize("args", [["status"], ["--version"], ["--help"]])
def test_a_full_disk_under_the_output_is_named(args, shell, workspace):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, *args], env=shell.environ, stdout=full, stderr=subprocess.PIPE,
            check=False, timeout=SECONDS,
        )  # fmt: skip
    assert done.returncode == 8
    assert done.stderr.startswith(b"tui-oauth: Input or output failed: No space left on device")
    assert done.stderr.count(b"\n") == 1


def test_closed_streams(shell, workspace):
    line = " ".join(COMMAND)
    run = ["sh", "-c"]
    done = subprocess.run(
        [*run, f"{line} status >&-"], env=shell.environ, capture_output=True, check=False
    )
    assert done.returncode == 8
    assert b"Standard output is closed" in done.stderr
    done = subprocess.run(
        [*run, f"{line} list 2>&- <&-"], env=shell.environ, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"")


def test_a_terminal_without_unicode_gets_escapes_not_a_defect(shell, authorized):
    authorized()
    done = subprocess.run(
        [*COMMAND, "list"], env={**shell.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True, check=True,
    )  # fmt: skip
    assert b"\\u25cf Authorized" in done.stdout


def test_rule_120_a_defect_is_one_line_and_a_log_without_secrets(shell, authorized, workspace):
    authorized(token="canary-access-token/+")
    # A defect made on purpose: the service's file breaks a promise that the code relies on.
    broken = (
        "import sys\n"
        "from tui_oauth.cli import main, tokens\n"
        "def fail(entry, text):\n"
        "    held = main  # a local variable\n"
        "    raise KeyError('lost ' + text + ' and https://x.example/?code=canary-code')\n"
        "tokens.one_line = fail\n"
        "sys.exit(main.main(['--debug', 'token', 'practice']))\n"
    )
    import sys

    done = subprocess.run(
        [sys.executable, "-c", broken],
        env=shell.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    log = shell.state / "tui-oauth.log"
    assert done.returncode == 1
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last == f"tui-oauth: This is a defect of tui-oauth (KeyError). The log is {log}."
    assert "Traceback" not in done.stderr
    assert log.stat().st_mode & 0o777 == 0o600
    written = log.read_text()
    assert "KeyError" in written
    assert "in fail" in written
    for text in (written, done.stderr):
        assert "canary" not in text


def test_a_log_that_cannot_be_written_is_said(shell, workspace, tmp_path):
    import sys

    shutil.rmtree(shell.state)
    shell.state.write_text("a file where the folder should be")
    broken = (
        "import sys\n"
        "from tui_oauth.cli import main, vault\n"
        "vault.status = lambda context: 1 / 0\n"
        "sys.exit(main.main(['status']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", broken],
        env=shell.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "could not be written" in done.stderr
    assert done.stderr.count("\n") == 1


def test_interrupted_is_130(shell):
    with shell.start("sandbox", "--port", "0", "--json") as sandbox:
        sandbox.event()
        sandbox.interrupt(signal.SIGINT)
        done = sandbox.end(130)
    assert done.err == "tui-oauth: Interrupted.\n"


def test_debug_tells_what_is_done_without_secrets(shell, authorized):
    authorized(token="canary-token")
    done = shell.run("--debug", "token", "practice")
    assert done.out == "canary-token\n"
    assert "command token" in done.err
    assert "exit code 0" in done.err
    assert "canary" not in done.err


def test_a_settings_file_with_a_mistake_is_named(shell):
    shell.configure("[callback]\nprot = 1\n")
    done = shell.run("callback-url", code=2)
    assert "callback.prot" in done.err
    assert str(shell.settings) in done.err


def test_a_home_of_nobody_is_a_name_like_any_other(shell, workspace):
    nobody = "~nobody-of-this-name/x"
    assert "no vault" in shell.run("--vault", nobody, "list", code=4).err
    assert "no key file" in shell.run("--key-file", nobody, "list", code=4).err
    shell.run("list", environ={"TUI_OAUTH_CONFIG": nobody})
    shell.run("service", "check", nobody, code=8)
    shell.run("list", environ={"TUI_OAUTH_VAULT": nobody}, code=4)


@pytest.mark.parametrize("columns", ["9" * 5000, "²", "0", "-3"])
def test_a_width_that_is_none_is_ignored(columns, shell, workspace):
    shell.run("list", environ={"COLUMNS": columns})
    assert "usage" in shell.run("--help", environ={"COLUMNS": columns}).out


def test_bytes_that_are_no_text_in_an_argument(shell, workspace):
    done = shell.run("show", b"caf\xe9\x1b]52;c;AAAA\x07", code=3)
    assert "\x1b" not in done.err
    assert os.fsdecode(b"\xe9") not in done.err


def test_a_word_of_another_command_does_not_hide_the_tree(shell, workspace):
    assert "Perhaps: tui-oauth list" in shell.run("lst", "token", code=2).err
    assert "Perhaps: tui-oauth service show" in shell.run("service", "shw", "token", code=2).err
    assert "sandbox" in shell.run("--help", "token").out
    assert "list" in shell.run("callback-url", "list", code=3).err
