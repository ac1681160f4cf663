"""Entries from a URL: `create --discover`, and `discover`, which looks again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tui_oauth import discovered, registering
from tui_oauth.cli import output
from tui_oauth.cli.context import Context, ask_line
from tui_oauth.discover import Asked, Found, look_up
from tui_oauth.entries import callback_url, shell_word
from tui_oauth.errors import NeedsPerson, TuiOauthError, UsageProblem
from tui_oauth.model import Entry, Grant

if TYPE_CHECKING:
    from tui_oauth.discovered import Rediscovery

_WARNING = "▲"


def create(context: Context) -> int:
    """Create OAuth Entry from a URL; its client registers itself where the server offers that."""
    workspace, args = context.workspace, context.args
    if args.set:
        raise UsageProblem(
            "--set fills in the variables of a service; what is found at a URL has none.",
            "Leave --set out.",
        )
    name = discovered.check_name(workspace, args.name)
    output.note(f"Looking up {args.discover}")
    found = asyncio.run(look_up(workspace, args.discover, _tell))
    _narrate(found)
    if args.register and not found.registers:
        raise UsageProblem(
            f"{found.service.name} does not register clients by itself. No entry was made.",
            "Leave --register out, and configure the entry with a client ID from there.",
        )
    scopes = None if args.scope is None else tuple(args.scope)
    entry = discovered.create_discovered(
        workspace, name, found, scopes, without_person=args.without_person
    )
    if not found.registers or args.register is False:
        output.result(f"Created {entry.name} ({entry.service_name}): Not Configured")
        _how_to_configure(context, entry)
        return 0
    return _register(context, entry, f"Created {entry.name} ({entry.service_name})")


def discover(context: Context) -> int:
    """Look up an entry's server again, or any URL; register the entry's client."""
    args = context.args
    if args.register and args.accept:
        raise UsageProblem("--accept and --register are two steps.", "Run them one after another.")
    if "://" in args.place:
        if args.register or args.accept:
            raise UsageProblem(
                "--accept and --register are for an entry, not for a URL.",
                "Make an entry of it: tui-oauth create NAME --discover URL",
            )
        return _show(context)
    entry = context.workspace.vault.find(args.place)
    if args.register:
        return _register(context, entry, f"{entry.name} ({entry.service_name})")
    return _look_again(context, entry)


def _show(context: Context) -> int:
    """What is found at a URL; no entry is made."""
    found = asyncio.run(look_up(context.workspace, context.args.place, _tell))
    if context.args.json:
        output.as_json(_public(found))
        return 0
    facts = [(fact.label, fact.value) for fact in found.facts]
    output.facts([*facts, ("Scopes on offer", " ".join(found.scopes))])
    _warn(found.warnings)
    output.note("Make an entry of it: tui-oauth create NAME --discover URL")
    return 0


def _look_again(context: Context, entry: Entry) -> int:
    workspace, args = context.workspace, context.args
    again = asyncio.run(discovered.rediscover(workspace, entry, _tell))
    _warn(again.found.warnings)
    applied = bool(again.changes) and (args.accept or _agreed(context, again))
    if applied:
        discovered.accept(workspace, again)
    if args.json:
        output.as_json({**_public(again.found), **_public_changes(again, applied)})
    elif not again.changes:
        output.result(f"{entry.name}: nothing has changed at {entry.service_name}")
    elif not _asks(context):
        _show_changes(again)
    if not again.changes:
        return 0
    word = shell_word(entry.name)
    if not applied:
        output.note(f"Nothing was changed. To take it over: tui-oauth discover {word} --accept")
        return NeedsPerson.exit_code
    if not args.json:
        output.result(f"{entry.name}: taken over")
    if again.ends_credentials:
        output.note("Client ID, client secret and tokens were forgotten: they belong elsewhere.")
        output.note(f"Next: tui-oauth guide {word}")
    return 0


def _asks(context: Context) -> bool:
    args = context.args
    return context.may_ask and not args.accept and not args.json


def _agreed(context: Context, again: Rediscovery) -> bool:
    """Whether a person who sees the changes takes them over; False where nobody can be asked."""
    if not _asks(context):
        return False
    _show_changes(again)
    question = f"Take this over into {again.entry.name}? [y/N] "
    return ask_line(output.plain(question)).lower() in {"y", "yes"}


def _show_changes(again: Rediscovery) -> None:
    output.result(f"{again.entry.name}: {again.entry.service_name} says something else now")
    for change in again.changes:
        output.result(f"  {change.what}")
        output.result(f"  - {change.before or 'none'}")
        output.result(f"  + {change.after or 'none'}")
    if again.ends_credentials:
        output.note(
            f"{_WARNING} Secrets would go to another place than they were given for. If it is taken "
            "over, client ID, client secret and tokens are forgotten, to be entered anew."
        )


def _register(context: Context, entry: Entry, what: str) -> int:
    """Register the client, with `what` as the beginning of the line that says how it ended."""
    workspace = context.workspace
    output.note(f"Registering a client at {entry.service_name}")
    word = shell_word(entry.name)
    try:
        registered = asyncio.run(registering.register(workspace, entry))
    except TuiOauthError:
        if not entry.configured:
            output.result(f"{what}: Not Configured")
            output.note(f"To try again: tui-oauth discover {word} --register")
        raise
    output.result(f"{what}: registered")
    if registered.grant == Grant.PERSON:
        output.note(f"Registered there: {callback_url(workspace, registered)}")
    output.note(f"Next: tui-oauth authorize {word}")
    return 0


def _how_to_configure(context: Context, entry: Entry) -> None:
    word = shell_word(entry.name)
    if entry.grant == Grant.PERSON:
        output.note(f"Callback URL to register there: {callback_url(context.workspace, entry)}")
    output.note(f"The steps there: tui-oauth guide {word}")
    output.note(f"Then: tui-oauth configure {word} --client-id ID --client-secret-stdin < FILE")


def _tell(asked: Asked) -> None:
    if asked.outcome:
        output.note(f"  {asked.url}: {asked.outcome}")


def _narrate(found: Found) -> None:
    for fact in found.facts:
        output.note(f"  {fact.label}: {fact.value}")
    if found.scopes:
        output.note(f"  Scopes on offer: {' '.join(found.scopes)}")
    _warn(found.warnings)


def _warn(warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        output.note(f"{_WARNING} {warning}")


def _public(found: Found) -> dict[str, Any]:
    return {
        "url": found.given,
        "issuer": found.service.issuer,
        "resource": found.resource or None,
        "documents": list(found.documents),
        "facts": [
            {"label": fact.label, "value": fact.value, "source": fact.source or None}
            for fact in found.facts
        ],
        "warnings": list(found.warnings),
        "scopes": list(found.scopes),
        "registers": found.registers,
    }


def _public_changes(again: Rediscovery, applied: bool) -> dict[str, Any]:
    return {
        "changes": [
            {"what": change.what, "before": change.before or None, "after": change.after or None}
            for change in again.changes
        ],
        "ends_credentials": again.ends_credentials,
        "applied": applied,
    }
