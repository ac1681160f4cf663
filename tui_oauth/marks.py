"""What a person has marked an entry with: a token file, and the programs that may take its token."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui_oauth.errors import UsageProblem
from tui_oauth.text import is_plain, neutralise

if TYPE_CHECKING:
    from tui_oauth.model import Entry
    from tui_oauth.workspace import Workspace

MOST_PROGRAMS = 50


def mark_token_file(workspace: Workspace, entry: Entry, wanted: bool) -> Entry:
    """Have a running agent keep the entry's token in a file, or no longer. UsageProblem for an entry
    with a list of programs, which a file would make pointless."""
    if wanted and entry.programs:
        raise UsageProblem(
            f"{entry.name} is for some programs only, and a file can be read by any of yours.",
            f"Lift that first: tui-oauth agent allow {entry.name} --anyone",
        )
    now = workspace.now()
    return workspace.vault.change(
        entry.id,
        lambda current, held: (
            current
            if current.token_file == wanted
            else current._replace(token_file=wanted, updated_at=now),
            held,
        ),
    )


def allow_programs(workspace: Workspace, entry: Entry, programs: Sequence[str]) -> Entry:
    """Give the entry's token to these programs only, named by executable file; to all where there is none.

    UsageProblem for what is no path of a program that is there.
    """
    if programs and entry.token_file:
        raise UsageProblem(
            f"{entry.name} has a token file, which any program of yours can read.",
            f"Remove that first: tui-oauth agent file {entry.name} --off",
        )
    allowed = tuple(dict.fromkeys(_resolved(program) for program in programs))
    if len(allowed) > MOST_PROGRAMS:
        raise UsageProblem(f"{MOST_PROGRAMS} programs are the most.")
    now = workspace.now()
    return workspace.vault.change(
        entry.id,
        lambda current, held: (
            current
            if current.programs == allowed
            else current._replace(programs=allowed, updated_at=now),
            held,
        ),
    )


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
