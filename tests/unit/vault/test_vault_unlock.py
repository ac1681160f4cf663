"""Where the key comes from: the order of sources, wrong keys, and never a guess."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from vault_helpers import entry, reopen, state_of

from tui_oauth.errors import AlreadyExists, UnsafePath, UsageProblem, VaultLocked
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import KeyOptions, Vault, container, create_vault, open_vault, slots

WORDS = "correct horse ünïcode"


@pytest.fixture
def worded(spots: Places, monkeypatch: pytest.MonkeyPatch) -> Vault:
    # The smallest costs within the bounds: these tests are about the sources.
    monkeypatch.setattr(slots, "MEMORY_KIB", 8192)
    monkeypatch.setattr(slots, "PASSES", 1)
    return create_vault(spots, passphrase=Secret(WORDS))


def _never(question: str) -> Secret:
    pytest.fail(f"asked {question!r}")


def _key(path: Path, byte: int = 7) -> Path:
    path.write_text(slots.key_file_text(bytes([byte]) * 32))
    path.chmod(0o600)
    return path


def test_a_vault_is_opened_by_the_default_key_file_without_a_question(
    vault: Vault, spots: Places
) -> None:
    vault.add(entry())
    assert len(open_vault(spots, {}, ask=_never).entries()) == 1
    assert vault.protection == "key file"


def test_the_key_file_has_the_documented_form(vault: Vault, spots: Places) -> None:
    prefix, key, checksum = spots.key_file.read_text().strip().split(":")
    assert prefix == "tui-oauth-key-v1"
    assert len(key) == 44
    assert len(checksum) == 8


def test_a_passphrase_vault_makes_no_key_file_and_asks(worded: Vault, spots: Places) -> None:
    asked: list[str] = []

    def ask(question: str) -> Secret:
        asked.append(question)
        return Secret(WORDS)

    worded.add(entry())
    assert worded.protection == "passphrase"
    assert not spots.key_file.exists()
    assert len(open_vault(spots, {}, ask=ask).entries()) == 1
    assert len(asked) == 1
    assert str(spots.vault) in asked[0]


def test_a_passphrase_in_another_unicode_form_is_the_same(worded: Vault, spots: Places) -> None:
    import unicodedata

    assert open_vault(spots, {}, passphrase=Secret(unicodedata.normalize("NFD", WORDS)))


def test_questions_end_after_three_wrong_answers(worded: Vault, spots: Places) -> None:
    answers = iter(["wrong", "", "wrong again"])
    with pytest.raises(VaultLocked, match="None of 3"):
        open_vault(spots, {}, ask=lambda _: Secret(next(answers)))
    assert list(answers) == []
    answers = iter(["wrong", WORDS])
    assert open_vault(spots, {}, ask=lambda _: Secret(next(answers)))


@pytest.mark.parametrize("passphrase", ["", "wrong", WORDS + " ", "\ud800"])
def test_a_wrong_passphrase_is_locked_and_not_damaged(
    worded: Vault, spots: Places, passphrase: str
) -> None:
    with pytest.raises(VaultLocked) as caught:
        open_vault(spots, {}, passphrase=Secret(passphrase))
    assert caught.value.exit_code == 4
    assert WORDS not in str(caught.value)


def test_the_default_costs_open_again(spots: Places) -> None:
    create_vault(spots, passphrase=Secret("x")).add(entry())
    assert len(open_vault(spots, {"TUI_OAUTH_PASSPHRASE": "x"}).entries()) == 1


def test_the_sources_of_a_passphrase(worded: Vault, spots: Places, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"print({WORDS!r})\nprint('second line')\n")
    command = f"{sys.executable} '{program}'"
    assert open_vault(spots, {"TUI_OAUTH_PASSPHRASE": WORDS})
    assert open_vault(spots, {"TUI_OAUTH_PASSPHRASE_COMMAND": command})
    assert open_vault(spots, {}, KeyOptions(passphrase_command=command), ask=_never)
    for use_option in (True, False):
        reading, writing = os.pipe()
        os.write(writing, WORDS.encode() + b"\r\n")
        os.close(writing)
        options = KeyOptions(passphrase_fd=reading) if use_option else KeyOptions()
        environ = {} if use_option else {"TUI_OAUTH_PASSPHRASE_FD": str(reading)}
        assert open_vault(spots, environ, options)
        os.close(reading)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("false", "status 1"),
        ("true", "no passphrase"),
        ("/nowhere/at-all", "could not be started"),
        ("echo wrong", "does not open"),
        ("head -c 20000 /dev/zero", "more than"),
    ],
)
def test_a_command_that_gives_no_passphrase(
    worded: Vault, spots: Places, command: str, expected: str
) -> None:
    environ = {"PATH": os.environ["PATH"], "TUI_OAUTH_PASSPHRASE_COMMAND": command}
    with pytest.raises(VaultLocked, match=expected):
        open_vault(spots, environ, ask=_never)


@pytest.mark.parametrize("command", ["'unbalanced", "   "])
def test_a_command_that_is_none(worded: Vault, spots: Places, command: str) -> None:
    with pytest.raises(UsageProblem):
        open_vault(spots, {"TUI_OAUTH_PASSPHRASE_COMMAND": command})


@pytest.mark.parametrize("number", ["x", "-1", "3.0", "٣", "99999999999999999999"])
def test_a_descriptor_is_a_number(worded: Vault, spots: Places, number: str) -> None:
    with pytest.raises(UsageProblem, match="descriptor"):
        open_vault(spots, {"TUI_OAUTH_PASSPHRASE_FD": number})


def test_a_descriptor_that_is_closed_or_empty(worded: Vault, spots: Places) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    with pytest.raises(VaultLocked, match="no passphrase"):
        open_vault(spots, {}, KeyOptions(passphrase_fd=reading))
    os.close(reading)
    with pytest.raises(VaultLocked, match="cannot be read"):
        open_vault(spots, {}, KeyOptions(passphrase_fd=reading))


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        (KeyOptions(key_file="k", passphrase_command="c"), {}),
        (KeyOptions(passphrase_command="c", passphrase_fd=0), {}),
        (KeyOptions(), {"TUI_OAUTH_KEY_FILE": "k", "TUI_OAUTH_PASSPHRASE": "p"}),
        (KeyOptions(), {"TUI_OAUTH_PASSPHRASE_FD": "3", "TUI_OAUTH_PASSPHRASE_COMMAND": "c"}),
    ],
)
def test_two_explicit_sources_are_a_mistake(
    vault: Vault, spots: Places, options: KeyOptions, environ: dict[str, str]
) -> None:
    with pytest.raises(UsageProblem, match="together"):
        open_vault(spots, environ, options)


def test_an_option_goes_before_the_environment(vault: Vault, spots: Places) -> None:
    environ = {"TUI_OAUTH_PASSPHRASE": "not even a slot for it"}
    assert open_vault(spots, environ, KeyOptions(key_file=str(spots.key_file)))
    with pytest.raises(VaultLocked, match="protected by key file"):
        open_vault(spots, environ)


def test_an_explicit_key_file_has_no_fallback(vault: Vault, spots: Places, tmp_path: Path) -> None:
    with pytest.raises(VaultLocked, match="no key file"):
        open_vault(spots, {"TUI_OAUTH_KEY_FILE": str(tmp_path / "absent")}, ask=_never)
    with pytest.raises(VaultLocked, match="not the one"):
        open_vault(spots, {}, KeyOptions(key_file=str(_key(tmp_path / "wrong"))), ask=_never)


def test_a_wrong_key_file_is_locked_and_touches_nothing(
    vault: Vault, home: Path, spots: Places
) -> None:
    _key(spots.key_file)
    before = state_of(home)
    with pytest.raises(VaultLocked, match="not the one"):
        reopen(home)
    assert state_of(home) == before


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not a tui-oauth key file"),
        (b"-----BEGIN PRIVATE KEY-----", "not a tui-oauth key file"),
        (b"tui-oauth-key-v1:AAAA:00000000", "damaged"),
        (slots.key_file_text(bytes(32)).replace("AAAB", "AAAC").encode()[:-3], "damaged"),
        (b"x" * 5000, "too large"),
    ],
)
def test_a_damaged_key_file_differs_from_a_wrong_one(
    vault: Vault, home: Path, spots: Places, content: bytes, expected: str
) -> None:
    spots.key_file.write_bytes(content)
    with pytest.raises(VaultLocked, match=expected):
        reopen(home)


def test_a_missing_key_says_what_would_work(vault: Vault, home: Path, spots: Places) -> None:
    spots.key_file.unlink()
    with pytest.raises(VaultLocked, match="--key-file") as caught:
        open_vault(spots, {}, ask=_never)
    assert str(spots.key_file) in caught.value.advice


def test_a_passphrase_vault_without_a_terminal_is_locked(worded: Vault, spots: Places) -> None:
    with pytest.raises(VaultLocked, match="--passphrase-command"):
        open_vault(spots, {})


def test_a_credential_of_systemd_goes_before_the_default_key_file(
    vault: Vault, spots: Places, tmp_path: Path
) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}
    assert open_vault(spots, environ)  # none for us in it
    spots.key_file.rename(folder / "tui-oauth.key")
    (folder / "tui-oauth.key").chmod(0o440)
    assert open_vault(spots, environ)
    (folder / "tui-oauth.key").chmod(0o444)
    with pytest.raises(UnsafePath):
        open_vault(spots, environ)


def test_several_slots_each_open_the_vault(
    vault: Vault, spots: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "MEMORY_KIB", 8192)
    data_key = slots.open_with_key(
        vault.header.slots[0],
        vault.header.vault_id,
        slots.read_key_text(spots.key_file.read_bytes(), "key"),
    )
    assert data_key is not None
    more = (
        slots.key_file_slot(data_key, vault.header.vault_id, b"\x07" * 32, 1, "cron"),
        slots.passphrase_slot(data_key, vault.header.vault_id, Secret(WORDS), 1, ""),
    )
    header = vault.header._replace(slots=(*vault.header.slots, *more))
    spots.vault.write_bytes(container.build({"entries": {}}, header, vault._keys))
    assert open_vault(spots, {}).protection == "key file, passphrase"
    assert open_vault(spots, {"TUI_OAUTH_KEY_FILE": str(_key(tmp_path / "cron"))})
    spots.key_file.unlink()
    assert open_vault(spots, {}, ask=lambda _: Secret(WORDS))


def test_a_slot_opens_in_its_own_vault_and_with_its_own_parameters_only() -> None:
    key, one, other = b"k" * 32, "0" * 32, "1" * 32
    slot = slots.key_file_slot(b"d" * 32, one, key, 1, "")
    assert slots.open_with_key(slot, one, key) == b"d" * 32
    assert slots.open_with_key(slot, other, key) is None
    assert slots.open_with_key(slot._replace(id="00000000"), one, key) is None
    assert slots.open_with_key(slot._replace(parameters={"m": 1}), one, key) is None
    assert slots.open_with_key(slot._replace(wrapped="???"), one, key) is None
    assert slots.open_with_key(slot, one, b"x" * 32) is None


def test_creating_never_touches_a_vault_or_a_key(vault: Vault, home: Path, spots: Places) -> None:
    vault.add(entry())
    before = state_of(home)
    for passphrase in (None, Secret("x")):
        with pytest.raises(AlreadyExists):
            create_vault(spots, passphrase=passphrase)
    assert state_of(home) == before


def test_a_key_file_that_is_there_is_used_and_not_changed(
    vault: Vault, spots: Places, tmp_path: Path
) -> None:
    before = spots.key_file.read_bytes(), spots.key_file.stat().st_mtime_ns
    second = spots._replace(vault=tmp_path / "second" / "vault.json")
    create_vault(second).add(entry())
    assert (spots.key_file.read_bytes(), spots.key_file.stat().st_mtime_ns) == before
    assert len(open_vault(second, {}).entries()) == 1
    own = create_vault(
        spots._replace(vault=tmp_path / "third" / "vault.json"), key_file=_key(tmp_path / "own")
    )
    assert own.protection == "key file"


def test_an_unsafe_or_damaged_key_file_makes_no_vault(home: Path, spots: Places) -> None:
    spots.key_file.parent.mkdir(parents=True, mode=0o700)
    _key(spots.key_file).chmod(0o644)
    with pytest.raises(UnsafePath):
        create_vault(spots)
    spots.key_file.chmod(0o600)
    spots.key_file.write_text("something else")
    with pytest.raises(VaultLocked):
        create_vault(spots)
    assert not spots.vault.exists()


def test_an_empty_passphrase_makes_no_vault(home: Path, spots: Places) -> None:
    with pytest.raises(UsageProblem, match="empty"):
        create_vault(spots, passphrase=Secret(""))
    assert list(home.iterdir()) == []


def test_the_copy_of_an_earlier_vault_is_named_and_outlives_a_new_one(
    vault: Vault, home: Path, spots: Places
) -> None:
    vault.add(entry("precious"))
    backup = spots.vault.with_name("vault.json.bak")
    kept = backup.read_bytes()
    spots.vault.unlink()
    with pytest.raises(VaultLocked, match=r"vault\.json\.bak"):
        reopen(home)
    fresh = create_vault(spots)
    fresh.add(entry("new"))
    fresh.add(entry("newer"))
    (aside,) = spots.vault.parent.glob("vault.json.bak.*")
    assert aside.read_bytes() == kept
