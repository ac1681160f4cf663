"""Commands that hand out, check and renew access tokens."""

from __future__ import annotations

from tui_oauth.cli import output
from tui_oauth.cli.context import Context
from tui_oauth.cli.handing import (
    DEFAULT_MIN_TTL,
    from_agent,
    obtain,
    one_line,
    say_if_bound,
)
from tui_oauth.deadline import Deadline
from tui_oauth.errors import TuiOauthError, UsageProblem
from tui_oauth.text import rfc3339

# What a run over all entries reports when several failed: the first of these that occurred.
# Trying again may mend 11 and 5, so they stand behind what needs somebody to act.
_WORST_FIRST = (6, 8, 9, 4, 2, 3, 7, 10, 11, 5)


def token(context: Context) -> int:
    """Print a valid access token and a newline."""
    from tui_oauth.handing import token_fields

    workspace, args = context.workspace, context.args
    time_left = Deadline(args.deadline)
    given = from_agent(
        context, "json" if args.json else "token", args.name, args.min_ttl, time_left
    )
    if given is not None:
        _print(given, as_json=args.json)
        return 0
    entry = workspace.vault.find(args.name)
    tokens = obtain(context, entry, "token", time_left, args.min_ttl)
    say_if_bound(entry, tokens)
    if not args.json:
        output.raw(one_line(entry, tokens.access_token.reveal()) + "\n")
        return 0
    # A refresh may have changed what the entry says.
    output.as_json(token_fields(workspace.vault.get(entry.id), tokens))
    return 0


def header(context: Context) -> int:
    """Print the request header that carries the token, or all headers that the API wants."""
    from tui_oauth.handing import header_line

    if context.args.all:
        from tui_oauth.cli.sources import header_lines, source_of

        output.raw(header_lines(context, source_of(context, "header")) + "\n")
        return 0
    time_left = Deadline(context.args.deadline)
    given = from_agent(context, "header", context.args.name, DEFAULT_MIN_TTL, time_left)
    if given is not None:
        _print(given)
        return 0
    entry = context.workspace.vault.find(context.args.name)
    tokens = obtain(context, entry, "header", time_left)
    say_if_bound(entry, tokens)
    output.raw(header_line(context.workspace, entry, tokens) + "\n")
    return 0


def _print(given: str, *, as_json: bool = False) -> None:
    if not as_json:
        output.raw(given + "\n")
        return
    import json

    output.as_json(json.loads(given))


def check(context: Context) -> int:
    """Ask the provider whose token it is, and whether it is active."""
    import asyncio

    from tui_oauth.accounts import activity, check_entry

    workspace = context.workspace
    checked = asyncio.run(check_entry(workspace, workspace.vault.find(context.args.name)))
    entry, problem = checked.entry, checked.problem
    detail = checked.account.detail if checked.account is not None else ""
    if context.args.json:
        token = checked.token
        output.as_json(
            {
                "name": entry.name,
                "service": entry.service,
                "account": checked.whose or None,
                "account_detail": detail or None,
                "checked_at": rfc3339(workspace.now()),
                "active": None if token is None else token.active,
                "scopes": None if token is None or token.scopes is None else list(token.scopes),
                "expires_at": None if token is None else rfc3339(token.expires_at),
                "client_id": (token.client_id if token is not None else "") or None,
            }
        )
    elif problem is None:
        whose = checked.whose or "account not known"
        output.result(f"{entry.name}: {whose}{f' ({detail})' if detail else ''}")
        if checked.token is not None:
            output.result(activity(checked.token, workspace.now()))
    if problem is not None:
        raise problem
    if checked.note:
        output.note(checked.note)
    return 0


def refresh(context: Context) -> int:
    """Refresh one entry, or all that renew by themselves."""
    from tui_oauth.health import expiry_words
    from tui_oauth.tokens import refresh_entry

    workspace, args = context.workspace, context.args
    if args.all == bool(args.name):
        raise UsageProblem(
            "refresh takes the name of one entry, or --all.",
            "For instance: tui-oauth refresh my-intercom",
        )
    if args.all:
        return _refresh_all(context)
    entry = refresh_entry(workspace, workspace.vault.find(args.name), args.deadline)
    ends = expiry_words(entry, workspace.now())
    words = ends if entry.expires_at is None else f"ends {ends}"
    output.result(f"{entry.name}: refreshed, {words}")
    return 0


def _refresh_all(context: Context) -> int:
    from tui_oauth.cli.progress import Progress
    from tui_oauth.refreshing import due_entries, refresh_many

    due, skipped = due_entries(context.workspace)
    deadline = context.args.deadline
    failed: list[TuiOauthError] = []
    with Progress("Refreshing", len(due)) as progress:
        for entry, error in refresh_many(context.workspace, due, deadline=deadline):
            if error is not None:
                failed.append(error)
            progress.done(f"{entry.name}: {error or 'refreshed'}")
    output.result(
        f"{len(due) - len(failed)} refreshed, {len(failed)} failed, "
        f"{skipped} without a refresh token"
    )
    codes = {error.exit_code for error in failed}
    return next((code for code in _WORST_FIRST if code in codes), max(codes, default=0))
