"""The health of everything: the vault and what surrounds it, certificate, own services.

Commands and screens call `examine`. It writes nothing, and it works, with fewer checks, where the
vault is locked, damaged or not there.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from tui_oauth.errors import TuiOauthError, VaultDamaged
from tui_oauth.text import neutralise
from tui_oauth.vault.health.findings import Report

if TYPE_CHECKING:
    from tui_oauth.secret import Secret
    from tui_oauth.vault.crypto import Keys
    from tui_oauth.vault.health.salvage import Salvage
    from tui_oauth.workspace import Workspace


def examine(workspace: Workspace, report: Report | None = None) -> tuple[Report, Keys | None]:
    """Look at all of it. The keys are those that the vault was unlocked with, for `salvage`.

    UsageProblem where two ways to unlock the vault are given together.
    """
    from tui_oauth.vault import KeyOptions
    from tui_oauth.vault.health.examine import examine as examine_vault

    report = report or Report()
    options = workspace.key_options or KeyOptions()
    # A screen has the vault open, perhaps by a passphrase that nobody should type again.
    opened = workspace.vault if workspace.vault_is_open else None
    keys = examine_vault(
        report, workspace.places, workspace.environ, options, workspace.ask, opened
    )
    _check_certificate(report, workspace)
    _check_services(report, workspace)
    return report, keys


def salvage(
    workspace: Workspace, out: Path, keys: Keys | None = None, typed: Secret | None = None
) -> Salvage:
    """Write what can be saved of the vault to a new one at `out` (`vault.health.salvage`).

    `keys` are those that `examine` found, `typed` is a passphrase or recovery code.
    """
    from tui_oauth.vault import KeyOptions
    from tui_oauth.vault.health.salvage import salvage as salvage_vault

    options = workspace.key_options or KeyOptions()
    return salvage_vault(
        workspace.places,
        out,
        workspace.environ,
        options,
        workspace.ask,
        keys=keys,
        passphrase=typed,
    )


def can_salvage(error: TuiOauthError) -> bool:
    """Whether `error` is of the kind that `salvage` is for: a vault that opens no longer as it is."""
    from tui_oauth.vault.container import MadeByNewer

    return isinstance(error, VaultDamaged) and not isinstance(error, MadeByNewer)


def salvage_words(saved: Salvage) -> list[str]:
    """What was salvaged and what is lost, a sentence each."""
    from tui_oauth.vault.health.salvage import describe_lost

    count = "1 entry" if len(saved.saved) == 1 else f"{len(saved.saved)} entries"
    said = [f"Salvaged {count} to {saved.out}"]
    mended = sum(one.mended for one in saved.saved)
    if mended:
        said.append(f"In {mended} of them a flipped bit was turned back.")
    if saved.header_from is not None:
        said.append(f"The key slots were taken from {saved.header_from}.")
    if saved.proven:
        said.append("The seal fits: nothing is missing, and this is the last state.")
    else:
        said.append(
            "The seal over the whole file could not be checked: salvaged entries may be older than "
            "the last state, and are marked so."
        )
    return said + [f"Lost: {describe_lost(lost)}" for lost in saved.lost]


def after_salvage(saved: Salvage, vault: Path) -> list[tuple[str, str]]:
    """What to do with a salvaged vault: words, and the command that does it."""
    aside = vault.with_name(f"{vault.name}.damaged")
    use = f"{_command('mv', vault, aside)} && {_command('mv', saved.out, vault)}"
    copies = dict.fromkeys(lost.copies[0] for lost in saved.lost if lost.copies)
    return [
        ("The vault itself was not touched. To use the new one:", use),
        *(
            (
                f"Then, to bring back what {copy.name} has (without --dry-run it is done):",
                _command("tui-oauth", "import", copy, "--dry-run"),
            )
            for copy in copies
        ),
    ]


def _command(*words: object) -> str:
    return " ".join(shlex.quote(str(word)) for word in words)


def _check_certificate(report: Report, workspace: Workspace) -> None:
    """The certificate that the callback server speaks HTTPS with: the person's, or ours."""
    from tui_oauth.callback.certificate import tls_context

    report.done("the callback certificate")
    callback = workspace.settings.callback
    own = bool(callback.certificate)
    if own:
        certificate = Path(callback.certificate).expanduser()
        key = Path(callback.private_key).expanduser()
    else:
        certificate = workspace.places.certificate
        key = certificate.with_suffix(".key")
        if not os.path.lexists(certificate):
            return  # made when a sign-in first needs it
    try:
        if not own and key.lstat().st_mode & 0o077:
            report.warn(
                "certificate-key-mode",
                f"Others may read the private key {key} of the callback certificate.",
                f"Remove it; the next sign-in makes a new pair: rm {key}",
            )
        tls_context(certificate, key, workspace.now())
    except TuiOauthError as error:
        if own:
            report.warn("certificate-unusable", error.message, error.advice)
        else:
            report.note("certificate-old", f"{error.message} The next sign-in makes a new one.")
    except OSError as error:
        why = error.strerror or type(error).__name__
        report.note(
            "certificate-old",
            f"The private key {key} cannot be looked at ({why}). The next sign-in makes a new pair.",
        )


def _check_services(report: Report, workspace: Workspace) -> None:
    """The person's own service files, and the built-in services whose place they take."""
    report.done("your own services")
    try:
        for path, problem in workspace.catalogue.problems:
            report.warn(
                "service-unusable",
                f"The own service {neutralise(path.name)} cannot be used: {problem}",
                f"Mend it; see: tui-oauth service check {neutralise(path)}",
            )
        for service_id in sorted(workspace.catalogue.replaced):
            report.note(
                "service-replaced", f"Your own service {service_id} takes the built-in one's place."
            )
    except TuiOauthError as error:
        report.warn("services-unreadable", error.message, error.advice)
