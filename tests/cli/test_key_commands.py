"""`vault key`, `vault passphrase`, `vault rekey` and `init --recovery` as real commands."""

from __future__ import annotations

import re

import pytest

CODE = re.compile(r"^Recovery code  ((?:[0-9A-Z]{4}-){6}[0-9A-Z]{4})$", re.MULTILINE)


def keys(shell):
    """The keys of the vault by kind: its id."""
    return {key["kind"]: key["id"] for key in shell.run("vault", "key", "list", "--json").json}


def test_the_keys_are_listed_also_while_the_vault_is_locked(shell, configured):
    (shell.home / ".config/tui-oauth/vault.key").unlink()
    shell.run("list", code=4)
    (key,) = shell.run("vault", "key", "list", "--json").json
    assert set(key) == {"id", "kind", "label", "created_at"}
    assert (key["kind"], key["label"]) == ("key-file", "first")
    assert key["created_at"].endswith("Z")
    shown = shell.run("vault", "key", "list").out
    assert re.match(r"KEY +KIND +LABEL +CREATED\n[0-9a-f]{8} +key file +first ", shown)


def test_a_key_file_for_cron(shell, configured, tmp_path):
    path = tmp_path / "cron.key"
    done = shell.run("vault", "key", "add", "key-file", str(path), "--label", "cron")
    assert f"Made the key file {path}\n" in done.out
    assert "The vault opens with: key file (" in done.err
    (shell.home / ".config/tui-oauth/vault.key").unlink()
    shell.run("list", code=4)
    assert shell.run("--key-file", str(path), "list", "--json").json[0]["name"] == "practice"
    again = shell.run("--key-file", str(path), "vault", "key", "add", "key-file", str(path), code=3)
    assert "opens the vault already" in again.err


def test_a_systemd_credential_opens_the_vault(shell, configured, tmp_path):
    folder = tmp_path / "credentials"
    folder.mkdir(mode=0o500)
    folder.chmod(0o700)
    (shell.home / ".config/tui-oauth/vault.key").rename(folder / "tui-oauth.key")
    for mode in (0o400, 0o440):  # 0440 is how systemd shows its access list
        (folder / "tui-oauth.key").chmod(mode)
        done = shell.run("list", "--json", environ={"CREDENTIALS_DIRECTORY": str(folder)})
        assert done.json[0]["name"] == "practice"
    shell.run("list", code=4)


def test_a_recovery_code_is_shown_once_and_opens_the_vault(shell):
    done = shell.run("init", "--recovery")
    (code,) = CODE.findall(done.out)
    assert "not shown again" in done.err
    (shell.home / ".config/tui-oauth/vault.key").unlink()
    locked = shell.run("list", code=4)
    assert "recovery code" in locked.err
    assert code not in shell.vault.read_text()
    typed = code.lower().replace("-", "")
    shell.run("list", environ={"TUI_OAUTH_PASSPHRASE": typed})
    with shell.terminal("vault", "key", "add", "recovery") as terminal:
        terminal.wait_for("Recovery code for ")
        assert not terminal.echoes
        terminal.type(f"{typed}\n")
        seen = terminal.end()
    assert CODE.findall(seen.replace("\r", ""))[0] != code


def test_init_speaks_of_a_recovery_code(shell):
    assert "tui-oauth vault key add recovery" in shell.run("init").err


def test_the_life_of_a_passphrase(shell, configured, tmp_path):
    new = tmp_path / "new"
    new.write_text("first words\n")
    add = ("vault", "key", "add", "passphrase", "--new-passphrase-command", f"cat {new}")
    assert "Added the passphrase (" in shell.run(*add).out
    (shell.home / ".config/tui-oauth/vault.key").unlink()
    old = {"TUI_OAUTH_PASSPHRASE": "first words"}
    shell.run("vault", "passphrase", code=2, environ=old)
    new.write_text("second words\n")
    with new.open("rb") as descriptor:
        import subprocess

        from cli_tools import COMMAND, SECONDS

        number = descriptor.fileno()
        done = subprocess.run(
            [*COMMAND, "vault", "passphrase", "--new-passphrase-fd", str(number)],
            env={**shell.environ, **old}, pass_fds=[number], capture_output=True,
            text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done
    assert "Changed the passphrase (key " in done.stdout
    assert "copies of the vault that were made before" in done.stderr
    shell.run("list", environ=old, code=4)
    shell.run("list", environ={"TUI_OAUTH_PASSPHRASE": "second words"})


def test_a_new_passphrase_is_typed_twice_after_the_old_one(shell):
    shell.run("init", "--passphrase", environ={"TUI_OAUTH_PASSPHRASE": "old canary"})
    with shell.terminal("vault", "passphrase") as terminal:
        terminal.wait_for("Passphrase for ")
        terminal.type("old canary\n")
        terminal.wait_for("New passphrase (not shown): ")
        terminal.type("new canary\n")
        terminal.wait_for("The same again: ")
        terminal.type("new canary\n")
        assert "canary" not in terminal.end()
    shell.run("list", environ={"TUI_OAUTH_PASSPHRASE": "new canary"})


def test_removing_a_key_asks_and_says_what_is_left(shell, configured, tmp_path):
    shell.run("vault", "key", "add", "key-file", str(tmp_path / "cron.key"), "--label", "cron")
    before = shell.vault.read_bytes()
    cron = shell.run("vault", "key", "list", "--json").json[1]["id"]
    assert "--yes" in shell.run("vault", "key", "remove", cron, code=2).err
    with shell.terminal("vault", "key", "remove", cron) as terminal:
        terminal.wait_for("The vault then opens with: key file (")
        terminal.type("n\n")
        terminal.end()
    assert shell.vault.read_bytes() == before
    done = shell.run("vault", "key", "remove", cron, "--yes")
    assert done.out == f"Removed the key file ({cron}, cron)\n"
    assert "tui-oauth vault rekey" in done.err
    shell.run("--key-file", str(tmp_path / "cron.key"), "list", code=4)
    left = keys(shell)["key-file"]
    assert "last key" in shell.run("vault", "key", "remove", left, "--yes", code=2).err
    assert "has no key" in shell.run("vault", "key", "remove", cron, "--yes", code=3).err


def test_rekey_says_what_it_leaves(shell, authorized, tmp_path):
    authorized(token="token-canary")
    shell.run("vault", "key", "add", "key-file", str(tmp_path / "cron.key"), "--label", "cron")
    refused = shell.run("vault", "rekey", code=2)
    assert "cannot be carried over" in refused.err
    assert "cron" in refused.err
    before = shell.vault.read_bytes()
    done = shell.run("vault", "rekey", "--yes")
    assert f"Sealed 1 entry of {shell.vault} under a new key\n" in done.out
    assert "vault.json.bak" in done.err
    assert "open with the old keys" in done.err
    assert "revoke tokens" in done.err
    assert shell.vault.read_bytes() != before
    assert shell.vault.with_name("vault.json.bak").read_bytes() == before
    assert shell.run("token", "practice").out == "token-canary\n"
    shell.run("--key-file", str(tmp_path / "cron.key"), "list", code=4)


def test_rekey_asks_on_a_terminal(shell, configured, tmp_path):
    shell.run("vault", "key", "add", "recovery")
    before = shell.vault.read_bytes()
    with shell.terminal("vault", "rekey") as terminal:
        terminal.wait_for("replaces the present one")
        terminal.type("n\n")
        assert "Nothing was changed" in terminal.end()
    assert shell.vault.read_bytes() == before
    with shell.terminal("vault", "rekey") as terminal:
        terminal.wait_for("Go on? [y/N] ")
        terminal.type("y\n")
        assert CODE.findall(terminal.end().replace("\r", ""))


def test_a_keyring_that_is_not_there_is_not_offered(shell, workspace):
    before = shell.vault.read_bytes()
    environ = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    done = shell.run("vault", "key", "add", "keyring", code=8, environ=environ)
    assert "cannot be used" in done.err
    assert "tui-oauth vault key add key-file PATH" in done.err
    assert shell.vault.read_bytes() == before


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["vault"], "vault needs one of: key"),
        (["vault", "key"], "vault key needs one of: list, add, remove"),
        (["vault", "kee"], "Perhaps: tui-oauth vault key"),
        (["vault", "key", "ad"], "Perhaps: tui-oauth vault key add"),
        (["vault", "key", "add"], "needs KIND"),
        (["vault", "key", "add", "floppy"], "invalid choice"),
        (["vault", "key", "add", "key-file"], "needs its path"),
        (["vault", "key", "add", "recovery", "/tmp/x"], "takes no path"),
        (["vault", "key", "add", "passphrase"], "nobody can be asked"),
        (["vault", "key", "add", "recovery", "--new-passphrase-fd", "0"], "is none"),
        (["vault", "key", "add", "recovery", "--label", "a\nb"], "plain text"),
        (["vault", "passphrase"], "nobody can be asked"),
        (["vault", "passphrase", "--new-passphrase-command", "echo x"], "has no passphrase"),
        (["unlock", "--for", "0"], "from 1 second to 30 days"),
        (["unlock", "--for", "31d"], "from 1 second to 30 days"),
    ],
)
def test_wrong_calls_change_nothing(args, words, shell, workspace):
    before = shell.vault.read_bytes()
    assert words in shell.run(*args, code=2).err
    assert shell.vault.read_bytes() == before


@pytest.mark.parametrize(
    "args",
    [["vault", "key", "list"], ["vault", "rekey"], ["unlock"], ["lock"],
     ["vault", "key", "add", "recovery"]],
)  # fmt: skip
def test_without_a_vault_nothing_is_made(args, shell):
    assert "tui-oauth init" in shell.run(*args, code=4).err
    assert not shell.vault.parent.exists()
