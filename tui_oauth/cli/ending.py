"""Commands that end what an entry was granted: revoke and delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui_oauth.cli import output
from tui_oauth.cli.context import Context, ask_line
from tui_oauth.entries import shell_word
from tui_oauth.errors import UsageProblem

if TYPE_CHECKING:
    from tui_oauth.model import Entry
    from tui_oauth.revocation import Revocation

_YES = {"y", "yes"}
_REVOKE = {"r", "revoke"}


def revoke(context: Context) -> int:
    """End the grant at the service, then remove the tokens here; the exit code tells of the service."""
    from dataclasses import replace

    from tui_oauth.revocation import forget_tokens, revoke_entry

    workspace, args = context.workspace, context.args
    outcome = revoke_entry(workspace, workspace.vault.find(args.name), forget=args.forget)
    problem = outcome.problem
    if problem is not None:
        output.note(f"tui-oauth: {problem}")
        if not outcome.removed and context.may_ask and not args.json:
            name = outcome.entry.name
            if _asked(f"Remove the tokens of {name} here all the same? [y/N] ") in _YES:
                after = forget_tokens(workspace, outcome.entry)
                outcome = replace(outcome, entry=after, removed=True)
    if args.json:
        output.as_json(_as_json(outcome))
    else:
        output.result(f"{outcome.entry.name}: {outcome.words}")
        if outcome.note:
            output.note(outcome.note)
    return problem.exit_code if problem is not None else 0


def delete(context: Context) -> int:
    """Remove an entry, after a question on a terminal or with --yes; revoke first where wanted."""
    import asyncio

    from tui_oauth.revocation import can_revoke, delete_everywhere, where_to_end

    workspace, args = context.workspace, context.args
    if not args.yes and not context.may_ask:
        raise UsageProblem(
            "delete asks before it removes an entry, and nobody can be asked here.",
            f"Say it with the command: tui-oauth delete {shell_word(args.name)} --yes "
            "(and --revoke to end its access at the service first)",
        )
    entry = workspace.vault.find(args.name)
    revoking = bool(args.revoke)
    if not args.yes:
        offered = not revoking and can_revoke(workspace, entry)
        answer = _asked(_question(entry, offered, revoking))
        revoking = revoking or (offered and answer in _REVOKE)
        if not (answer in _YES or (offered and answer in _REVOKE)):
            output.note(f"{entry.name} was kept.")
            return 0
    ended = False
    if revoking:
        code, ended = _revoke_first(context, entry)
        if code:
            return code
    deleted = asyncio.run(delete_everywhere(workspace, entry))
    output.result(f"Deleted {entry.name}")
    if deleted.unregistered:
        output.note(
            f"Its client at {entry.service_name} was removed as well, and its tokens with it."
        )
    elif deleted.note:
        output.note(deleted.note)
    if entry.authorized and not (ended or deleted.unregistered):
        output.note(
            f"Its token is still valid at {entry.service_name}. {where_to_end(workspace, entry)}"
        )
    return 0


def _question(entry: Entry, offered: bool, revoking: bool) -> str:
    what = f"Delete {entry.name} ({entry.service_name}) and its secrets"
    if revoking:
        return f"Revoke its access at {entry.service_name}, then delete {entry.name} and its secrets? [y/N] "
    if offered:
        return f"{what}? y deletes it, r revokes its access at {entry.service_name} first. [y/r/N] "
    return f"{what}? [y/N] "


def _revoke_first(context: Context, entry: Entry) -> tuple[int, bool]:
    """The exit code with which to stop, 0 to go on; and whether the access has ended there."""
    from tui_oauth.revocation import revoke_entry

    outcome = revoke_entry(context.workspace, entry)
    problem = outcome.problem
    if problem is None:
        output.note(f"{entry.name}: {outcome.words}")
        return 0, True
    output.note(f"tui-oauth: {problem.message}")
    if context.may_ask and not context.args.yes:
        if _asked(f"Delete {entry.name} all the same? [y/N] ") in _YES:
            return 0, False
        output.note(f"{entry.name} was kept.")
    else:
        output.note(
            f"{entry.name} was kept. To delete it without revoking: "
            f"tui-oauth delete {shell_word(entry.name)} --yes"
        )
    return problem.exit_code, False


def _asked(question: str) -> str:
    return ask_line(output.plain(question)).lower()


def _as_json(outcome: Revocation) -> dict[str, object]:
    problem = outcome.problem
    return {
        "name": outcome.entry.name,
        "service": outcome.entry.service,
        "revoked": outcome.done,
        "at_service": outcome.at_service.value,
        "removed": outcome.removed,
        "message": (str(problem) if problem is not None else outcome.note) or None,
    }
