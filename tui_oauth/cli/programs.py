"""`exec`: a program with the tokens of entries in its environment, or in files that it is told of."""

from __future__ import annotations

import contextlib
import os
from typing import NamedTuple

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.cli.handing import from_agent, obtain, one_line, say_if_bound
from tui_oauth.deadline import Deadline
from tui_oauth.errors import UsageProblem
from tui_oauth.secret import Secret


class _Handed(NamedTuple):
    """What goes to the program for one entry: the token or the headers, and the variable for it."""

    text: Secret
    variable: str


def execute(context: Context) -> int:
    """Run a program with the tokens of entries. All tokens are there before it starts."""
    from tui_oauth import running

    args = context.args
    if not args.program or not args.program[0]:
        raise UsageProblem(
            "exec needs two dashes and the command behind them.",
            "For instance: tui-oauth exec my-intercom -- sh -c 'echo \"$MY_INTERCOM_ACCESS_TOKEN\"'",
        )
    handed = _handed(context)
    _keep_back_passphrase(context)
    environ = dict(context.environ)
    output.finish()
    if not args.header_file:
        for one in handed:
            environ[one.variable] = one.text.reveal()
        running.become(args.program, environ)
    return _with_header_files(context, handed, environ)


def _handed(context: Context) -> list[_Handed]:
    from tui_oauth.adapters.environment import variables_for

    args = context.args
    suffix = "HEADER_FILE" if args.header_file else "ACCESS_TOKEN"
    # Before any token is asked for: a mistake costs no refresh.
    variables = variables_for(args.names, args.env or (), suffix)
    return [
        _Handed(_text(context, name), variable)
        for name, variable in zip(args.names, variables, strict=True)
    ]


def _text(context: Context, name: str) -> Secret:
    """The token of the entry `name`, or its headers; from a running agent where there is one."""
    args, workspace = context.args, context.workspace
    if args.header_file:
        from tui_oauth.cli.sources import header_lines, source_of

        return Secret(header_lines(context, source_of(context, "exec", name=name)))
    time_left = Deadline(args.deadline)
    given = from_agent(context, "token", name, args.min_ttl, time_left, "exec")
    if given is not None:
        return Secret(given)
    entry = workspace.vault.find(name)
    tokens = obtain(context, entry, "exec", time_left, args.min_ttl)
    say_if_bound(entry, tokens)
    return Secret(one_line(entry, tokens.access_token.reveal()))


def _keep_back_passphrase(context: Context) -> None:
    """The descriptor with the vault's passphrase is ours: a file could be read again from there."""
    given = context.args.passphrase_fd
    number = context.environ.get("TUI_OAUTH_PASSPHRASE_FD", "") if given is None else str(given)
    if number.isdecimal() and int(number) > 2:
        with contextlib.suppress(OSError, OverflowError):
            os.set_inheritable(int(number), False)


def _with_header_files(context: Context, handed: list[_Handed], environ: dict[str, str]) -> int:
    from tui_oauth import running
    from tui_oauth.passing_files import passing_files

    lines = [f"{one.text.reveal()}\n" for one in handed]
    with running.holding_signals() as run, passing_files(context.environ, lines) as paths:
        for one, path in zip(handed, paths, strict=True):
            environ[one.variable] = str(path)
        ended = run(context.args.program, environ)
    return running.end_as(ended)
