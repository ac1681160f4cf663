"""`doctor`, `vault backup`, `export`, `import` and `status --accept-older`, as commands."""

from __future__ import annotations

import json
import os
import stat
import subprocess

import pytest
from cli_tools import COMMAND, SECONDS

BUNDLE = ("--bundle-passphrase-command", "printf 'correct horse'")


def damage(vault, place=0.5):
    data = bytearray(vault.read_bytes())
    data[int(len(data) * place)] ^= 2
    vault.write_bytes(data)


def test_doctor_on_a_healthy_vault(shell, configured):
    done = shell.run("doctor")
    assert done.out == "Nothing found in 14 checks.\n"
    assert done.err == ""
    shown = shell.run("doctor", "--json").json
    assert shown["state"] == "clean"
    assert shown["findings"] == shown["left_out"] == []
    assert shown["salvage"] is None


def test_doctor_with_findings_is_1_and_damaged_is_6(shell, configured):
    shell.vault.chmod(0o640)
    shown = shell.run("doctor", "--json", code=1).json
    (one,) = shown["findings"]
    assert shown["state"] == "findings"
    assert set(one) == {"id", "severity", "message", "advice"}
    assert (one["id"], one["severity"]) == ("vault-mode", "warning")
    assert one["advice"] == f"Run: chmod 600 {shell.vault}"
    shell.vault.chmod(0o600)
    damage(shell.vault)
    before = shell.vault.read_bytes()
    done = shell.run("doctor", code=6)
    assert "--salvage OUT" in done.out
    assert shell.run("doctor", "--json", code=6).json["state"] == "damaged"
    assert shell.vault.read_bytes() == before


def test_doctor_works_locked_and_without_a_vault(shell, configured):
    (shell.home / ".config/tui-oauth/vault.key").unlink()
    done = shell.run("doctor")
    assert "Left out: the seal (MAC): the vault is locked" in done.out
    assert shell.run("doctor", "--json").json["left_out"]
    shell.vault.unlink()
    assert shell.run("doctor", "--json", code=1).json["findings"][0]["id"] == "vault-missing"


def test_doctor_with_settings_that_cannot_be_read(shell, configured):
    shell.configure("[callback\n")
    shown = shell.run("doctor", "--json", code=1).json
    assert [one["id"] for one in shown["findings"]] == ["settings-invalid"]


def test_salvage_leaves_the_original_and_the_new_one_works(shell, authorized, tmp_path):
    authorized(token="canary-token")
    damage(shell.vault, 0.6)
    before = shell.vault.read_bytes()
    out = tmp_path / "out.json"
    done = shell.run("doctor", "--salvage", str(out), code=6)
    assert f"Salvaged 1 entry to {out}" in done.out
    assert "flipped bit was turned back" in done.out
    assert "canary" not in done.out + done.err
    assert shell.vault.read_bytes() == before
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert shell.run("token", "practice", "--vault", str(out)).out == "canary-token\n"
    again = shell.run("doctor", "--salvage", str(out), code=3)
    assert "not touched" in again.err
    out.replace(shell.vault)
    assert shell.run("doctor").out.startswith("Nothing found")
    assert shell.run("list").err == ""


def test_salvage_of_a_torn_vault_names_what_is_lost(shell, configured, tmp_path):
    shell.run("create", "second", "--service", "practice")
    shell.run("rename", "second", "other")
    data = shell.vault.read_bytes()
    shell.vault.write_bytes(data[: data.rindex(b'","sec":"') + 40])
    shown = shell.run("doctor", "--json", "--salvage", str(tmp_path / "out.json"), code=6).json[
        "salvage"
    ]
    assert shown["proven"] is False
    assert [(one["name"], one["may_be_older"]) for one in shown["saved"]] == [("practice", True)]
    (lost,) = shown["lost"]
    assert lost["name"] == "other"
    assert f"{shell.vault}.bak" in lost["copies"]
    marked = shell.run("show", "practice", "--json", "--vault", str(tmp_path / "out.json")).json
    assert "may be older" in marked["last_error"]
    # The copy that has it brings it back, under the name that it had then.
    (tmp_path / "out.json").replace(shell.vault)
    shell.run("import", f"{shell.vault}.bak", code=3)
    assert {one["name"] for one in shell.run("list", "--json").json} == {"practice", "second"}


def test_the_passphrase_of_a_descriptor_is_read_once(shell, tmp_path):
    shell.run("init", "--passphrase", environ={"TUI_OAUTH_PASSPHRASE": "correct horse"})
    reader, writer = os.pipe()
    os.write(writer, b"correct horse\n")
    os.close(writer)
    done = subprocess.run(
        [*COMMAND, "--passphrase-fd", str(reader), "doctor", "--salvage", str(tmp_path / "out")],
        env=shell.environ, pass_fds=[reader], capture_output=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    os.close(reader)
    assert done.returncode == 0, done
    assert (tmp_path / "out").exists()


def test_backup(shell, configured, tmp_path):
    target = tmp_path / "copy.json"
    done = shell.run("vault", "backup", str(target))
    assert done.out == f"Made the copy {target}\n"
    assert target.read_bytes() == shell.vault.read_bytes()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "not touched" in shell.run("vault", "backup", str(target), code=3).err
    beside = shell.run("vault", "backup").out.split()[-1]
    assert beside.startswith(f"{shell.vault}.2")
    damage(shell.vault)
    assert shell.run("vault", "backup", str(tmp_path / "bad"), code=6).out == ""
    assert not (tmp_path / "bad").exists()


def test_export_and_import_between_two_machines(shell, authorized, tmp_path):
    authorized(token="canary-token")
    shell.run("create", "second", "--service", "practice")
    path = tmp_path / "x.bundle"
    done = shell.run(
        "export", str(path), "practice", "--new-passphrase-command", "printf 'correct horse'"
    )
    assert done.out == f"Exported 1 entry to {path}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"canary" not in path.read_bytes()
    assert "nobody can be asked" in shell.run("export", str(tmp_path / "y"), code=2).err
    shell.run("export", str(path), *("--new-passphrase-command", "printf x"), code=3)
    missing = ("--new-passphrase-command", "printf x")
    shell.run("export", str(tmp_path / "y"), "nobody", *missing, code=3)
    assert not (tmp_path / "y").exists()

    other = {"TUI_OAUTH_VAULT": str(tmp_path / "other" / "vault.json")}
    shell.run("init", environ=other)
    assert "nobody can be asked" in shell.run("import", str(path), environ=other, code=4).err
    dry = shell.run("import", str(path), "--dry-run", "--json", *BUNDLE, environ=other).json
    assert dry["dry_run"] is True
    assert [(one["action"], one["name"]) for one in dry["entries"]] == [("add", "practice")]
    assert shell.run("list", "--json", environ=other).json == []
    shell.run("import", str(path), *BUNDLE, environ=other)
    assert shell.run("token", "practice", environ=other).out == "canary-token\n"

    shell.run("rename", "practice", "mine", environ=other)
    dry = shell.run("import", str(path), "--dry-run", *BUNDLE, environ=other)
    assert "conflict" in dry.out
    kept = shell.run("import", str(path), *BUNDLE, environ=other, code=3)
    assert "--replace" in kept.err
    assert shell.run("list", "--json", environ=other).json[0]["name"] == "mine"
    shell.run("import", str(path), "--replace", *BUNDLE, environ=other)
    assert shell.run("list", "--json", environ=other).json[0]["name"] == "practice"


def test_a_bundle_with_a_wrong_passphrase_or_damage(shell, configured, tmp_path):
    path = tmp_path / "x.bundle"
    reader, writer = os.pipe()
    os.write(writer, b"correct horse\n")
    os.close(writer)
    done = subprocess.run(
        [*COMMAND, "export", str(path), "--new-passphrase-fd", str(reader)],
        env=shell.environ, pass_fds=[reader], capture_output=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    os.close(reader)
    assert done.returncode == 0, done
    before = shell.vault.read_bytes()
    shell.run("import", str(path), "--bundle-passphrase-command", "printf wrong", code=4)
    damage(path, 0.7)
    shell.run("import", str(path), *BUNDLE, code=6)
    shell.run("import", str(tmp_path / "none"), *BUNDLE, code=2)
    assert shell.vault.read_bytes() == before


def test_the_passphrase_of_a_bundle_is_typed_twice_on_a_terminal(shell, configured, tmp_path):
    path = tmp_path / "x.bundle"
    with shell.terminal("export", str(path)) as terminal:
        terminal.wait_for("Passphrase for the bundle (not shown): ")
        assert not terminal.echoes
        terminal.type("correct horse\n")
        terminal.wait_for("The same again: ")
        terminal.type("correct horse\n")
        assert "Exported 1 entry" in terminal.end()
    shell.run("delete", "practice", "--yes")
    with shell.terminal("import", str(path)) as terminal:
        terminal.wait_for(f"Passphrase of {path}: ")
        terminal.type("correct horse\n")
        assert "added" in terminal.end()


@pytest.mark.parametrize("args", [["list"], ["show", "practice"], ["status"]])
def test_an_older_vault_is_said_once_on_standard_error_until_accepted(shell, configured, args):
    old = shell.vault.read_bytes()
    shell.run("create", "second", "--service", "practice")
    shell.vault.write_bytes(old)
    for _ in range(2):
        done = shell.run(*args)
        assert done.err.count("--accept-older") == 1
        assert "--accept-older" not in done.out
    accepted = shell.run("status", "--accept-older", "--json")
    assert accepted.err == "The vault is taken as it is from now on.\n"
    assert accepted.json["vault_state"] == "open"
    assert shell.run(*args).err == ""
    assert shell.run("status", "--accept-older").err == ""


def test_token_prints_the_token_alone_also_where_the_vault_is_older(shell, authorized):
    authorized(token="tok")
    old = shell.vault.read_bytes()
    shell.run("create", "second", "--service", "practice")
    shell.vault.write_bytes(old)
    done = shell.run("token", "practice")
    assert done.out == "tok\n"
    assert "older" in done.err
    note = json.loads((shell.state / "last-seen.json").read_text())
    assert len(note) == 1


def test_a_vault_of_a_newer_version_is_6_and_untouched_by_every_command(
    shell, configured, tmp_path
):
    data = shell.vault.read_bytes().replace(b'{"v":1,', b'{"v":2,', 1)
    shell.vault.write_bytes(data)
    before = {path.name for path in shell.vault.parent.iterdir()}
    words = ("--new-passphrase-command", "printf x")
    for args in (
        ["list"],
        ["token", "practice"],
        ["rename", "practice", "x"],
        ["vault", "backup"],
        ["export", str(tmp_path / "x"), *words],
        ["import", f"{shell.vault}.bak"],
        ["doctor"],
        ["doctor", "--salvage", str(tmp_path / "out")],
        ["status"],
    ):
        done = shell.run(*args, code=6)
        assert "newer tui-oauth" in done.out + done.err
        assert shell.vault.read_bytes() == data
    assert {path.name for path in shell.vault.parent.iterdir()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]
