"""`init` and `status`: without a vault, open, locked, damaged."""

from __future__ import annotations

import stat

FIELDS = {
    "vault", "vault_state", "protection", "entries", "problem", "key_file", "settings",
    "own_services", "state", "log", "callback_urls", "not_protected", "unlocked_until", "unlock_problem",
}  # fmt: skip


def test_init_makes_a_vault_with_a_key_file(shell):
    key = shell.home / ".config/tui-oauth/vault.key"
    done = shell.run("init")
    assert done.out == f"Made the vault {shell.vault}\nMade the key file {key}\n"
    assert "as long as the key file is not copied with it" in done.err
    for path, mode in ((shell.vault, 0o600), (key, 0o600), (shell.vault.parent, 0o700)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_init_does_not_touch_a_vault(shell, configured):
    key = shell.home / ".config/tui-oauth/vault.key"
    before = shell.vault.read_bytes(), key.read_bytes()
    for args in (["init"], ["init", "--passphrase"]):
        done = shell.run(*args, code=3)
        assert "not touched" in done.err
    assert (shell.vault.read_bytes(), key.read_bytes()) == before


def test_init_with_a_passphrase(shell):
    done = shell.run("init", "--passphrase", code=2)
    assert "--passphrase-command" in done.err
    assert not shell.vault.exists()
    done = shell.run("init", "--passphrase", environ={"TUI_OAUTH_PASSPHRASE": "correct horse"})
    assert done.out == f"Made the vault {shell.vault}\n"
    assert not (shell.home / ".config/tui-oauth/vault.key").exists()
    locked = shell.run("list", code=4)
    assert "--passphrase-command" in locked.err
    shell.run("list", environ={"TUI_OAUTH_PASSPHRASE": "wrong"}, code=4)
    command = "printf 'correct horse\\n'"
    assert shell.run("--passphrase-command", command, "list", "--json").json == []
    shown = shell.run("status", "--json").json
    assert shown["vault_state"] == "locked"
    assert shown["protection"] == "passphrase"
    assert shown["entries"] is None
    assert "locked" in shown["problem"]


def test_two_ways_to_unlock_are_a_mistake(shell, workspace):
    done = shell.run("list", "--passphrase-command", "cat", "--passphrase-fd", "0", code=2)
    assert "given together" in done.err


def test_status_without_a_vault(shell, free_port):
    done = shell.run("status", "--json")
    assert set(done.json) == FIELDS
    assert done.json["vault"] == str(shell.vault)
    assert done.json["vault_state"] == "missing"
    assert done.json["entries"] is None
    assert "tui-oauth init" in done.json["problem"]
    assert done.json["callback_urls"] == {
        "http": f"http://127.0.0.1:{free_port}/callback",
        "https": f"https://localhost:{free_port}/callback",
    }
    assert "root" in done.json["not_protected"]
    assert not shell.vault.exists()


def test_status_of_an_open_vault(shell, configured):
    shown = shell.run("status", "--json").json
    assert (shown["vault_state"], shown["protection"], shown["entries"]) == ("open", "key file", 1)
    assert shown["problem"] is None
    text = shell.run("status")
    assert str(shell.vault) in text.out
    assert "Not protected:" in text.out
    assert "secure" not in text.out.lower()
    assert text.err == ""


def test_status_when_the_key_file_is_away(shell, configured):
    (shell.home / ".config/tui-oauth/vault.key").unlink()
    shown = shell.run("status", "--json").json
    assert shown["vault_state"] == "locked"
    assert "--key-file" in shown["problem"]
    shell.run("list", code=4)


def test_a_damaged_vault_is_6_and_stays_as_it_is(shell, configured):
    content = bytearray(shell.vault.read_bytes())
    content[len(content) // 2] ^= 1
    shell.vault.write_bytes(content)
    shown = shell.run("status", "--json", code=6).json
    assert shown["vault_state"] == "unusable"
    for args in (["list"], ["token", "practice"], ["create", "x", "--service", "practice"]):
        assert shell.run(*args, code=6).out == ""
    assert shell.vault.read_bytes() == content


def test_a_vault_that_others_can_read_is_9(shell, configured):
    shell.vault.chmod(0o644)
    done = shell.run("list", code=9)
    assert str(shell.vault) in done.err
    assert shell.run("status", "--json", code=9).json["vault_state"] == "unusable"


def test_the_settings_file_may_name_the_vault(shell, tmp_path):
    other = tmp_path / "project" / "vault.json"
    shell.configure(f'vault = "{other}"\n')
    shell.run("init")
    assert other.exists()
    assert shell.run("status", "--json").json["vault"] == str(other)
