"""What it means when an API says no: the token has ended, or it lacks a permission."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tui_oauth.entries import shell_word
from tui_oauth.errors import NeedsPerson, ProviderRefused, TuiOauthError
from tui_oauth.text import neutralise

if TYPE_CHECKING:
    from tui_oauth.extract.calls import Calls
    from tui_oauth.extract.declared import Resource
    from tui_oauth.workspace import Workspace

MISSING = "permission_missing"
"""The `code` of a refusal that ticking one more permission mends."""


def refused(calls: Calls, resource: Resource, status: int, body: bytes) -> TuiOauthError:
    """The error for an answer with `status`. Some services say 401 for both, so the account is asked."""
    code, said = _error(body)
    service = calls.source.name
    if status == 403 or (status == 401 and (code in calls.source.refused or _taken(calls))):
        return missing(service, resource, status, said)
    if status == 401:
        word = shell_word(calls.name)
        return NeedsPerson(
            f"{service} no longer takes the token of {calls.name} ({said or 'HTTP 401'}).",
            f"The rows so far are kept. Press a in Manage OAuth, or run: tui-oauth authorize {word}. "
            "Then extract again: it goes on where it stopped.",
        )
    return ProviderRefused(
        f"{service} refused {resource.name}: {said or f'HTTP {status}'}.",
        "What was fetched before is kept.",
        code=code,
        status=status,
    )


def missing(service: str, resource: Resource, status: int, said: str = "") -> ProviderRefused:
    """A permission that the app lacks, by its name at the service."""
    needed = resource.permission
    named = f'the permission "{needed}"' if needed else "a permission"
    return ProviderRefused(
        f"{service} gives no {resource.name}: the app lacks {named}{f' ({said})' if said else ''}.",
        "Allow it in the app's settings at the service, then authorize the entry anew.",
        code=MISSING,
        status=status,
    )


def _taken(calls: Calls) -> bool:
    """Whether the service takes the token all the same, for another request."""
    try:
        check(calls.workspace, calls.name)
    except TuiOauthError:
        return False
    return True


def check(workspace: Workspace, name: str) -> None:
    """Ask the service whose token the entry `name` has, and keep the answer. As `accounts.check_entry`."""
    from tui_oauth.accounts import check_entry

    entry = workspace.vault.find(name)
    # In a thread of its own: a notebook has an event loop running, and a second one does not fit in.
    with ThreadPoolExecutor(1) as apart:
        apart.submit(lambda: asyncio.run(check_entry(workspace, entry))).result()


def _error(body: bytes) -> tuple[str, str]:
    """Code and message of an error in any of the usual shapes, neutralised."""
    try:
        found = json.loads(body[:65536])
    except ValueError:
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    errors = found.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else found
    if not isinstance(first, dict):
        return "", ""
    code = first.get("code") or first.get("error") or first.get("category") or ""
    words = first.get("message") or first.get("error_description") or code
    return neutralise(code, 60), neutralise(words, 200)
