"""What the keys of the Vault screen do with copies and bundles: back up, export, import."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from tui_oauth.errors import VaultLocked
from tui_oauth.paths import expanded
from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppScreen, in_thread
from tui_oauth.tui.forms import DERIVING, PASSPHRASE, Answers, Blank, Form, passphrase_twice

if TYPE_CHECKING:
    from tui_oauth.vault.bundle import Bundle, Step
    from tui_oauth.vault.repository import Held


class BundleActions(AppScreen[None]):
    """The part of `VaultActions` that reads and writes other files than the vault."""

    @abstractmethod
    def changed(self, words: str) -> None:
        """The vault or what is beside it was changed: show it anew, and say `words`."""

    def action_backup(self) -> None:
        workspace = self.home.workspace

        def make() -> Path:
            from tui_oauth.vault.backups import make_copy

            vault = workspace.vault
            return make_copy(vault.verified_bytes(), vault.path, None, workspace.now())

        def made(path: Path) -> None:
            self.changed(f"Made the copy {neutralise(path.name)} beside the vault.")

        self.job("Making a copy", lambda: in_thread(make), made)

    def action_export(self) -> None:
        workspace = self.home.workspace

        def work(answers: Answers) -> tuple[Path, int, bool]:
            from tui_oauth.vault.bundle import write_bundle

            path = file_path(answers.texts["file"])
            held = list(workspace.vault.held().values())
            write_bundle(path, held, answers.secrets[PASSPHRASE], workspace.now())
            return path, len(held), any(entry.has_refresh_token for entry, _ in held)

        def done(written: tuple[Path, int, bool] | None) -> None:
            if written is None:
                return
            path, count, refreshable = written
            words = f"Exported {count_words(count, 'entry', 'entries')} to {neutralise(path)}."
            if refreshable:
                words += (
                    " Both sides hold the same refresh tokens; where a provider takes each only "
                    "once, whoever refreshes second has to authorize anew."
                )
            self.changed(words)

        where = Blank("file", "File", "A new file; one that is there is never touched.")
        words = "All entries with their secrets, sealed with a passphrase of their own."
        blanks = (where, *passphrase_twice("Passphrase of the bundle"))
        self.home.open_form(Form("Export", words, "Export", DERIVING, work, blanks), done)

    def action_import_bundle(self) -> None:
        vault = self.home.workspace.vault

        def work(answers: Answers) -> tuple[Bundle, list[Held] | None]:
            from tui_oauth.vault import bundle as bundles

            found = bundles.read_bundle(file_path(answers.texts["file"]))
            if bundles.is_copy_of(found.header, vault):
                return found, bundles.open_bundle(found, vault=vault)
            if not found.needs_passphrase:
                raise VaultLocked(
                    "This is another vault, and no passphrase opens it.",
                    "Make a bundle of it where its key is, with Export.",
                )
            return found, None

        def done(found: tuple[Bundle, list[Held] | None] | None) -> None:
            if found is None:
                return
            bundle, incoming = found
            if incoming is None:
                self._ask_bundle_passphrase(bundle)
            else:
                self._open_import(incoming)

        words = "A bundle that was exported, or a copy of this vault. Nothing is changed yet."
        blank = Blank("file", "File", "The bundle, or a .bak beside the vault.")
        self.home.open_form(
            Form("Import", words, "Open", "Reading it", work, (blank,), harmless=True), done
        )

    def _ask_bundle_passphrase(self, bundle: Bundle) -> None:
        def work(answers: Answers) -> list[Held]:
            from tui_oauth.vault.bundle import open_bundle

            return open_bundle(bundle, passphrase=answers.secrets[PASSPHRASE])

        def done(incoming: list[Held] | None) -> None:
            if incoming is not None:
                self._open_import(incoming)

        words = f"{neutralise(bundle.path.name, 60)} has a passphrase of its own."
        blank = Blank(PASSPHRASE, "Passphrase of the bundle", "As it was exported.", secret=True)
        self.home.open_form(
            Form("Import", words, "Open", DERIVING, work, (blank,), harmless=True), done
        )

    def _open_import(self, incoming: list[Held]) -> None:
        def done(steps: list[Step] | None) -> None:
            if steps is not None:
                self.changed(f"Imported: {import_words(steps)}.")

        self.home.open_import(incoming, done)


def import_words(steps: list[Step]) -> str:
    """What was done with the entries of a bundle, counted."""
    words = {
        "add": "added",
        "update": "updated",
        "replace": "replaced",
        "same": "unchanged",
        "conflict": "left alone",
    }
    counts = {
        word: sum(step.action.value == name for step in steps) for name, word in words.items()
    }
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "nothing"


def count_words(number: int, one: str, several: str) -> str:
    """`1 entry`, `3 entries`."""
    return f"1 {one}" if number == 1 else f"{number} {several}"


def file_path(text: str) -> Path:
    """The file that a person typed, with `~` for the home folder."""
    return expanded(text).absolute()
