"""`tui-oauth` without a command: open Manage OAuth."""

from __future__ import annotations

import gc
import sys

from tui_oauth.cli.context import Context, is_terminal
from tui_oauth.errors import UsageProblem
from tui_oauth.terminal import surroundings


def manage(context: Context) -> int:
    """Open Manage OAuth in this terminal. UsageProblem where there is none."""
    if not has_terminal(context):
        term = context.environ.get("TERM", "")
        if is_terminal(sys.stdin) and is_terminal(sys.stdout):
            named = f"TERM={term}" if term else "no TERM"
            raise UsageProblem(
                f"Manage OAuth cannot draw on this terminal, which says {named}: it moves no cursor.",
                "Every step is a command too, line by line: tui-oauth list, create NAME --service ID, "
                "configure NAME, authorize NAME, token NAME; tui-oauth --help shows them all. "
                "If the terminal can do more, name it, for instance: TERM=xterm-256color tui-oauth",
            )
        raise UsageProblem(
            "Manage OAuth needs a terminal to draw in, and this is none.",
            "Here use the commands, for instance tui-oauth list; tui-oauth --help shows them all.",
        )
    # All that is loaded now stays, so there is no garbage in it to look for; once the window is painted,
    # it begins again (`tui.app`).
    gc.disable()
    from tui_oauth.tui.app import run

    workspace = context.workspace
    # The window has screens of its own for both; a prompt or a line would write over them.
    workspace.ask = workspace.tell = None
    return run(workspace)


def has_terminal(context: Context) -> bool:
    """Whether windows can be drawn here and keys be read."""
    drawable = is_terminal(sys.stdin) and is_terminal(sys.stdout)
    return drawable and not surroundings(context.environ, sys.platform).dumb
