"""What a person has marked an entry with: programs, a token file, and what they know of its ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui_oauth.endings import day_of, days_of
from tui_oauth.errors import NotFound, UsageProblem
from tui_oauth.text import is_plain, neutralise

if TYPE_CHECKING:
    from tui_oauth.model import Entry, EntrySecrets
    from tui_oauth.workspace import Workspace

MOST_PROGRAMS = 50


class Marks(NamedTuple):
    """What is to be changed; None stays as it is.

    `programs` are the executable files of those that may take the token, empty for all; `secret_ends`
    and `sign_in_lasts` are in the words of `endings.day_of` and `endings.days_of`.
    """

    token_file: bool | None = None
    programs: Sequence[str] | None = None
    secret_ends: str | None = None
    sign_in_lasts: str | None = None


def set_marks(workspace: Workspace, entry: Entry, marks: Marks) -> Entry:
    """Change the marks of `entry`, in one write. UsageProblem for words that mean nothing, for what is
    no path of a program that is there, and for a list of programs together with a token file, which
    would make it pointless.
    """
    programs = None if marks.programs is None else _all_resolved(marks.programs)
    ends_at = None if marks.secret_ends is None else day_of(marks.secret_ends)
    testing = _testing_days(workspace, entry)
    days = None if marks.sign_in_lasts is None else days_of(marks.sign_in_lasts, testing)
    now = workspace.now()

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        after = current._replace(
            token_file=current.token_file if marks.token_file is None else marks.token_file,
            programs=current.programs if programs is None else programs,
        )
        if after.token_file and after.programs:
            raise _in_vain(current)
        if marks.secret_ends is not None:
            after = after._replace(client_secret_expires_at=ends_at)
        if marks.sign_in_lasts is not None:
            after = after._replace(consent_days=days)
        return (current if after == current else after._replace(updated_at=now)), held

    return workspace.vault.change(entry.id, edit)


def mark_token_file(workspace: Workspace, entry: Entry, wanted: bool) -> Entry:
    """Have a running agent keep the entry's token in a file, or no longer. As `set_marks`."""
    return set_marks(workspace, entry, Marks(token_file=wanted))


def allow_programs(workspace: Workspace, entry: Entry, programs: Sequence[str]) -> Entry:
    """Give the entry's token to these programs only; to all where there is none. As `set_marks`."""
    return set_marks(workspace, entry, Marks(programs=programs))


def _in_vain(entry: Entry) -> UsageProblem:
    if entry.token_file:
        return UsageProblem(
            f"{entry.name} has a token file, which any program of yours can read.",
            f"Remove that first: tui-oauth agent file {entry.name} --off",
        )
    if entry.programs:
        return UsageProblem(
            f"{entry.name} is for some programs only, and a file can be read by any of yours.",
            f"Lift that first: tui-oauth agent allow {entry.name} --anyone",
        )
    return UsageProblem(
        "A token file can be read by any program of yours, and a list of programs says the opposite.",
        "Choose one of them.",
    )


def _testing_days(workspace: Workspace, entry: Entry) -> int | None:
    from tui_oauth.entries import declared_service

    try:
        return declared_service(workspace, entry).refresh.refresh_testing_days
    except (NotFound, UsageProblem):
        return None  # its service file is gone


def _all_resolved(programs: Sequence[str]) -> tuple[str, ...]:
    allowed = tuple(dict.fromkeys(_resolved(program) for program in programs))
    if len(allowed) > MOST_PROGRAMS:
        raise UsageProblem(f"{MOST_PROGRAMS} programs are the most.")
    return allowed


def _resolved(program: str) -> str:
    """The file that the kernel names for a running `program`: without links on the way."""
    shown = neutralise(program, 120)
    if not program.startswith("/"):
        raise UsageProblem(f"{shown} is no full path of a program.", "For instance /usr/bin/curl.")
    try:
        path = Path(program).resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        raise UsageProblem(f"There is no program at {shown}.") from None
    if not path.is_file() or not is_plain(str(path)):
        raise UsageProblem(f"{shown} is no program that can be named here.")
    return str(path)
