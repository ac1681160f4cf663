"""Salvage from the window: where to, a passphrase if it takes one, and what came of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tui_oauth.errors import VaultLocked
from tui_oauth.secret import Secret
from tui_oauth.tui.bundle_actions import file_path
from tui_oauth.tui.forms import DERIVING, PASSPHRASE, Answers, Blank, Form
from tui_oauth.tui.words import with_tilde

if TYPE_CHECKING:
    from tui_oauth.tui.app import ManageOAuth
    from tui_oauth.vault.health.salvage import Salvage

_WORDS = (
    "What can be saved of the vault is written to a new file. The vault itself is only read. "
    "Nothing that is lost is passed over: you see what it is, and which copy has it."
)
_ADVICE = "A new file; one that is there is never touched."


def ask_salvage(home: ManageOAuth) -> None:
    """Ask for a file, and write what can be saved there."""
    vault = home.workspace.places.vault

    def work(answers: Answers) -> tuple[Path, Salvage | None]:
        """None where it takes a passphrase first."""
        from tui_oauth.vault.health.salvage import takes_typed

        out = file_path(answers.texts["file"])
        try:
            return out, _salvage(home, out)
        except VaultLocked:
            if not takes_typed(vault):
                raise
            return out, None

    def done(found: tuple[Path, Salvage | None] | None) -> None:
        if found is None:
            return
        out, saved = found
        if saved is None:
            _ask_passphrase(home, out)
        else:
            home.open_salvaged(saved)

    blank = Blank("file", "New file", _ADVICE, value=with_tilde(home.workspace, str(_free(vault))))
    home.open_form(
        Form("Salvage", _WORDS, "Salvage", "Looking at every byte of it", work, (blank,)), done
    )


def _free(vault: Path) -> Path:
    """A name beside the vault that nothing has yet."""
    names = (f"{vault.stem}-salvaged{number}{vault.suffix}" for number in ("", *range(2, 1000)))
    paths = (vault.with_name(name) for name in names)
    return next((path for path in paths if not os.path.lexists(path)), vault)


def _ask_passphrase(home: ManageOAuth, out: Path) -> None:
    def work(answers: Answers) -> Salvage:
        return _salvage(home, out, answers.secrets[PASSPHRASE])

    def done(saved: Salvage | None) -> None:
        if saved is not None:
            home.open_salvaged(saved)

    words = "The entries are sealed: what opens the vault opens what is left of it."
    blank = Blank(PASSPHRASE, "Passphrase", "Or a recovery code of this vault.", secret=True)
    home.open_form(Form("Salvage", words, "Salvage", DERIVING, work, (blank,)), done)


def _salvage(home: ManageOAuth, out: Path, typed: Secret | None = None) -> Salvage:
    from tui_oauth import doctor
    from tui_oauth.vault.health.findings import Report

    workspace = home.workspace
    keys = None
    if typed is None and workspace.vault_is_open:
        # What the window has open already is not asked for again.
        keys = doctor.examine(workspace, Report())[1]
    return doctor.salvage(workspace, out, keys, typed)
