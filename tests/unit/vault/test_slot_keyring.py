"""The system's keyring: probed with a limit, read in a child, and no vault hangs for it."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from pathlib import Path

import pytest
from vault_helpers import entry

from tui_oauth.errors import StorageFailed, VaultLocked
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import Vault, open_vault, os_keyring, rekey, slot_changes
from tui_oauth.vault.unlock import open_with_slot

# The program waits two seconds for a keyring's answer, and starts a process for it.
pytestmark = pytest.mark.alone

# A back end as anyone may install one; it keeps its items in a folder.
BACKEND = """
import os, time
from pathlib import Path
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

class Folder(KeyringBackend):
    priority = float(os.environ.get("FOLDER_PRIORITY", "5"))
    def _path(self, service, name):
        if os.environ.get("FOLDER_HANGS"):
            time.sleep(60)
        if os.environ.get("FOLDER_LOCKED"):
            raise RuntimeError("the collection is \\x1b[31mlocked")
        return Path(os.environ["FOLDER"], f"{service}-{name}".replace("/", "-"))
    def get_password(self, service, name):
        path = self._path(service, name)
        return path.read_text() if path.exists() else None
    def set_password(self, service, name, value):
        self._path(service, name).write_text(value)
    def delete_password(self, service, name):
        try:
            self._path(service, name).unlink()
        except FileNotFoundError:
            raise PasswordDeleteError("no such item")
"""


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    if importlib.util.find_spec("keyring") is None:  # not imported: a test asks whether we do
        pytest.skip("the package keyring is not installed")
    modules, items = tmp_path / "modules", tmp_path / "items"
    modules.mkdir()
    items.mkdir()
    (modules / "folder_keyring.py").write_text(BACKEND)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(modules),
        "PYTHON_KEYRING_BACKEND": "folder_keyring.Folder",
        "FOLDER": str(items),
    }


def _items(environ: dict[str, str]) -> list[Path]:
    return sorted(Path(environ["FOLDER"]).iterdir())


def test_a_keyring_opens_the_vault(vault: Vault, spots: Places, environ: dict[str, str]) -> None:
    vault.add(entry())
    assert os_keyring.probe(environ) == "folder_keyring.Folder"
    info = slot_changes.add_keyring(vault, environ, "desktop")
    assert vault.protection == "key file, system keyring"
    spots.key_file.unlink()
    assert len(open_vault(spots, environ).entries()) == 1
    (item,) = _items(environ)
    assert vault.header.vault_id in item.name
    assert item.read_text() not in spots.vault.read_text()
    assert "keyring" not in sys.modules  # imported in the child alone
    slot_changes.add_passphrase(vault, Secret("words"))
    slot = slot_changes.remove_slot(vault, info.id)
    assert slot_changes.forget_in_keyring(environ, vault.header.vault_id, slot) == ""
    assert _items(environ) == []
    assert "no such item" in slot_changes.forget_in_keyring(environ, vault.header.vault_id, slot)


def test_it_is_carried_over_by_a_rekey(
    vault: Vault, spots: Places, environ: dict[str, str]
) -> None:
    slot_changes.add_keyring(vault, environ)
    opened, found = open_with_slot(spots, environ)
    plan = rekey.plan(spots, environ, opened, found)
    assert plan.dropped == ()
    rekey.rekey(opened, plan)
    spots.key_file.unlink()
    assert open_vault(spots, environ)


def test_a_keyring_that_does_not_answer_costs_two_seconds(
    vault: Vault, spots: Places, environ: dict[str, str]
) -> None:
    slot_changes.add_keyring(vault, environ)
    spots.key_file.unlink()
    slow = {**environ, "FOLDER_HANGS": "1"}
    started = time.monotonic()
    with pytest.raises(VaultLocked, match="did not answer within 2 s"):
        open_vault(spots, slow)
    assert 1.9 < time.monotonic() - started < 6
    with pytest.raises(os_keyring.Unavailable, match="within 2 s"):
        os_keyring.probe(slow)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}, "no keyring"),
        ({"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}, "no keyring"),
        ({"FOLDER_PRIORITY": "0.5"}, "no keyring"),
        ({"FOLDER_LOCKED": "1"}, "refused (RuntimeError: the collection is \\x1b[31mlocked)"),
        ({"PYTHON_KEYRING_BACKEND": "nowhere.At_all"}, "refused (ModuleNotFoundError"),
    ],
)
def test_a_keyring_that_is_none_is_not_offered(
    vault: Vault, spots: Places, environ: dict[str, str], changes: dict[str, str], words: str
) -> None:
    with pytest.raises(os_keyring.Unavailable) as caught:
        os_keyring.probe({**environ, **changes})
    assert words in str(caught.value)
    before = spots.vault.read_bytes()
    with pytest.raises(StorageFailed, match="Nothing was changed"):
        slot_changes.add_keyring(vault, {**environ, **changes})
    assert spots.vault.read_bytes() == before


def test_without_the_package_the_extra_is_named(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "modules" / "keyring.py").write_text("raise ImportError('not installed')\n")
    with pytest.raises(os_keyring.Unavailable, match=r"pip install 'tui-oauth\[keyring\]'"):
        os_keyring.probe(environ)


def test_a_child_that_ends_without_an_answer(tmp_path: Path, environ: dict[str, str]) -> None:
    (tmp_path / "modules" / "keyring.py").write_text("import os; os._exit(3)\n")
    with pytest.raises(os_keyring.Unavailable, match="without an answer"):
        os_keyring.probe(environ)


def test_another_key_in_the_keyring_opens_nothing(
    vault: Vault, spots: Places, environ: dict[str, str]
) -> None:
    slot_changes.add_keyring(vault, environ)
    spots.key_file.unlink()
    (item,) = _items(environ)
    for text in ("not base64", "AAAA"):
        item.write_text(text)
        with pytest.raises(VaultLocked, match="does not have this vault's key"):
            open_vault(spots, environ)
    item.unlink()
    with pytest.raises(VaultLocked, match="does not have this vault's key"):
        open_vault(spots, environ)
