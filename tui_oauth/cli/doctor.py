"""`doctor`: what is wrong with the vault and around it, and saving what can be saved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_oauth.cli import output
from tui_oauth.cli.context import Context, ask_secret
from tui_oauth.errors import InvalidSettings

if TYPE_CHECKING:
    from tui_oauth.vault.health.findings import Finding, Report
    from tui_oauth.vault.health.salvage import Salvage
    from tui_oauth.workspace import Workspace

FINDINGS = 1
DAMAGED = 6
_SIGNS = {"note": "  ", "warning": "! ", "damaged": "✕ "}


def doctor(context: Context) -> int:
    """Say what was found. The exit code is the vault's state also where it could be salvaged."""
    from tui_oauth.doctor import examine, salvage
    from tui_oauth.vault.health.findings import Report

    args = context.args
    out = Path(args.salvage).expanduser().absolute() if args.salvage else None
    report = Report()
    workspace = _workspace(context, report)
    report, keys = examine(workspace, report)
    saved = salvage(workspace, out, keys) if out is not None else None
    if args.json:
        output.as_json(_json(report, saved))
    else:
        _print(report)
        if saved is not None:
            _print_salvage(saved, workspace.places.vault)
    if report.damaged:
        return DAMAGED
    return 0 if report.clean else FINDINGS


def _workspace(context: Context, report: Report) -> Workspace:
    """The workspace, also where the settings file cannot be read: that is a finding here."""
    try:
        return context.workspace
    except InvalidSettings as error:
        from tui_oauth.settings import Settings
        from tui_oauth.workspace import Workspace

        report.warn("settings-invalid", error.message, error.advice)
        return Workspace(
            context.environ,
            context.places,
            Settings(),
            key_options=context.key_options,
            ask=ask_secret if context.may_ask else None,
        )


def _print(report: Report) -> None:
    for found in report.findings:
        output.result(f"{_SIGNS[found.severity.value]}{found.message} {found.advice}".rstrip())
    for what in report.left_out:
        output.result(f"  Left out: {what}")
    looked = f"{len(report.checked)} checks"
    if not report.findings:
        output.result(f"Nothing found in {looked}.")
    else:
        warned = sum(found.severity.value != "note" for found in report.findings)
        words = "1 finding" if warned == 1 else f"{warned} findings"
        output.result(f"{looked}: {words}, {len(report.findings) - warned} to know.")


def _print_salvage(saved: Salvage, vault: Path) -> None:
    from tui_oauth.doctor import after_salvage, salvage_words

    for words in salvage_words(saved):
        output.result(words)
    for words, command in after_salvage(saved, vault):
        output.note(f"{words} {command}")


def _json(report: Report, saved: Salvage | None) -> dict[str, Any]:
    state = "damaged" if report.damaged else "clean" if report.clean else "findings"
    return {
        "state": state,
        "findings": [_finding(found) for found in report.findings],
        "checked": report.checked,
        "left_out": report.left_out,
        "salvage": None if saved is None else _salvage(saved),
    }


def _finding(found: Finding) -> dict[str, str]:
    return {
        "id": found.id,
        "severity": found.severity.value,
        "message": found.message,
        "advice": found.advice,
    }


def _salvage(saved: Salvage) -> dict[str, Any]:
    return {
        "out": os.fspath(saved.out),
        "proven": saved.proven,
        "header_from": None if saved.header_from is None else os.fspath(saved.header_from),
        "saved": [{**one._asdict(), "may_be_older": not saved.proven} for one in saved.saved],
        "lost": [
            {
                "name": lost.name or None,
                "id": lost.id,
                "why": lost.why,
                "copies": [os.fspath(path) for path in lost.copies],
            }
            for lost in saved.lost
        ],
    }
