"""Finding, reading and changing entries, and what stands beside the vault for a refresh."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from vault_helpers import entry, reopen, secrets, state_of, tokens, with_access

from tui_oauth.errors import (
    AlreadyExists,
    Conflict,
    NotFound,
    UsageProblem,
)
from tui_oauth.model import Entry, EntrySecrets
from tui_oauth.paths import Places
from tui_oauth.secret import Secret
from tui_oauth.vault import Vault


def test_what_was_added_is_found_listed_and_opened(vault: Vault, home: Path) -> None:
    made = vault.add(entry("Work", scopes=("a", "b"), variables={"region": "eu"}), secrets())
    assert (len(made.id), made.revision) == (32, 1)
    again = reopen(home)
    assert again.find("Work") == again.find("wORK") == again.get(made.id) == made
    assert again.entries() == [made]
    assert again.secrets(made) == secrets()


def test_an_id_of_the_callers_is_kept_and_used_once(vault: Vault) -> None:
    assert vault.add(entry("a", id="ab" * 16)).id == "ab" * 16
    for wrong in ("ab" * 16, "AB" * 16, "../../etc/passwd", "ab"):
        with pytest.raises(ValueError, match="id"):
            vault.add(entry("b", id=wrong))
    assert len(vault.entries()) == 1


def test_entries_are_sorted_as_a_person_expects(vault: Vault) -> None:
    for name in ("beta", "Alpha", "ärger", "alpha 2"):
        vault.add(entry(name))
    assert [held.name for held in vault.entries()] == ["Alpha", "alpha 2", "beta", "ärger"]


def test_a_name_is_taken_whatever_its_case(vault: Vault) -> None:
    vault.add(entry("Straße"))
    with pytest.raises(AlreadyExists, match="called Straße already"):
        vault.add(entry("STRASSE"))


@pytest.mark.parametrize("name", ["", "  ", "\ud800", "a\x00b", "a\x1b[31m", "x" * 101, "-rf"])
def test_a_name_that_cannot_be_is_refused(vault: Vault, home: Path, name: str) -> None:
    before = state_of(home)
    with pytest.raises(UsageProblem):
        vault.add(entry(name))
    assert state_of(home) == before
    with pytest.raises(NotFound):
        vault.find(name)
    made = vault.add(entry("good"))
    with pytest.raises(UsageProblem):
        vault.change(made.id, lambda held, kept: (held._replace(name=name), kept))
    assert vault.find("good") == made


def test_not_found_names_the_nearest(vault: Vault) -> None:
    vault.add(entry("my-intercom"))
    with pytest.raises(NotFound, match="Did you mean my-intercom") as caught:
        vault.find("my-intrecom")
    assert caught.value.exit_code == 3
    with pytest.raises(NotFound, match=r"\\x1b"):
        vault.find("\x1b[2J")


def test_a_change_counts_the_revision_and_keeps_the_id(vault: Vault, home: Path) -> None:
    made = vault.add(entry(), secrets())
    changed = vault.change(
        made.id,
        lambda held, kept: (held._replace(id="f" * 32, revision=99, account="me"), kept),
    )
    assert (changed.id, changed.revision, changed.account) == (made.id, 2, "me")
    assert reopen(home).get(made.id) == changed
    assert reopen(home).secrets(made) == secrets()


def test_a_change_of_nothing_writes_nothing(vault: Vault, spots: Places) -> None:
    made = vault.add(entry(), secrets())
    before = spots.vault.read_bytes()
    assert vault.change(made.id, lambda held, kept: (held, secrets())) == made
    assert spots.vault.read_bytes() == before


def test_an_error_inside_an_edit_changes_nothing_and_frees_the_lock(
    vault: Vault, home: Path
) -> None:
    made = vault.add(entry())
    before = state_of(home / ".local/share/tui-oauth")["vault.json"]

    def broken(held: Entry, kept: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        raise KeyError("oops")

    with pytest.raises(KeyError):
        vault.change(made.id, broken)
    assert state_of(home / ".local/share/tui-oauth")["vault.json"] == before
    assert vault.add(entry("other")).revision == 1


def test_a_stale_revision_is_a_conflict(vault: Vault, home: Path) -> None:
    made = vault.add(entry(), secrets())
    reopen(home).change(made.id, lambda held, kept: (held._replace(account="theirs"), kept))
    with pytest.raises(Conflict) as caught:
        vault.change(
            made.id,
            lambda held, kept: (held._replace(account="mine"), kept),
            expected_revision=made.revision,
        )
    assert caught.value.exit_code == 5
    assert vault.get(made.id).account == "theirs"
    changed = vault.change(
        made.id, lambda held, kept: (held._replace(account="mine"), kept), expected_revision=2
    )
    assert changed.revision == 3


def test_a_rename_frees_the_old_name_and_respects_the_others(vault: Vault) -> None:
    made, other = vault.add(entry("a"), secrets()), vault.add(entry("b"))
    with pytest.raises(AlreadyExists):
        vault.change(made.id, lambda held, kept: (held._replace(name="B"), kept))
    vault.change(made.id, lambda held, kept: (held._replace(name="A"), kept))
    vault.change(made.id, lambda held, kept: (held._replace(name=" c "), kept))
    assert vault.find("c").id == made.id
    assert vault.secrets(vault.find("c")) == secrets()
    with pytest.raises(NotFound):
        vault.find("a")
    assert vault.add(entry("a")).id not in {made.id, other.id}


def test_what_is_removed_is_gone_with_everything_beside_it(
    vault: Vault, home: Path, spots: Places
) -> None:
    made, other = vault.add(entry("a"), secrets()), vault.add(entry("b"), secrets())
    with vault.entry_lock(made.id, 1.0):
        vault.keep_pending(made.id, tokens("later"), sent=Secret("rt-1"))
    vault.remove(made.id)
    for look in (
        lambda: vault.get(made.id),
        lambda: vault.secrets(made),
        lambda: vault.remove(made.id),
        lambda: vault.change(made.id, lambda held, kept: (held, kept)),
        lambda: reopen(home).find("a"),
    ):
        with pytest.raises(NotFound):
            look()
    assert vault.entries() == [other]
    assert list((spots.vault.parent / "locks").iterdir()) == []


def test_other_entries_are_not_even_sealed_again(vault: Vault, spots: Places) -> None:
    made = vault.add(entry("a"), secrets())
    vault.add(entry("b"), secrets())

    def documents() -> dict[str, object]:
        by_id = json.loads(spots.vault.read_bytes())["entries"].values()
        return {document["id"]: document for document in by_id}

    before = documents()
    vault.change(made.id, with_access("at-2"))
    after = documents()
    assert {key for key in before if before[key] != after[key]} == {made.id}
    assert vault.header.seals == 6  # two parts for each of three commits


def test_reading_never_writes(vault: Vault, home: Path, spots: Places) -> None:
    made = vault.add(entry(), secrets())
    before = state_of(home)
    again = reopen(home)
    again.entries(), again.find("work"), again.get(made.id), again.secrets(made)
    again.changed_on_disk(), again.take_pending(made.id)
    assert again.protection == "key file"
    with pytest.raises(NotFound):
        again.find("x")
    assert state_of(home) == before


def test_changed_on_disk_tells_others_writes_from_our_own(
    vault: Vault, home: Path, spots: Places
) -> None:
    other = reopen(home)
    made = vault.add(entry())
    assert (vault.changed_on_disk(), other.changed_on_disk()) == (False, True)
    assert other.get(made.id) == made
    assert not other.changed_on_disk()
    spots.vault.unlink()
    assert other.changed_on_disk()


def test_a_list_is_told_from_the_state_that_was_read_since(vault: Vault, home: Path) -> None:
    other = reopen(home)
    listing = other.listing()
    assert listing.entries == []
    assert not other.changed_on_disk(listing)
    made = vault.add(entry())
    assert other.entries() == [made], "something else in the process reads the new state"
    assert not other.changed_on_disk()
    assert other.changed_on_disk(listing)
    newer = other.listing()
    assert newer.entries == [made]
    assert (newer.header.generation, newer.protection) == (2, "key file")
    assert not other.changed_on_disk(newer)


def test_lists_are_not_shared_with_the_caller(vault: Vault) -> None:
    vault.add(entry())
    vault.entries().clear()
    assert len(vault.entries()) == 1


def test_threads_share_one_vault(vault: Vault) -> None:
    made = vault.add(entry(created_at=0), secrets())
    problems: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(10):
                vault.change(
                    made.id,
                    lambda held, kept: (held._replace(created_at=held.created_at + 1), kept),
                )
                assert vault.secrets(vault.find("work")) == secrets()
                assert len(vault.entries()) == 1
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert problems == []
    assert vault.get(made.id).created_at == 40


def test_no_secret_shows_in_what_a_vault_says_of_itself(vault: Vault) -> None:
    vault.add(entry(), secrets("hidden-cs", "hidden-at"))
    shown = f"{vault!r} {vault} {vault.header!r} {vault.secrets(vault.find('work'))!r}"
    assert "hidden" not in shown


def test_reading_a_token_loads_nothing_heavy(vault: Vault, home: Path) -> None:
    vault.add(entry(), secrets())
    code = (
        "import sys, os\n"
        "from tui_oauth.paths import places\n"
        "from tui_oauth.vault import KeyOptions, open_vault\n"
        "vault = open_vault(places(os.environ), os.environ, KeyOptions())\n"
        "assert vault.secrets(vault.find('work')).tokens\n"
        "heavy = {'textual', 'rich', 'httpx', 'asyncio', 'ssl', 'keyring', 'socket', 'subprocess',\n"
        "         'difflib', 'cryptography.hazmat.primitives.kdf.argon2', 'segno', 'h11'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_the_options_alone_load_neither_cryptography_nor_tinydb() -> None:
    code = (
        "import sys\n"
        "from tui_oauth.vault import KeyOptions\n"
        "print([name for name in ('tinydb', 'cryptography') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
