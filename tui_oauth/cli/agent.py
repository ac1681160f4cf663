"""`agent` and its commands: the background keeper."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.errors import NotFound, UsageProblem

_VARIABLES = ("TUI_OAUTH_VAULT", "TUI_OAUTH_KEY_FILE", "TUI_OAUTH_CONFIG")


def run(context: Context) -> int:
    """Keep entries fresh until a signal ends it."""
    from tui_oauth.agent.running import run
    from tui_oauth.workspace import Workspace

    def make() -> Workspace:
        args = context.args
        return Workspace.from_environment(
            context.environ, vault=args.vault, key_options=context.key_options
        )

    return run(make, context.workspace, output.note)


def status(context: Context) -> int:
    """How the running agent stands."""
    import json

    from tui_oauth.agent.client import ask

    answer = ask(context.environ, "status")
    if answer is None:
        raise NotFound("No agent runs.", "Start one: tui-oauth agent")
    value: dict[str, Any] = json.loads(answer)
    if context.args.json:
        output.as_json(value)
        return 0
    locked = f"locked. {value['why_locked']}" if value["locked"] else "open"
    until = value["unlocked_until"]
    output.facts(
        [
            ("Agent", f"process {value['pid']}, since {value['started_at']}"),
            ("Token files", value["token_files"] or value["why_no_token_files"] or ""),
            ("Vault", f"{value['vault']}, {locked}{f' until {until}' if until else ''}"),
        ]
    )
    rows = [
        (
            entry["name"],
            entry["next_refresh"] or "never",
            entry["last_refresh"] or "",
            entry["last_error"] or "",
        )
        for entry in value["entries"]
    ]
    if rows:
        output.table(("ENTRY", "NEXT REFRESH", "LAST REFRESH", "LAST ERROR"), rows)
    return 0


def token_file(context: Context) -> int:
    """Mark an entry for a token file, or take the mark away."""
    from tui_oauth.agent.places import folder
    from tui_oauth.agent.token_files import file_name
    from tui_oauth.marks import mark_token_file

    workspace = context.workspace
    wanted = not context.args.off
    entry = mark_token_file(workspace, workspace.vault.find(context.args.name), wanted)
    tell_agent(context, "reload")
    if not wanted:
        output.result(f"{entry.name}: no token file")
        return 0
    runtime = folder(context.environ)
    where = f"$XDG_RUNTIME_DIR/tui-oauth/{file_name(entry)}"
    output.result(str(runtime / file_name(entry)) if runtime is not None else where)
    output.note(
        "A running agent keeps the token there, in memory only. Every program that runs as you can "
        "read it, and no record is kept of who did."
    )
    return 0


def allow(context: Context) -> int:
    """Say which programs may take an entry's token, or show it."""
    from tui_oauth.marks import allow_programs

    workspace, args = context.workspace, context.args
    entry = workspace.vault.find(args.name)
    if args.anyone and args.programs:
        raise UsageProblem("--anyone and programs are given together.", "Keep one of them.")
    if args.anyone or args.programs:
        entry = allow_programs(workspace, entry, args.programs)
    if not entry.programs:
        output.result(f"{entry.name}: every program of yours")
    for program in entry.programs:
        output.result(program)
    if args.programs:
        output.note(
            "For a command such as token that is the program which started it. This keeps mistakes "
            "apart, not attacks: any program of yours can start one of these to get the token."
        )
    return 0


def tell_agent(context: Context, verb: str) -> None:
    """Have a running agent follow at once, rather than at its next look."""
    from tui_oauth.agent.client import Refused, ask

    try:
        ask(context.environ, verb)
    except Refused as refused:
        output.note(f"The agent does not follow: {refused}")


def install(context: Context) -> int:
    """Write the systemd user unit, or print it."""
    from tui_oauth.agent.unit import UNIT, unit_path, unit_text

    environment = {name: value for name in _VARIABLES if (value := context.environ.get(name, ""))}
    if context.args.vault:
        environment["TUI_OAUTH_VAULT"] = str(context.places.vault)
    if context.args.key_file:
        environment["TUI_OAUTH_KEY_FILE"] = str(context.places.key_file)
    if any("\n" in value or "\r" in value for value in environment.values()):
        raise UsageProblem("A path with a line break in it cannot stand in a unit file.")
    text = unit_text([*_command(), "agent"], environment)
    if context.args.only_print:
        output.raw(text)
        return 0
    path = unit_path(context.environ)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    except OSError as error:
        from tui_oauth.vault.files import failed

        raise failed(f"write {path}", error) from error
    output.result(f"Wrote {path}")
    output.note(
        f"Enable it: systemctl --user daemon-reload && systemctl --user enable --now {UNIT}"
    )
    output.note("To have it run while you are not logged in: loginctl enable-linger")
    return 0


def _command() -> list[str]:
    """The command that started this one, in a form that works from anywhere."""
    program = Path(sys.argv[0])
    if program.name == "tui-oauth" and program.is_absolute() and program.is_file():
        return [str(program)]
    return [sys.executable, "-m", "tui_oauth"]
