"""`authorize NAME --remote` and `authorize --for LINE`: the browser is on another machine."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.cli.context import Context, ask_line
from tui_oauth.cli.lines import MAX_LINE_BYTES, Lines
from tui_oauth.errors import PasteProblem, TuiOauthError, UsageProblem
from tui_oauth.oauth.elsewhere import NEVER_FOR_OTHERS, Ask, read_ask
from tui_oauth.oauth.elsewhere import ask_line as line_of
from tui_oauth.text import duration, neutralise, rfc3339
from tui_oauth.visiting import Visit

if TYPE_CHECKING:
    from tui_oauth.cli.context import Arguments


def check_combination(args: Arguments) -> None:
    """Raise UsageProblem for options of `authorize` that do not go together."""
    if args.for_line is None:
        if args.name is None:
            raise UsageProblem("tui-oauth authorize needs NAME.", "Run: tui-oauth authorize --help")
        if args.resume and args.timeout:
            raise UsageProblem(
                "A sign-in that goes on ends when its own time is up.", "Leave --timeout out."
            )
        return
    others = {
        "NAME": args.name,
        "--remote": args.remote,
        "--resume": args.resume,
        "--device": args.device,
        "--timeout": args.timeout,
    }
    given = [name for name, value in others.items() if value]
    if given:
        raise UsageProblem(
            f"--for answers the line of another machine: {given[0]} has no meaning with it.",
            f"Leave {given[0]} out.",
        )


def tell_ask(context: Context, ask: Ask) -> None:
    """The line for the other machine, and what to do with it."""
    line = line_of(ask)
    if context.args.json:
        output.event({"event": "remote", "line": line, "check_code": ask.check_code})
    note = output.note
    note("Or sign in on any machine with a browser and tui-oauth, no vault needed. Run there:")
    note()
    note(f"  tui-oauth authorize --for {line}")
    note()
    note(f"Check code: {ask.check_code} (the other machine shows the same)")
    note("It gives one line back, which only this sign-in can open. Paste it here.")


def visit(context: Context) -> int:
    """Do a sign-in for another machine; print the sealed answer."""
    args = context.args
    text = args.for_line
    if text == "-":
        text = sys.stdin.buffer.read(MAX_LINE_BYTES).decode("utf-8", "replace")
    workspace = context.workspace
    visit = Visit(workspace, read_ask(text, workspace.now()))
    note = output.note
    note("Sign in for another machine:")
    for label, value in visit.facts:
        note(f"  {label:<14} {neutralise(value, 1_000)}")
    note(NEVER_FOR_OTHERS)
    opens = _opens(context)
    line = asyncio.run(_answered(context, visit, opens=opens))
    if visit.denied:
        note(f"The provider said no ({neutralise(visit.denied, 60)}); the line below tells that.")
    note(
        "Paste this line where the other machine waits, or there: tui-oauth authorize NAME --resume"
    )
    if args.json:
        output.event({"event": "answer", "line": line})
    else:
        output.result(line)
    return 0


def _opens(context: Context) -> bool:
    """Whether to open the link here: never without a word from the person."""
    from tui_oauth.browser import can_open

    wanted = context.args.open
    if wanted is not None:
        return bool(wanted)
    if not context.may_ask or not can_open(context.environ):
        return False
    return ask_line("Open it in the browser? (y/N) ").lower() in {"y", "yes"}


async def _answered(context: Context, visit: Visit, *, opens: bool) -> str:
    lines: Lines | None = None
    opening: asyncio.Task[None] | None = None
    ask, workspace = visit.ask, context.workspace

    def take(line: str) -> None:
        try:
            visit.paste(line.strip())
        except PasteProblem as error:
            output.note(str(error))
            output.note("Still waiting.")

    async def open_it() -> None:
        from tui_oauth.browser import open_link

        try:
            await asyncio.to_thread(open_link, ask.url, context.environ, fragment=ask.fragment)
        except TuiOauthError as error:
            output.note(str(error))

    def ready() -> None:
        nonlocal lines, opening
        if context.args.json:
            output.event(
                {
                    "event": "waiting",
                    "authorization_url": ask.url,
                    "callback_url": ask.redirect_uri,
                    "ssh_forward": None,
                    "expires_at": rfc3339(ask.expires_at),
                }
            )
        output.note()
        output.note(f"  {ask.url}")
        output.note()
        if visit.problem:
            output.note(visit.problem)
        if context.args.for_line != "-" and Lines.readable(also_files=context.args.paste):
            output.note("Or paste here the address that the browser ended on, and press enter.")
            lines = Lines(take, lambda: None)
            lines.start()
        left = ask.expires_at - workspace.now()
        output.note(f"Waiting for {duration(left)}, until {rfc3339(ask.expires_at)}; ^C cancels.")
        if opens:
            opening = asyncio.create_task(open_it())

    visit.on_change = ready
    try:
        return await visit.run()
    finally:
        if lines is not None:
            lines.close()
        if opening is not None:
            opening.cancel()
